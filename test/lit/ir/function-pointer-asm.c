// SPDX-License-Identifier: Apache-2.0
// An asm template that names a function as an immediate means its text; in a register it is a pointer.
// RUN: %emit_ir -O2 %s | %FileCheck %s

void g(void);
// CHECK-LABEL: @immediate(
// CHECK: asm sideeffect "call ${0:P}", "i,{{.*}}"(ptr nonnull @g)
void immediate(void) { __asm__ volatile("call %P0" : : "i"(g)); }
// CHECK-LABEL: @in_register(
// CHECK: asm sideeffect "", "r,{{.*}}"(ptr nonnull @__rf_fp_g)
void in_register(void) { __asm__ volatile("" : : "r"(g)); }
