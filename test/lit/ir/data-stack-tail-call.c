// SPDX-License-Identifier: Apache-2.0
// A call that takes its caller's place comes after the frame has gone.
// RUN: %emit_ir -O2 %s | %FileCheck %s

void use(void *);
// CHECK-LABEL: @jumps(
// CHECK: call void @use(ptr {{.*}}%
// CHECK: store ptr %{{.*}}, ptr @__rf_dsp
// CHECK: musttail call void @use(ptr {{.*}}null)
// CHECK-NEXT: ret void
void jumps(void *p)
{
	int x;
	use(&x);
	__attribute__((musttail)) return use(0);
}
