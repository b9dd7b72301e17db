/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For http-parser's test.c, which asserts the size of a struct as it is where a
 * pointer's size and the alignment of uint64_t are the same; with 32-bit
 * pointers the struct ends in padding. Every other assertion counts.
 */
#ifndef ADAPTER_ASSERT_H
#define ADAPTER_ASSERT_H

void adapter_assert(int holds, const char *condition);

#define assert(condition) adapter_assert(!!(condition), #condition)

#endif
