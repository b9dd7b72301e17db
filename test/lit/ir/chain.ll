; SPDX-License-Identifier: Apache-2.0
; What comes from the previous turn of a loop enters a chain of xors last; what
; depends only on the counter comes first.
; RUN: %emit_ir -O1 -x ir %s | %FileCheck %s
target datalayout = "e-m:e-p:32:32-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-none-gnux32"

define i32 @f(ptr %p, i32 %n) {
entry:
  br label %loop

loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %state = phi i32 [ 0, %entry ], [ %all, %loop ]
  %slot = getelementptr i32, ptr %p, i32 %i
  %x = load i32, ptr %slot
  %y = mul i32 %i, 12345
  %late = mul i32 %state, 77
  %one = xor i32 %late, %x
  %all = xor i32 %one, %y
  %next = add i32 %i, 1
  %done = icmp eq i32 %next, %n
  br i1 %done, label %exit, label %loop

exit:
  ret i32 %all
}
; CHECK-LABEL: define {{.*}}@f(
; CHECK-DAG: %[[X:.*]] = load i32
; CHECK-DAG: %[[Y:.*]] = mul i32 %{{.*}}, 12345
; CHECK-DAG: %[[EARLY:.*]] = xor i32 %[[X]], %[[Y]]
; CHECK-DAG: %[[LATE:.*]] = mul i32 %{{.*}}, 77
; CHECK-DAG: xor i32 %[[EARLY]], %[[LATE]]
; CHECK: ret i32
