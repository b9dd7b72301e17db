/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declared, so that code compiles that includes it and can do without; whoever
 * uses setjmp or longjmp gets an error at that line.
 */
#ifndef _SETJMP_H
#define _SETJMP_H

#ifdef __cplusplus
extern "C" {
#endif

#define __RF_NO_JUMPS                                                                                        \
	__attribute__((__unavailable__("a return address cannot be forged in the sandbox, not even by its "  \
	                               "owner; return error codes instead (docs/porting.md)")))

typedef struct {
	int unused;
} jmp_buf[1], sigjmp_buf[1];

int setjmp(jmp_buf state) __RF_NO_JUMPS;
int _setjmp(jmp_buf state) __RF_NO_JUMPS;
int sigsetjmp(sigjmp_buf state, int mask) __RF_NO_JUMPS;
void longjmp(jmp_buf state, int value) __RF_NO_JUMPS;
void _longjmp(jmp_buf state, int value) __RF_NO_JUMPS;
void siglongjmp(sigjmp_buf state, int value) __RF_NO_JUMPS;

#ifdef __cplusplus
}
#endif

#endif
