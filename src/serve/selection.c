#include "serve/selection.h"

#include "base/number.h"

static const char *const words[SELECTIONS] = {
    [SELECTED_PREDICTED_LABEL] = "predicted_label",
    [SELECTED_LABELS] = "labels",
    [SELECTED_PROBABILITY] = "probability",
    [SELECTED_PROBABILITIES] = "probabilities",
    [SELECTED_RAW_SCORE] = "raw_score",
    [SELECTED_RAW_SCORES] = "raw_scores",
    [SELECTED_PREDICTED_SCORE] = "predicted_score",
};

static bool has(const struct selection *selection, size_t which)
{
    for (size_t i = 0; i < selection->count; i++)
        if (selection->wanted[i] == which)
            return true;
    return false;
}

bool selection_read(struct view text, struct selection *out, struct err *err)
{
    struct view word;
    struct selection read = {0};
    while (view_cut(&text, ',', &word)) {
        size_t which = 0;
        while (which < SELECTIONS && !view_same_fold(view_trim(word), view_of(words[which])))
            which++;
        if (which == SELECTIONS)
            return err_set(
                err, ERR_USAGE,
                "SAGEMAKER_INFERENCE_OUTPUT takes predicted_label, labels, probability, "
                "probabilities, raw_score, raw_scores and predicted_score, not '" VIEW_FMT "'",
                VIEW_ARG(word));
        if (!has(&read, which))
            read.wanted[read.count++] = (enum selected)which;
    }
    *out = read;
    return true;
}

/* A value, or two of a list; the label is the one that is whole. */
struct value {
    size_t count;
    double number[2];
};

static struct value value_of(enum selected which, double score, bool fraud)
{
    switch (which) {
    case SELECTED_PREDICTED_LABEL:
        return (struct value){1, {fraud, 0}};
    case SELECTED_LABELS:
        return (struct value){2, {0, 1}};
    case SELECTED_PROBABILITIES:
    case SELECTED_RAW_SCORES:
        return (struct value){2, {1 - score, score}};
    default:
        return (struct value){1, {score, 0}};
    }
}

/* Members stand in the table's order, as they do there. */
void selection_add(const struct selection *selection, float score, bool fraud, struct json *json)
{
    json_open(json, '{');
    for (size_t which = 0; which < SELECTIONS; which++) {
        if (!has(selection, which))
            continue;
        struct value value = value_of((enum selected)which, (double)score, fraud);
        json_key(json, words[which]);
        if (value.count > 1)
            json_open(json, '[');
        for (size_t i = 0; i < value.count; i++)
            json_number(json, value.number[i]);
        if (value.count > 1)
            json_close(json);
    }
    json_close(json);
}

void selection_add_line(const struct selection *selection, float score, bool fraud,
                        struct text *text)
{
    for (size_t i = 0; i < selection->count; i++) {
        struct value value = value_of(selection->wanted[i], (double)score, fraud);
        text_adds(text, i == 0 ? "" : ",");
        text_adds(text, value.count > 1 ? "\"[" : "");
        for (size_t k = 0; k < value.count; k++) {
            text_adds(text, k == 0 ? "" : ", ");
            text_add_number(text, value.number[k]);
        }
        text_adds(text, value.count > 1 ? "]\"" : "");
    }
    text_adds(text, "\r\n");
}
