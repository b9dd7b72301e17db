// SPDX-License-Identifier: Apache-2.0
// A local whose address escapes lives on the data stack, whose pointer is lowered for callees.
// RUN: %emit_ir -O2 %s | %FileCheck %s

void use(void *);
// CHECK-LABEL: @escapes(
// CHECK-NOT: alloca
// CHECK: %[[DSP:.*]] = load ptr, ptr @__rf_dsp
// CHECK: %[[FRAME:.*]] = getelementptr i8, ptr %[[DSP]], i32 -112
// CHECK: store ptr %[[FRAME]], ptr @__rf_dsp
// CHECK: call void @use(ptr {{.*}}%[[FRAME]])
// CHECK: %[[LOW:.*]] = load ptr, ptr @__rf_dsp
// CHECK: %[[HIGH:.*]] = getelementptr i8, ptr %[[LOW]], i32 112
// CHECK: store ptr %[[HIGH]], ptr @__rf_dsp
// CHECK: ret void
void escapes(void)
{
	char buffer[100];
	use(buffer);
}

// A function that calls nothing leaves the pointer alone.
// CHECK-LABEL: @leaf(
// CHECK: load ptr, ptr @__rf_dsp
// CHECK-NOT: store {{.*}}@__rf_dsp
// CHECK: ret i32
int leaf(int i)
{
	volatile char buffer[16];
	buffer[0] = 1;
	buffer[i] = 2;
	return buffer[3];
}

// Every way out restores it.
// CHECK-LABEL: @two_exits(
// CHECK: getelementptr i8, ptr %{{.*}}, i32 16
// CHECK: store ptr %{{.*}}, ptr @__rf_dsp
// CHECK: ret i32
int two_exits(int c)
{
	int x = c;
	use(&x);
	if (x)
		return 5;
	use(0);
	return x;
}
