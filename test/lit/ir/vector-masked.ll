; SPDX-License-Identifier: Apache-2.0
; Masked and gathering accesses go element by element; a masked-out one touches a slot of its own.
; RUN: %emit_ir -O1 -mavx2 -x ir %s | %FileCheck %s
target datalayout = "e-m:e-p:32:32-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-none-gnux32"

; CHECK-NOT: @llvm.masked
; CHECK-LABEL: @load(
; CHECK: %[[SLOT:.*]] = getelementptr i8, ptr %{{.*}}, i32 -16
; CHECK: %[[ON:.*]] = extractelement <2 x i1> %m, i64 0
; CHECK: %[[A:.*]] = select i1 %[[ON]], ptr %{{.*}}, ptr %[[SLOT]]
; CHECK: load i32, ptr %[[A]], align 4
define <2 x i32> @load(ptr %p, <2 x i1> %m, <2 x i32> %old) {
  %v = call <2 x i32> @llvm.masked.load.v2i32.p0(ptr align 8 %p, <2 x i1> %m, <2 x i32> %old)
  ret <2 x i32> %v
}

; CHECK-LABEL: @store(
; CHECK-COUNT-2: store i32 %{{.*}}, ptr %{{.*}}, align 4
define void @store(ptr %p, <2 x i1> %m, <2 x i32> %v) {
  call void @llvm.masked.store.v2i32.p0(<2 x i32> %v, ptr align 8 %p, <2 x i1> %m)
  ret void
}

; CHECK-LABEL: @gather(
; CHECK-COUNT-2: load i32, ptr
define <2 x i32> @gather(<2 x ptr> %p, <2 x i1> %m) {
  %v = call <2 x i32> @llvm.masked.gather.v2i32.v2p0(<2 x ptr> align 4 %p, <2 x i1> %m, <2 x i32> poison)
  ret <2 x i32> %v
}

; CHECK-LABEL: @scatter(
; CHECK-COUNT-2: store i32
define void @scatter(<2 x ptr> %p, <2 x i1> %m, <2 x i32> %v) {
  call void @llvm.masked.scatter.v2i32.v2p0(<2 x i32> %v, <2 x ptr> align 4 %p, <2 x i1> %m)
  ret void
}
