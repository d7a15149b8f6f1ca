#include "measure/reliability.h"

#include <math.h>

/* Masses are counted in fifteenths of a row, and so are whole. */
double reliability_of(const struct ranking *ranking, uint64_t rows,
                      struct reliability_bin bin[RELIABILITY_BINS])
{
    memset(bin, 0, RELIABILITY_BINS * sizeof *bin);
    if (rows == 0)
        return (double)NAN;
    assert(rows <= ranking->count);
    size_t group = 0;
    uint64_t left = 0;
    double gaps = 0;
    for (size_t i = 0; i < RELIABILITY_BINS; i++) {
        double scores = 0, frauds = 0;
        for (uint64_t room = rows; room > 0;) {
            const struct score_group *from = &ranking->group[group];
            if (left == 0)
                left = (uint64_t)RELIABILITY_BINS * from->count;
            uint64_t taken = left < room ? left : room;
            scores += (double)taken * (double)from->score;
            frauds += (double)taken * ((double)from->fraud / from->count);
            room -= taken;
            left -= taken;
            group += left == 0;
        }
        gaps += fabs(scores - frauds);
        bin[i].mass = (double)rows / RELIABILITY_BINS;
        bin[i].score = scores / (double)rows;
        bin[i].rate = frauds / (double)rows;
    }
    return gaps / ((double)RELIABILITY_BINS * (double)rows);
}
