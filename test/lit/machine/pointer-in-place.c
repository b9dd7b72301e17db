// SPDX-License-Identifier: Apache-2.0
// Five accesses or more by a register that is written anew behind them: it becomes a pointer itself.
// RUN: %clang_nf -O2 -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -S -o - %s | %FileCheck %s
unsigned steps(unsigned *p, unsigned n)
{
	unsigned s = 0;
	do {
		s = (s ^ p[0]) * 3 + (p[1] ^ p[2] << 1) + (p[3] ^ p[4] << 2);
		p[5] = s;
		p += 6;
	} while (--n);
	return s;
}
// CHECK-LABEL: steps:
// CHECK: .LBB0_[[LOOP:[0-9]+]]:
// CHECK: leaq (%r15,%r[[P:[a-z0-9]+]]), %r[[P]]
// CHECK-NOT: %r15
// CHECK: (%r[[P]])
// CHECK-NOT: %r15
// CHECK: addl $24, %e[[P]]
// CHECK: jne .LBB0_[[LOOP]]

// Four do not make up for the lea.
unsigned four(unsigned *p, unsigned n)
{
	unsigned s = 0;
	do {
		s = (s ^ p[0]) * 3 + (p[1] ^ p[2] << 1);
		p[3] = s;
		p += 6;
	} while (--n);
	return s;
}
// CHECK-LABEL: four:
// CHECK-NOT: leaq (%r15
// CHECK: retq

// Other users may need the lower half,
unsigned half(unsigned *p, unsigned n, unsigned step)
{
	unsigned s = 0;
	do {
		s = (s ^ p[0]) * 3 + (p[1] ^ p[2] << 1) + (p[3] ^ p[4] << 2);
		s ^= (unsigned)p;
		p = (unsigned *)((unsigned)p ^ step);
	} while (--n);
	return s;
}
// CHECK-LABEL: half:
// CHECK: leaq (%r15,%r[[P:[a-z0-9]+]]), %r[[P]]
// CHECK: xorl %e[[P]], %e
// CHECK: retq

// but not the whole, which has a clear upper half then,
extern unsigned table[];
unsigned whole(unsigned *p, unsigned n, unsigned step)
{
	unsigned s = 0;
	do {
		s = (s ^ p[0]) * 3 + (p[1] ^ p[2] << 1) + (p[3] ^ p[4] << 2);
		s ^= table[(unsigned)p];
		p = (unsigned *)((unsigned)p ^ step);
	} while (--n);
	return s;
}
// CHECK-LABEL: whole:
// CHECK-NOT: leaq (%r15
// CHECK: table(%r15,%r{{[a-z0-9]+}},4)
// CHECK: retq

// nor on another piece of code.
void stop(void);
unsigned elsewhere(unsigned *p, unsigned n, unsigned step)
{
	unsigned s = 0;
	do {
		s = (s ^ p[0]) * 3 + (p[1] ^ p[2] << 1) + (p[3] ^ p[4] << 2);
		if (s == n)
			stop();
		p = (unsigned *)((unsigned)p ^ step);
	} while (--n);
	return s;
}
// CHECK-LABEL: elsewhere:
// CHECK-NOT: leaq (%r15
// CHECK: retq

// An instruction may have two of them.
unsigned two(unsigned *p, unsigned n)
{
	unsigned s = 0;
	do {
		s = (s ^ p[0]) * 3 + (p[1] ^ p[2] << 1) + (p[3] ^ p[4] << 2);
		__asm__("movl %1, %%eax; movl %%eax, %0" : "=m"(p[5]) : "m"(p[6]) : "eax");
		p += 8;
	} while (--n);
	return s;
}
// CHECK-LABEL: two:
// CHECK: leaq (%r15,%r[[P:[a-z0-9]+]]), %r[[P]]
// CHECK-NOT: %r15
// CHECK: movl 24(%r[[P]]), %eax
// CHECK-NEXT: movl %eax, 20(%r[[P]])
// CHECK-NOT: %r15
// CHECK: retq
