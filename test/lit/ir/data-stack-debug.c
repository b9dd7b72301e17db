// SPDX-License-Identifier: Apache-2.0
// -g survives: unoptimised code keeps the frame's address in a slot that debuggers find the locals by.
// RUN: %emit_ir -O0 -g %s | %FileCheck %s
// RUN: %emit_ir -O2 -g %s | %opt -passes=verify -disable-output
// RUN: %clang_nf -O2 -g -c %s -o %t.o

void use(void *, void *);
// CHECK-LABEL: @f(
// CHECK: %[[SLOT:.*]] = alloca ptr
// CHECK: #dbg_declare(ptr %[[SLOT]], ![[A:[0-9]+]], !DIExpression(DW_OP_deref)
// CHECK: #dbg_declare(ptr %[[SLOT]], ![[B:[0-9]+]], !DIExpression(DW_OP_deref, DW_OP_plus_uconst, 112)
// CHECK-DAG: ![[A]] = !DILocalVariable(name: "a"
// CHECK-DAG: ![[B]] = !DILocalVariable(name: "b"
int f(void)
{
	char a[100], b[50];
	use(a, b);
	return a[1] + b[2];
}
