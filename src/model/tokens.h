/*
 * tokens: one stream of tokens over JSON and UBJ, and the few values a model is made of.
 *
 * The walk over a model asks for what must come next and never sees which of
 * the two spellings it reads. Every failure is ERR_MODEL, with the place.
 *
 *     struct tokens tokens;
 *     if (!tokens_open(&tokens, bytes, scratch, err) || !tokens_next(&tokens, &token, err))
 *         ...
 *
 * JSON here has three more words, as XGBoost writes it: NaN, Infinity and -Infinity (a 1.7 model
 * has NaN for the threshold of every split on categories). The caller refuses them where they
 * matter.
 *
 * Texts are views into the bytes, or into `scratch` where JSON had escapes.
 */
#ifndef MODEL_TOKENS_H
#define MODEL_TOKENS_H

#include "model/ubj.h"

struct tokens {
    bool binary;
    struct scan scan;
    struct ubj ubj;
    struct text escaped; /* in the scratch arena */
};

/* A brace and a length begin UBJ, a brace and a quote begin JSON; anything else is refused. */
bool tokens_are_ubj(struct view bytes);
bool tokens_open(struct tokens *tokens, struct view bytes, struct arena *scratch, struct err *err);

/* The document goes on: its end is an error here. */
bool tokens_next(struct tokens *tokens, struct token *out, struct err *err);
bool tokens_want(struct tokens *tokens, enum token_kind kind, struct token *out, struct err *err);
bool tokens_skip(struct tokens *tokens, struct err *err); /* the whole next value */
bool tokens_end(struct tokens *tokens, struct err *err);  /* nothing follows */

/* The next value. Whole numbers may be numbers, decimal text ("93") or true and false; XGBoost
 * has written them in all three ways. */
bool tokens_whole(struct tokens *tokens, int64_t *out, struct err *err);
bool tokens_float(struct tokens *tokens, float *out, struct err *err); /* NaN and infinities too */
bool tokens_text(struct tokens *tokens, struct view *out, struct err *err);

/* The same of a token taken already. */
bool token_whole(const struct token *token, int64_t *out, struct err *err);
bool token_float(const struct token *token, float *out, struct err *err);

/*
 * The members of an object, by a table of the keys that matter. Others are stepped over; a key of
 * the table that comes twice is an error.
 *
 *     struct keys keys;
 *     if (!keys_open(&keys, names, LENGTH_OF(names), tokens, err))
 *         return false;
 *     while (keys_next(&keys, tokens, err))
 *         switch (keys.at) ...                   index into names; the value is the next token
 *     return keys.done && keys_need(&keys, NAME, err);
 */
struct keys {
    const char *const *name;
    size_t count;
    size_t at;
    uint32_t seen; /* a bit per name */
    bool done;     /* the object ended, as it should */
};

struct keys keys_of(const char *const *names, size_t count); /* the brace is taken already */
bool keys_open(struct keys *keys, const char *const *names, size_t count, struct tokens *tokens,
               struct err *err);
bool keys_next(struct keys *keys, struct tokens *tokens, struct err *err);
bool keys_seen(const struct keys *keys, size_t name);
bool keys_need(const struct keys *keys, size_t name, struct err *err);

/* Decimal text as the nearest float, rounded once. False when it is no number or is past a
 * float's range. */
bool float_of_text(struct view text, double nearest, float *out);

#endif
