/*
 * reference: rows of the past that travel with the model, for those who watch it.
 *
 * Statistics alone cannot be compared with a window in every way one may ask for later; rows can.
 * They stand at even distances in the data's own order, from all slices, as the model sees them:
 *
 *     {"rows":20000,"features":["amount",...],
 *      "slice":"...",    base64, a byte a row: 0 train, 1 validation, 2 test
 *      "label":"...",    base64, a byte a row
 *      "values":"..."}   base64, row after row, little-endian float32
 *
 * store/reference.h reads it. monitor.reference_rows says how many there are; with none, a monitor
 * can say nothing of the model's inputs.
 */
#ifndef TRAIN_REFERENCE_H
#define TRAIN_REFERENCE_H

#include "base/json.h"
#include "train/prepared.h"

bool reference_write(const struct prepared *prepared, size_t rows_max, struct arena *arena,
                     struct json *json, struct err *err);

#endif
