// SPDX-License-Identifier: Apache-2.0
// The control stack is a multiple of 8 bytes, whatever the command line asks for: calls take no padding, vectors on it
// are moved without a demand for alignment, and nothing realigns it.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -mstack-alignment=16 -mstackrealign -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -mstack-alignment=64 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -mavx2 -S -o - %s | %FileCheck %s --check-prefixes=AVX,NEVER
// RUN: %clang_nf -O0 -S -o - %s | %FileCheck %s --check-prefix=NEVER
// RUN: %clang_nf -O0 -mavx2 -mstackrealign -S -o - %s | %FileCheck %s --check-prefix=NEVER
typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));

// NEVER-NOT: {{(movap[sd]|movdqa).*\(%rsp\)}}
// NEVER-NOT: and{{[lq]}} {{.*}}, %rsp

int other(int);

// CHECK-LABEL: call:
// CHECK-NOT: rsp
// CHECK: callq other
// CHECK-NOT: rsp
// CHECK: retq
int call(int x) { return other(x) + 1; }

// The caller's options do not matter, neither do the callee's attributes.
// CHECK-LABEL: realigned:
// CHECK-NOT: rsp
// CHECK: callq other
// CHECK-NOT: rsp
// CHECK: retq
__attribute__((force_align_arg_pointer)) int realigned(int x) { return other(x) + 2; }

// CHECK-LABEL: spill:
// CHECK: subq $16, %rsp
// CHECK: movups %xmm0, [[A:[0-9]*]](%rsp)
// CHECK: callq other
// CHECK: movups [[A]](%rsp), %xmm
// CHECK: addq $16, %rsp
// AVX-LABEL: spill:
// AVX: vmovups %xmm0, [[A:[0-9]*]](%rsp)
v4 spill(v4 a) { return other(1) ? a : a + a; }

// AVX-LABEL: spill8:
// AVX: vmovups %ymm0, [[A:[0-9]*]](%rsp)
// AVX: callq other
// AVX: vmovups [[A]](%rsp), %ymm
v8 spill8(v8 a) { return other(1) ? a : a + a; }

// The ninth and the tenth vector are passed in memory. An SSE instruction would want the second operand of its
// multiplication to be aligned, an AVX one does not care.
// CHECK-LABEL: many:
// CHECK: movups [[I:[0-9]+]](%rsp), %[[REG:xmm[0-9]+]]
// CHECK: mulps %[[REG]], %xmm0
// CHECK: retq
// AVX-LABEL: many:
// AVX: vmulps {{[0-9]+}}(%rsp), %xmm0, %xmm
__attribute__((noinline)) v4 many(v4 a, v4 b, v4 c, v4 d, v4 e, v4 f, v4 g, v4 h, v4 i, v4 j) { return a * i; }

// CHECK-LABEL: pass:
// CHECK-DAG: movups %xmm0, (%rsp)
// CHECK-DAG: movups %xmm0, 16(%rsp)
// CHECK: callq unknown
v4 unknown(v4, v4, v4, v4, v4, v4, v4, v4, v4, v4);
v4 pass(v4 a) { return unknown(a, a, a, a, a, a, a, a, a, a) + 1.0f; }

// CHECK-LABEL: local:
// CHECK: movups %xmm0, {{-?[0-9]*}}(%rsp)
v4 local(v4 a)
{
	volatile v4 kept = a;
	return kept;
}
