// SPDX-License-Identifier: Apache-2.0
// A function must not write its incoming arguments: a call that has some on the stack is no tail call.
// RUN: %emit_ir -O2 %s | %FileCheck %s

int seven(int, int, int, int, int, int, int);
int six(int, int, int, int, int, int);
// CHECK-LABEL: @stack(
// CHECK: = call i32 @seven(
int stack(int a, int b, int c, int d, int e, int f, int g) { return seven(g, f, e, d, c, b, a); }
// CHECK-LABEL: @registers(
// CHECK: = tail call i32 @six(
int registers(int a, int b, int c, int d, int e, int f) { return six(f, e, d, c, b, a); }
