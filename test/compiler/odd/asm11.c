// SPDX-License-Identifier: Apache-2.0
int g(int x){ __asm__("xorl %%r15d,%%r15d":::"r15"); return x; }
