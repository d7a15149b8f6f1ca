/*
 * tiny_model: a served model of two numbers, "f0" and "f1", made in memory.
 *
 * f0 < 0.5 scores about 0.269, else about 0.881 (the sigmoids of -1 and 2). f1 is read by no tree.
 */
#ifndef TESTS_SERVE_TINY_MODEL_H
#define TESTS_SERVE_TINY_MODEL_H

#include "base/clock.h"
#include "model/adopt.h"
#include "model/small_model.h"
#include "serve/serving.h"

static inline struct served *tiny_served(const char *version)
{
    struct served *served = served_new();
    served->bundle.arena.limit = 64 << 20;
    struct small small = {0};
    struct err err = {0};
    struct view file;
    struct adoption adoption = {
        .model = small_json(&small, &served->bundle.arena),
        .project = VIEW("tiny"),
        .threshold = 0.5F,
    };
    WORKS(adopt_model(&adoption, &served->bundle.arena, &file, &err), err);
    WORKS(bundle_open(&served->bundle, file, &err), err);
    snprintf(served->model, sizeof served->model, "tiny");
    snprintf(served->version, sizeof served->version, "%s", version);
    snprintf(served->alias, sizeof served->alias, "champion");
    WORKS(served_ready(served, &err), err);
    served->loaded_ms = clock_now_ms();
    return served;
}

#endif
