// SPDX-License-Identifier: Apache-2.0
long double f(long double a){return a*2;} 
