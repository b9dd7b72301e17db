; SPDX-License-Identifier: Apache-2.0
; RUN: %not %clang_nf -O2 -c -x ir %s -o %t.o 2>&1 | %FileCheck %s
target datalayout = "e-m:e-p:32:32-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-none-gnux32"
; CHECK: error: {{.*}}80-bit floating point (x87) is not supported; long double is double
define x86_fp80 @f(x86_fp80 %x) {
  %y = fadd x86_fp80 %x, %x
  ret x86_fp80 %y
}
