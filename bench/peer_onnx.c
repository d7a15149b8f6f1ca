/*
 * ONNX Runtime: a session of one thread; for a single row its input and output tensors are made
 * beforehand and used again.
 *
 * Its package comes without the header of its C interface. That interface is a table of functions
 * which only ever grows at its end, so a place in it stays what it is; the places called here are
 * named. What comes back is compared with XGBoost's margins before anything is timed.
 */
#include "contender.h"

enum { API_VERSION = 17, LOG_ERRORS = 3, FLOAT = 1, DEVICE_ALLOCATOR = 0, DEFAULT_MEMORY = 0 };

enum place {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENVIRONMENT = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_INTRA_OP_THREADS = 24,
    SET_INTER_OP_THREADS = 25,
    CREATE_TENSOR_WITH_DATA = 49,
    CREATE_CPU_MEMORY_INFO = 69,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_SESSION_OPTIONS = 100,
};

typedef void (*function)(void);

struct api_base {
    const function *(*get)(uint32_t version);
    const char *(*version)(void);
};

struct onnx {
    const struct api_base *base;
    const char *(*message)(const void *status);
    void *(*run)(void *session, const void *options, const char *const *input_name,
                 const void *const *input, size_t inputs, const char *const *output_name,
                 size_t outputs, void **output);
    void *(*tensor)(const void *memory, void *data, size_t size, const int64_t *shape,
                    size_t dimensions, int type, void **out);
    void (*release_session)(void *session);
    void (*release_value)(void *value);
    void *session, *memory;
    const struct table *table;
    float *row, margin;
    void *row_in, *row_out;
};

static void must(const struct onnx *self, void *status)
{
    if (status != NULL)
        die("ONNX Runtime: %s", self->message(status));
}

static void place_of(const function *api, enum place place, void *out)
{
    memcpy(out, &api[place], sizeof api[place]);
}

static void *tensor_of(const struct onnx *self, float *data, size_t rows, size_t columns)
{
    int64_t shape[] = {(int64_t)rows, (int64_t)columns};
    void *tensor = NULL;
    must(self,
         self->tensor(self->memory, data, rows * columns * sizeof *data, shape, 2, FLOAT, &tensor));
    return tensor;
}

/* One environment a process. */
static void *environment_of(const struct onnx *self, const function *api)
{
    static void *environment;
    void *(*create)(int level, const char *name, void **out);
    place_of(api, CREATE_ENVIRONMENT, &create);
    if (environment == NULL)
        must(self, create(LOG_ERRORS, "bench", &environment));
    return environment;
}

static void open_session(struct onnx *self, const function *api, const char *model)
{
    void *(*create_options)(void **out), *(*set_threads)(void *options, int count);
    void *(*create_session)(void *environment, const char *path, const void *options, void **out);
    void (*release_options)(void *options);
    void *options = NULL;
    place_of(api, CREATE_SESSION_OPTIONS, &create_options);
    must(self, create_options(&options));
    place_of(api, SET_INTRA_OP_THREADS, &set_threads);
    must(self, set_threads(options, 1));
    place_of(api, SET_INTER_OP_THREADS, &set_threads);
    must(self, set_threads(options, 1));
    place_of(api, CREATE_SESSION, &create_session);
    must(self, create_session(environment_of(self, api), model, options, &self->session));
    place_of(api, RELEASE_SESSION_OPTIONS, &release_options);
    release_options(options);
}

static void *open_model(const struct contender *contender)
{
    struct onnx *self = room_for(sizeof *self, 1);
    const struct api_base *(*get_base)(void);
    library_find(library_open(contender->library), "OrtGetApiBase", &get_base);
    self->base = get_base();
    const function *api = self->base->get(API_VERSION);
    if (api == NULL)
        die("ONNX Runtime %s has no interface of version %d", self->base->version(), API_VERSION);
    place_of(api, GET_ERROR_MESSAGE, &self->message);
    place_of(api, RUN, &self->run);
    place_of(api, CREATE_TENSOR_WITH_DATA, &self->tensor);
    place_of(api, RELEASE_SESSION, &self->release_session);
    place_of(api, RELEASE_VALUE, &self->release_value);
    void *(*create_memory)(int allocator, int type, void **out);
    place_of(api, CREATE_CPU_MEMORY_INFO, &create_memory);
    must(self, create_memory(DEVICE_ALLOCATOR, DEFAULT_MEMORY, &self->memory));
    open_session(self, api, contender->model);
    self->table = contender->table;
    self->row = room_for(sizeof(float), self->table->columns);
    self->row_in = tensor_of(self, self->row, 1, self->table->columns);
    self->row_out = tensor_of(self, &self->margin, 1, 1);
    return self;
}

static void close_model(void *opaque)
{
    struct onnx *self = opaque;
    self->release_value(self->row_in);
    self->release_value(self->row_out);
    self->release_session(self->session);
    free(self->row);
    free(self);
}

static void run(struct onnx *self, const void *input, void **output)
{
    static const char *const input_name[] = {"row"}, *const output_name[] = {"margin"};
    must(self, self->run(self->session, NULL, input_name, &input, 1, output_name, 1, output));
}

static float one(void *opaque, const float *row)
{
    struct onnx *self = opaque;
    memcpy(self->row, row, self->table->columns * sizeof *row);
    run(self, self->row_in, &self->row_out);
    return self->margin;
}

static void many(void *opaque, const float *rows, size_t count, float *out)
{
    struct onnx *self = opaque;
    float *data;
    memcpy(&data, &rows, sizeof data); /* it takes what it only reads as writable */
    void *input = tensor_of(self, data, count, self->table->columns);
    void *output = tensor_of(self, out, count, 1);
    run(self, input, &output);
    self->release_value(input);
    self->release_value(output);
}

static const char *about(const void *opaque)
{
    const struct onnx *self = opaque;
    return self->base->version();
}

const struct contender_kind kind_onnx = {
    .name = "onnx",
    .open = open_model,
    .close = close_model,
    .margin = one,
    .margins = many,
    .about = about,
};
