// SPDX-License-Identifier: Apache-2.0
int f(int x){ register int a __asm__("r14")=x; __asm__("incl %0":"+r"(a)); return a; }
int g(int x){ __asm__("xorl %%r15d,%%r15d":::"r15"); return x; }
