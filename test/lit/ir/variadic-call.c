// SPDX-License-Identifier: Apache-2.0
// Variable arguments go to a buffer of the caller's, laid out as the psABI lays out arguments in memory.
// RUN: %emit_ir -O1 %s | %FileCheck %s

int f(const char *, ...);
int (*pointer)(int, ...);
struct s {
	long long a[5];
} s;
__int128 wide;

// CHECK-LABEL: @direct(
// CHECK: %[[VA:.*]] = getelementptr i8, ptr %{{.*}}, i32 -96
// CHECK: store i32 1, ptr %{{.*}}, align 8
// An int's slot takes eight bytes ...
// CHECK: %[[D:.*]] = getelementptr {{.*}}%[[VA]], i32 8
// CHECK: store double 2.000000e+00, ptr %[[D]]
// CHECK: %[[C:.*]] = getelementptr {{.*}}%[[VA]], i32 16
// CHECK: store i32 99, ptr %[[C]]
// ... an __int128 is aligned to sixteen ...
// CHECK: %[[W:.*]] = getelementptr {{.*}}%[[VA]], i32 32
// CHECK: store i128 %{{.*}}, ptr %[[W]], align 16
// ... and a struct lies there by value.
// CHECK: %[[S:.*]] = getelementptr {{.*}}%[[VA]], i32 48
// CHECK: call void @llvm.memcpy{{.*}}(ptr align 8 %[[S]], ptr align 8 @s, i64 40
// CHECK: %[[P:.*]] = getelementptr {{.*}}%[[VA]], i32 88
// CHECK: store ptr @s, ptr %[[P]]
// CHECK: call i32 @f(ptr {{.*}}, ptr {{.*}}%[[VA]])
int direct(void) { return f("", 1, 2.0, 'c', wide, s, &s); }

// CHECK-LABEL: @indirect(
// CHECK: call i32 %{{.*}}(i32 {{.*}}7, ptr
int indirect(void) { return pointer(7, 8); }

// Without variable arguments there is nothing to point to.
// CHECK-LABEL: @none(
// CHECK: call i32 @f(ptr {{[^,]*}})
int none(void) { return f(""); }
