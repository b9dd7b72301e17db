; SPDX-License-Identifier: Apache-2.0
; RUN: %not %clang_nf -O2 -c -x ir %s -o %t.o 2>&1 | %FileCheck %s
target datalayout = "e-m:e-p:32:32-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-none-gnux32"
; CHECK: error: 'f': ifunc and target_clones are not supported
@f = ifunc void (), ptr @choose
define ptr @choose() {
  ret ptr null
}
