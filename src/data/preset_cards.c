/*
 * The preset `cards`, written: data/cards_world.h says how payments come to be.
 *
 * What a payment shows is a `struct shift_event`, whose cells are the file's columns; shifts change
 * them (data/shift.h), and each day goes to all files in the order of its seconds. The kind of
 * fraud that the shift `concept` brings is a stolen phone's wallet: touched to a counter's reader
 * in the evening for just under what needs no code, which those who know the other kinds take for
 * honest.
 */
#include "data/cards_world.h"

#include "data/label_delay.h"
#include "data/preset_csv.h"
#include "data/shift_truth.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <math.h>

enum { COPY_SECONDS = 1800, COPY_ORDER = 1000, FILES_MAX = PRESET_FILES_MAX };

static const double number_max = 1e12; /* shifts of shifts: hundredths still fit 64 bits */

static const char *const channel_names[] = {"pos", "atm", "online"};
static const char *const entry_names[] = {"chip", "contactless", "stripe", "keyed"};

enum column { AMOUNT, CHANNEL, ENTRY_MODE, DISTANCE, MEAN_AMOUNT, TENURE, COLUMNS };
static const struct shift_column columns[COLUMNS] = {
    [AMOUNT] = {"amount", true},
    [CHANNEL] = {"channel", false},
    [ENTRY_MODE] = {"entry_mode", false},
    [DISTANCE] = {"distance_km", true},
    [MEAN_AMOUNT] = {"customer_mean_amount", true},
    [TENURE] = {"customer_tenure_days", true},
};

/* Every file has a place in the run's list, or none. */
struct stream {
    struct world world;
    const struct preset_options *options;
    struct shift_stream shifting;
    struct shift_plan plan;
    struct shift_tally *tally; /* by day */
    struct label_delay delay;
    struct view name[COLUMNS]; /* NULL text: the column is gone */
    struct preset_file file[FILES_MAX];
    size_t files, labels, requests; /* SIZE_MAX: not asked for */
    bool labels_are_lines;          /* JSON lines, not CSV */
};

/* ---------------------------------------------------------------- an event */

static struct shift_event event_of(const struct world *world, uint32_t day,
                                   const struct payment *payment)
{
    const struct customer *customer = &world->customer[payment->customer];
    const struct terminal *terminal = &world->terminal[payment->terminal];
    struct shift_event event = {
        .day = day,
        .second = payment->second,
        .fraud = payment->scenario,
    };
    event.cell[AMOUNT].number = payment->cents / 100.0;
    event.cell[CHANNEL].word = view_of(channel_names[terminal->channel]);
    event.cell[ENTRY_MODE].word = view_of(entry_names[payment->entry]);
    /* A shop on the net is nowhere: a missing value. */
    event.cell[DISTANCE].number =
        terminal->channel == CHANNEL_ONLINE ? (double)NAN : cards_distance_km(customer, terminal);
    event.cell[MEAN_AMOUNT].number = customer->known_mean_cents / 100.0;
    event.cell[TENURE].number = customer->tenure_days + day;
    return event;
}

static bool disguise(struct shift_event *event, struct rng *rng)
{
    static const double least = 40, most = 50; /* below 50.00 many terminals ask for no code */
    enum { EVENING = 18 * 3600 };
    double amount = rng_unit(rng);
    uint32_t second = (uint32_t)rng_below(rng, DAY_SECONDS - EVENING);
    if (!view_is(event->cell[CHANNEL].word, channel_names[CHANNEL_POS]))
        return false;
    event->cell[AMOUNT].number = floor((least + (most - least) * amount) * 100) / 100;
    event->cell[ENTRY_MODE].word = view_of(entry_names[ENTRY_CONTACTLESS]);
    event->second = EVENING + second;
    return true;
}

static int by_time(const void *left, const void *right)
{
    const struct payment *a = left, *b = right;
    if (a->second != b->second)
        return a->second < b->second ? -1 : 1;
    if (a->customer != b->customer)
        return a->customer < b->customer ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* ---------------------------------------------------------------- a day, shifted */

/* What becomes of a day's payments. */
struct day {
    struct payment *payment;
    struct shift_event *event;
    size_t count, room;
};

static bool day_add(struct day *day, const struct payment *payment, const struct shift_event *event,
                    struct arena *arena)
{
    if (day->count == day->room) {
        size_t room = day->room * 2;
        struct payment *payments = arena_new(arena, struct payment, room);
        struct shift_event *events = arena_new(arena, struct shift_event, room);
        if (payments == NULL || events == NULL)
            return false;
        memcpy(payments, day->payment, day->count * sizeof *payments);
        memcpy(events, day->event, day->count * sizeof *events);
        *day = (struct day){payments, events, day->count, room};
    }
    day->event[day->count] = *event;
    day->payment[day->count] = *payment;
    day->payment[day->count].second = event->second;
    day->payment[day->count].event = (uint32_t)day->count;
    day->count++;
    return true;
}

/* Whoever got away with it tries again soon. */
static bool add_copies(struct day *day, const struct payment *payment,
                       const struct shift_event *event, const struct shift_fate *fate,
                       struct rng *rng, struct arena *arena)
{
    for (unsigned i = 0; i < fate->copies; i++) {
        struct payment copy = *payment;
        struct shift_event again = *event;
        int64_t second =
            (int64_t)event->second + (int64_t)rng_below(rng, 2 * COPY_SECONDS + 1) - COPY_SECONDS;
        again.second = (uint32_t)(second < 0              ? 0
                                  : second >= DAY_SECONDS ? DAY_SECONDS - 1
                                                          : second);
        again.touched |= 1U << fate->copied_by;
        copy.order += COPY_ORDER * (i + 1);
        if (!day_add(day, &copy, &again, arena))
            return false;
    }
    return true;
}

static bool shift_day(const struct stream *stream, uint32_t number, struct payment *payment,
                      size_t count, struct day *day, struct arena *arena)
{
    struct shift_tally *tally = &stream->tally[number];
    struct shift_draw draw;
    *day = (struct day){.room = count + 1};
    day->payment = arena_new(arena, struct payment, day->room);
    day->event = arena_new(arena, struct shift_event, day->room);
    if (day->payment == NULL || day->event == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t customer = payment[i].customer;
        if (i == 0 || payment[i - 1].customer != customer)
            draw = shift_draw_of(&stream->plan, stream->world.seed, STREAM_SHIFTS,
                                 (uint64_t)number << 32 | customer);
        struct shift_event event = event_of(&stream->world, number, &payment[i]);
        struct shift_fate fate = shift_apply(&stream->plan, &draw, &event);
        if (fate.removed_by >= 0) {
            tally->removed[fate.removed_by]++;
            continue;
        }
        for (size_t k = 0; k < stream->plan.count; k++)
            tally->changed[k] += event.touched >> k & 1;
        if (!day_add(day, &payment[i], &event, arena))
            return false;
        if (fate.copies == 0)
            continue;
        tally->added[fate.copied_by] += fate.copies;
        if (!add_copies(day, &payment[i], &event, &fate, &draw.rng[fate.copied_by], arena))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- cells */

/* The date and the number within it: 2025010100000042. */
static void add_id(struct text *out, const struct civil *date, size_t number)
{
    enum { NUMBER_DIGITS = 8 };
    preset_add_padded(out, (uint32_t)date->year, 4);
    preset_add_padded(out, (uint32_t)date->month, 2);
    preset_add_padded(out, (uint32_t)date->day, 2);
    preset_add_padded(out, (uint32_t)number, NUMBER_DIGITS);
}

static void add_time(struct text *out, const struct civil *date, uint32_t second)
{
    preset_add_padded(out, (uint32_t)date->year, 4);
    text_addc(out, '-');
    preset_add_padded(out, (uint32_t)date->month, 2);
    text_addc(out, '-');
    preset_add_padded(out, (uint32_t)date->day, 2);
    text_addc(out, 'T');
    preset_add_padded(out, second / 3600, 2);
    text_addc(out, ':');
    preset_add_padded(out, second / 60 % 60, 2);
    text_addc(out, ':');
    preset_add_padded(out, second % 60, 2);
    text_addc(out, 'Z');
}

static bool cell_is_empty(const struct shift_cell *cell, size_t column)
{
    return cell->state == SHIFT_MISSING || (columns[column].number && isnan(cell->number));
}

static void add_cell(struct text *out, const struct shift_cell *cell, size_t column)
{
    double number = fmin(cell->number, number_max);
    if (!columns[column].number)
        text_add(out, cell->word);
    else if (column == TENURE)
        preset_add_whole(out, (uint64_t)lround(number));
    else
        preset_add_hundredths(out, (uint64_t)lround(number * 100));
    if (cell->state == SHIFT_WITH_UNIT)
        text_adds(out, " units");
}

/* ---------------------------------------------------------------- lines */

/* A payment as it goes to the files. */
struct line {
    const struct stream *stream;
    struct civil date;
    size_t number; /* within the day, from 1 */
    const struct payment *payment;
    const struct shift_event *event;
};

static void add_row(struct text *out, const struct line *line)
{
    add_id(out, &line->date, line->number);
    text_addc(out, ',');
    add_time(out, &line->date, line->event->second);
    text_addc(out, ',');
    preset_add_whole(out, line->payment->customer + 1);
    text_addc(out, ',');
    preset_add_whole(out, line->payment->terminal + 1);
    for (size_t i = 0; i < COLUMNS; i++) {
        if (line->stream->name[i].text == NULL)
            continue;
        text_addc(out, ',');
        if (!cell_is_empty(&line->event->cell[i], i))
            add_cell(out, &line->event->cell[i], i);
    }
    if (!line->stream->options->unlabelled)
        text_adds(out, line->event->fraud == 0 ? ",0" : ",1");
    text_addc(out, '\n');
}

static void add_request(struct text *out, const struct line *line)
{
    text_adds(out, "{\"transaction_id\":\"");
    add_id(out, &line->date, line->number);
    text_adds(out, "\",\"timestamp\":\"");
    add_time(out, &line->date, line->event->second);
    text_adds(out, "\",\"customer_id\":\"");
    preset_add_whole(out, line->payment->customer + 1);
    text_adds(out, "\",\"terminal_id\":\"");
    preset_add_whole(out, line->payment->terminal + 1);
    text_addc(out, '"');
    for (size_t i = 0; i < COLUMNS; i++) {
        const struct shift_cell *cell = &line->event->cell[i];
        bool quoted = !columns[i].number || cell->state == SHIFT_WITH_UNIT;
        if (line->stream->name[i].text == NULL || cell_is_empty(cell, i))
            continue;
        text_adds(out, ",\"");
        text_add(out, line->stream->name[i]);
        text_adds(out, quoted ? "\":\"" : "\":");
        add_cell(out, cell, i);
        if (quoted)
            text_addc(out, '"');
    }
    text_adds(out, "}\n");
}

/* The kind of fraud, and which shifts had a hand in it: 0|2. */
static void add_truth(struct text *out, const struct line *line)
{
    add_id(out, &line->date, line->number);
    text_addc(out, ',');
    preset_add_whole(out, line->event->fraud);
    if (line->stream->plan.count > 0)
        text_addc(out, ',');
    for (uint32_t i = 0, before = 0; i < line->stream->plan.count; i++) {
        if ((line->event->touched >> i & 1) == 0)
            continue;
        if (before++ > 0)
            text_addc(out, '|');
        preset_add_whole(out, i);
    }
    text_addc(out, '\n');
}

static void add_label(struct text *out, const struct line *line)
{
    const struct stream *stream = line->stream;
    struct rng rng =
        rng_of(stream->world.seed, STREAM_LABELS, (uint64_t)line->event->day << 32 | line->number);
    struct label_said said;
    if (!label_delay_draw(&stream->delay, line->event->fraud != 0, &rng, &said))
        return;
    int64_t at_s = (int64_t)line->event->day * DAY_SECONDS + line->event->second + said.delay_s;
    struct civil at = civil_of(cards_first_day_ms() + at_s * 1000);
    uint32_t second = (uint32_t)(at.hour * 3600 + at.minute * 60 + at.second);
    const char *label = said.fraud ? "fraud" : "legit";
    bool lines = stream->labels_are_lines;
    text_adds(out, lines ? "{\"event_id\":\"" : "");
    add_id(out, &line->date, line->number);
    text_adds(out, lines ? "\",\"label\":\"" : ",");
    text_adds(out, label);
    text_adds(out, lines ? "\",\"source\":\"" : ",");
    text_adds(out, said.source);
    text_adds(out, lines ? "\",\"label_ts\":\"" : ",");
    add_time(out, &at, second);
    text_adds(out, lines ? "\"" : ",");
    if (said.fraud) {
        text_adds(out, lines ? ",\"amount_lost\":" : "");
        preset_add_hundredths(
            out, (uint64_t)lround(fmin(line->event->cell[AMOUNT].number, number_max) * 100));
    }
    text_adds(out, lines ? "}\n" : "\n");
}

static bool write_day(const void *self, uint32_t chunk, struct text *out, struct arena *arena)
{
    const struct stream *stream = self;
    const struct world *world = &stream->world;
    uint32_t number = stream->options->from_day + chunk;
    struct day day = {0};
    day.payment =
        cards_draw_day(world, number, shift_volume(&stream->plan, number), &day.count, arena);
    if (day.payment == NULL ||
        (stream->plan.count > 0 && !shift_day(stream, number, day.payment, day.count, &day, arena)))
        return false;
    qsort(day.payment, day.count, sizeof *day.payment, by_time);
    struct line line = {
        .stream = stream,
        .date = civil_of(cards_first_day_ms() + (int64_t)number * DAY_SECONDS * 1000),
    };
    for (size_t i = 0; i < day.count; i++) {
        struct shift_event plain;
        line.number = i + 1;
        line.payment = &day.payment[i];
        if (day.event == NULL)
            plain = event_of(world, number, line.payment);
        line.event = day.event == NULL ? &plain : &day.event[line.payment->event];
        add_row(&out[0], &line);
        add_truth(&out[1], &line);
        if (stream->labels != SIZE_MAX)
            add_label(&out[stream->labels], &line);
        if (stream->requests != SIZE_MAX)
            add_request(&out[stream->requests], &line);
        if (stream->tally != NULL) {
            stream->tally[number].events++;
            stream->tally[number].frauds += line.event->fraud != 0;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- files */

static const char truth_name[] = "drift.json";

/* A file has one header, from its first line to its last. */
static bool name_columns(struct stream *stream, struct err *err)
{
    const struct preset_options *options = stream->options;
    for (size_t i = 0; i < stream->plan.count; i++) {
        const struct shift *shift = &stream->plan.shift[i];
        bool names = shift->kind == &shift_schema &&
                     (shift->change == CHANGE_RENAME || shift->change == CHANGE_DROP);
        if (names && (shift->from > options->from_day || shift->until < stream->world.days))
            return err_set(err, ERR_USAGE,
                           "a file has one header, so a column is renamed or dropped in all of "
                           "it: leave until out, and write the days from %g on with --from-day %g",
                           shift->from, shift->from);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        stream->name[i] = shift_name(&stream->plan, &stream->shifting, i, options->from_day);
    return true;
}

static const char *header_of(const struct stream *stream, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    text_adds(&text, "transaction_id,timestamp,customer_id,terminal_id");
    for (size_t i = 0; i < COLUMNS; i++) {
        if (stream->name[i].text == NULL)
            continue;
        text_addc(&text, ',');
        text_add(&text, stream->name[i]);
    }
    text_adds(&text, stream->options->unlabelled ? "\n" : ",fraud\n");
    return text_c(&text);
}

static bool add_file(struct stream *stream, const char *name, const char *header, size_t *index,
                     struct err *err)
{
    *index = SIZE_MAX;
    if (name == NULL)
        return true;
    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, truth_name) == 0)
        return err_set(err, ERR_USAGE,
                       "'%s' names no file beside the others: a name without '/' that no other "
                       "file has does",
                       name);
    for (size_t i = 0; i < stream->files; i++)
        if (strcmp(name, stream->file[i].name) == 0)
            return err_set(err, ERR_USAGE, "'%s' is the name of two files", name);
    *index = stream->files;
    stream->file[stream->files++] = (struct preset_file){name, header};
    return true;
}

static bool name_files(struct stream *stream, struct arena *arena, struct err *err)
{
    const struct preset_options *options = stream->options;
    size_t events, truth;
    stream->labels_are_lines =
        options->labels != NULL && view_ends(view_of(options->labels), ".jsonl");
    return add_file(stream, "transactions.csv", header_of(stream, arena), &events, err) &&
           add_file(stream, "scenarios.csv",
                    stream->plan.count > 0 ? "transaction_id,scenario,shifts\n"
                                           : "transaction_id,scenario\n",
                    &truth, err) &&
           add_file(stream, options->labels,
                    stream->labels_are_lines ? "" : "event_id,label,source,label_ts,amount_lost\n",
                    &stream->labels, err) &&
           add_file(stream, options->requests, "", &stream->requests, err);
}

static bool plan_shifts(struct stream *stream, struct arena *arena, struct err *err)
{
    const struct preset_options *options = stream->options;
    stream->shifting = (struct shift_stream){
        .first_day_ms = cards_first_day_ms(),
        .column = columns,
        .columns = COLUMNS,
        .disguise = disguise,
    };
    for (size_t i = 0; i < options->drifts; i++)
        if (!shift_add(&stream->plan, &stream->shifting, view_of(options->drift[i]), err))
            return false;
    if (stream->plan.count > 0) {
        stream->tally = arena_new(arena, struct shift_tally, stream->world.days);
        if (stream->tally == NULL)
            return err_set(err, ERR_LIMIT, "%u days do not fit the memory limit",
                           stream->world.days);
    }
    return name_columns(stream, err);
}

static bool save_truth(const struct stream *stream, const char *path, struct err *err)
{
    const struct shift_truth truth = {
        .preset = "cards",
        .plan = &stream->plan,
        .seed = stream->world.seed,
        .stream_start_ms = cards_first_day_ms(),
        .first_day = stream->options->from_day,
        .days = stream->world.days,
        .tally = stream->tally,
    };
    return shift_truth_save(&truth, path, err);
}

static bool write_cards(const struct preset_options *options, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 30};
    struct stream stream = {.options = options};
    struct world *world = &stream.world;
    if (!cards_world_init(world, options, &arena, err) || !plan_shifts(&stream, &arena, err) ||
        !name_files(&stream, &arena, err) ||
        !label_delay_parse(view_of(options->delay == NULL ? "" : options->delay), &stream.delay,
                           err))
        return false;
    if (options->delay != NULL && options->labels == NULL)
        return err_set(err, ERR_USAGE, "--label-delay is of --labels, which are not asked for");
    if (options->from_day >= world->days)
        return err_set(err, ERR_USAGE, "the stream has days 0 to %u, none from %u on",
                       world->days - 1, options->from_day);
    const char *truth = path_join(&arena, options->dir, truth_name);
    if (stream.plan.count > 0 && options->keep && file_exists(truth))
        return err_set(err, ERR_CONFLICT,
                       "'%s' is there already and is not overwritten; remove it, or name another "
                       "directory",
                       truth);
    struct preset_run run = {
        .dir = options->dir,
        .keep = options->keep,
        .files = stream.file,
        .file_count = stream.files,
        .chunks = world->days - options->from_day,
        .threads = options->threads,
        .write = write_day,
        .world = &stream,
    };
    return preset_run_write(&run, err) &&
           (stream.plan.count == 0 || save_truth(&stream, truth, err));
}

const struct preset preset_cards = {
    .name = "cards",
    .about = "card payments of customers at terminals over time, three kinds of fraud",
    .files = "transactions.csv, scenarios.csv (which kind of fraud: never a feature)",
    .write = write_cards,
};
