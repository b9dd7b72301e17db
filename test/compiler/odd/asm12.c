// SPDX-License-Identifier: Apache-2.0
void clob(void){ __asm__ volatile("":::"rbx","rbp","r12","r13","memory"); } int k(int*p){ int a=p[0]; __asm__ volatile("":::"rax","rcx","rdx","rsi","rdi","r8","r9","r10","r11","rbx","rbp","r12","r13","cc","memory"); return a+p[1];}
float xm(float a){ __asm__("addss %0,%0":"+x"(a)); return a; } 
void cl2(void){__asm__ volatile("":::"rsp");}
