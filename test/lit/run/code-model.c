// SPDX-License-Identifier: Apache-2.0
// Every code model gives the same image: all addresses have 32 bits.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17 -mcmodel=large" %rf_run %s %t
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17 -mcmodel=medium" %rf_run %s %t
#include "Inputs/run.h"

static uint32_t zeros[70000], numbers[3] = {5, 7, 9};
static const uint32_t constants[20000] = {1, 2, 3};
static NOINLINE uint32_t twice(uint32_t x) { return x * 2; }
static uint32_t (*volatile function)(uint32_t) = twice;

RUN_EXPORT uint32_t data(uint32_t x)
{
	zeros[x % 70000] += numbers[x % 3];
	return zeros[x % 70000] + constants[x % 20000] + function(x);
}

RUN_EXPORT uint32_t choice(uint32_t x)
{
	switch (x % 7) {
	case 0: return twice(x);
	case 1: return x ^ 0x55;
	case 2: return numbers[x % 3];
	case 3: return x * 3;
	case 4: return ~x;
	case 5: return x >> 3;
	default: return constants[x % 20000];
	}
}

RUN_MAIN({data}, {choice})
