// SPDX-License-Identifier: Apache-2.0
// RF_EXPORT gives the function's name and its text, not its pointer, to the runtime.
// RUN: %emit_ir -O2 %s | %FileCheck %s
// RUN: %emit_ir -O0 %s | %FileCheck %s

// CHECK-DAG: @[[NAME:[0-9]+]] = private unnamed_addr constant [8 x i8] c"process\00"
// CHECK-DAG: @__rf_export_process = private constant { ptr, ptr } { ptr @[[NAME]], ptr @process }, section ".rf.exports"
// CHECK-DAG: @llvm.compiler.used = {{.*}}@__rf_export_process
// CHECK-NOT: @__rf_export_other
// CHECK-NOT: @llvm.global.annotations
__attribute__((used, annotate("rf_export"))) void process(void) {}
__attribute__((used, annotate("unrelated"))) void other(void) {}
