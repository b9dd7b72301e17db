// SPDX-License-Identifier: Apache-2.0
static int impl(int x){return x;}
static void* resolve(void){ return (void*)impl; }
int f(int) __attribute__((ifunc("resolve")));
int g(int x){return f(x);}
