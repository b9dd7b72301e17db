// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O2 -mavx2 -c %s -o %t.o 2>&1 | %FileCheck %s
// CHECK: error-instruction.c:[[#@LINE+1]]:{{[0-9]+}}: error: this instruction is not available in the sandbox
unsigned long long f(void) { return __builtin_ia32_rdtsc(); }
// CHECK: error-instruction.c:[[#@LINE+1]]:{{[0-9]+}}: error: the cycle counter cannot be read
unsigned long long g(void) { return __builtin_readcyclecounter(); }
