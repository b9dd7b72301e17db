// SPDX-License-Identifier: Apache-2.0
int x; __asm__(".globl foo\nfoo: ret\n"); void foo(void); void f(void){foo();}
struct s{int a[100];}; int f2(struct s*p){ int r; __asm__("movl %1,%0":"=&r"(r):"o"(p->a[5]));  return r;}
int f3(int i){ static int t[10]; int r; __asm__("movl %1,%0":"=r"(r):"m"(t[i])); return r; }
int f4(void){ int t[10]; int r; __asm__("movl $3,%1; movl %1,%0":"=r"(r),"=m"(t[2])); return r; }
