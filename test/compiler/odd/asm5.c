// SPDX-License-Identifier: Apache-2.0
register unsigned long long sp __asm__("rsp"); unsigned f(void){return sp;} void g(void){ sp+=8; }
