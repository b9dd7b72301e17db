// SPDX-License-Identifier: Apache-2.0
int use(int*,int*); int f(int n){ volatile int a[20000]; a[n]=1; return a[0]; }
