/*
 * xgboost_cats: what the codes of categorical features stand for, as XGBoost 3.1 and later save it.
 *
 * For every feature "enc" has a dictionary, empty when the feature is a number.
 * One of texts is their bytes end to end and the offsets between them; one of
 * whole numbers is the numbers and the width they had. The code is the place.
 *
 * Both become texts here, and are written as texts.
 */
#ifndef MODEL_XGBOOST_CATS_H
#define MODEL_XGBOOST_CATS_H

#include "model/forest.h"
#include "model/lists.h"
#include "model/spell.h"

struct cats {
    struct pile feature;               /* struct category_names, growing in the scratch arena */
    struct whole_list offsets, values; /* of the feature being read */
};

/* The value of the key "cats". Names are written out into `arena`. */
bool cats_read(struct cats *cats, struct tokens *tokens, struct arena *arena, struct arena *scratch,
               struct err *err);

/* The key "cats" and its value, when the forest knows names; `scratch` needs room for so many bytes
 * more. */
size_t cats_write_size(const struct forest *forest);
bool cats_write(const struct forest *forest, struct spell *spell, struct arena *scratch,
                struct err *err);

#endif
