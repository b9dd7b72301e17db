// SPDX-License-Identifier: Apache-2.0
// What a 32-bit instruction made needs no zero-extension, nor does a PHI of
// such values; what a call returned does.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
struct node {
	struct node *next;
	int value;
};

int sum(const struct node *n)
{
	int s = 0;
	for (; n; n = n->next)
		s += n->value;
	return s;
}
// CHECK-LABEL: sum:
// CHECK: movl %edi, %e[[N:[a-z]+]]
// CHECK: .LBB0_[[LOOP:[0-9]+]]:
// CHECK-NEXT: addl 4(%r15,%r[[N]]), %eax
// CHECK-NEXT: movl (%r15,%r[[N]]), %e[[N]]
// CHECK-NEXT: test
// CHECK-NEXT: jne .LBB0_[[LOOP]]

struct node *get(void);
int value(void) { return get()->value; }
// CHECK-LABEL: value:
// CHECK: callq get
// CHECK-NEXT: movl %eax, %eax
// CHECK-NEXT: movl 4(%r15,%rax), %eax
