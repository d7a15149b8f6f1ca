/*
 * journal_crc: CRC-32C (Castagnoli), by the processor's own instruction where there is one.
 *
 * The checksum of iSCSI and ext4: polynomial 0x1EDC6F41, bits reflected. The same bits on every
 * machine. A seed other than 0 makes it a checksum of somebody's own: whoever does not know the
 * seed cannot write bytes that pass.
 */
#ifndef STORE_JOURNAL_CRC_H
#define STORE_JOURNAL_CRC_H

#include "base/base.h"

uint32_t journal_crc(uint32_t seed, const void *bytes, size_t size);

/* Without the instruction: slower, the same. */
uint32_t journal_crc_portable(uint32_t seed, const void *bytes, size_t size);

#endif
