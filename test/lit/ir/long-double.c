// SPDX-License-Identifier: Apache-2.0
// long double is double: there is no x87.
// RUN: %emit_ir -O1 %s | %FileCheck %s
// CHECK: define {{.*}}double @f(double
long double f(long double x) { return x * 2; }
_Static_assert(sizeof(long double) == sizeof(double), "long double is double");
