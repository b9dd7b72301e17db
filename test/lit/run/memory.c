// SPDX-License-Identifier: Apache-2.0
// Addressing modes reach the bytes that C means: pointers in both parts of a
// sum, negative and scaled indices, byte extraction, calls through tables, more
// arguments than registers, atomics and floating point.
// RUN: %host_cc -DNATIVE -O1 -o %t.native %s && %t.native > %t.expected
// RUN: %rf_cc -O0 -o %t.nf %s && %rf_run --call f=500 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -O1 -o %t.nf %s && %rf_run --call f=500 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -O2 -o %t.nf %s && %rf_run --call f=500 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -O3 -mavx2 -o %t.nf %s && %rf_run --call f=500 %t.nf | %FileCheck %t.expected
// RUN: %rf_cc -Os -o %t.nf %s && %rf_run --call f=500 %t.nf | %FileCheck %t.expected
#ifdef NATIVE
#include <stdint.h>
#include <stdio.h>
#define RF_EXPORT
#else
#include <ringfence/nf.h>
#endif

struct node {
	struct node *left, *right;
	uint32_t value;
};

static struct node nodes[64];
static uint32_t words[256];
static unsigned char bytes[512];
static double doubles[64];

__attribute__((noinline)) static uint32_t walk(const struct node *n)
{
	return n ? walk(n->left) * 3 + walk(n->right) + n->value : 1;
}

__attribute__((noinline)) static uint32_t backwards(const uint32_t *end, int n)
{
	uint32_t s = 0;
	for (int i = -n; i < 0; i++)
		s = s * 5 + end[i] + ((const unsigned char *)end)[4 * i + 1];
	return s;
}

__attribute__((noinline)) static void split(uint32_t x, unsigned char *p, uint32_t i)
{
	p[i] = (unsigned char)(x >> 8);
	p[i + 1] = (unsigned char)x;
	*(uint16_t *)(p + i + 2) = (uint16_t)(x >> 16);
}

__attribute__((noinline)) static uint32_t eight(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e,
						uint32_t f, volatile uint32_t g, const uint32_t *h)
{
	g += *h;
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7;
}

static uint32_t add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t xor(uint32_t a, uint32_t b) { return a ^ b; }
static uint32_t times(uint32_t a, uint32_t b) { return a * b; }
static uint32_t (*const table[])(uint32_t, uint32_t) = {add, xor, times};

__attribute__((noinline)) static uint32_t tail(uint32_t i, uint32_t a) { return table[i % 3](a, i); }

RF_EXPORT uint32_t f(uint32_t n)
{
	uint32_t r = 1;

	for (uint32_t i = 0; i < 64; i++) {
		nodes[i].value = i * i;
		nodes[i].left = 2 * i + 1 < 64 ? &nodes[2 * i + 1] : 0;
		nodes[i].right = 2 * i + 2 < 64 ? &nodes[2 * i + 2] : 0;
		doubles[i] = i * 0.25;
	}
	for (uint32_t i = 0; i < n; i++) {
		r = r * 31 + walk(&nodes[i % 64]);
		words[i % 256] ^= r;
		split(r, bytes, i % 500);
		r += backwards(words + 256, (int)(i % 256)) + bytes[i % 512];
		r = r * 31 + eight(r, i, 3, 4, 5, 6, r ^ i, &words[i % 7]);
		r += tail(i, r) + table[(i + 1) % 3](r, 7);
		r += __atomic_fetch_add(&words[3], i, __ATOMIC_SEQ_CST);
		doubles[i % 64] = doubles[(i + 1) % 64] * 1.5 - (double)(r & 1023);
		if (doubles[i % 64] > 1e6 || doubles[i % 64] < -1e6)
			doubles[i % 64] = 1;
		r ^= (uint32_t)(int32_t)doubles[i % 64];
	}
	return r;
}

#ifdef NATIVE
int main(void)
{
	printf("CHECK: \"result\": %u,\n", f(500));
}
#endif
