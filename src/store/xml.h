/*
 * xml: the few words of an S3 answer, found by name.
 *
 * Not a parser of XML: the answers read here are flat and made by machines. An element is
 * `<Name>text</Name>`, with attributes or without, and none holds another of its own name.
 *
 *     struct view rest = body, item;
 *     while (xml_next(&rest, "Contents", &item))
 *         use(xml_text(item, "Key"));
 */
#ifndef STORE_XML_H
#define STORE_XML_H

#include "base/view.h"

/* What is between the next element's tags; `rest` goes on behind it. */
bool xml_next(struct view *rest, const char *name, struct view *out);

/* The first element's; empty when there is none. Entities stay as they are. */
struct view xml_text(struct view xml, const char *name);

/* A copy with the five named entities and numbered ASCII ones as what they stand for; others stay.
 * Arena exhausted: NULL. */
struct view xml_unescape(struct view text, struct arena *arena);

#endif
