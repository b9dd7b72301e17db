// SPDX-License-Identifier: Apache-2.0
// Whatever the command line asks for: no frame pointer, no red zone, no realigned stack, no probes or canaries.
// RUN: %emit_ir -O1 -fno-omit-frame-pointer -mred-zone -fstack-protector-all -mstackrealign -fstack-clash-protection %s | %FileCheck %s

// CHECK: define {{.*}}@f({{.*}}) {{.*}}#[[A:[0-9]+]]
// CHECK: attributes #[[A]] = { {{.*}}noredzone
// CHECK-NOT: ssp
// CHECK-NOT: "probe-stack"
// CHECK-NOT: "stackrealign"
// CHECK-SAME: "frame-pointer"="none"
// CHECK-SAME: "no-realign-stack"
int f(int x) { return x; }
