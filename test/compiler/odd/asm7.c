// SPDX-License-Identifier: Apache-2.0
void cp(char*d,char*s,unsigned n){ __asm__ volatile("rep movsb":"+D"(d),"+S"(s),"+c"(n)::"memory"); }
void clob(void){ __asm__ volatile("":::"rbx","rbp","r12","r13","r14","memory"); }
