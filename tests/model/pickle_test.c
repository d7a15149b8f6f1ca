#include "small_pickle.h"

#include "base/text.h"

enum { MEMORY = 8 << 20 };

static void refused(struct view bytes, enum err_kind kind, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct pickle *root = NULL;
    struct err err = {0};
    FAILS(pickle_read(bytes, &arena, &root, &err), err, kind);
    SAYS(err, says);
    TRUE(root == NULL);
}

TEST(whole_numbers_are_read_in_every_spelling)
{
    static const struct {
        struct view bytes;
        int64_t want;
    } cases[] = {
        {VIEW("I-12\n."), -12},
        {VIEW("L34L\n."), 34},
        {VIEW("J\xfe\xff\xff\xff."), -2},
        {VIEW("K\xff."), 255},
        {VIEW("M\x01\x02."), 513},
        {VIEW("\x8a\x00."), 0},
        {VIEW("\x8a\x01\xff."), -1},
        {VIEW("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\x00."), INT64_MAX},
        {VIEW("\x8b\x02\x00\x00\x00\x00\x80."), -32768},
        {VIEW("I5\r\n."), 5},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        int64_t whole;
        TRUE(pickle_whole(small_pickle(cases[i].bytes, &arena), &whole));
        FAIL_UNLESS(whole == cases[i].want, "case %zu is %lld", i, (long long)whole);
    }
}

TEST(a_number_past_64_bits_is_kept_as_one_that_is)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    SAME(small_pickle(VIEW("L99999999999999999999L\n."), &arena)->kind, PICKLE_BIG);
    SAME(small_pickle(VIEW("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00."), &arena)->kind,
         PICKLE_BIG);
    SAME(small_pickle(VIEW("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff."), &arena)->kind,
         PICKLE_BIG);
    SAME(small_pickle(VIEW("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80."), &arena)->kind, PICKLE_INT);
    refused(VIEW("Ltwelve\n."), ERR_MODEL, "byte 0: LONG: 'twelve' is not a whole number");
}

TEST(none_truth_and_floats_are_read)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    TRUE(pickle_is_none(small_pickle(VIEW("N."), &arena)));
    TRUE(pickle_is_true(small_pickle(VIEW("I01\n."), &arena), false));
    TRUE(!pickle_is_true(small_pickle(VIEW("I00\n."), &arena), true));
    TRUE(pickle_is_true(small_pickle(VIEW("\x88."), &arena), false));
    TRUE(!pickle_is_true(small_pickle(VIEW("\x89."), &arena), true));
    NEAR(small_pickle(VIEW("F-2.5\n."), &arena)->number, -2.5, 0);
    NEAR(small_pickle(VIEW("G?\xf8\x00\x00\x00\x00\x00\x00."), &arena)->number, 1.5, 0);
    TRUE(__builtin_isnan(small_pickle(VIEW("Fnan\n."), &arena)->number));
    refused(VIEW("Fpi\n."), ERR_MODEL, "'pi' is not a number");
}

TEST(texts_and_bytes_are_read_in_every_spelling)
{
    static const struct {
        struct view bytes;
        enum pickle_kind kind;
        const char *want;
    } cases[] = {
        {VIEW("Va\\u00e9\\U0001f600\xe8\n."), PICKLE_TEXT, "a\xc3\xa9\xf0\x9f\x98\x80\xc3\xa8"},
        {VIEW("X\x02\x00\x00\x00hi."), PICKLE_TEXT, "hi"},
        {VIEW("\x8c\x02hi."), PICKLE_TEXT, "hi"},
        {VIEW("\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi."), PICKLE_TEXT, "hi"},
        {VIEW("S'a\\'\\x41\\n\\101'\n."), PICKLE_BYTES, "a'A\nA"},
        {VIEW("T\x02\x00\x00\x00hi."), PICKLE_BYTES, "hi"},
        {VIEW("U\x02hi."), PICKLE_BYTES, "hi"},
        {VIEW("B\x02\x00\x00\x00hi."), PICKLE_BYTES, "hi"},
        {VIEW("C\x02hi."), PICKLE_BYTES, "hi"},
        {VIEW("\x8e\x02\x00\x00\x00\x00\x00\x00\x00hi."), PICKLE_BYTES, "hi"},
        {VIEW("\x96\x02\x00\x00\x00\x00\x00\x00\x00hi."), PICKLE_BYTES, "hi"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        const struct pickle *value = small_pickle(cases[i].bytes, &arena);
        SAME(value->kind, cases[i].kind);
        TEXT(value->bytes, cases[i].want);
    }
    refused(VIEW("S'a\n."), ERR_MODEL, "not in quotes");
    refused(VIEW("S'\\x4'\n."), ERR_MODEL, "an escape that Python does not write");
    refused(VIEW("V\\u12\n."), ERR_MODEL, "a broken \\u escape");
    refused(VIEW("V\\Uffffffff\n."), ERR_MODEL, "a broken \\U escape");
}

TEST(containers_hold_what_was_put_into_them)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct pickle *list = small_pickle(VIEW("](K\x01K\x02"
                                                  "e(K\x03lK\x04\x86."),
                                             &arena);
    SAME(list->kind, PICKLE_TUPLE);
    SAME(list->count, 2);
    SAME(list->item[0]->count, 1); /* the second list; the first one is below on the stack */
    const struct pickle *dict = small_pickle(VIEW("}(U\x01"
                                                  "aK\x01U\x01"
                                                  "bK\x02uU\x01"
                                                  "aK\x03s."),
                                             &arena);
    SAME(dict->count, 3);
    SAME(pickle_find(dict, "a")->whole, 3); /* the last one said */
    SAME(pickle_find(dict, "b")->whole, 2);
    TRUE(pickle_find(dict, "c") == NULL && pickle_find(list, "a") == NULL);
    SAME(small_pickle(VIEW("\x8f(K\x01K\x02\x90."), &arena)->count, 2);
    SAME(small_pickle(VIEW("(K\x01\x91."), &arena)->kind, PICKLE_SET);
    SAME(small_pickle(VIEW("c__builtin__\nset\n(]K\x07"
                           "atR."),
                      &arena)
             ->kind,
         PICKLE_SET);
    SAME(small_pickle(VIEW("(K\x01"
                           "1K\x05(0)0\x85."),
                      &arena)
             ->item[0]
             ->whole,
         5);
    TRUE(pickle_item(dict, 0) == NULL && pickle_item(list, 2) == NULL);
}

TEST(the_memo_gives_back_the_same_value)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct view spellings[] = {
        VIEW("K\x07p0\ng0\n\x86."),
        VIEW("K\x07q\x00h\x00\x86."),
        VIEW("K\x07r\x00\x00\x00\x00j\x00\x00\x00\x00\x86."),
        VIEW("K\x07\x94h\x00\x86."),
        VIEW("K\x07"
             "2\x86."),
    };
    for (size_t i = 0; i < LENGTH_OF(spellings); i++) {
        const struct pickle *pair = small_pickle(spellings[i], &arena);
        TRUE(pair->item[0] == pair->item[1]);
    }
    refused(VIEW("h\x00."), ERR_MODEL, "byte 0: BINGET: memo entry 0 was never put");
    refused(VIEW("Nr\xff\xff\xff\x7f."), ERR_MODEL, "memo entry 2147483647");
    refused(VIEW("Np-1\n."), ERR_MODEL, "'-1' is no memo entry");
}

TEST(a_list_in_itself_is_read_and_ends_no_walk_by_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct pickle *list = small_pickle(VIEW("]q\x00h\x00"
                                                  "a."),
                                             &arena);
    TRUE(list->item[0] == list);
    const struct pickle *object = small_pickle(VIEW("cm\nC\n)\x81q\x00}U\x01"
                                                    "ah\x00sb."),
                                               &arena);
    TRUE(pickle_attribute(object, "a") == object);
}

TEST(a_call_is_a_note_of_what_would_have_been_called)
{
    static const struct view spellings[] = {
        VIEW("cposix\nsystem\n(S'true'\ntR."),
        VIEW("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."),
        VIEW("(S'true'\niposix\nsystem\n."),
        VIEW("(cposix\nsystem\nS'true'\no."),
        VIEW("cposix\nsystem\n\x8c\x04true\x85\x81."),
        VIEW("cposix\nsystem\n\x8c\x04true\x85}\x92."),
        VIEW("ccopy_reg\n__newobj__\n(cposix\nsystem\nS'true'\ntR."),
    };
    for (size_t i = 0; i < LENGTH_OF(spellings); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        const struct pickle *object = small_pickle(spellings[i], &arena);
        SAME(object->kind, PICKLE_OBJECT);
        TEXT(pickle_class(object), "posix.system");
        TRUE(pickle_is_text(pickle_argument(object, 0), "true"));
        TRUE(pickle_argument(object, 1) == NULL);
    }
}

TEST(an_object_keeps_its_state_its_slots_and_its_items)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct pickle *object =
        small_pickle(VIEW(OBJECT("a.b._c\nD", ATTRIBUTE("x", "I1\n")) "."), &arena);
    SAME(pickle_attribute(object, "x")->whole, 1);
    TRUE(pickle_is(object, "a.b._c.D") && pickle_is_in(object, "a", "D"));
    TRUE(pickle_is_in(object, "a.b", "D") && !pickle_is_in(object, "a.b._c", "D"));
    TRUE(!pickle_is_in(object, "a", "c.D") && !pickle_is_in(object, "x", "D"));
    object = small_pickle(VIEW("cm\nC\n)R((dS'x'\nI1\ns(dS'y'\nI2\nstb."), &arena);
    SAME(pickle_attribute(object, "x")->whole, 1);
    SAME(pickle_attribute(object, "y")->whole, 2);
    object = small_pickle(VIEW("ccollections\nOrderedDict\n)RS'k'\nI3\nsI4\na."), &arena);
    SAME(pickle_find(object->object->dict, "k")->whole, 3);
    SAME(pickle_item(object->object->list, 0)->whole, 4);
    object =
        small_pickle(VIEW("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR."), &arena);
    TEXT(pickle_class(object), "m.C");
}

TEST(bytes_that_old_protocols_spell_as_text_are_bytes_again)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct pickle *value =
        small_pickle(VIEW("c_codecs\nencode\n(Va\xff\\u0080\nVlatin1\ntR."), &arena);
    SAME(value->kind, PICKLE_BYTES);
    TEXT(value->bytes, "a\xff\x80");
    value = small_pickle(VIEW("cbuiltins\nbytearray\n\x43\x02hi\x85R."), &arena);
    TEXT(value->bytes, "hi");
    TEXT(small_pickle(VIEW("c__builtin__\nbytes\n)R."), &arena)->bytes, "");
    SAME(small_pickle(VIEW("c_codecs\nencode\n(Va\nVutf8\ntR."), &arena)->kind, PICKLE_OBJECT);
    refused(VIEW("c_codecs\nencode\n(V\\u0100\nVlatin1\ntR."), ERR_MODEL, "holds other characters");
}

TEST(what_lies_outside_the_file_is_refused_by_name)
{
    refused(VIEW("Pid\n."), ERR_MODEL, "PERSID: it names an object kept outside the file");
    refused(VIEW("NQ."), ERR_MODEL, "BINPERSID");
    refused(VIEW("\x82\x01."), ERR_MODEL, "EXT1: it names a class by an extension code");
    refused(VIEW("\x83\x01\x00."), ERR_MODEL, "EXT2");
    refused(VIEW("\x97."), ERR_MODEL, "NEXT_BUFFER: it keeps its arrays outside the file");
    refused(VIEW("\x80\x06N."), ERR_MODEL, "protocol 6 is newer");
}

TEST(what_is_damaged_says_at_which_byte)
{
    refused(VIEW(""), ERR_MODEL, "byte 0: there is no STOP");
    refused(VIEW("NN"), ERR_MODEL, "byte 2: there is no STOP");
    refused(VIEW("N~."), ERR_MODEL, "byte 1: 0x7e is no opcode of pickle's");
    refused(VIEW("."), ERR_MODEL, "byte 0: STOP: the stack is empty");
    refused(VIEW("NR."), ERR_MODEL, "byte 1: REDUCE: the stack is empty");
    refused(VIEW("c_\nm\n)(R."), ERR_MODEL, "the stack is empty"); /* not past the mark */
    refused(VIEW("N(2."), ERR_MODEL, "byte 2: DUP: the stack is empty");
    refused(VIEW("Nt."), ERR_MODEL, "byte 1: TUPLE: there is no mark");
    refused(VIEW("(Nd."), ERR_MODEL, "a key has no value");
    refused(VIEW("}(Nu."), ERR_MODEL, "a key has no value");
    refused(VIEW("NNa."), ERR_MODEL, "it adds to 'None'");
    refused(VIEW("NNb."), ERR_MODEL, "it gives a state to None");
    refused(VIEW("cm\nC\nNR."), ERR_MODEL, "the arguments are None, not a tuple");
    refused(VIEW("NN\x93."), ERR_MODEL, "a class's name is None and None, not text");
    refused(VIEW("c\nC\n."), ERR_MODEL, "a class's name is empty");
    refused(VIEW("cm\xff\nC\n."), ERR_MODEL, "a class's name is no text");
    refused(VIEW("C\x05hi."), ERR_MODEL, "it wants 5 bytes, and 3 are left");
    refused(VIEW("\x8e\xff\xff\xff\xff\xff\xff\xff\xff."), ERR_MODEL, "cut short");
    refused(VIEW("N.N."), ERR_MODEL, "2 bytes follow the pickle's end");
}

TEST(a_pickle_cut_anywhere_is_refused)
{
    static const struct view whole = VIEW("\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00(cm\nC\n)"
                                          "\x81}(\x8c\x01xK\x01Vy\nG?\xf0\x00\x00"
                                          "\x00\x00\x00\x00"
                                          "ubS'q'\nl.");
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    small_pickle(whole, &arena);
    for (size_t size = 0; size < whole.length; size++) {
        const struct pickle *root;
        struct err err = {0};
        FAILS(pickle_read((struct view){whole.text, size}, &arena, &root, &err), err, ERR_MODEL);
    }
}

TEST(ceilings_are_limits_and_not_crashes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct text text = text_in_arena(&arena);
    for (size_t i = 0; i <= PICKLE_MARKS_MAX; i++)
        text_addc(&text, '(');
    refused(text_view(&text), ERR_LIMIT, "containers are nested deeper than 4096");
    text.length = 0;
    for (size_t i = 0; i < 1 << 19; i++)
        text_addc(&text, ']');
    refused(text_view(&text), ERR_LIMIT, "does not fit");
    text.length = 0;
    text_adds(&text, "cm\n");
    for (size_t i = 0; i < PICKLE_NAME_MAX; i++)
        text_addc(&text, 'C');
    text_adds(&text, "\n.");
    refused(text_view(&text), ERR_MODEL, "longer than 512 bytes");
}

TEST(one_text_is_not_made_into_bytes_over_and_over)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct text text = text_in_arena(&arena);
    text_adds(&text, "c_codecs\nencode\np0\n(V");
    for (size_t i = 0; i < 10000; i++)
        text_addc(&text, 'x');
    text_adds(&text, "\nVlatin1\ntp1\n");
    for (size_t i = 0; i < 2000; i++)
        text_adds(&text, "g0\ng1\nR0");
    text_addc(&text, '.');
    refused(text_view(&text), ERR_LIMIT, "more bytes are made out of text than the file has");
}

TEST(a_pickle_is_told_by_its_first_and_last_byte)
{
    TRUE(pickle_is_one(VIEW("\x80\x04N.")) && pickle_is_one(VIEW("(lp0\n.")));
    TRUE(pickle_is_one(
        VIEW("\x80\x04N"))); /* a piece of one: it is read, and refused with its place */
    TRUE(!pickle_is_one(VIEW("\x80\x06N.")) && !pickle_is_one(VIEW("(lp0\n")));
    TRUE(!pickle_is_one(VIEW("{\"a\":1}.")) && !pickle_is_one(VIEW("")) &&
         !pickle_is_one(VIEW("\0.")));
}
