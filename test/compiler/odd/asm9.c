// SPDX-License-Identifier: Apache-2.0
int f(unsigned v){ unsigned r; __asm__("bsfl %1,%0\n cmovz %2,%0":"=&r"(r):"rm"(v),"rm"(-1):"cc"); return r; }
int g(int v,int w){ __asm__("":"+X"(v)); __asm__("":"+g"(w)); int z; __asm__("sete %b0":"=q"(z)); int cc; __asm__("cmpl %1,%2":"=@ccz"(cc):"r"(v),"r"(w)); return cc+z; }
unsigned long long rd(void){ unsigned a,d; __asm__ volatile("rdtsc":"=a"(a),"=d"(d)); return a|(unsigned long long)d<<32; }
void cpuid(unsigned *o){ __asm__ volatile("cpuid":"=a"(o[0]),"=b"(o[1]),"=c"(o[2]),"=d"(o[3]):"a"(0)); }
