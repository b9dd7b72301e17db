// SPDX-License-Identifier: Apache-2.0
// What has several accesses of its own gets a pointer, of which each is a byte shorter; its lower half is the value.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
struct flow {
	unsigned key, packets, bytes;
	struct flow *next;
};
unsigned count(struct flow *f, unsigned bytes)
{
	if (f->key == 0)
		return f->packets;
	f->packets++;
	f->bytes += bytes;
	return (unsigned)f;
}
// CHECK-LABEL: count:
// CHECK: movl %edi, %e[[F:[a-z]+]]
// CHECK-NEXT: leaq (%r15,%r[[F]]), %r[[P:[a-z]+]]
// CHECK-NOT: %r15
// CHECK: cmpl $0, (%r[[P]])
// CHECK-NOT: %r15
// CHECK: retq

// Two do not make up for the lea.
unsigned few(struct flow *f)
{
	return f->packets ^ f->bytes;
}
// CHECK-LABEL: few:
// CHECK-NOT: lea
// CHECK: movl 8(%r15,%r[[Q:[a-z]+]]), %eax
// CHECK-NEXT: xorl 4(%r15,%r[[Q]]), %eax

// Nor do those in a place that is reached more rarely than the value is made.
unsigned rare(struct flow *f, unsigned n)
{
	struct flow *last;
	do {
		last = f;
		f = f->next;
	} while (f);
	last->key = n * 3;
	last->packets = n * 5;
	last->bytes = n * 7;
	return 0;
}
// CHECK-LABEL: rare:
// CHECK: .LBB2_1:
// CHECK-NOT: lea
// CHECK: jne .LBB2_1
// CHECK-NOT: lea{{.*}}%r15
// CHECK: retq
