// SPDX-License-Identifier: Apache-2.0
// Whatever processor the code is for: only the contract's instructions, so neither AVX-512 nor other later extensions.
// RUN: %rf_cc -O3 -march=x86-64-v4 -o %t.nf %s
// RUN: %rf_cc -O3 -mavx512f -mavx512vl -mavx512bw -mprefer-vector-width=512 -o %t.nf %s
// RUN: %rf_cc -O2 -march=sapphirerapids -o %t.nf %s
// RUN: %rf_cc -O2 -march=graniterapids -o %t.nf %s
// RUN: %rf_cc -O2 -march=znver4 -o %t.nf %s
// RUN: %rf_cc -O2 -march=bdver4 -o %t.nf %s
// RUN: %rf_cc -O2 -march=alderlake -o %t.nf %s
// RUN: %objdump -d %t.nf | %FileCheck %s
// CHECK: ymm
// CHECK-NOT: zmm
#include <ringfence/nf.h>

static unsigned a[256], b[256];
static unsigned char bytes[256];

RF_EXPORT unsigned all(unsigned n)
{
	for (unsigned i = 0; i < 256; i++)
		a[i] = a[i] * n + (b[i] >> (n & 31)) + bytes[i];
	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (unsigned char)(a[i] > n ? __builtin_bitreverse8(bytes[i]) : a[i]);
	unsigned sum = 0;
	for (unsigned i = 0; i < 256; i++)
		sum += (unsigned)__builtin_popcount(a[i]) + bytes[i] * bytes[255 - i];
	return sum + (n & ~(n - 1));
}
