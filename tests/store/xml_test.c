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
