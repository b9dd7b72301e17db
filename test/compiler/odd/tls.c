// SPDX-License-Identifier: Apache-2.0
_Thread_local int x; static __thread int y=3; int *f(void){ return &x; } int g(void){ return ++y + x; }
