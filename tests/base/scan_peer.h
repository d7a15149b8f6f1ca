/*
 * scan_peer: the scanner beside jansson on one text, for the test and the fuzzer.
 *
 * Both must accept or both refuse, and what they accept must have equal values
 * in equal order. Three differences are meant: duplicate keys are the scanner's
 * caller's to refuse; a whole number past 64 bits is a double to the scanner and
 * too large for jansson; and a number of 400 bytes or more is too long for the
 * scanner only.
 *
 *     char why[256];
 *     bool taken;
 *     if (!scan_peer_agrees(text, &taken, why, sizeof why)) ...
 */
#ifndef TESTS_BASE_SCAN_PEER_H
#define TESTS_BASE_SCAN_PEER_H

#include "base/doc.h"
#include "base/scan.h"

/* The next member each open level of the document owes. */
struct peer_walk {
    const struct doc *next[SCAN_DEPTH_MAX + 1];
    unsigned depth;
};

static bool peer_kind_fits(enum token_kind token, enum doc_kind doc)
{
    switch (token) {
    case TOKEN_OBJECT:
        return doc == DOC_OBJECT;
    case TOKEN_LIST:
        return doc == DOC_LIST;
    case TOKEN_TEXT:
        return doc == DOC_TEXT;
    case TOKEN_NUMBER:
        return doc == DOC_NUMBER;
    case TOKEN_TRUE:
        return doc == DOC_TRUE;
    case TOKEN_FALSE:
        return doc == DOC_FALSE;
    case TOKEN_NULL:
        return doc == DOC_NULL;
    case TOKEN_OBJECT_END:
    case TOKEN_LIST_END:
    case TOKEN_KEY:
        return false;
    }
    return false;
}

/* Holds one token against the document and moves on. */
static bool peer_step(struct peer_walk *walk, const struct token *token)
{
    const struct doc *doc = walk->next[walk->depth];
    if (token->kind == TOKEN_OBJECT_END || token->kind == TOKEN_LIST_END) {
        walk->depth--;
        return doc == NULL;
    }
    if (doc == NULL)
        return false;
    if (token->kind == TOKEN_KEY)
        return view_same(doc->key, token->text);
    if (!peer_kind_fits(token->kind, doc->kind))
        return false;
    if (token->kind == TOKEN_TEXT && !view_same(doc->text, token->text))
        return false;
    if (token->kind == TOKEN_NUMBER && !(doc->number == token->number))
        return false;
    walk->next[walk->depth] = doc->next;
    if (token->kind == TOKEN_OBJECT || token->kind == TOKEN_LIST)
        walk->next[++walk->depth] = doc->first;
    return true;
}

static bool peer_has_long_number(struct view text)
{
    enum { LONG = 400 };
    size_t run = 0;
    for (size_t i = 0; i < text.length && run < LONG; i++)
        run = text.text[i] != '\0' && strchr("0123456789+-.eE", text.text[i]) ? run + 1 : 0;
    return run == LONG;
}

static bool peer_differs_as_meant(const char *doc_says)
{
    return strstr(doc_says, "duplicate object key") != NULL ||
           strstr(doc_says, "too big integer") != NULL ||
           strstr(doc_says, "too big negative integer") != NULL;
}

/* `taken`: both accepted it. */
static bool scan_peer_agrees(struct view text, bool *taken, char *why, size_t why_size)
{
    enum { MEMORY_MAX = 256 << 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY_MAX};
    char *scratch = arena_new(&arena, char, text.length + 1);
    assert(scratch != NULL);
    struct text unescaped = text_in(scratch, text.length + 1);

    struct err doc_err = {0}, scan_err = {0};
    const struct doc *doc = doc_parse(text, &arena, &doc_err);
    struct scan scan = scan_of(text, &unescaped);
    struct peer_walk walk = {.next = {doc}};
    struct token token;
    bool same = true;
    while (scan_next(&scan, &token, &scan_err))
        if (doc != NULL && same)
            same = peer_step(&walk, &token);

    *taken = doc != NULL && scan_err.kind == ERR_NONE;
    if (doc != NULL && scan_err.kind != ERR_NONE && !peer_has_long_number(text)) {
        snprintf(why, why_size, "only the scanner refuses it: %s", scan_err.text);
        return false;
    }
    if (doc == NULL && scan_err.kind == ERR_NONE && !peer_differs_as_meant(doc_err.text)) {
        snprintf(why, why_size, "only jansson refuses it: %s", doc_err.text);
        return false;
    }
    if (*taken && (!same || walk.depth != 0 || walk.next[0] != NULL)) {
        snprintf(why, why_size, "the values differ");
        return false;
    }
    return true;
}

#endif
