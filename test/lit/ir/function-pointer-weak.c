// SPDX-License-Identifier: Apache-2.0
// A weak function that nobody defines has a null address; what is defined brings its entry for such users.
// RUN: %emit_ir -O1 %s | %FileCheck %s

extern int missing(int) __attribute__((weak));
// CHECK-DAG: @start = {{.*}}global ptr @__rf_fp_missing
int (*start)(int) = missing;
// CHECK-DAG: @__rf_fp_missing = extern_weak {{.*}}constant { ptr, i32 }
// CHECK-DAG: @__rf_fp_defined = weak_odr hidden constant { ptr, i32 } { ptr @defined, i32 0 }, section ".rf.functable.defined", comdat

// A direct call would have no target at link time.
// CHECK-LABEL: @defined(
// CHECK: %[[P:.*]] = call ptr asm "", "=r,0"(ptr @__rf_fp_missing)
// CHECK: call i32 %[[P]](i32
int defined(int x) { return missing ? missing(x) : 7; }
