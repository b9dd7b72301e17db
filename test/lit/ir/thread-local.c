// SPDX-License-Identifier: Apache-2.0
// A cell has one thread: thread-local variables are plain ones.
// RUN: %emit_ir -O1 %s | %FileCheck %s

// CHECK-DAG: @inner = internal {{.*}}global i32 0
// CHECK-DAG: @outer = external dso_local {{.*}}global i32
// CHECK-NOT: thread_local
// CHECK-NOT: threadlocal.address
extern _Thread_local int outer;
static _Thread_local int inner;
int count(void) { return ++inner + outer; }
