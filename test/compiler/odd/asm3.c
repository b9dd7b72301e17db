// SPDX-License-Identifier: Apache-2.0
double f(double x){ __asm__("fsqrt":"+t"(x)); return x; }
