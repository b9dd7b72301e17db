// SPDX-License-Identifier: Apache-2.0
// No size makes the backend choose rep movs or rep stos.
// RUN: %clang_nf -Os -S -o - %s | %FileCheck %s
// RUN: %clang_nf -Oz -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -S -march=haswell -o - %s | %FileCheck %s
// RUN: %clang_nf -O0 -S -o - %s | %FileCheck %s

// CHECK-NOT: {{rep|movs[bwlq]|stos[bwlq]}}{{$|[ ;]}}
char a[1024] __attribute__((aligned(64))), b[1024] __attribute__((aligned(64)));
#define COPY(n) \
	void copy##n(void) { __builtin_memcpy(a, b, n); } \
	void set##n(int c) { __builtin_memset(a, c, n); } \
	void zero##n(void) { __builtin_memset(a, 0, n); } \
	void inline##n(void) { __builtin_memcpy_inline(a, b, n); }
void copy_n(unsigned n) { __builtin_memcpy(a, b, n); }
void set_n(int c, unsigned n) { __builtin_memset(a, c, n); }
COPY(1) COPY(15) COPY(32) COPY(63) COPY(64) COPY(65) COPY(80) COPY(96) COPY(100) COPY(127) COPY(128) COPY(129) COPY(256) COPY(1000)
