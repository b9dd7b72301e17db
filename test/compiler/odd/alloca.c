// SPDX-License-Identifier: Apache-2.0
#include <string.h>
void use(void*);
int f(int n){ int s=0; for(int i=0;i<n;i++){ char *p=__builtin_alloca(i); memset(p,i,i); use(p); s+=p[0]; } return s; }
int g(int n){ char *p=__builtin_alloca_with_align(n,256*8); use(p); return p[0]; }
int h(int n){ for(int i=0;i<n;i++){ char v[i+1]; use(v);} return 0;}
void use(void*p){ __asm__ volatile(""::"r"(p):"memory"); }
