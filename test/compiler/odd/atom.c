// SPDX-License-Identifier: Apache-2.0
#include <stdatomic.h>
_Atomic struct {char c[3];} s3; _Atomic __int128 big; _Atomic double d; _Atomic(void*) p; atomic_flag fl;
void f(void){ d+=1.5; p=0; while(atomic_flag_test_and_set(&fl)); atomic_flag_clear(&fl); atomic_thread_fence(memory_order_seq_cst); atomic_signal_fence(memory_order_seq_cst);} 
__int128 g(void){ return big; } void h(__int128 x){ big=x; }
