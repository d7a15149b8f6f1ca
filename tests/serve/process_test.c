#include "serve/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "harness.h"

#include <fcntl.h>

TEST(the_process_is_described_in_base_units)
{
    struct process process = process_now();
    TRUE(process.resident_bytes > 1e5 && process.resident_bytes < 1e11);
    TRUE(process.cpu_seconds > 0 && process.cpu_seconds < 3600);
    TRUE(process.open_files >= 3);
    double age_s = (double)clock_now_ms() / 1e3 - process.started_s;
    TRUE(age_s > -1 && age_s < 600);
}

TEST(an_opened_file_is_counted)
{
    double before = process_now().open_files;
    CLEANUP(fd_close) int fd = open("/dev/null", O_RDONLY);
    TRUE(fd >= 0);
    SAME(process_now().open_files, before + 1);
}
