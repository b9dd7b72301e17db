// SPDX-License-Identifier: Apache-2.0
int f(int x){ __builtin_trap(); } int g(int x){ __builtin_unreachable(); } void h(void){ __builtin_debugtrap(); }
void *ra(void){return __builtin_return_address(0);} void *fa(void){return __builtin_frame_address(1);} 
int pf(int*p){ __builtin_prefetch(p,1,3); __builtin___clear_cache((char*)p,(char*)p+4); return __builtin_expect(*p,0);} 
int over(int a,int b){int r; return __builtin_mul_overflow(a,b,&r)?-1:r;} 
int ctz(unsigned long long x){ return __builtin_ctzll(x)+__builtin_clzll(x)+__builtin_popcountll(x)+__builtin_parityll(x)+__builtin_ffsll(x);} 
int empty(void){} void inf(void){for(;;);} 
