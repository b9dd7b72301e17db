// SPDX-License-Identifier: Apache-2.0
// What is only loaded and stored whole needs no address: it stays on the control stack, also unoptimised.
// RUN: %emit_ir -O0 %s | %FileCheck %s

// CHECK-LABEL: @sum(
// CHECK-NOT: __rf_dsp
// CHECK: %{{.*}} = alloca i32
// CHECK-NOT: __rf_dsp
// CHECK: ret i32
int sum(int a, int b)
{
	volatile int x = a;
	long long y = b;
	return x + (int)y;
}

// An array is indexed, so it moves, but the other locals of its function stay.
// CHECK-LABEL: @mixed(
// CHECK: getelementptr i8, ptr %{{.*}}, i32 -16
// CHECK: alloca i32
// CHECK-NOT: alloca [4 x i32]
// CHECK: ret i32
int mixed(int i)
{
	int array[4] = {1, 2, 3, 4};
	return array[i];
}
