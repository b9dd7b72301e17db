// SPDX-License-Identifier: Apache-2.0
// sin and cos of one value must not become one call that returns through stack slots.
// RUN: %clang_nf -O2 -fno-math-errno -S -o - %s | %FileCheck %s

// CHECK-NOT: call{{.*}}sincos
// CHECK-DAG: call{{.*}}sin
// CHECK-DAG: call{{.*}}cos
double both(double x) { return __builtin_sin(x) + __builtin_cos(x); }
