/*
 * golden: records a bundle must score just as it did when it was sealed.
 *
 * Each is kept as the JSON a client would send, in the order of the schema's
 * inputs, and takes the whole walk when the bundle is opened: token, cell,
 * feature, engine, link. It was sealed by the plain walk of the trees, so each opening also
 * compares this machine's kernel with it. Margins must have the same bits; scores may differ by
 * 2 ulp, because expf differs between C libraries; a verdict may differ only
 * where the score is that near the threshold. What each feature contributed is
 * held to as well (model/golden_shap.h); records sealed before that was there
 * say nothing of it.
 */
#ifndef MODEL_GOLDEN_H
#define MODEL_GOLDEN_H

#include "model/bundle.h"

/* A record's inputs as a JSON list, readable by record_set_token. */
void golden_write_record(const struct record *record, struct json *json);

/* `row` is scratch for one; the explainer of the contributions is made in the arena. */
bool golden_write(const struct bundle_parts *parts, const struct forest *forest, float *row,
                  struct json *json, struct arena *arena, struct err *err);

/* ERR_MODEL names the first record that differs, and how. */
bool golden_check(const struct bundle *bundle, struct view json, size_t *count, struct err *err);

#endif
