// SPDX-License-Identifier: Apache-2.0
// Jump tables of several shapes go where native ones go: dense, with gaps and a
// default, with fall-through, indexed by a masked value, in an interpreter.
// RUN: %host_cc -DNATIVE -O1 -o %t.native %s && %t.native > %t.expected
// RUN: %rf_cc -O0 -o %t.nf %s && %rf_run --call f=1000 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -O1 -o %t.nf %s && %rf_run --call f=1000 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -O2 -o %t.nf %s && %rf_run --call f=1000 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -O3 -o %t.nf %s && %rf_run --call f=1000 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -Os -o %t.nf %s && %rf_run --call f=1000 %t.nf | %FileCheck %t.expected
#ifdef NATIVE
#include <stdint.h>
#include <stdio.h>
#define RF_EXPORT
#else
#include <ringfence/nf.h>
#endif

static uint32_t interpret(const unsigned char *p, uint32_t a)
{
	for (;;) {
		switch (*p++) {
		case 0: return a;
		case 1: a++; break;
		case 2: a--; break;
		case 3: a *= 2; break;
		case 4: a ^= *p++; break;
		case 5: a += 100; break;
		case 6: p += a & 1; break;
		case 7: a = -a; break;
		case 9: a |= 1; break;
		}
	}
}

__attribute__((noinline)) static uint32_t masked(uint32_t a, uint32_t b)
{
	switch (a & 12) {
	case 0: return b * 3;
	case 4: return b - 7;
	case 8: return b / 3;
	case 12: return b ^ 0x55;
	}
	return 0;
}

__attribute__((noinline)) static uint32_t fall_through(uint32_t a, uint32_t b)
{
	switch (a) {
	case 100: b += 3; /* fall through */
	case 101: b *= 5; break;
	case 102: b -= 9; break;
	case 103: b ^= 0x1234; /* fall through */
	case 104: b = -b; break;
	case 105: b <<= 3; break;
	case 106: b %= 7; break;
	case 110: b |= 8;
	}
	return b;
}

__attribute__((noinline)) static uint32_t no_default(uint32_t a, uint32_t b)
{
	switch (a) {
	case 0: return b * 7;
	case 1: return b + 11;
	case 2: return b / 5;
	case 3: return b % 13;
	case 4: return b ^ 0x777;
	case 5: return b << 2;
	case 6: return b >> 1;
	default: __builtin_unreachable();
	}
}

RF_EXPORT uint32_t f(uint32_t n)
{
	static const unsigned char program[] = {1, 1, 3, 4, 9, 5, 6, 2, 7, 9, 1, 3, 4, 77, 5, 5, 6, 1, 2, 0, 0};
	uint32_t r = 0;

	for (uint32_t i = 0; i < n; i++) {
		r = r * 31 + interpret(program, i);
		r = r * 31 + masked(i, r);
		r = r * 31 + fall_through(98 + i % 14, r);
		r = r * 31 + no_default(i % 7, r);
	}
	return r;
}

#ifdef NATIVE
int main(void)
{
	printf("CHECK: \"result\": %u,\n", f(1000));
}
#endif
