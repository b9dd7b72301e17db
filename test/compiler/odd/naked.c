// SPDX-License-Identifier: Apache-2.0
__attribute__((naked)) int f(int x){ __asm__("movl %edi,%eax\n ret"); }
int (*p)(int)=f;
int g(int x){return f(x);}
