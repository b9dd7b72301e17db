// SPDX-License-Identifier: Apache-2.0
// A zero-extended copy takes the place of the value: the two do not live side by side.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
struct node *get(void);
struct node {
	struct node *self;
	int value;
};
int value(void)
{
	struct node *n = get();
	n->self = n;
	return n->value;
}
// CHECK-LABEL: value:
// CHECK: callq get
// CHECK-NEXT: movl %eax, %e[[N:[a-z]+]]
// CHECK-NEXT: movl %e[[N]], (%r15,%r[[N]])
// CHECK-NEXT: movl 4(%r15,%r[[N]]), %eax
