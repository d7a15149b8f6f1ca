/*
 * spell: a document written as JSON or as UBJ, by the same calls.
 *
 * The writing twin of model/tokens.h, in the dialect XGBoost's own loaders take:
 * floats in JSON are the shortest text that reads back to the same bits, always
 * with an exponent, because a bare whole number is another type there; lists of
 * numbers in UBJ have a type and a count. The caller says how many items a list
 * has before it gives them.
 *
 *     struct spell spell = spell_to(&text, SPELL_UBJ);
 *     spell_open(&spell);
 *     spell_key(&spell, "weights"), spell_list(&spell, 'd', 2);
 *     spell_number(&spell, 1.5), spell_number(&spell, 2.5);
 *     spell_list_end(&spell), spell_close(&spell);
 *     if (text.cut) ...
 */
#ifndef MODEL_SPELL_H
#define MODEL_SPELL_H

#include "base/json.h"

enum spelling { SPELL_JSON, SPELL_UBJ };

struct spell {
    enum spelling spelling;
    struct json json;
    struct text *text;
    char type; /* of the numbers in the list that is open: one of "diUlL"; 0: other values */
};

struct spell spell_to(struct text *text, enum spelling spelling);

void spell_open(struct spell *spell); /* an object */
void spell_close(struct spell *spell);
void spell_key(struct spell *spell, const char *key);
void spell_text(struct spell *spell, struct view value);
void spell_whole(struct spell *spell, int64_t value); /* outside of lists, 32 bits wide */

/* 'd': floats; 'i', 'U', 'l', 'L': whole numbers of 8, 8, 32, 64 bits; 0: any other values. */
void spell_list(struct spell *spell, char type, size_t count);
void spell_number(struct spell *spell, double value); /* an item of a list of numbers */
void spell_list_end(struct spell *spell);

/* The shortest text that reads back to these bits, as 5E-1, or Infinity; its length. Never NaN. */
enum { SPELL_FLOAT_SIZE = 24 };
size_t spell_float(float value, char out[SPELL_FLOAT_SIZE]);

#endif
