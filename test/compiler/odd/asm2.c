// SPDX-License-Identifier: Apache-2.0
int f(int x){ int r; __asm__("push %%rbx\n pop %%rbx":"=a"(r):"0"(x)); return r; }
int st(void){ int r; __asm__("fld1; fistpl %0":"=m"(r)); return r; }
