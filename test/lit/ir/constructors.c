// SPDX-License-Identifier: Apache-2.0
// Constructors are called through pointers, so .init_array has table entries.
// RUN: %emit_ir -O2 %s | %FileCheck %s

// CHECK: @llvm.global_ctors = {{.*}}{ i32 65535, ptr @__rf_fp_construct, ptr null }
void use(void);
__attribute__((constructor)) void construct(void) { use(); }
