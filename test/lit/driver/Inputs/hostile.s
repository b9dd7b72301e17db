# SPDX-License-Identifier: Apache-2.0
# Enters the kernel.
	.section .rf.exports, "aR", @progbits
	.long name, attack
	.section .rodata.name, "aMS", @progbits, 1
name:	.asciz "attack"
	.text
	.globl attack
attack:
	syscall
	ret
