/*
 * preset_csv: CSV files written by many threads as if by one.
 *
 * A run is a number of chunks. Each is written by one thread into texts of its
 * own, one per file, and goes to the files in the order of the chunks; at most
 * one chunk a thread is held in memory. The files appear under their names when
 * all of them are complete; on an error none is changed.
 *
 *     static bool write_day(const void *world, uint32_t day, struct text *out, struct arena
 * *arena);
 *     ...
 *     struct preset_run run = {.dir = dir, .files = files, .file_count = 2, .chunks = days,
 *                              .write = write_day, .world = &world};
 *     return preset_run_write(&run, err);
 *
 * Below are the cells such chunks are made of: printf is most of the time otherwise.
 */
#ifndef DATA_PRESET_CSV_H
#define DATA_PRESET_CSV_H

#include "base/err.h"
#include "base/text.h"

enum { PRESET_FILES_MAX = 4, PRESET_THREADS_MAX = 64 };

struct preset_file {
    const char *name;
    const char *header; /* the first line, with its end */
};

struct preset_run {
    const char *dir;
    const struct preset_file *files;
    size_t file_count;
    uint32_t chunks;
    unsigned threads; /* 0: one per processor */
    bool keep;        /* what is there already is an error */
    /* Adds the chunk's lines to out[0..file_count), which grow in `arena`; more may be taken from
     * it, all is forgotten after the chunk. False: the arena is full. Runs on any thread. */
    bool (*write)(const void *world, uint32_t chunk, struct text *out, struct arena *arena);
    const void *world;
};

bool preset_run_write(const struct preset_run *run, struct err *err);

void preset_add_whole(struct text *text, uint64_t value);
void preset_add_padded(struct text *text, uint32_t value, unsigned digits); /* leading zeros */
void preset_add_hundredths(struct text *text, uint64_t value);              /* 1234: 12.34 */

#endif
