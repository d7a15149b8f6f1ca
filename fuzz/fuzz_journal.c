/* Any bytes as a segment: every frame that holds is inside of the file and past the last, and what
 * it says is read within its bytes. Written again, a decision is the same decision. The input gets
 * a true header, and three of four frames their true checksum, so that the fuzzer gets past them.
 */
#include "store/journal_crc.h"
#include "store/journal_read.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SALT = 7, SIZE_MAX_TRIED = 1 << 16 };

/* Frames follow each other as their lengths say, cut to some size. */
static void put_right(unsigned char *bytes, size_t size)
{
    size_t count = 0;
    for (size_t at = SEGMENT_HEADER_SIZE; at + JOURNAL_FRAME_SIZE <= size; count++) {
        uint32_t mark = JOURNAL_FRAME_MARK, length;
        memcpy(&length, bytes + at + 8, sizeof length);
        if (length < JOURNAL_FRAME_SIZE || length > size - at || length % 8 != 0)
            length = (length % 4096 + JOURNAL_FRAME_SIZE + 7) & ~7U;
        if (length > size - at)
            length = (uint32_t)(size - at) & ~7U;
        if (length < JOURNAL_FRAME_SIZE)
            return;
        if (count % 4 != 3) {
            memcpy(bytes + at, &mark, sizeof mark);
            memcpy(bytes + at + 8, &length, sizeof length);
            uint32_t crc = journal_crc(SALT, bytes + at + 8, length - 8);
            memcpy(bytes + at + 4, &crc, sizeof crc);
        }
        at += length;
    }
}

static bool is_inside(struct view part, struct view whole)
{
    return part.length == 0 ||
           (part.text >= whole.text && part.text + part.length <= whole.text + whole.length);
}

static void check_decision(const struct journal_decision *d, struct view frame)
{
    assert(is_inside(d->id, frame) && is_inside(d->variant, frame) && is_inside(d->outcome, frame));
    assert(is_inside(d->client, frame) && is_inside(d->entity, frame));
    assert(is_inside(d->experiment, frame));
    struct view row = {(const char *)d->row, d->width * sizeof(float)};
    assert(is_inside(row, frame));
}

static void check_request(struct journal_record *record, struct view frame)
{
    static _Alignas(8) unsigned char again[SIZE_MAX_TRIED + 4096];
    struct journal_decision d;
    size_t count = record->decisions, seen = 0, bytes;
    struct err err = {0};
    while (journal_decision_next(record, &d)) {
        check_decision(&d, frame);
        if (seen++ > 0 || !journal_request_size(&d, 1, NULL, &bytes, &err))
            continue;
        assert(bytes <= sizeof again);
        journal_request_write(again, bytes, &(struct journal_stamp){.salt = SALT}, &d, 1, NULL);
        struct journal_record read;
        struct journal_decision twin;
        bool ok = journal_record_read((struct view){(char *)again, bytes}, &read, &err) &&
                  journal_decision_next(&read, &twin);
        assert(ok && view_same(twin.id, d.id) && view_same(twin.entity, d.entity));
        assert(twin.width == d.width && memcmp(twin.row, d.row, d.width * sizeof(float)) == 0);
    }
    assert(seen == count);
    if (record->answered)
        assert(is_inside(record->answer.key, frame) && is_inside(record->answer.body, frame));
}

static void read_all(struct segment_reader *reader)
{
    struct view frame;
    struct err err = {0};
    uint64_t offset, end = SEGMENT_HEADER_SIZE;
    while (segment_next(reader, &frame, &offset, &err)) {
        struct journal_record record;
        struct err why = {0};
        assert(offset >= end && frame.length >= JOURNAL_FRAME_SIZE);
        end = offset + frame.length;
        assert(end <= reader->size);
        if (!journal_record_read(frame, &record, &why))
            assert(why.kind == ERR_INPUT);
        else if (record.kind == JOURNAL_REQUEST)
            check_request(&record, frame);
        else
            assert(is_inside(record.label.decision, frame) &&
                   is_inside(record.label.source, frame));
    }
    assert(err.kind == ERR_NONE);
    assert(reader->tail >= end && reader->tail <= reader->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char bytes[SEGMENT_HEADER_SIZE + SIZE_MAX_TRIED];
    struct segment_header header;
    struct segment_reader reader;
    struct err err = {0};
    if (size > SIZE_MAX_TRIED)
        size = SIZE_MAX_TRIED;
    segment_header_init(&header, 1, SALT, 0, 0);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, data, size);
    size += sizeof header;
    put_right(bytes, size);
    int fd = memfd_create("segment", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    bool ok = segment_open_fd(&reader, fd, "segment", &err);
    assert(ok);
    read_all(&reader);
    segment_close(&reader);
    return 0;
}
