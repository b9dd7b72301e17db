// SPDX-License-Identifier: Apache-2.0
unsigned long long rd(void){ unsigned a,d; __asm__ volatile("rdtsc":"=a"(a),"=d"(d)); return a|(unsigned long long)d<<32; }
