/*
 * card: the model card, in the field names of SageMaker's model card schema.
 *
 * What people say of the model is in assay.yaml under `card`; what was measured is taken from the
 * other papers. The card is one of the papers of a bundle, so it holds nothing of when and by whom.
 */
#ifndef TRAIN_CARD_H
#define TRAIN_CARD_H

#include "base/doc.h"
#include "base/json.h"
#include "data/config.h"
#include "model/bundle.h"

/* `paper` by enum paper: the documents that stand already; NULL: not there. */
void card_write(const struct config *config, const struct doc *const paper[PAPERS],
                struct json *json);

#endif
