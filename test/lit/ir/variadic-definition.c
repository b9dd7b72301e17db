// SPDX-License-Identifier: Apache-2.0
// A variadic function has one more parameter; va_start says that no argument is in a register.
// RUN: %emit_ir -O0 %s | %FileCheck %s
// RUN: %emit_ir -O2 %s | %FileCheck --check-prefix=OPT %s

// CHECK: define {{.*}}i32 @first(i32 {{[^,]*}}, ptr %[[VA:[0-9]+]])
// CHECK: store i32 48, ptr
// CHECK: store i32 176, ptr
// CHECK: store ptr %[[VA]], ptr
// CHECK: store ptr null, ptr
// CHECK: call void @llvm.memcpy{{.*}}i64 16
// CHECK-NOT: call {{.*}}llvm.va_

// Optimised, the questions for registers are gone and the argument is just loaded.
// OPT: define {{.*}}i32 @first(i32 {{[^,]*}}, ptr {{.*}}%[[VA:[0-9]+]])
// OPT-NOT: {{store|icmp|phi}}
// OPT: %[[X:.*]] = load i32, ptr %[[VA]]
// OPT-NEXT: ret i32 %[[X]]
int first(int n, ...)
{
	__builtin_va_list list, copy;
	__builtin_va_start(list, n);
	__builtin_va_copy(copy, list);
	int x = __builtin_va_arg(copy, int);
	__builtin_va_end(copy);
	__builtin_va_end(list);
	return x;
}
