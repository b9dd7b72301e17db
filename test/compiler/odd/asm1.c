// SPDX-License-Identifier: Apache-2.0
int f(int x){ __asm__("addl $1,%0":"+r"(x)); return x; }
int g(int *p){ int r; __asm__("movl %1,%0":"=r"(r):"m"(*p)); return r; }
int h(int *p){ int r; __asm__("movl (%q1),%0":"=r"(r):"r"(p)); return r; }
