#include "store/xml.h"

#include "harness.h"

TEST(elements_follow_each_other_and_longer_names_are_others)
{
    struct view rest =
        VIEW("<L><Keys>no</Keys><Key a=\"1\">one</Key><Key>two</Key><Key></Key></L>");
    struct view item;
    static const char *const wanted[] = {"one", "two", ""};
    for (size_t i = 0; i < LENGTH_OF(wanted); i++) {
        TRUE(xml_next(&rest, "Key", &item));
        TEXT(item, wanted[i]);
    }
    TRUE(!xml_next(&rest, "Key", &item));
    TEXT(rest, "</L>");
}

TEST(the_first_ones_text_is_found_and_none_is_empty)
{
    TEXT(xml_text(VIEW("<Error><Code>NoSuchKey</Code><Key>k</Key></Error>"), "Code"), "NoSuchKey");
    TEXT(xml_text(VIEW("<Error/>"), "Code"), "");
    TEXT(xml_text(VIEW(""), "Code"), "");
    TEXT(xml_text((struct view){0}, "Code"), "");
}

TEST(what_is_cut_off_is_not_found)
{
    static const char *const texts[] = {"<Key",   "<Key ",      "<Key>",
                                        "<Key>a", "<Key>a</Ke", "<<Key/>"};
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct view rest = view_of(texts[i]), item;
        TRUE(!xml_next(&rest, "Key", &item));
    }
}

TEST(entities_become_what_they_stand_for_and_others_stay)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    static const char *const cases[][2] = {
        {"a&amp;b&lt;&gt;&quot;&apos;", "a&b<>\"'"},
        {"&#43;&#x2B;&#x2b;&#x7E;", "+++~"},
        {"&amp;lt;", "&lt;"},
        {"&&amp", "&&amp"},
        {"&#;&#x;&#0;&#200;&#x2g;&#a;&# ;&#999999999;&#43",
         "&#;&#x;&#0;&#200;&#x2g;&#a;&# ;&#999999999;&#43"},
        {"&nbsp;+", "&nbsp;+"},
        {"", ""},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        TEXT(xml_unescape(view_of(cases[i][0]), &arena), cases[i][1]);
}
