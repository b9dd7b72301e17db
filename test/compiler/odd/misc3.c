// SPDX-License-Identifier: Apache-2.0
int cpu(void){return __builtin_cpu_supports("avx2");}
