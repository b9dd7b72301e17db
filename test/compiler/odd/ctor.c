// SPDX-License-Identifier: Apache-2.0
int a; __attribute__((constructor(200))) static void c1(void){a=a*10+2;} __attribute__((constructor(101))) static void c0(void){a=a*10+1;} __attribute__((constructor)) static void c2(void){a=a*10+3;}
__attribute__((destructor)) static void d(void){a=0;}
