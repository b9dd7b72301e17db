/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox contract as constants (docs/contract.md is its prose).
 *
 * One definition for the compiler plugin, the linker script, the SDK, the
 * validator and the runtime. Only preprocessor constants stand here, so that
 * C, C++, assembly and preprocessed linker scripts can all include it.
 *
 * B is the base of a cell's memory, the value of r15. Every "offset" is
 * relative to B; every "address" is a 32-bit offset from B as the network
 * function sees it (a C pointer of the NF).
 */
#ifndef RINGFENCE_CONTRACT_H
#define RINGFENCE_CONTRACT_H

#define RF_CONTRACT_VERSION 1

/* ---- The cell's address space ------------------------------------------ */

#define RF_PAGE_SIZE 0x1000
/* The cell's own memory, and how often it repeats upwards (40 GiB in all):
 * the furthest operand is cell value + 8 * index + disp < 4 + 32 + 2 GiB. */
#define RF_CELL_SIZE 0x100000000
#define RF_CELL_COPIES 10
/* Never mapped, so that null pointers and data-stack overruns fault. */
#define RF_NULL_GUARD 0x10000

/* ---- Control block: read-only to the NF, reached by fixed forms only --- */

/* Written so that it is a negative int in C: -0x80000000 would be unsigned. */
#define RF_CONTROL_OFFSET (-0x7fffffff - 1)
#define RF_CONTROL_SIZE 0x100000
/* An ordinary memory operand's displacement is never below this. */
#define RF_DATA_OFFSET_MIN (-0x7ff00000)

/* call/jmp [r15 + RF_HOST_VECTOR_OFFSET + 8*k], k < RF_HOST_CALLS */
#define RF_HOST_VECTOR_OFFSET (-0x7fffffff - 1)
#define RF_HOST_LOG 0
#define RF_HOST_ABORT 1
#define RF_HOST_TIME 2
#define RF_HOST_CALLS 3

/* mov r14, [r15 + i*8 + RF_WINDOW_TABLE_OFFSET], i within bits(0xff) */
#define RF_WINDOW_TABLE_OFFSET (-0x7ffff000)
#define RF_WINDOW_ENTRIES 256
#define RF_WINDOW_INDEX_MASK 0xff

/* call/jmp [r15 + i + RF_FUNCTION_TABLE_OFFSET], i within bits(MASK).
 * The table's source, and so the value of a C function pointer, is the
 * 8-byte entry at RF_FUNCTION_TABLE_ADDR + i in the NF's read-only data. */
#define RF_FUNCTION_TABLE_OFFSET (-0x7fff0000)
#define RF_FUNCTION_TABLE_ADDR 0x10000
#define RF_FUNCTION_TABLE_SIZE 0x10000
#define RF_FUNCTION_TABLE_MASK 0xfff8

/* jmp [r15 + i*s + d], d = RF_JUMP_TABLE_OFFSET + (table - ADDR). The source
 * of all jump tables stands at RF_JUMP_TABLE_ADDR; like the function table's
 * it is at the same distance from B as the copy is from B - 2 GiB, so a
 * relocation "symbol - 0x80000000" gives the displacement. */
#define RF_JUMP_TABLE_OFFSET (-0x7ffe0000)
#define RF_JUMP_TABLE_ADDR 0x20000
#define RF_JUMP_TABLE_SIZE 0xe0000

/* ---- Where the NF's image is linked ------------------------------------ */

#define RF_IMAGE_ADDR 0x100000
/* Text is linked here but mapped elsewhere, outside every operand's reach. In
 * the lower half, because lld takes ELF32 addresses in debug information for
 * signed. Data ends below it. */
#define RF_TEXT_ADDR 0x70000000
#define RF_TEXT_MAX 0x10000000
#define RF_DATA_STACK_DEFAULT 0x100000

/* ---- Stacks ------------------------------------------------------------- */

#define RF_FRAME_MAX 0x10000      /* depth of rsp within one function */
#define RF_INCOMING_ARGS_MAX 4096 /* bytes of stack arguments that may be read */
#define RF_CONTROL_STACK_GUARD_LOW 0x100000
#define RF_CONTROL_STACK_GUARD_HIGH 0x10000

/* ---- The packet window and its slot ------------------------------------- */

#define RF_WINDOW_LOW (-256) /* operands reach [r14 - 256, r14 + 3072) */
#define RF_WINDOW_HIGH 3072
#define RF_SLOT_SIZE 4096
#define RF_SLOT_HEAD_MIN 256 /* first packet byte: 256 ... 1024 from the slot's start */
#define RF_SLOT_HEAD_MAX 1024
#define RF_HEADROOM 128 /* an NF can always prepend this much to a received frame */
/* Longest frame, in bytes. Compiled code reduces a variable packet offset to
 * ((offset + 256) & 0x7ff) - 256, so [-256, 1792) is what it can index. */
#define RF_FRAME_LEN_MAX 1792
#define RF_PACKET_INDEX_BIAS 256
#define RF_PACKET_INDEX_MASK 0x7ff
#define RF_BURST_MAX 256

/* ---- The note that describes an NF binary ------------------------------- */

#define RF_NOTE_NAME "Ringfence"
#define RF_NOTE_TYPE 1
/* Address space of packet pointers in clang (comes out as an fs operand). */
#define RF_PACKET_ADDRESS_SPACE 257

#endif
