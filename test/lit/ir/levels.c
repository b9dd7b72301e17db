// SPDX-License-Identifier: Apache-2.0
// The passes run at each level, once; bitcode that went through them stays as it is.
// RUN: %emit_ir -O0 %s | %FileCheck %s
// RUN: %emit_ir -O1 %s | %FileCheck %s
// RUN: %emit_ir -O2 %s | %FileCheck %s
// RUN: %emit_ir -O3 %s | %FileCheck %s
// RUN: %emit_ir -Os %s | %FileCheck %s
// RUN: %emit_ir -Oz %s | %FileCheck %s
// RUN: %clang_nf -O1 -c -emit-llvm %s -o %t.bc
// RUN: %emit_ir -O1 %t.bc | %FileCheck %s

// CHECK-COUNT-1: @__rf_entry_f =
// CHECK-NOT: @__rf_entry_f{{.*}} =
// CHECK: define {{.*}}@f(
// CHECK: store ptr %{{.*}}, ptr @__rf_dsp
// CHECK: call void @use
// CHECK: store ptr %{{.*}}, ptr @__rf_dsp
// CHECK-NOT: store {{.*}}@__rf_dsp
// CHECK: ret
void use(void *);
void f(void)
{
	char x[64];
	use(x);
}
