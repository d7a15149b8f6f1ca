#include "serve/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

enum { STAT_SIZE = 1024 };

/* The first bytes of a file of /proc; "" when it cannot be read. */
static struct view read_some(const char *path, char bytes[STAT_SIZE])
{
    CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, bytes, STAT_SIZE);
    return (struct view){bytes, size < 0 ? 0 : (size_t)size};
}

/* The n-th word, from 0, as a number. */
static double word(struct view text, unsigned n)
{
    struct view part = {0};
    int64_t value;
    for (unsigned i = 0; i <= n; i++)
        if (!view_cut(&text, ' ', &part))
            return (double)NAN;
    return number_parse_i64(view_trim(part), &value) ? (double)value : (double)NAN;
}

static double resident_bytes(void)
{
    char bytes[STAT_SIZE];
    return word(read_some("/proc/self/statm", bytes), 1) * (double)sysconf(_SC_PAGESIZE);
}

/* Field 22 of /proc/self/stat is the start, in ticks since boot. The second field, the program's
 * name in brackets, may hold anything, so counting begins behind its last bracket. */
static double started_s(void)
{
    char bytes[STAT_SIZE];
    struct view stat = read_some("/proc/self/stat", bytes);
    const char *name_end = stat.length == 0 ? NULL : memrchr(stat.text, ')', stat.length);
    if (name_end == NULL)
        return (double)NAN;
    double ticks = word(view_from(stat, (size_t)(name_end - stat.text)), 20);
    struct timespec boot;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    double since_boot = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9;
    double age_s = since_boot - ticks / (double)sysconf(_SC_CLK_TCK);
    return (double)clock_now_ms() / 1e3 - age_s;
}

static double open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return (double)NAN;
    double count = -1; /* the directory itself is one of them */
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

struct process process_now(void)
{
    struct timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct process){
        .cpu_seconds = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9,
        .resident_bytes = resident_bytes(),
        .open_files = open_files(),
        .started_s = started_s(),
    };
}
