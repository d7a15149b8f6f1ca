#include "monitor/exposition.h"

#include "base/number.h"

#include <math.h>

struct exposition exposition_of(struct view text)
{
    return (struct exposition){.rest = text};
}

struct view exposition_label(const struct exposition_sample *sample, const char *name)
{
    for (size_t i = 0; i < sample->labels; i++)
        if (view_is(sample->label[i].name, name))
            return sample->label[i].value;
    return (struct view){0};
}

static bool is_name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!first && c >= '0' && c <= '9');
}

static bool cut_name(struct view *rest, struct view *out)
{
    size_t length = 0;
    while (length < rest->length && is_name_byte(rest->text[length], length == 0))
        length++;
    *out = (struct view){rest->text, length};
    *rest = view_from(*rest, length);
    return length > 0;
}

static void skip_spaces(struct view *rest)
{
    while (rest->length > 0 && (rest->text[0] == ' ' || rest->text[0] == '\t'))
        *rest = view_from(*rest, 1);
}

static bool cut_byte(struct view *rest, char c)
{
    if (rest->length == 0 || rest->text[0] != c)
        return false;
    *rest = view_from(*rest, 1);
    return true;
}

/* Up to the quote that ends it; `\\`, `\"` and `\n` are written out. */
static bool cut_value(struct view *rest, struct exposition_sample *sample, struct view *out)
{
    size_t end = 0, from = sample->unescaped_length;
    bool escaped = false;
    while (end < rest->length && rest->text[end] != '"') {
        char c = rest->text[end++];
        if (c == '\\') {
            escaped = true;
            if (end == rest->length || strchr("\\\"n", rest->text[end]) == NULL)
                return false;
            c = rest->text[end] == 'n' ? '\n' : rest->text[end];
            end++;
        }
        if (sample->unescaped_length == EXPOSITION_ESCAPED_MAX)
            return false;
        sample->unescaped[sample->unescaped_length++] = c;
    }
    if (end == rest->length)
        return false;
    *out = escaped ? (struct view){sample->unescaped + from, sample->unescaped_length - from}
                   : (struct view){rest->text, end};
    if (!escaped)
        sample->unescaped_length = from;
    *rest = view_from(*rest, end + 1);
    return true;
}

/* Behind the '{'. A comma may stand before the '}'. */
static bool cut_labels(struct view *rest, struct exposition_sample *sample)
{
    for (;;) {
        skip_spaces(rest);
        if (cut_byte(rest, '}'))
            return true;
        if (sample->labels == EXPOSITION_LABELS_MAX)
            return false;
        struct exposition_label *label = &sample->label[sample->labels];
        if (!cut_name(rest, &label->name))
            return false;
        skip_spaces(rest);
        if (!cut_byte(rest, '='))
            return false;
        skip_spaces(rest);
        if (!cut_byte(rest, '"') || !cut_value(rest, sample, &label->value))
            return false;
        sample->labels++;
        skip_spaces(rest);
        if (!cut_byte(rest, ',') && (rest->length == 0 || rest->text[0] != '}'))
            return false;
    }
}

static bool read_value(struct view text, double *out)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"NaN", (double)NAN},
                 {"+Inf", (double)INFINITY},
                 {"Inf", (double)INFINITY},
                 {"-Inf", -(double)INFINITY}};
    for (size_t i = 0; i < LENGTH_OF(words); i++) {
        *out = words[i].value;
        if (view_is(text, words[i].word))
            return true;
    }
    if (text.length > 0 && text.text[0] == '+')
        text = view_from(text, 1);
    return number_parse(text, out);
}

static struct view cut_word(struct view *rest)
{
    skip_spaces(rest);
    size_t length = 0;
    while (length < rest->length && rest->text[length] != ' ' && rest->text[length] != '\t')
        length++;
    struct view word = {rest->text, length};
    *rest = view_from(*rest, length);
    return word;
}

/* The time, where there is one, is milliseconds, and nothing follows it. */
static bool read_sample(struct view line, struct exposition_sample *out)
{
    int64_t time_ms;
    out->labels = 0;
    out->unescaped_length = 0;
    if (!cut_name(&line, &out->name))
        return false;
    skip_spaces(&line);
    if (cut_byte(&line, '{') && !cut_labels(&line, out))
        return false;
    if (!read_value(cut_word(&line), &out->value))
        return false;
    struct view time = cut_word(&line);
    skip_spaces(&line);
    return line.length == 0 && (time.length == 0 || number_parse_i64(time, &time_ms));
}

bool exposition_next(struct exposition *page, struct exposition_sample *out, struct err *err)
{
    struct view line;
    while (view_cut(&page->rest, '\n', &line)) {
        page->line++;
        if (view_ends(line, "\r"))
            line.length--;
        struct view trimmed = view_trim(line);
        if (trimmed.length == 0 || trimmed.text[0] == '#')
            continue;
        if (!read_sample(trimmed, out))
            return err_set(err, ERR_INPUT, "line %zu is no sample of Prometheus' text format",
                           page->line);
        return true;
    }
    return false;
}
