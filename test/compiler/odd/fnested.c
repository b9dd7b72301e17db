// SPDX-License-Identifier: Apache-2.0
int vf(int n,...){ __builtin_va_list a,b; __builtin_va_start(a,n); __builtin_va_copy(b,a); int s=__builtin_va_arg(a,int)+(int)__builtin_va_arg(b,double); __builtin_va_end(a); __builtin_va_end(b); return s;}
int (*fp)(int,...)=vf; int callv(void){ return fp(1,2,3.0,4LL,"x"); }
int ms2(int a)__attribute__((sysv_abi)); int k(void){return ms2(1);} int ms2(int a){return a;}
