/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed addresses below 2 GiB, so that the code around the instruction under test
 * reaches its context without a register.
 *
 * The instruction ends at CPU_END, where a jump to CPU_EXIT follows. That is so
 * far away that all four bytes of its displacement are 0xcc: a processor that
 * takes more bytes than it should runs into an int3.
 */
#ifndef CPU_LAYOUT_H
#define CPU_LAYOUT_H

#define CPU_CODE 0x60000000
#define CPU_END 0x60000800
#define CPU_EXIT (CPU_END + 5 - 0x33333334)
#define CPU_EXIT_PAGE (CPU_EXIT & ~0xfff)
#define CPU_CONTEXT 0x2ccd0000

#define CONTEXT_IN 0    /* 16 registers */
#define CONTEXT_OUT 128 /* 16 registers */
#define CONTEXT_FLAGS 256
#define CONTEXT_TARGET 264
#define CONTEXT_HOST_RSP 272
#define CONTEXT_EXIT 280
#define CONTEXT_YMM 512 /* 16 times 32 bytes */

#endif
