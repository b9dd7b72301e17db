/* SPDX-License-Identifier: Apache-2.0 */
/* docs/rules.md, whole: the one source of what the tool explains. */
	.section .rodata
	.globl rules_text, rules_text_end
	.hidden rules_text, rules_text_end
rules_text:
	.incbin RF_RULES_FILE
rules_text_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
