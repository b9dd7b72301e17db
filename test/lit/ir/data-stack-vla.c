// SPDX-License-Identifier: Apache-2.0
// A variable-length array moves the pointer where it is declared, and its block's end moves it back.
// RUN: %emit_ir -O1 %s | %FileCheck %s

void use(void *);
// CHECK-LABEL: @loop(
// CHECK: %[[ENTRY:.*]] = load ptr, ptr @__rf_dsp
// CHECK: store ptr %[[ENTRY]], ptr @__rf_dsp
// CHECK: ret void
// CHECK: %[[SAVED:.*]] = load ptr, ptr @__rf_dsp
// CHECK: and i32 %{{.*}}, -16
// CHECK: %[[ARRAY:.*]] = getelementptr i8, ptr %{{.*}}, i32 %{{.*}}
// CHECK: store ptr %[[ARRAY]], ptr @__rf_dsp
// CHECK: call void @use(ptr {{.*}}%[[ARRAY]])
// CHECK: store ptr %[[SAVED]], ptr @__rf_dsp
// CHECK-NOT: alloca
// CHECK-NOT: llvm.stack
void loop(int n)
{
	for (int i = 0; i < n; i++) {
		int array[n];
		use(array);
	}
}
