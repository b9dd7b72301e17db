// SPDX-License-Identifier: Apache-2.0
// A control-stack frame over 64 KiB is an error with the function's line.
// RUN: %not %clang_nf -gline-tables-only -O0 -c -o %t.o %s 2>&1 | %FileCheck %s
typedef int i;
#define T10 i, i, i, i, i, i, i, i, i, i
#define T100 T10, T10, T10, T10, T10, T10, T10, T10, T10, T10
#define T1000 T100, T100, T100, T100, T100, T100, T100, T100, T100, T100
#define A10 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define A100 A10, A10, A10, A10, A10, A10, A10, A10, A10, A10
#define A1000 A100, A100, A100, A100, A100, A100, A100, A100, A100, A100
void many(T1000, T1000, T1000, T1000, T1000, T1000, T1000, T1000, T1000);
// CHECK: error-frame.c:[[@LINE+1]]:{{.*}}error: frame of 7{{[0-9]+}} bytes exceeds the limit of 65536
void caller(void)
{
	many(A1000, A1000, A1000, A1000, A1000, A1000, A1000, A1000, A1000);
}
