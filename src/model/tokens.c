#include "model/tokens.h"

#include "base/number.h"

#include <math.h>

bool tokens_are_ubj(struct view bytes)
{
    return bytes.length > 1 && bytes.text[0] == '{' && memchr("iUIlL", bytes.text[1], 5) != NULL;
}

bool tokens_open(struct tokens *tokens, struct view bytes, struct arena *scratch, struct err *err)
{
    struct view trimmed = view_trim(bytes);
    if (trimmed.length == 0)
        return err_set(err, ERR_MODEL, "the model file is empty");
    if (trimmed.text[0] != '{')
        return err_set(err, ERR_MODEL,
                       "this is neither XGBoost JSON nor UBJ: save the model as .json or .ubj");
    *tokens = (struct tokens){.binary = tokens_are_ubj(bytes), .escaped = text_in_arena(scratch)};
    if (tokens->binary)
        tokens->ubj = ubj_of(bytes);
    else
        tokens->scan = scan_of(bytes, &tokens->escaped);
    return true;
}

/* The scanners know no models: what they call bad input is a damaged model here. */
static bool damaged(struct err *err)
{
    if (err->kind == ERR_INPUT)
        err->kind = ERR_MODEL;
    return false;
}

/* Where a value would begin: past blanks, and past the comma when one is due. */
static size_t value_place(const struct scan *scan)
{
    size_t at = scan->at;
    bool comma = scan->depth > 0 && !scan->object[scan->depth - 1] && scan->filled;
    for (; at < scan->body.length; at++) {
        char c = scan->body.text[at];
        if (comma && c == ',')
            comma = false;
        else if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
            break;
    }
    return comma ? SIZE_MAX : at;
}

/*
 * XGBoost writes the floats that JSON cannot as bare words. base/scan.h rightly refuses them, and
 * stops in front of them; if a value was due just there, it is this one. `due` is where it was due,
 * SIZE_MAX when a key was.
 */
static bool take_word(struct scan *scan, size_t due, struct token *out)
{
    static const struct {
        const char *word;
        float value;
    } words[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    struct view rest = view_from(scan->body, scan->at);
    for (size_t i = 0; scan->at == due && i < LENGTH_OF(words); i++) {
        if (!view_starts(rest, words[i].word))
            continue;
        struct view word = {rest.text, strlen(words[i].word)};
        *out = (struct token){TOKEN_NUMBER, word, (double)words[i].value};
        scan->at += word.length;
        return true;
    }
    return false;
}

static bool pull(struct tokens *tokens, struct token *out, struct err *err)
{
    if (tokens->binary)
        return ubj_next(&tokens->ubj, out, err);
    struct scan *scan = &tokens->scan;
    bool key = scan->depth > 0 && scan->object[scan->depth - 1] && !scan->wants_value;
    size_t due = key ? SIZE_MAX : value_place(scan);
    if (scan_next(scan, out, err))
        return true;
    if (err->kind == ERR_NONE || !take_word(scan, due, out))
        return false;
    *err = (struct err){0};
    return true;
}

bool tokens_next(struct tokens *tokens, struct token *out, struct err *err)
{
    struct err fault = {0};
    if (pull(tokens, out, &fault))
        return true;
    if (fault.kind == ERR_NONE)
        err_set(&fault, ERR_MODEL, "the document ends too early");
    *err = fault;
    return damaged(err);
}

bool tokens_end(struct tokens *tokens, struct err *err)
{
    struct token token;
    struct err fault = {0};
    if (pull(tokens, &token, &fault))
        return err_set(err, ERR_MODEL, "the model goes on after its end");
    if (fault.kind == ERR_NONE)
        return true;
    *err = fault;
    return damaged(err);
}

static bool unwanted(const struct token *token, const char *wanted, struct err *err)
{
    return err_set(err, ERR_MODEL, "%s stands where %s should", token_name(token->kind), wanted);
}

bool tokens_want(struct tokens *tokens, enum token_kind kind, struct token *out, struct err *err)
{
    if (!tokens_next(tokens, out, err))
        return false;
    return out->kind == kind || unwanted(out, token_name(kind), err);
}

bool tokens_skip(struct tokens *tokens, struct err *err)
{
    struct token token;
    size_t open = 0;
    do {
        if (!tokens_next(tokens, &token, err))
            return false;
        if (token.kind == TOKEN_OBJECT || token.kind == TOKEN_LIST)
            open++;
        if (token.kind == TOKEN_OBJECT_END || token.kind == TOKEN_LIST_END)
            open--;
    } while (open > 0);
    return true;
}

bool token_whole(const struct token *token, int64_t *out, struct err *err)
{
    if (token->kind == TOKEN_TRUE || token->kind == TOKEN_FALSE) {
        *out = token->kind == TOKEN_TRUE;
        return true;
    }
    if (token->kind == TOKEN_TEXT) {
        if (!number_parse_i64(token->text, out))
            return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is not a whole number",
                           VIEW_ARG(token->text));
        return true;
    }
    if (token->kind != TOKEN_NUMBER)
        return unwanted(token, "a whole number", err);
    double number = token->number;
    if (!(fabs(number) < NUMBER_EXACT_MAX) || number != trunc(number))
        return err_set(err, ERR_MODEL, "%.17g is not a whole number, or is past 2^53", number);
    *out = (int64_t)number;
    return true;
}

bool tokens_whole(struct tokens *tokens, int64_t *out, struct err *err)
{
    struct token token;
    return tokens_next(tokens, &token, err) && token_whole(&token, out, err);
}

/*
 * Text to double to float rounds twice. The second rounding can only go wrong when the double
 * lies exactly between two floats, because the text may have been a little off that middle; below
 * FLT_MIN floats are wider apart and the middle is elsewhere. In both cases the text is asked
 * again.
 */
bool float_of_text(struct view text, double nearest, float *out)
{
    enum { COPY_MAX = 512 };
    uint64_t bits;
    memcpy(&bits, &nearest, sizeof bits);
    const uint64_t dropped = (UINT64_C(1) << 29) - 1, middle = UINT64_C(1) << 28;
    if ((bits & dropped) != middle && (nearest == 0 || fabs(nearest) >= (double)__FLT_MIN__)) {
        *out = (float)nearest;
        return isfinite(*out);
    }
    char copy[COPY_MAX];
    if (text.length >= sizeof copy)
        return false;
    memcpy(copy, text.text, text.length);
    copy[text.length] = '\0';
    *out = strtof(copy, NULL);
    return isfinite(*out);
}

bool token_float(const struct token *token, float *out, struct err *err)
{
    if (token->kind != TOKEN_NUMBER)
        return unwanted(token, "a number", err);
    if (!isfinite(token->number) || token->text.length == 0) {
        *out = (float)token->number;
        return isinf(*out) == isinf(token->number) ||
               err_set(err, ERR_MODEL, "%g is past a float's range", token->number);
    }
    return float_of_text(token->text, token->number, out) ||
           err_set(err, ERR_MODEL, VIEW_FMT " is past a float's range", VIEW_ARG(token->text));
}

bool tokens_float(struct tokens *tokens, float *out, struct err *err)
{
    struct token token;
    return tokens_next(tokens, &token, err) && token_float(&token, out, err);
}

bool tokens_text(struct tokens *tokens, struct view *out, struct err *err)
{
    struct token token;
    if (!tokens_want(tokens, TOKEN_TEXT, &token, err))
        return false;
    *out = token.text;
    return true;
}

struct keys keys_of(const char *const *names, size_t count)
{
    assert(count <= 32); /* a bit each in `seen` */
    return (struct keys){.name = names, .count = count};
}

bool keys_open(struct keys *keys, const char *const *names, size_t count, struct tokens *tokens,
               struct err *err)
{
    struct token token;
    *keys = keys_of(names, count);
    return tokens_want(tokens, TOKEN_OBJECT, &token, err);
}

static size_t key_find(const struct keys *keys, struct view key)
{
    size_t at = 0;
    while (at < keys->count && !view_is(key, keys->name[at]))
        at++;
    return at;
}

bool keys_next(struct keys *keys, struct tokens *tokens, struct err *err)
{
    struct token token;
    for (;;) { /* one key a turn */
        if (!tokens_next(tokens, &token, err))
            return false;
        if (token.kind == TOKEN_OBJECT_END) {
            keys->done = true;
            return false;
        }
        keys->at = key_find(keys, token.text);
        if (keys->at < keys->count)
            break;
        if (!tokens_skip(tokens, err))
            return err_while(err, VIEW_FMT, VIEW_ARG(token.text));
    }
    if (keys_seen(keys, keys->at))
        return err_set(err, ERR_MODEL, "the key '%s' comes twice", keys->name[keys->at]);
    keys->seen |= UINT32_C(1) << keys->at;
    return true;
}

bool keys_seen(const struct keys *keys, size_t name)
{
    return keys->seen >> name & 1;
}

bool keys_need(const struct keys *keys, size_t name, struct err *err)
{
    if (keys_seen(keys, name))
        return true;
    return err_set(err, ERR_MODEL, "the key '%s' is missing", keys->name[name]);
}
