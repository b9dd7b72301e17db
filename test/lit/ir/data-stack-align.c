// SPDX-License-Identifier: Apache-2.0
// A frame with an over-aligned local is aligned, and the pointer from before it comes back.
// RUN: %emit_ir -O2 %s | %FileCheck %s

void use(void *, void *);
// CHECK-LABEL: @aligned(
// CHECK: %[[DSP:.*]] = load ptr, ptr @__rf_dsp
// CHECK: %[[LOW:.*]] = getelementptr i8, ptr %[[DSP]], i32 -80
// CHECK: %[[FRAME:.*]] = call ptr @llvm.ptrmask.p0.i32(ptr %[[LOW]], i32 -64)
// CHECK: store ptr %[[FRAME]], ptr @__rf_dsp
// The most aligned local comes first.
// CHECK: %[[SMALL:.*]] = getelementptr i8, ptr %[[FRAME]], i32 64
// CHECK: call void @use(ptr {{.*}}%[[SMALL]], ptr {{.*}}%[[FRAME]])
// CHECK: store ptr %[[DSP]], ptr @__rf_dsp
void aligned(void)
{
	char small[4];
	_Alignas(64) char large[64];
	use(small, large);
}
