/*
 * xgboost_cats: what the codes of categorical features stand for, as XGBoost 3.1 and later save it.
 *
 * For every feature "enc" has a dictionary, empty when the feature is a number.
 * One of texts is their bytes end to end and the offsets between them; one of
 * whole numbers is the numbers and the width they had. The code is the place.
 */
#ifndef MODEL_XGBOOST_CATS_H
#define MODEL_XGBOOST_CATS_H

#include "model/forest.h"
#include "model/lists.h"

struct cats {
    struct pile feature;               /* struct category_names, growing in the scratch arena */
    struct whole_list offsets, values; /* of the feature being read */
};

/* The value of the key "cats". Names are written out into `arena`. */
bool cats_read(struct cats *cats, struct tokens *tokens, struct arena *arena, struct arena *scratch,
               struct err *err);

#endif
