// SPDX-License-Identifier: Apache-2.0
// Instructions that name ah ... dh cannot address memory through r15: the byte
// is moved first.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -c -o %t.o %s
void store(unsigned x, unsigned char *p, unsigned i)
{
	p[i] = (unsigned char)(x >> 8);
	p[0] = (unsigned char)x;
}
// CHECK-LABEL: store:
// CHECK-NOT: {{movb %[abcd]h, .*\(}}
// CHECK: movb %{{[a-z0-9]+}}, (%r{{[a-z0-9]+}},%r{{[a-z0-9]+}})
// CHECK: retq
