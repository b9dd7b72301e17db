// SPDX-License-Identifier: Apache-2.0
// A vector's element of variable number is reached in memory of the cell, not on the control stack.
// RUN: %emit_ir -O2 %s | %FileCheck %s

typedef int vector __attribute__((vector_size(16)));
// CHECK-LABEL: @get(
// CHECK-NOT: extractelement
// CHECK: %[[SLOT:.*]] = getelementptr i8, ptr %{{.*}}, i32 -16
// CHECK: store <4 x i32> %0, ptr %[[SLOT]]
// CHECK: %[[I:.*]] = and i32 %1, 3
// CHECK: getelementptr i32, ptr %[[SLOT]], i32 %[[I]]
// CHECK: load i32
int get(vector v, int i) { return v[i]; }

// CHECK-LABEL: @put(
// CHECK-NOT: insertelement
// CHECK: load <4 x i32>
vector put(vector v, int i)
{
	v[i] = 5;
	return v;
}

// A constant number needs no memory.
// CHECK-LABEL: @second(
// CHECK-NEXT: extractelement <4 x i32> %0, i64 1
int second(vector v) { return v[1]; }
