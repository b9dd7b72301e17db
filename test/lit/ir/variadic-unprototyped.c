// SPDX-License-Identifier: Apache-2.0
// A function without a prototype is called with its arguments as they are.
// RUN: %emit_ir -O1 -std=c11 -Wno-deprecated-non-prototype %s | %FileCheck %s

int f();
// CHECK-LABEL: @call(
// CHECK: call i32 @f(i32 noundef 1, double noundef 2.000000e+00)
int call(void) { return f(1, 2.0); }
// CHECK-LABEL: @nothing(
// CHECK: call i32 @f()
int nothing(void) { return f(); }
