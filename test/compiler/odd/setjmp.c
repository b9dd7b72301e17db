// SPDX-License-Identifier: Apache-2.0
int buf[5]; int f(void){ return __builtin_setjmp((void**)buf);} void g(void){__builtin_longjmp((void**)buf,1);}
