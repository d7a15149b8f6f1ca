#include "measure/reliability.h"

#include <math.h>

/* Masses are counted in fifteenths of a row, and so are whole where weights are. Where they are
 * not, the last bin may find the groups used up by a rounding. */
double reliability_of(const struct ranking *ranking, double mass,
                      struct reliability_bin bin[RELIABILITY_BINS])
{
    memset(bin, 0, RELIABILITY_BINS * sizeof *bin);
    if (mass == 0)
        return (double)NAN;
    assert(mass <= ranking_weight(ranking) * (1 + 1e-9));
    size_t group = 0;
    double left = 0, gaps = 0;
    for (size_t i = 0; i < RELIABILITY_BINS; i++) {
        double scores = 0, frauds = 0;
        for (double room = mass; room > 0 && group < ranking->groups;) {
            const struct score_group *from = &ranking->group[group];
            if (left == 0)
                left = RELIABILITY_BINS * group_weight(from);
            double taken = room;
            if (left <= room) {
                taken = left;
                group++;
            }
            scores += taken * (double)from->score;
            frauds += taken * (from->fraud / group_weight(from));
            room -= taken;
            left -= taken;
        }
        gaps += fabs(scores - frauds);
        bin[i].mass = mass / RELIABILITY_BINS;
        bin[i].score = scores / mass;
        bin[i].rate = frauds / mass;
    }
    return gaps / ((double)RELIABILITY_BINS * mass);
}
