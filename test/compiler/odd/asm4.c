// SPDX-License-Identifier: Apache-2.0
int f(int n){ __asm__ goto("test %0,%0; jz %l1"::"r"(n)::l); return 1; l: return 2; }
