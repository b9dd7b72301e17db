// SPDX-License-Identifier: Apache-2.0
// Volatile structs are copied without overlap, so with more moves than others, and where unaligned moves are slow or there
// are no vectors with more still: even then the backend gets nothing for which it would choose rep movs or rep stos.
// RUN: %clang_nf -Os -S -o - %s | %FileCheck %s
// RUN: %clang_nf -Oz -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O0 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -mno-implicit-float -S -o - %s | %FileCheck %s
// RUN: %clang_nf -Os -mno-sse -S -o - %s | %FileCheck %s
// RUN: %clang_nf -Os -march=core2 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -march=core2 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -Os -march=haswell -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -march=sandybridge -S -o - %s | %FileCheck %s

// CHECK-NOT: {{rep|movs[bwlq]|stos[bwlq]}}{{$|[ ;]}}
#define COPY(n) \
	struct s##n { char bytes[n]; }; \
	volatile struct s##n a##n; \
	struct s##n b##n; \
	void set##n(struct s##n *p) { __builtin_memset(p, 1, n); } \
	void clear##n(struct s##n *p) { __builtin_memset(p, 0, n); } \
	void move##n(struct s##n *p, struct s##n *q) { __builtin_memmove(p, q, n); } \
	void store##n(struct s##n *p) { a##n = *p; } \
	void copy##n(void) { b##n = a##n; } \
	void across##n(struct s##n *p, struct s##n *q) { *p = *q; }
#define COPIES(n) COPY(1##n) COPY(2##n) COPY(3##n) COPY(4##n) COPY(5##n) COPY(6##n) COPY(7##n) COPY(8##n) COPY(9##n) \
	COPY(10##n) COPY(11##n) COPY(12##n) COPY(13##n)
COPIES(0) COPIES(1) COPIES(2) COPIES(3) COPIES(4) COPIES(5) COPIES(6) COPIES(7) COPIES(8) COPIES(9)
