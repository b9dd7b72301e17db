// SPDX-License-Identifier: Apache-2.0
// A jump table has a power of two of entries, since only a mask is proven, and
// stands in a section of its own, so that it goes when its function goes.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
int g(int);
int pick(unsigned x)
{
	switch (x) {
	case 0: return g(1);
	case 1: return g(17);
	case 2: return g(3) + 1;
	case 3: return g(5) * 7;
	case 4: return g(9) ^ 3;
	default: return 0;
	}
}
// CHECK-LABEL: pick:
// CHECK: cmpl $4, %edi
// CHECK: ja
// CHECK: andl $7, %edi
// CHECK: .section .rf.jumptables.[[T:[0-9.]+]],"a",@progbits
// CHECK: .p2align 3
// CHECK-NEXT: .Lrf.jumptable.[[T]]:
// CHECK-COUNT-8: .long {{[.]LBB0_[0-9]+}}
// CHECK-NOT: .LBB0
// CHECK: .text
// CHECK: jmpq *.Lrf.jumptable.[[T]]-2147483648(%r15,%rdi,8)
// CHECK-NOT: LJTI
