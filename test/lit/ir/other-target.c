// SPDX-License-Identifier: Apache-2.0
// Loaded into a compilation for another target, the plugin does nothing.
// RUN: %host_cc -fpass-plugin=%prefix/lib/RingfencePass.so -O1 -S -emit-llvm -o - %s | %FileCheck %s
// RUN: %host_cc -fpass-plugin=%prefix/lib/RingfencePass.so -O1 -c %s -o %t.o

// CHECK-NOT: rf_
// CHECK: alloca [64 x i8]
void use(void *);
void f(void)
{
	char x[64];
	use(x);
}
