// SPDX-License-Identifier: Apache-2.0
__attribute__((target_clones("avx2","default"))) int f(int x){ return x*3; }
int g(int x){return f(x);}
