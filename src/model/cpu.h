/*
 * cpu: which vector instructions this machine has.
 *
 * A file named *_avx2.c, *_avx512.c or *_vbmi.c is compiled for them (see the
 * Makefile), and is empty on other machines; these tell whether to call it.
 */
#ifndef MODEL_CPU_H
#define MODEL_CPU_H

#include "base/base.h"

bool cpu_has_avx2(void);   /* with FMA, BMI, BMI2 */
bool cpu_has_avx512(void); /* F, BW, DQ, VL, and the above */
bool cpu_has_vbmi(void);   /* and VBMI */

#endif
