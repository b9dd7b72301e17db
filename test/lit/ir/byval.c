// SPDX-License-Identifier: Apache-2.0
// A struct passed in memory is copied by the caller, and goes by pointer on both sides.
// RUN: %emit_ir -O1 %s | %FileCheck %s

struct s {
	int a[32];
};
struct s global;
void take(struct s);
void (*pointer)(struct s);

// CHECK-NOT: byval(
// CHECK-LABEL: @direct(
// CHECK: %[[COPY:.*]] = getelementptr i8, ptr %{{.*}}, i32 -128
// CHECK: call void @llvm.memcpy{{.*}}(ptr align 8 %[[COPY]], ptr align 8 @global, i64 128
// CHECK: call void @take(ptr noundef nonnull align 8 %[[COPY]])
void direct(void) { take(global); }

// CHECK-LABEL: @indirect(
// CHECK: call void @llvm.memcpy
// CHECK: call void %{{.*}}(ptr noundef nonnull align 8 %{{.*}})
void indirect(void) { pointer(global); }

// CHECK-LABEL: define {{.*}}@callee(ptr {{.*}}%0, i32
int callee(struct s x, int i) { return x.a[i]; }

// The result comes through a plain pointer.
// CHECK-LABEL: define {{.*}}@result(ptr {{.*}}sret(%struct.s)
struct s result(void) { return global; }
// CHECK-NOT: byval(
