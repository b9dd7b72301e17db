// SPDX-License-Identifier: Apache-2.0
// A small function that calls itself more than once is inlined into itself, twice.
// RUN: %clang_nf -O2 -S -emit-llvm -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -g -S -emit-llvm -o - %s | %FileCheck %s
// RUN: %clang_nf -Os -S -emit-llvm -o - %s | %FileCheck %s --check-prefix=SMALL
// RUN: %clang_nf -O1 -S -emit-llvm -o - %s | %FileCheck %s --check-prefix=SMALL
static unsigned mix(unsigned x, unsigned y)
{
	return (x * 5 ^ y) >> 1;
}
unsigned twice(unsigned n)
{
	return n < 2 ? n : mix(twice(n - 1), twice(n - 2));
}
// CHECK-LABEL: define {{.*}}@twice(
// CHECK-COUNT-8: call {{.*}}@twice(
// CHECK-NOT: call {{.*}}@twice(
// CHECK: {{^}}}
// SMALL-LABEL: define {{.*}}@twice(
// SMALL-COUNT-2: call {{.*}}@twice(
// SMALL-NOT: call {{.*}}@twice(
// SMALL: {{^}}}

// Also where the second call has become a loop.
unsigned fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
// CHECK-LABEL: define {{.*}}@fibonacci(
// CHECK-COUNT-3: phi i32
// CHECK: {{^}}}
// SMALL-LABEL: define {{.*}}@fibonacci(

// Of one that goes down one way there are no leaves to inline.
struct node {
	struct node *left, *right;
	unsigned key, count;
};
unsigned find(struct node *n, unsigned key)
{
	if (!n)
		return 0;
	return n->count + (key < n->key ? find(n->left, key) * 2 : find(n->right, key) * 3);
}
// CHECK-LABEL: define {{.*}}@find(
// CHECK-COUNT-2: call {{.*}}@find(
// CHECK-NOT: call {{.*}}@find(
// CHECK: {{^}}}

__attribute__((noinline)) unsigned kept(unsigned n)
{
	return n < 2 ? n : mix(kept(n - 1), kept(n - 2));
}
// CHECK-LABEL: define {{.*}}@kept(
// CHECK-COUNT-2: call {{.*}}@kept(
// CHECK-NOT: call {{.*}}@kept(
// CHECK: {{^}}}

// Locals on the stack would be there several times.
void fill(unsigned *p);
unsigned locals(unsigned n)
{
	unsigned place[4];
	fill(place);
	return n < 2 ? place[n] : mix(locals(n - 1), locals(n - 2));
}
// CHECK-LABEL: define {{.*}}@locals(
// CHECK-COUNT-2: call {{.*}}@locals(
// CHECK-NOT: call {{.*}}@locals(
// CHECK: {{^}}}
