/*
 * bias_config: SageMaker Clarify's analysis_config.json, as far as it says something of bias.
 *
 *     struct bias_config config;
 *     if (!bias_config_load(&config, path, arena, err)) ...
 *
 * Read are label, label_values_or_threshold, facet, group_variable, headers,
 * probability_threshold, and of methods the lists of pre_training_bias and
 * post_training_bias. dataset_type must be text/csv when it is given. Whatever else the
 * file has is named in `unused`, for the reader to be told: nothing is dropped in silence.
 */
#ifndef MEASURE_BIAS_CONFIG_H
#define MEASURE_BIAS_CONFIG_H

#include "base/doc.h"
#include "base/err.h"

enum { BIAS_CONFIG_SIZE_MAX = 1 << 20, BIAS_CONFIG_FACETS_MAX = 64, BIAS_CONFIG_UNUSED_MAX = 64 };

/* A column by its name, or by its number from 0. */
struct bias_column {
    struct view name; /* NULL text: by number */
    size_t index;
};

struct bias_texts {
    const struct view *text;
    size_t count;
};

struct bias_config_facet {
    struct bias_column column;
    struct bias_texts values; /* or one limit; none: each value of the column is a facet */
};

/* What a part of methods asks for. */
struct bias_methods {
    bool wanted;
    bool named;              /* in the file, not by default */
    struct bias_texts names; /* none: all */
};

struct bias_config {
    struct bias_column label;
    struct bias_texts label_values; /* the favourable ones, or one limit that they are above */
    struct bias_config_facet facet[BIAS_CONFIG_FACETS_MAX];
    size_t facets;
    bool grouped;
    struct bias_column group;
    struct bias_texts headers;
    double probability_threshold;               /* NaN: not given */
    struct bias_methods method[2];              /* before training, after it */
    struct view unused[BIAS_CONFIG_UNUSED_MAX]; /* "predictor", "methods.shap" */
    size_t unused_count;
};

bool bias_config_read(struct bias_config *config, struct view json, struct arena *arena,
                      struct err *err);
bool bias_config_load(struct bias_config *config, const char *path, struct arena *arena,
                      struct err *err);

#endif
