// SPDX-License-Identifier: Apache-2.0
typedef float v4 __attribute__((vector_size(16))); typedef int v16 __attribute__((vector_size(64))); typedef char v3 __attribute__((ext_vector_type(3)));
v4 f(v4 a,v4 b){return a*b+a;} v16 g(v16 a,v16 b){return (a<b)&a;} v3 h(v3 a){return a.zyx;} int idx(v16 a,int i){return a[i];} v16 set(v16 a,int i,int v){a[i]=v;return a;}
_Float16 hf(_Float16 a,_Float16 b){return a*b;} __bf16 bf(__bf16 a){return a;}
typedef _BitInt(300) bi; bi bm(bi a,bi b){return a*b+a/b;} _BitInt(77) b7(_BitInt(77) a){return a<<3;}
__int128 i128(__int128 a,__int128 b){return a/b+a%b;} _Complex double cx(_Complex double a,_Complex double b){return a*b/a;}
