// SPDX-License-Identifier: Apache-2.0
// Non-temporal stores are off the contract's list: the hint is dropped.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s

// CHECK-NOT: movnt
void put(int *p) { __builtin_nontemporal_store(1, p); }
