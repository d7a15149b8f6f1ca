#include "store/journal_segment.h"

#include "journal_ground.h"
#include "store/journal_crc.h"

#include <fcntl.h>

enum { SALT = 5 };

/* A file of frames, one label each, for a reader to be tried on. */
static size_t write_segment(const char *path, size_t count, size_t place[])
{
    static _Alignas(8) unsigned char bytes[1 << 20];
    struct segment_header header;
    struct err err = {0};
    size_t at = sizeof header;
    segment_header_init(&header, 7, SALT, 0, 1760000000000000);
    memcpy(bytes, &header, sizeof header);
    for (size_t i = 0; i < count; i++) {
        struct journal_label label = {.decision = VIEW("some decision"), .at_us = (int64_t)i};
        size_t size;
        WORKS(journal_label_size(&label, &size, &err), err);
        journal_label_write(bytes + at, size, &(struct journal_stamp){SALT, 0, i + 1}, &label);
        place[i] = at;
        at += size;
    }
    WORKS(file_save(path, (struct view){(char *)bytes, at}, &err), err);
    return at;
}

static void change(const char *path, size_t at, size_t size, int value)
{
    CLEANUP(fd_close) int fd = open(path, O_WRONLY);
    char bytes[64];
    memset(bytes, value, sizeof bytes);
    SAME(pwrite(fd, bytes, size, (off_t)at), (ssize_t)size);
}

/* The tickets that are read, as text. */
static const char *tickets_of(const char *path, struct segment_reader *reader)
{
    static char text[512];
    struct text out = text_in(text, sizeof text);
    struct view frame;
    struct err err = {0};
    bool gone;
    WORKS(segment_open(reader, AT_FDCWD, path, &gone, &err), err);
    TRUE(!gone);
    while (segment_next(reader, &frame, NULL, &err))
        text_addf(&out, "%llu ", (unsigned long long)journal_frame_ticket(frame.text));
    WORKS(err.kind == ERR_NONE, err);
    segment_close(reader);
    return text_c(&out);
}

TEST(a_whole_segment_is_read_to_its_end)
{
    size_t place[5];
    const char *path = journal_place("whole");
    size_t size = write_segment(path, 5, place);
    struct segment_reader reader;
    TEXT(view_of(tickets_of(path, &reader)), "1 2 3 4 5 ");
    SAME(reader.tail, size);
    SAME(reader.damage.places, 0);
}

TEST(a_torn_end_is_found_wherever_it_is_torn)
{
    size_t place[5];
    const char *path = journal_place("torn");
    size_t size = write_segment(path, 5, place);
    for (size_t cut = place[4] + 1; cut < size; cut++) {
        write_segment(path, 5, place);
        SAME(truncate(path, (off_t)cut), 0);
        struct segment_reader reader;
        TEXT(view_of(tickets_of(path, &reader)), "1 2 3 4 ");
        SAME(reader.tail, place[4]);
        SAME(reader.damage.places, 0);
    }
}

TEST(what_follows_damage_is_read_and_the_damage_is_told)
{
    size_t place[6];
    const char *path = journal_place("damaged");
    write_segment(path, 6, place);
    change(path, place[1] + 40, 1, 0x5A); /* in a payload */
    change(path, place[3], 64, 0);        /* a head and more */
    struct segment_reader reader;
    TEXT(view_of(tickets_of(path, &reader)), "1 3 5 6 ");
    SAME(reader.damage.places, 2);
    SAME(reader.damage.bytes, place[2] - place[1] + place[4] - place[3]);
    char want[64];
    snprintf(want, sizeof want, "%zu bytes from byte %zu on", place[2] - place[1], place[1]);
    TRUE(strstr(reader.damage.text, want) != NULL);
    TRUE(strstr(reader.damage.text, "damaged is damaged") != NULL);
}

/* A client's bytes are inside of records: where damage makes the reader search, they must not pass
 * for a record. The label's text is a whole frame, but for the salt. */
TEST(a_frame_inside_of_a_record_is_never_taken_for_one)
{
    static _Alignas(8) unsigned char bytes[4096], inner[1024];
    struct segment_header header;
    struct err err = {0};
    struct journal_label label = {.decision = VIEW("forged")};
    size_t inside, size;
    WORKS(journal_label_size(&label, &inside, &err), err);
    journal_label_write(inner, inside, &(struct journal_stamp){0, 0, 666}, &label);
    segment_header_init(&header, 7, SALT, 0, 0);
    memcpy(bytes, &header, sizeof header);
    label.decision = (struct view){(char *)inner, inside};
    WORKS(journal_label_size(&label, &size, &err), err);
    journal_label_write(bytes + sizeof header, size, &(struct journal_stamp){SALT, 0, 1}, &label);
    bytes[sizeof header + 9] ^= 1; /* the outer head is damaged */
    const char *path = journal_place("forged");
    WORKS(file_save(path, (struct view){(char *)bytes, sizeof header + size}, &err), err);
    struct segment_reader reader;
    TEXT(view_of(tickets_of(path, &reader)), "");
    SAME(reader.tail, sizeof header);
}

TEST(what_is_no_segment_is_refused_by_name)
{
    struct segment_reader reader;
    struct err err = {0};
    bool gone;
    const char *path = journal_place("none");
    WORKS(file_save(path, VIEW("hello"), &err), err);
    FAILS(segment_open(&reader, AT_FDCWD, path, &gone, &err), err, ERR_INPUT);
    SAYS(err, "has no whole header");
    size_t place[1];
    write_segment(path, 1, place);
    change(path, 8, 1, 9); /* its format: and then its checksum is wrong too */
    FAILS(segment_open(&reader, AT_FDCWD, path, &gone, &err), err, ERR_INPUT);
    SAYS(err, "has no whole header");
    struct segment_header header;
    segment_header_init(&header, 7, SALT, 0, 0);
    header.format = 9, header.crc = 0;
    header.crc = journal_crc(0, &header, sizeof header);
    WORKS(file_save(path, (struct view){(char *)&header, sizeof header}, &err), err);
    FAILS(segment_open(&reader, AT_FDCWD, path, &gone, &err), err, ERR_INPUT);
    SAYS(err, "it is a newer program's");
    WORKS(segment_open(&reader, AT_FDCWD, "not-there", &gone, &err), err);
    TRUE(gone);
}

TEST(a_directory_lists_its_segments_in_the_order_of_time_and_nothing_else)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct segment_file *file;
    size_t count;
    char dir[520], path[600], name[SEGMENT_NAME_SIZE];
    snprintf(dir, sizeof dir, "%s", journal_place("list"));
    WORKS(segment_list(dir, &arena, &file, &count, &err), err);
    SAME(count, 0);
    WORKS(dir_make(dir, &err), err);
    for (int i = 3; i > 0; i--) {
        segment_name(i * 1000000, 255, i == 3 ? SEGMENT_OPEN : SEGMENT_SEALED, name);
        snprintf(path, sizeof path, "%s/%s", dir, name);
        WORKS(file_save(path, VIEW(""), &err), err);
    }
    snprintf(path, sizeof path, "%s/readme.segment", dir);
    WORKS(file_save(path, VIEW(""), &err), err);
    WORKS(segment_list(dir, &arena, &file, &count, &err), err);
    SAME(count, 3);
    TEXT(view_of(file[0].name), "0000000003e8-00000000000000ff.segment");
    TEXT(view_of(file[2].name), "000000000bb8-00000000000000ff.open");
    SAME(file[2].state, SEGMENT_OPEN);
    segment_rename(&file[2], SEGMENT_SEALED, name);
    TEXT(view_of(name), "000000000bb8-00000000000000ff.segment");
}
