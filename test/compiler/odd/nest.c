// SPDX-License-Identifier: Apache-2.0
struct big{ char c[70000]; }; struct big mk(int); int f(void){ struct big b=mk(1); return b.c[5]; } int g(struct big b){return b.c[1];} int h(void){struct big b; b.c[1]=3; return g(b);}
struct big mk(int x){ struct big b={0}; b.c[5]=x; return b;}
