// SPDX-License-Identifier: Apache-2.0
// Sections of a program's own, for functions, constants, data and zeros; and bounds by __start_ and __stop_.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

__attribute__((section("fast_path"))) static NOINLINE uint32_t fast(uint32_t x)
{
	return x * 3;
}
__attribute__((section("fast_path"))) static NOINLINE uint32_t taken(uint32_t x)
{
	switch (x % 7) {
	case 0:
		return x * 7;
	case 1:
		return x - 1;
	case 2:
		return x ^ 5;
	case 3:
		return x | 9;
	case 4:
		return fast(x);
	default:
		return 3;
	}
}
__attribute__((section(".init.text"))) static NOINLINE uint32_t once(uint32_t x)
{
	return x * 5;
}
static uint32_t (*volatile pointer)(uint32_t) = taken;
__attribute__((section("constant_s"))) static const uint32_t constants[] = {1, 2, 3};
__attribute__((section("zero_s"))) static uint32_t zeros[100];
__attribute__((section(".noinit"))) static uint32_t later[100];

RUN_EXPORT uint32_t kinds(uint32_t x)
{
	zeros[x % 100]++;
	later[x % 100] += x;
	return fast(x) + once(x) + constants[x % 3] + zeros[x % 100] + later[x % 100] + pointer(x);
}

/* A table that several files may add to; nothing but its bounds refers to it. */
struct entry {
	const char *name;
	uint32_t (*function)(uint32_t);
};
#define REGISTER(function)                                                                                   \
	__attribute__((section("registered"), used)) static const struct entry entry_##function = {#function,  \
	                                                                                         function};
REGISTER(fast)
REGISTER(once)
REGISTER(taken)
extern const struct entry __start_registered[], __stop_registered[];

RUN_EXPORT uint32_t registry(uint32_t x)
{
	uint32_t sum = (uint32_t)(__stop_registered - __start_registered);

	for (const struct entry *at = __start_registered; at < __stop_registered; at++)
		sum += at->function(x) * (uint32_t)at->name[0];
	return sum;
}

RUN_MAIN({kinds}, {registry})
