/*
 * contender: something that scores rows, ours or a peer's, behind one set of calls.
 *
 *     struct contender one = {.name = "LightGBM", .library = "lib_lightgbm.so", ...};
 *     one.self = one.kind->open(&one);
 *     float margin = one.kind->margin(one.self, row);
 *
 * Peers are opened by the path of their shared library and called through their
 * C interface, one thread, everything that can be made beforehand made
 * beforehand: what is timed is the least that a program in C has to do.
 *
 * A kind is a row of the table in bench/contender.c. A call that a peer has not
 * got is NULL. Whatever fails ends the program: a measurement has no use for a
 * contender that half works.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include "base/base.h"

/* The rows that all are asked about, row after row. */
struct table {
    const float *value;
    size_t rows, columns;
};

struct contender {
    const struct contender_kind *kind;
    const char *name;
    const char *group;   /* contenders of one group score the same model */
    const char *library; /* a shared library, or for ours the kernel's name; "-": none */
    const char *model;
    const struct table *table;
    void *self;
};

/* How long the parts of a model's loading took, and what stays in memory. */
struct footprint {
    double parse_ms, compile_ms, explainer_ms;
    size_t forest_bytes, engine_bytes, explainer_bytes;
};

struct contender_kind {
    const char *name;
    bool ours;
    void *(*open)(const struct contender *contender);
    void (*close)(void *self);
    float (*margin)(void *self, const float *row);
    void (*margins)(void *self, const float *rows, size_t count, float *out);
    void (*ready)(void *self, size_t rows); /* explain will be called for the table's first rows */
    void (*explain)(void *self, size_t row, double *phi); /* columns, and what is expected */
    /* The same for each row; where there is a call for what is expected, without it. */
    void (*explain_rows)(void *self, const float *rows, size_t count, double *phi);
    double (*expected)(const void *self);
    double (*sum)(const void *self, const float *row); /* the margin, without a float's rounding */
    void (*threads)(void *self, int count);            /* for checks, which are not timed */
    const char *(*about)(const void *self);            /* a version, or the kernel chosen */
    void (*footprint)(const void *self, struct footprint *out);
};

extern const struct contender_kind kind_assay, kind_bundle, kind_xgboost, kind_lightgbm, kind_onnx,
    kind_treelite, kind_recorded;

const struct contender_kind *contender_kind_of(const char *name); /* NULL: there is none */

_Noreturn void die(const char *fmt, ...) PRINTF(1, 2);
void *library_open(const char *path);
void library_find(void *library, const char *name,
                  void *function);         /* a function pointer's address */
void *room_for(size_t size, size_t count); /* zeroed, on a cache line */
double now_ms(void);

#endif
