// SPDX-License-Identifier: Apache-2.0
__attribute__((noinline,cold)) int a(int x){return x;}
__attribute__((target("avx2"))) int b(int*x){ int s=0; for(int i=0;i<100;i++) s+=x[i]; return s; }
__attribute__((optnone,noinline)) int c(int x){ return x*3; }
__attribute__((minsize)) int d(int*x){ int s=0; for(int i=0;i<100;i++) s+=x[i]; return s; }
__attribute__((section(".text.weird"))) int e(int x){return x+1;}
__attribute__((aligned(4096))) int f(int x){return x+2;}
__attribute__((weak)) int g(int x){return x;}
int h(int x) __attribute__((alias("e")));
__attribute__((regparm(3))) int i(int a,int b,int c){return a+b+c;}
__attribute__((no_stack_protector,no_sanitize("all"),no_instrument_function)) int j(void){return 0;}
__attribute__((preserve_most)) void k(int*p){ *p=1; }
__attribute__((preserve_all)) void l(int*p){ *p=1; }
__attribute__((visibility("hidden"))) int m(void){return 2;}
__attribute__((returns_twice)) int n(void); int o(void){ return 3; }
__attribute__((patchable_function_entry(4,2))) int p(int x){return x;}
__attribute__((zero_call_used_regs("all"))) int q(int x){return x*7;}
__attribute__((nocf_check)) int r(void){return 0;}
__attribute__((used)) static int s(void){return 1;}
__attribute__((flatten)) int t(int x){return a(x)+c(x);}
