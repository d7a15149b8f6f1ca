#include "harness.h"

#include "serve/selection.h"

static struct selection read(const char *text)
{
    struct err err = {0};
    struct selection selection;
    WORKS(selection_read(view_of(text), &selection, &err), err);
    return selection;
}

TEST(members_are_what_the_container_answers_for_a_binary_model)
{
    char bytes[512];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_to(&text);
    struct selection all =
        read("raw_scores, Probability ,predicted_label,labels,probabilities,raw_score");
    selection_add(&all, 0.625F, true, &json);
    TEXT(text_view(&text), "{\"predicted_label\":1,\"labels\":[0,1],\"probability\":0.625,"
                           "\"probabilities\":[0.375,0.625],\"raw_score\":0.625,"
                           "\"raw_scores\":[0.375,0.625]}");
}

TEST(a_line_has_the_order_that_was_asked_for)
{
    char bytes[512];
    struct text text = text_in(bytes, sizeof bytes);
    struct selection two = read("probabilities,predicted_label,probabilities");
    SAME(two.count, 2);
    selection_add_line(&two, 0.25F, false, &text);
    TEXT(text_view(&text), "\"[0.75, 0.25]\",0\r\n");
}

TEST(a_word_that_is_none_of_them_is_refused)
{
    struct err err = {0};
    struct selection selection;
    FAILS(selection_read(VIEW("predicted_label,odds"), &selection, &err), err, ERR_USAGE);
    SAYS(err, "not 'odds'");
    FAILS(selection_read(VIEW(""), &selection, &err), err, ERR_USAGE);
}
