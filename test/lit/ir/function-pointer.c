// SPDX-License-Identifier: Apache-2.0
// A function's address, wherever it is used, is that of its entry in the function table; callees stay.
// RUN: %emit_ir -O2 %s | %FileCheck %s
// RUN: %emit_ir -O0 %s | %FileCheck %s

int g(int x);
static int f(int x) { return x + 1; }

// CHECK-DAG: @table = {{.*}}constant [2 x ptr] [ptr @__rf_fp_f, ptr @__rf_fp_g]
int (*const table[2])(int) = {f, g};
// CHECK-DAG: @holder = {{.*}}global %struct.anon { i32 1, ptr @__rf_fp_f }
struct {
	int a;
	int (*b)(int);
} holder = {1, f};

// The static function's entry is its own, the other's is shared with all object files.
// CHECK-DAG: @__rf_fp_f = internal constant { ptr, i32 } { ptr @f, i32 0 }, section ".rf.functable.f", align 8
// CHECK-DAG: @__rf_fp_g = linkonce_odr hidden constant { ptr, i32 } { ptr @g, i32 0 }, section ".rf.functable.g", comdat, align 8

// CHECK-LABEL: @take(
// CHECK: store volatile ptr @__rf_fp_g
int (*volatile pointer)(int);
void take(void) { pointer = g; }

// CHECK-LABEL: @same(
// CHECK: icmp eq ptr {{.*}}@__rf_fp_g
int same(int (*p)(int)) { return p == g; }

// CHECK-LABEL: @direct(
// CHECK: call i32 @g(
int direct(int x) { return g(x); }
