// SPDX-License-Identifier: Apache-2.0
// The control stack has no address: a frame's is the data stack pointer, a return address is unknown.
// RUN: %emit_ir -O1 %s | %FileCheck %s

// CHECK-LABEL: @frame(
// CHECK: %[[DSP:.*]] = load ptr, ptr @__rf_dsp
// CHECK: ret ptr %[[DSP]]
void *frame(void) { return __builtin_frame_address(0); }
// CHECK-LABEL: @back(
// CHECK: ret ptr null
void *back(void) { return __builtin_return_address(0); }
