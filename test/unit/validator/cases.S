/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract in examples: for every rule programs that keep it and programs
 * that break it. The verdicts come from docs/contract.md.
 *
 *   accept NAME                  what follows, up to the next case, is accepted
 *   reject NAME, RULE, MESSAGE   is rejected with one finding, of this rule, at
 *                                the instruction marked `bad`, whose message
 *                                contains MESSAGE. Without `bad` the finding
 *                                is about the file.
 *   deny NAME, RULE, MESSAGE, I  reject for the instruction I alone
 *   entry                        a further function entry stands here
 *   table K, LABEL               entry K of the jump tables leads to LABEL
 *   pointer K, LABEL             entry K of the function table leads to LABEL
 *
 * Each case is a text of its own; its start is the export "f".
 */
#include <ringfence/contract.h>

.macro case name, rule, message
	.pushsection .cases, "", @progbits
	.asciz "\name"
	.asciz "\rule"
	.asciz "\message"
	.popsection
	.section .case.\name, "ax", @progbits
.endm
.macro accept name
	case \name, "", ""
.endm
.macro reject name, rule, message
	case \name, "\rule", "\message"
.endm
.macro bad
bad.\@:
.endm
.macro deny name, rule, message, instruction:vararg
	case \name, "\rule", "\message"
	bad
	\instruction
	ud2
.endm
.macro entry
entry.\@:
.endm
.macro table k, label
	.set jump.\k\().\@, \label
.endm
.macro pointer k, label
	.set function.\k\().\@, \label
.endm

/* ==== Rule 1: decoding ===================================================== */

accept ret
	ret
accept straight_line
	movl	%edi, %eax
	addl	$7, %eax
	ret
accept branches
	testl	%edi, %edi
	je	1f
2:	decl	%edi
	jne	2b
1:	ret
accept nops
	nop
	.nops	64
	.byte	0x66, 0x90
	ret
accept padding_behind_a_trap
	ud2
	int3
	int3
accept breakpoint_and_what_follows
	int3
	movl	%edi, %eax
	int3
	ret
reject a_debugger_goes_on_behind_a_breakpoint, memory-base, "base rax"
	int3
	bad
	movl	(%rax), %eax
	ret
reject breakpoint_at_the_end, text-end, "runs off"
	bad
	int3
accept endbr
	endbr64
	ret
accept unreachable_code_may_do_nothing_bad
	ret
	movl	(%rax), %eax
	ret

reject invalid_opcode, undecodable, "not an instruction"
	ret
	bad
	.byte	0x06
reject text_ends_in_an_instruction, undecodable, "cuts off"
	ret
	bad
	.byte	0x48
reject text_ends_in_an_immediate, undecodable, "cuts off"
	movl	$0x06060606, %eax
	ret
	bad
	.byte	0xb8, 0x06
reject known_shape_cut_off, undecodable, "cuts off"
	movb	$6, %al
	ret
	bad
	.byte	0xb0
reject known_shape_cut_off_at_sib, undecodable, "cuts off"
	xorl	%eax, %eax
	movl	(%r15, %rax), %ecx
	ret
	bad
	.byte	0x41, 0x8b, 0x0c
reject known_shape_cut_off_behind_sib, undecodable, "cuts off"
	xorl	%eax, %eax
	movl	0x12(%r15, %rax), %eax
	ret
	bad
	.byte	0x41, 0x8b, 0x44, 0x07
reject known_shape_with_another_base, memory-base, "base r11 may be any 64-bit value"
	xorl	%eax, %eax
	movl	(%r15, %rax), %ecx
	bad
	movl	(%r11, %rax), %ecx
	ret
reject known_shape_with_another_index, memory-index, "index rdi may be any 64-bit value"
	xorl	%eax, %eax
	movl	(%r15, %rax), %ecx
	bad
	movl	(%r15, %rdi), %ecx
	ret
reject known_shape_with_another_scale, packet-bounds, "past the window's end"
	movzbl	%dil, %eax
	movl	(%r14, %rax, 8), %ecx
	shll	$1, %eax
	movl	(%r14, %rax, 4), %ecx
	bad
	movl	(%r14, %rax, 8), %ecx
	ret
reject known_shape_without_a_base, memory-base, "an operand needs r15, r14, rsp"
	xorl	%eax, %eax
	movl	(%r15, %rax), %ecx
	bad
	.byte	0x41, 0x8b, 0x0c, 0x05
	.long	0
	ret
reject known_shape_of_r12_with_another_scale, packet-bounds, "past the window's end"
	pushq	%r12
	movzbl	%dil, %r12d
	leal	(%r12, %r12), %eax
	movb	(%r14, %rax), %cl
	leal	(%r12, %r12, 8), %eax
	bad
	movb	(%r14, %rax), %cl
	popq	%r12
	ret
reject sixteen_bytes, undecodable, "not an instruction"
	ret
	bad
	.byte	0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
	ret
reject jump_into_an_instruction, branch-target, "not the start of an instruction"
	bad
	jmp	1f + 1
1:	movl	$0x90909090, %eax
	ret
reject call_into_an_instruction, branch-target, "not the start of an instruction"
	bad
	call	1f + 2
1:	movl	$0x90909090, %eax
	ret
reject conditional_jump_into_an_instruction, branch-target, "not the start of an instruction"
	bad
	jne	1f + 1
	ret
1:	movl	$0x90909090, %eax
	ret
reject jump_into_itself, branch-target, "not the start of an instruction"
	bad
	.byte	0xeb, 0xff
	ret
reject jump_past_the_text, branch-target, "outside of the text"
	bad
	.byte	0xe9
	.long	0x1000
reject jump_before_the_text, branch-target, "outside of the text"
	bad
	.byte	0xe9
	.long	-0x1000
reject jump_to_the_end_of_the_text, branch-target, "outside of the text"
	bad
	.byte	0xeb, 0
reject call_past_the_text, branch-target, "outside of the text"
	bad
	.byte	0xe8
	.long	0x7fffffff
	ret
reject unreachable_jump_past_the_text, branch-target, "outside of the text"
	ret
	bad
	.byte	0xe9
	.long	0x1000
reject function_pointer_into_an_instruction, entry-target, "function table"
1:	movl	$0x90909090, %eax
	ret
	pointer	1, 1b + 1
reject jump_table_into_an_instruction, entry-target, "jump tables"
1:	movl	$0x90909090, %eax
	ret
	table	0, 1b + 1
reject falls_off_the_end, text-end, "runs off"
	nop
	bad
	nop
reject conditional_jump_at_the_end, text-end, "runs off"
1:	testl	%edi, %edi
	nop
	bad
	je	1b
reject call_at_the_end, text-end, "runs off"
	jmp	1f
	entry
2:	ret
1:	bad
	call	2b

/* ==== Rule 2: the allow-list =============================================== */

deny syscall, instruction, "not on the allow-list", syscall
deny sysenter, instruction, "not on the allow-list", sysenter
deny int_80, instruction, "not on the allow-list", int $0x80
deny int1, instruction, "not on the allow-list", .byte 0xf1
deny iret, instruction, "not on the allow-list", iretq
deny hlt, instruction, "not on the allow-list", hlt
deny cli, instruction, "not on the allow-list", cli
deny in, instruction, "not on the allow-list", inb %dx, %al
deny out, instruction, "not on the allow-list", outb %al, %dx
deny cpuid, instruction, "not on the allow-list", cpuid
deny rdtsc, instruction, "not on the allow-list", rdtsc
deny rdtscp, instruction, "not on the allow-list", rdtscp
deny rdpmc, instruction, "not on the allow-list", rdpmc
deny rdrand, instruction, "not on the allow-list", rdrand %eax
deny rdseed, instruction, "not on the allow-list", rdseed %eax
deny rdpid, instruction, "not on the allow-list", rdpid %rax
deny wrpkru, instruction, "not on the allow-list", wrpkru
deny rdpkru, instruction, "not on the allow-list", rdpkru
deny xgetbv, instruction, "not on the allow-list", xgetbv
deny xsave, instruction, "not on the allow-list", xsave (%r15)
deny xrstor, instruction, "not on the allow-list", xrstor (%r15)
deny fxsave, instruction, "not on the allow-list", fxsave (%r15)
deny ldmxcsr, instruction, "not on the allow-list", ldmxcsr (%r15)
deny vldmxcsr, instruction, "not on the allow-list", vldmxcsr (%r15)
deny stmxcsr, instruction, "not on the allow-list", stmxcsr (%r15)
deny fldcw, instruction, "not on the allow-list", fldcw (%r15)
deny pushf, instruction, "not on the allow-list", pushfq
deny popf, instruction, "not on the allow-list", popfq
deny std, instruction, "not on the allow-list", std
deny cld, instruction, "not on the allow-list", cld
deny lahf, instruction, "not on the allow-list", lahf
deny xlat, instruction, "not on the allow-list", xlatb
deny enter, instruction, "not on the allow-list", enter $16, $0
deny leave, instruction, "not on the allow-list", leave
deny movs_byte, instruction, "not on the allow-list", movsb
deny movs_doubleword, instruction, "string instructions", .byte 0xa5
deny cmps_doubleword, instruction, "string instructions", .byte 0xa7
deny rep_stos, instruction, "not on the allow-list", rep stosq
deny rep_movs, instruction, "not on the allow-list", rep movsb
deny lods, instruction, "not on the allow-list", lodsq
deny scas, instruction, "not on the allow-list", repne scasb
deny fld1, instruction, "not on the allow-list", fld1
deny fstp, instruction, "not on the allow-list", fstpl (%r15)
deny emms, instruction, "not on the allow-list", emms
deny paddb_mmx, operand, "only general, XMM and YMM", paddb %mm1, %mm0
deny movq_mmx, operand, "only general, XMM and YMM", movq %mm1, %mm0
deny movd_mmx, operand, "only general, XMM and YMM", movd %eax, %mm0
deny pmovmskb_mmx, operand, "only general, XMM and YMM", pmovmskb %mm0, %eax
deny cvtpi2ps, instruction, "not on the allow-list", cvtpi2ps %mm0, %xmm0
deny gather, instruction, "not on the allow-list", vpgatherdd %xmm1, (%r15, %xmm0), %xmm2
deny maskmovdqu, instruction, "not on the allow-list", maskmovdqu %xmm1, %xmm0
deny vmaskmovps, instruction, "not on the allow-list", vmaskmovps %xmm0, %xmm1, (%r15)
deny vpmaskmovd, instruction, "not on the allow-list", vpmaskmovd (%r15), %xmm0, %xmm1
deny movnti, instruction, "not on the allow-list", movntil %eax, (%r15)
deny movntdq, instruction, "not on the allow-list", movntdq %xmm0, (%r15)
deny movntdqa, instruction, "not on the allow-list", movntdqa (%r15), %xmm0
deny vmovntps, instruction, "not on the allow-list", vmovntps %ymm0, (%r15)
deny clflush, instruction, "not on the allow-list", clflush (%r15)
deny clflushopt, instruction, "not on the allow-list", clflushopt (%r15)
deny clwb, instruction, "not on the allow-list", clwb (%r15)
deny movdiri, instruction, "not on the allow-list", movdiri %eax, (%r15)
deny movdir64b, instruction, "not on the allow-list", movdir64b (%r15), %rax
deny umwait, instruction, "not on the allow-list", umwait %eax
deny tpause, instruction, "not on the allow-list", tpause %eax
deny monitor, instruction, "not on the allow-list", monitor
deny wrfsbase, instruction, "not on the allow-list", wrfsbase %rax
deny rdgsbase, instruction, "not on the allow-list", rdgsbase %rax
deny swapgs, instruction, "not on the allow-list", swapgs
deny sgdt, instruction, "not on the allow-list", sgdt (%r15)
deny str, instruction, "not on the allow-list", str %eax
deny invlpg, instruction, "not on the allow-list", invlpg (%r15)
deny loop, instruction, "not on the allow-list", .byte 0xe2, 0xfe
deny jrcxz, instruction, "not on the allow-list", .byte 0xe3, 0xfe
deny ud1, instruction, "not on the allow-list", ud1l %eax, %eax
deny rdssp, instruction, "not on the allow-list", rdsspq %rax
deny xbegin, instruction, "not on the allow-list", .byte 0xc7, 0xf8, 0, 0, 0, 0
deny far_return, instruction, "far branches", lretq
deny far_jump, instruction, "far branches", ljmpl *(%r15)
deny far_call, instruction, "far branches", lcalll *(%r15)
deny avx512, instruction, "not on the allow-list", vpternlogd $0, %zmm0, %zmm1, %zmm2
deny evex_of_an_avx_instruction, instruction, "only legacy and VEX", vaddps %zmm0, %zmm1, %zmm2
deny evex_with_upper_register, instruction, "only legacy and VEX", vaddps %xmm16, %xmm1, %xmm2
deny xop, instruction, "not on the allow-list", .byte 0x8f, 0xe8, 0x78, 0xa2, 0xc1, 0x20
deny fma4, instruction, "not on the allow-list", .byte 0xc4, 0xe3, 0xf1, 0x69, 0xc2, 0x30
deny three_d_now, instruction, "not on the allow-list", .byte 0x0f, 0x0f, 0xc1, 0x9e
deny femms, instruction, "not on the allow-list", .byte 0x0f, 0x0e
deny sse4a, instruction, "not on the allow-list", .byte 0xf2, 0x0f, 0x79, 0xc1
deny reserved_nop, instruction, "reserved nop", .byte 0x0f, 0x1c, 0xc8
deny lfs, instruction, "not on the allow-list", .byte 0x0f, 0xb4, 0x00

deny popcnt_as_on_xeon_phi, instruction, "Xeon Phi", .byte 0xc4, 0xe1, 0x7a, 0xb8, 0xc3
deny tzcnt_as_on_xeon_phi, instruction, "Xeon Phi", .byte 0xc4, 0xe1, 0x7a, 0xbc, 0xc3
deny lzcnt_as_on_xeon_phi, instruction, "Xeon Phi", .byte 0xc4, 0xe1, 0x7a, 0xbd, 0xc3
/* To the processor leal 0x7ffffff0, %eax; to Zydis 4.0 leal (%r13d), %eax, which a zero in r13 would bound. */
deny address_without_base_taken_for_r13, operand, "without a base", .byte 0x67, 0x41, 0x8d, 0x04, 0x25, 0xf0, 0xff, 0xff, 0x7f
deny index_without_base_taken_for_r13, operand, "without a base", .byte 0x67, 0x4d, 0x8d, 0x2c, 0xf5, 0, 0, 0x10, 0
accept address_32_without_base
	leal	0x7ffffff0(, %esi, 8), %eax
	leal	0x10(%r13d), %eax
	leal	(%r13d, %esi), %eax
	ret
deny address_size_on_mov, prefix, "lea only", movl (%edi), %eax
deny address_size_on_a_legal_operand, prefix, "lea only", .byte 0x67, 0x41, 0x8b, 0x07
deny address_size_on_rsp, prefix, "lea only", movl 8(%esp), %eax
deny address_size_on_push, prefix, "lea only", .byte 0x67, 0x50
deny fs_segment, prefix, "not permitted on this", .byte 0x64, 0x41, 0x8b, 0x07
deny gs_segment, prefix, "not permitted on this", .byte 0x65, 0x41, 0x8b, 0x07
deny cs_segment, prefix, "not permitted on this", .byte 0x2e, 0x41, 0x8b, 0x07
deny ds_segment, prefix, "not permitted on this", .byte 0x3e, 0x41, 0x8b, 0x07
deny fs_segment_on_lea, prefix, "not permitted on this", .byte 0x64, 0x41, 0x8d, 0x07
deny bnd_jump, prefix, "not permitted on this", .byte 0xf2, 0xeb, 0x00
reject data16_call, prefix, "not permitted on this"
	bad
	.byte	0x66, 0x41, 0xff, 0x97
	.long	RF_HOST_VECTOR_OFFSET
	ret
deny repeated_data16, prefix, "twice", .byte 0x66, 0x66, 0x89, 0xc0
deny dropped_rex, prefix, "dropped", .byte 0x48, 0x66, 0x89, 0xc0
deny dropped_rex_before_segment, prefix, "dropped", .byte 0x48, 0x2e, 0x89, 0xff
deny redundant_data16_with_rex_w, prefix, "not permitted on this", .byte 0x66, 0x48, 0x89, 0xc0
deny redundant_data16_on_bytes, prefix, "not permitted on this", .byte 0x66, 0x88, 0xc0
deny redundant_rep, prefix, "not permitted on this", .byte 0xf3, 0x0f, 0xb6, 0xc0
deny data16_push, prefix, "not permitted on this", pushw %ax
deny data16_bswap, prefix, "not permitted on this", .byte 0x66, 0x0f, 0xc8
deny pause_with_rex, prefix, "not permitted on this", .byte 0xf3, 0x41, 0x90
deny pause_with_another_rex, prefix, "not permitted on this", .byte 0xf3, 0x4d, 0x90
deny nop_with_rex, prefix, "not permitted on this", .byte 0x48, 0x90
deny xacquire, prefix, "not permitted on this", .byte 0xf2, 0xf0, 0x41, 0x01, 0x07
reject data16_jump, prefix, "not permitted on this"
	bad
	.byte	0x66, 0xeb, 0x00
	ret
reject data16_conditional_jump, prefix, "not permitted on this"
	bad
	.byte	0x66, 0x74, 0x00
	ret
reject branch_hint, prefix, "not permitted on this"
	bad
	.byte	0x2e, 0x74, 0x00
	ret
reject rep_ret, prefix, "not permitted on this"
	bad
	.byte	0xf3, 0xc3
reject bnd_ret, prefix, "not permitted on this"
	bad
	.byte	0xf2, 0xc3
reject notrack_jump, prefix, "not permitted on this"
	movl	%edi, %eax
	andl	$8, %eax
	bad
	.byte	0x3e
	jmpq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rax)
accept lock_prefix
	movl	$1, %eax
	lock addl %eax, (%r15)
	lock xaddq %rax, 8(%r15)
	lock cmpxchgl %ecx, (%r15)
	lock btsl $3, (%r15)
	lock cmpxchg16b 16(%r15)
	lock incb 1(%r15)
	ret
reject lock_on_a_load, undecodable, "not an instruction"
	ret
	bad
	.byte	0xf0
	movl	(%r15), %eax
	ret

deny bt_memory_register, operand, "bit offset", btl %eax, (%r15)
deny bts_memory_register, operand, "bit offset", btsl %eax, (%r15)
deny btr_memory_register, operand, "bit offset", btrq %rax, (%r15)
deny btc_memory_register, operand, "bit offset", lock btcl %eax, (%r15)
deny bts_frame_register, operand, "bit offset", btsl %eax, -8(%rsp)
deny ret_releasing_arguments, operand, "release arguments", ret $8
deny pop_to_memory, operand, "register only", popq (%r15)
deny push_fs, operand, "only general", pushq %fs
deny mov_from_segment, operand, "only general", movl %ds, %eax
deny mov_to_segment, operand, "only general", movl %eax, %ds
deny mov_from_control, operand, "only general", movq %cr0, %rax
deny mov_to_debug, operand, "only general", movq %rax, %dr7
deny vex_length_on_a_scalar, operand, "VEX.L", .byte 0xc5, 0xfe, 0x58, 0xc1
deny absolute_64_bit_address, operand, "ModRM", movabsl 0x123456789a, %eax

accept bit_tests
	btl	%edi, %esi
	btsl	$40, (%r15)
	btsq	%rax, %rcx
	ret
accept vectors
	movups	(%r15), %xmm0
	paddd	%xmm0, %xmm1
	vpxor	%ymm2, %ymm2, %ymm2
	vmovdqu	32(%r15), %ymm3
	vfmadd213ps %ymm1, %ymm2, %ymm3
	aesenc	%xmm1, %xmm0
	vaesenc	%ymm1, %ymm0, %ymm0
	pclmulqdq $0, %xmm1, %xmm0
	sha256rnds2 %xmm0, %xmm1, %xmm2
	vcvtph2ps (%r15), %xmm0
	movsd	(%r15), %xmm0
	cmpltsd	%xmm0, %xmm1
	vzeroupper
	vzeroall
	ret
accept integer_extensions
	crc32l	%eax, %ecx
	movbel	(%r15), %eax
	andnl	%eax, %ecx, %edx
	mulxl	%eax, %ecx, %edi
	pextl	%eax, %ecx, %edx
	adcxl	%eax, %ecx
	popcntl	%eax, %eax
	pause
	mfence
	lfence
	sfence
	prefetcht0 (%r15)
	ret

/* ==== Rule 3: memory operands ============================================== */

/* -- of the cell -- */
accept cell_operands
	movl	(%r15), %eax
	movl	0x7fffffff(%r15), %eax
	movl	RF_DATA_OFFSET_MIN(%r15), %eax
	movl	%edi, %ecx
	movl	(%r15, %rcx), %eax
	movl	-4(%r15, %rcx, 8), %eax
	movb	%al, (%rcx, %r15)
	ret
accept pointer_made_by_lea
	movl	%edi, %ecx
	leaq	(%r15, %rcx), %rdx
	movl	(%rdx), %eax
	movl	%esi, %esi
	movl	8(%rdx, %rsi, 4), %eax
	movl	8(%rsi, %rdx), %eax
	ret
accept pointer_made_by_add
	movl	%edi, %ecx
	addq	%r15, %rcx
	movl	(%rcx), %eax
	movq	%r15, %rdx
	movl	%esi, %esi
	addq	%rsi, %rdx
	movl	(%rdx), %eax
	ret
accept pointer_plus_provably_small_offset
	movzwl	%di, %ecx
	leaq	(%r15, %rcx), %rdx
	movzbl	%sil, %esi
	leaq	16(%rdx, %rsi, 4), %rdx
	movl	(%rdx), %eax
	ret
accept pointer_in_a_loop
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rdx
	xorl	%ecx, %ecx
1:	addl	(%rdx, %rcx, 4), %eax
	incl	%ecx
	cmpl	%esi, %ecx
	jne	1b
	ret
accept both_paths_make_a_pointer
	movl	%edi, %ecx
	testl	%esi, %esi
	je	1f
	leaq	(%r15, %rcx), %rax
	jmp	2f
1:	leaq	64(%r15), %rax
2:	movl	(%rax), %eax
	ret
accept spilled_pointer_by_cmov_and_by_add
	movzwl	%di, %edi
	leaq	(%r15, %rdi), %rax
	pushq	%rax
	movzwl	%si, %ecx
	addq	(%rsp), %rcx
	cmovneq	(%rsp), %rcx
	movl	(%rcx), %eax
	popq	%rcx
	ret
accept pointer_by_cmov
	movl	%edi, %edi
	movl	%esi, %esi
	leaq	(%r15, %rdi), %rax
	leaq	(%r15, %rsi), %rcx
	testl	%edi, %edi
	cmovneq	%rcx, %rax
	movl	(%rax), %eax
	ret

reject unknown_base, memory-base, "base rdi may be any 64-bit value"
	bad
	movl	(%rdi), %eax
	ret
reject number_as_base, memory-base, "base rcx may be a number"
	movl	%edi, %ecx
	bad
	movl	(%rcx), %eax
	ret
reject no_base, memory-base, "as base"
	movl	%edi, %edi
	bad
	movl	8(, %rdi, 4), %eax
	ret
reject absolute_address, memory-base, "as base"
	bad
	movl	0x1000, %eax
	ret
reject rip_relative, memory-base, "rip-relative"
	bad
	movl	0(%rip), %eax
	ret
reject rip_relative_lea, memory-base, "rip-relative"
	bad
	leaq	0(%rip), %rax
	ret
reject frame_pointer_as_base, memory-base, "base rbp may be the caller's rbp"
	bad
	movl	8(%rbp), %eax
	ret
reject copy_of_rsp_as_base, memory-base, "base rax"
	movq	%rsp, %rax
	bad
	movl	(%rax), %ecx
	ret
reject copy_of_r14_as_base, memory-base, "base rax"
	movq	%r14, %rax
	bad
	movl	(%rax), %ecx
	ret
reject pointer_on_one_path_only, memory-base, "base rax"
	movl	%edi, %ecx
	testl	%esi, %esi
	je	1f
	leaq	(%r15, %rcx), %rax
1:	bad
	movl	(%rax), %eax
	ret
reject pointer_plus_pointer, memory-base, "base rax"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	addq	%rax, %rax
	bad
	movl	(%rax), %eax
	ret
reject pointer_plus_32_bits, memory-base, "base rax"
	movl	%edi, %edi
	movl	%esi, %esi
	leaq	(%r15, %rdi), %rax
	addq	%rsi, %rax
	bad
	movl	(%rax), %ecx
	ret
reject pointer_minus_one, memory-base, "base rax"
	movl	%edi, %edi
	leaq	-1(%r15, %rdi), %rax
	bad
	movl	(%rax), %ecx
	ret
reject pointer_with_scaled_index, memory-base, "base rax"
	movl	%edi, %edi
	leaq	(%r15, %rdi, 8), %rax
	bad
	movl	(%rax), %ecx
	ret
reject pointer_that_grows_in_a_loop, memory-base, "base rax"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
1:	bad
	movl	(%rax), %ecx
	addq	$4, %rax
	testl	%ecx, %ecx
	jne	1b
	ret
reject pointer_truncated_to_32_bits, memory-base, "base rax may be a number"
	leaq	(%r15), %rax
	movl	%eax, %eax
	bad
	movl	(%rax), %eax
	ret
reject pointer_or_number_by_cmov, memory-base, "base rax"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	cmovneq	%rdi, %rax
	bad
	movl	(%rax), %eax
	ret
reject pointer_half_overwritten, memory-base, "base rax"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	movb	$0, %al
	bad
	movl	(%rax), %eax
	ret
reject pointer_after_a_call, memory-base, "base rcx"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rcx
	call	1f
	bad
	movl	(%rcx), %eax
	ret
	entry
1:	ret
reject pointer_exchanged_away, memory-base, "base rax"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	xchgq	%rax, %rdx
	bad
	movl	(%rax), %ecx
	ret
reject store_through_unknown_base, memory-base, "base rdi"
	bad
	movl	%eax, (%rdi)
	ret
reject prefetch_through_unknown_base, memory-base, "base rdi"
	bad
	prefetcht0 (%rdi)
	ret
reject vector_store_through_unknown_base, memory-base, "base rdi"
	bad
	vmovdqu	%ymm0, (%rdi)
	ret
reject push_from_unknown_base, memory-base, "base rdi"
	bad
	pushq	(%rdi)
	popq	%rax
	ret
reject compare_with_unknown_base, memory-base, "base rdi"
	bad
	cmpb	$0, (%rdi)
	ret
reject conditional_load_from_unknown_base, memory-base, "base rdi"
	bad
	cmovnel	(%rdi), %eax
	ret
reject read_modify_write_through_unknown_base, memory-base, "base rdi"
	bad
	lock xaddl %eax, (%rdi)
	ret

accept either_may_be_the_base_at_scale_1
	movl	%edi, %edi
	movl	%esi, %esi
	leaq	(%r15, %rdi), %rax
	movl	(%rsi, %rax), %ecx
	ret
reject unknown_index_in_the_place_of_the_base, memory-index, "index rsi may be any 64-bit value"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	bad
	movl	(%rsi, %rax), %ecx
	ret
reject pointer_as_index_without_a_base, memory-base, "as base"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	bad
	.byte	0x8b, 0x0c, 0x05, 0, 0, 0, 0 /* movl (, %rax, 1), %ecx */
	ret
reject unknown_index, memory-index, "index rdi may be any 64-bit value"
	bad
	movl	(%r15, %rdi), %eax
	ret
reject unknown_scaled_index, memory-index, "index rdi may be any 64-bit value"
	movl	%esi, %ecx
	bad
	movl	(%r15, %rdi, 8), %eax
	ret
reject index_sign_extended, memory-index, "index rax"
	movslq	%edi, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject index_sum_of_64_bits, memory-index, "index rax"
	movl	%edi, %eax
	movl	%esi, %esi
	addq	%rsi, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject index_scaled_beyond_32_bits, memory-index, "index rax"
	movl	%edi, %eax
	shlq	$3, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject index_from_scaled_lea, memory-index, "index rax"
	movl	%edi, %eax
	leaq	(, %rax, 4), %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject index_with_negative_offset, memory-index, "index rax"
	movl	%edi, %eax
	leaq	-4(%rax), %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject index_zero_extended_on_one_path, memory-index, "index rdi"
	testl	%esi, %esi
	je	1f
	movl	%edi, %edi
1:	bad
	movl	(%r15, %rdi), %eax
	ret
reject index_loaded_as_64_bits, memory-index, "index rax"
	movq	(%r15), %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject index_is_r15, memory-index, "index r15"
	bad
	movl	(%r15, %r15), %eax
	ret
reject index_is_a_pointer, memory-index, "index rax may be a pointer"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	bad
	movl	(%rax, %rax), %ecx
	ret
reject bsf_does_not_zero_extend, memory-index, "index rax"
	bsfl	%edi, %eax
	bad
	movl	(%r15, %rax), %eax
	ret
reject bsr_does_not_zero_extend, memory-index, "index rax"
	bsrl	%edi, %eax
	bad
	movl	(%r15, %rax), %eax
	ret
reject tzcnt_may_run_as_bsf, memory-index, "index rax"
	tzcntl	%edi, %eax
	bad
	movl	(%r15, %rax), %eax
	ret
reject lzcnt_may_run_as_bsr, memory-index, "index rax"
	lzcntl	%edi, %eax
	bad
	movl	(%r15, %rax), %eax
	ret
reject cmpxchg_does_not_zero_extend_eax, memory-index, "index rax"
	lock cmpxchgl %ecx, (%r15)
	bad
	movl	(%r15, %rax), %eax
	ret
reject cmpxchg_does_not_zero_extend_its_operand, memory-index, "index rcx"
	cmpxchgl %edx, %ecx
	bad
	movl	(%r15, %rcx), %eax
	ret
reject cmpxchg8b_does_not_zero_extend, memory-index, "index rdx"
	lock cmpxchg8b (%r15)
	bad
	movl	(%r15, %rdx), %eax
	ret
reject shld_by_zero_may_not_zero_extend, memory-index, "index rax"
	shldl	%cl, %edi, %eax
	bad
	movl	(%r15, %rax), %eax
	ret
reject nop_does_not_zero_extend, memory-index, "index rax"
	nop
	bad
	movl	(%r15, %rax), %eax
	ret
reject mov_16_does_not_zero_extend, memory-index, "index rax"
	movw	%di, %ax
	bad
	movl	(%r15, %rax), %eax
	ret
reject setcc_does_not_zero_extend, memory-index, "index rax"
	sete	%al
	bad
	movl	(%r15, %rax), %eax
	ret
reject mulx_writes_two_registers, memory-index, "index rcx"
	movl	%edi, %ecx
	mulxq	%rsi, %rcx, %rax
	bad
	movl	(%r15, %rcx), %eax
	ret
reject mulx_writes_the_other_too, memory-index, "index rax"
	movl	%edi, %eax
	mulxq	%rsi, %rcx, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
accept narrow_results_keep_the_other_bits
	movl	%edi, %eax
	xorb	%al, %ah
	movzbw	%bl, %ax
	leaw	(%rsi), %ax
	leaw	8(%rsp), %ax
	movl	(%r15, %rax), %eax
	ret
reject narrow_exchange_with_memory, memory-index, "index rax"
	movl	%edi, %eax
	xchgw	%ax, (%r15)
	bad
	movl	(%r15, %rax), %eax
	ret
reject narrow_exchange_of_a_pointer, memory-base, "base rcx"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rcx
	xchgw	%dx, %cx
	bad
	movl	(%rcx), %eax
	ret
reject narrow_lea_into_a_mask, packet-bounds, "r14+65539"
	xorl	%eax, %eax
	leaw	(%rsi), %ax
	bad
	movl	(%r14, %rax), %eax
	ret
reject narrow_xor_of_two_registers_is_not_0, packet-bounds, "r14+65284"
	xorl	%eax, %eax
	xorb	%cl, %ah
	bad
	movl	(%r14, %rax), %eax
	ret
reject narrow_xor_of_halves_is_not_0, packet-bounds, "r14+65539"
	movzwl	%di, %eax
	xorb	%al, %ah
	bad
	movl	(%r14, %rax), %eax
	ret
accept narrow_xor_of_the_same_half_is_0
	movzwl	%di, %eax
	xorb	%ah, %ah
	movl	(%r14, %rax), %eax
	ret
accept immediate_of_64_bits
	movabsq	$0x12345678, %rax
	movl	(%r15, %rax), %eax
	ret
reject immediate_beyond_32_bits, memory-index, "index rax"
	movabsq	$0x112345678, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject one_of_two_saved_registers, callee-saved, "any 64-bit value"
	pushq	%rbx
	pushq	%rbp
	popq	%rax
	popq	%rcx
	testl	%edi, %edi
	je	1f
	movq	%rax, %rcx
1:	movq	%rcx, %rbx
	bad
	ret
reject wide_drop_forgets, memory-index, "index rax"
	movl	%edi, %edi
	subq	$128, %rsp
	movq	%rdi, (%rsp)
	movl	$1, 4(%rsp)
	movl	$1, 64(%rsp)
	movq	%rdi, 120(%rsp)
	addq	$120, %rsp
	movq	(%rsp), %rax
	movl	(%r15, %rax), %eax
	subq	$40, %rsp
	subq	$80, %rsp
	movq	(%rsp), %rax
	bad
	movl	(%r15, %rax), %eax
	ud2
reject xadd_writes_its_source, memory-index, "index rcx"
	movl	%edi, %ecx
	xaddq	%rcx, %rsi
	bad
	movl	(%r15, %rcx), %eax
	ret
reject xadd_memory_writes_its_source, memory-index, "index rcx"
	movl	%edi, %ecx
	xaddq	%rcx, (%r15)
	bad
	movl	(%r15, %rcx), %eax
	ret
reject xchg_writes_its_source, memory-index, "index rcx"
	movl	%edi, %ecx
	xchgq	%rcx, %rsi
	bad
	movl	(%r15, %rcx), %eax
	ret
reject xchg_memory_writes_its_register, memory-index, "index rcx"
	movl	%edi, %ecx
	xchgq	%rcx, (%r15)
	bad
	movl	(%r15, %rcx), %eax
	ret
reject mul_writes_rdx, memory-index, "index rdx"
	movl	%edi, %edx
	mulq	%rsi
	bad
	movl	(%r15, %rdx), %eax
	ret
reject imul_writes_rdx, memory-index, "index rdx"
	movl	%edi, %edx
	imulq	%rsi
	bad
	movl	(%r15, %rdx), %eax
	ret
reject div_writes_rdx, memory-index, "index rdx"
	movl	%edi, %edx
	divq	%rsi
	bad
	movl	(%r15, %rdx), %eax
	ret
reject cqo_writes_rdx, memory-index, "index rdx"
	movl	%edi, %edx
	cqto
	bad
	movl	(%r15, %rdx), %eax
	ret
reject cqo_of_a_pointer_is_no_pointer, memory-base, "base rdx"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	cqto
	bad
	movl	(%rdx), %eax
	ret
reject cdq_spreads_the_sign, packet-bounds, "r14+2147483651"
	movl	%edi, %eax
	andl	$0x80000000, %eax
	cltd
	andl	$0x7fffffff, %edx
	bad
	movl	(%r14, %rdx), %eax
	ret
reject cwd_spreads_the_sign, packet-bounds, "r14+32771"
	movl	%edi, %eax
	andl	$0x8000, %eax
	xorl	%edx, %edx
	cwtd
	andl	$0x7fff, %edx
	bad
	movl	(%r14, %rdx), %eax
	ret
reject cdqe_writes_rax, memory-index, "index rax"
	movl	%edi, %eax
	cltq
	bad
	movl	(%r15, %rax), %eax
	ret
reject movq_writes_its_register, memory-index, "index rax"
	movl	%edi, %eax
	movq	%xmm0, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject not_64_sets_the_upper_half, memory-index, "index rax"
	movl	%edi, %eax
	notq	%rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject or_64_with_negative_constant, memory-index, "index rax"
	movl	%edi, %eax
	orq	$-8, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject and_64_with_negative_constant, memory-index, "index rdi"
	andq	$-8, %rdi
	bad
	movl	(%r15, %rdi), %eax
	ret
reject shift_by_less_than_32, memory-index, "index rdi"
	shrq	$31, %rdi
	bad
	movl	(%r15, %rdi), %eax
	ret
reject shift_count_is_taken_modulo_64, memory-index, "index rdi"
	shrq	$64 + 31, %rdi
	bad
	movl	(%r15, %rdi), %eax
	ret
reject arithmetic_shift_keeps_the_sign, memory-index, "index rdi"
	sarq	$40, %rdi
	bad
	movl	(%r15, %rdi), %eax
	ret
reject pcmpistri_result, memory-index, "index rcx"
	pcmpistri $0, %xmm0, %xmm1
	bad
	movl	(%r15, %rcx), %eax
	ret
reject mov_of_64_bit_constant, memory-index, "index rax"
	movabsq	$0x100000000, %rax
	bad
	movl	(%r15, %rax), %eax
	ret
reject index_widened_in_a_loop, memory-index, "index rax"
	movl	%edi, %eax
1:	bad
	movl	(%r15, %rax), %ecx
	incq	%rax
	testl	%ecx, %ecx
	jne	1b
	ret

accept zero_extending_instructions
	cmovnel	%esi, %eax
	movl	(%r15, %rax), %ecx
	shll	%cl, %edx
	movl	(%r15, %rdx), %ecx
	.byte	0x87, 0xff		/* xchg edi, edi */
	movl	(%r15, %rdi), %ecx
	cvttsd2si %xmm0, %r8d
	movl	(%r15, %r8), %ecx
	movd	%xmm0, %r9d
	movl	(%r15, %r9), %ecx
	pextrw	$1, %xmm0, %r10d
	movl	(%r15, %r10), %ecx
	mulxl	%esi, %r11d, %eax
	movl	(%r15, %r11), %ecx
	movl	(%r15, %rax), %ecx
	xaddl	%esi, %edi
	movl	(%r15, %rsi), %ecx
	movl	(%r15, %rdi), %ecx
	popcntq	%rdx, %rdx
	movl	(%r15, %rdx), %ecx
	cltd
	movl	(%r15, %rdx), %ecx
	movzwl	(%r15), %eax
	cltq
	movl	(%r15, %rax), %ecx
	ret
accept bits_that_stay_low
	movl	%edi, %eax
	shrq	$3, %rax
	movl	(%r15, %rax), %ecx
	andq	$-8, %rax
	movl	(%r15, %rax), %ecx
	shrq	$32, %rsi
	movl	(%r15, %rsi), %ecx
	movzbl	%dl, %edx
	shlq	$20, %rdx
	addq	%rdx, %rdx
	movl	(%r15, %rdx), %ecx
	orq	$7, %rdx
	movl	(%r15, %rdx), %ecx
	sarl	$2, %edi
	movl	(%r15, %rdi), %ecx
	ret
accept lea_32
	leal	-4(%rdi, %rsi, 8), %eax
	movl	(%r15, %rax), %ecx
	leal	(%edi), %eax
	movl	(%r15, %rax), %ecx
	leaq	(%edi, %esi), %rax
	movl	(%r15, %rax), %ecx
	ret

reject displacement_below_the_cell, memory-control-block, "control block"
	bad
	movl	RF_DATA_OFFSET_MIN - 1(%r15), %eax
	ret
reject host_vector_as_data, memory-control-block, "control block"
	bad
	movq	RF_HOST_VECTOR_OFFSET(%r15), %rax
	ret
reject window_table_as_data, memory-control-block, "control block"
	movl	%edi, %edi
	bad
	movq	RF_WINDOW_TABLE_OFFSET(%r15, %rdi, 8), %rax
	ret
reject control_block_from_a_pointer, memory-control-block, "control block"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	bad
	movl	%ecx, -0x80000000(%rax)
	ret

/* -- of the packet -- */
accept packet_constants
	movl	(%r14), %eax
	movb	RF_WINDOW_LOW(%r14), %al
	movb	RF_WINDOW_HIGH - 1(%r14), %al
	movq	%rax, RF_WINDOW_HIGH - 8(%r14)
	vmovdqu	RF_WINDOW_HIGH - 32(%r14), %ymm0
	ret
accept packet_index
	leal	256(%rdi), %eax
	andl	$0x7ff, %eax
	movzwl	-256(%r14, %rax), %ecx
	movb	%cl, 1024(%r14, %rax)
	movzbl	%sil, %esi
	movl	(%r14, %rsi, 8), %ecx
	movl	(%rsi, %r14), %ecx
	ret
accept packet_index_through_memory
	pushq	%rbx
	andl	$0x7ff, %edi
	movq	%rdi, %rbx
	call	1f
	movl	(%r14, %rbx), %eax
	popq	%rbx
	ret
	entry
1:	ret
reject packet_past_the_window, packet-bounds, "past the window's end"
	bad
	movb	RF_WINDOW_HIGH(%r14), %al
	ret
reject packet_access_straddles_the_end, packet-bounds, "past the window's end"
	bad
	movl	RF_WINDOW_HIGH - 3(%r14), %eax
	ret
reject packet_vector_straddles_the_end, packet-bounds, "past the window's end"
	bad
	movups	%xmm0, RF_WINDOW_HIGH - 15(%r14)
	ret
reject packet_below_the_window, packet-bounds, "below the window"
	bad
	movb	RF_WINDOW_LOW - 1(%r14), %al
	ret
reject packet_unknown_index, packet-bounds, "index rdi may be any"
	bad
	movb	(%r14, %rdi), %al
	ret
reject packet_32_bit_index, packet-bounds, "past the window's end"
	movl	%edi, %edi
	bad
	movb	(%r14, %rdi), %al
	ret
reject packet_index_mask_too_wide, packet-bounds, "past the window's end"
	andl	$0xfff, %edi
	bad
	movb	(%r14, %rdi), %al
	ret
reject packet_index_with_displacement, packet-bounds, "past the window's end"
	andl	$0x7ff, %edi
	bad
	movq	1024 - 6(%r14, %rdi), %rax
	ret
reject packet_index_scaled, packet-bounds, "past the window's end"
	andl	$0x7ff, %edi
	bad
	movb	(%r14, %rdi, 2), %al
	ret
reject packet_index_grows_in_a_loop, packet-bounds, "past the window's end"
	xorl	%eax, %eax
1:	bad
	movb	(%r14, %rax), %cl
	incl	%eax
	testb	%cl, %cl
	jne	1b
	ret
reject packet_index_is_a_pointer, packet-bounds, "index rax may be a pointer"
	movq	%r15, %rax
	bad
	movb	(%r14, %rax), %cl
	ret
reject packet_index_is_r15, packet-bounds, "index r15"
	bad
	movb	(%r14, %r15), %cl
	ret

/* -- of the frame -- */
accept frame
	subq	$24, %rsp
	movq	%rax, (%rsp)
	movl	%eax, 20(%rsp)
	movups	%xmm0, 8(%rsp)
	movq	16(%rsp), %rcx
	addq	$24, %rsp
	ret
accept incoming_arguments
	movq	8(%rsp), %rax
	movq	RF_INCOMING_ARGS_MAX(%rsp), %rax
	pushq	%rax
	movl	16(%rsp), %eax
	cmpl	$0, 24(%rsp)
	popq	%rax
	ret
reject frame_read_below, frame-bounds, "leaves the frame"
	bad
	movq	-8(%rsp), %rax
	ret
reject frame_red_zone, frame-bounds, "leaves the frame"
	bad
	movq	%rax, -8(%rsp)
	ret
reject return_address_read, frame-bounds, "leaves the frame"
	bad
	movq	(%rsp), %rax
	ret
reject return_address_write, frame-bounds, "leaves the frame"
	bad
	movq	%rax, (%rsp)
	ret
reject return_address_write_with_a_frame, frame-bounds, "leaves the frame"
	subq	$16, %rsp
	bad
	movq	%rax, 16(%rsp)
	addq	$16, %rsp
	ret
reject frame_straddles_the_return_address, frame-bounds, "leaves the frame"
	pushq	%rax
	bad
	movq	%rax, 4(%rsp)
	popq	%rax
	ret
reject vector_straddles_the_return_address, frame-bounds, "leaves the frame"
	pushq	%rax
	bad
	movups	%xmm0, (%rsp)
	popq	%rax
	ret
reject arguments_straddle_the_return_address, frame-bounds, "leaves the frame"
	bad
	movq	4(%rsp), %rax
	ret
reject arguments_past_their_end, frame-bounds, "leaves the frame"
	bad
	movq	RF_INCOMING_ARGS_MAX + 1(%rsp), %rax
	ret
reject frame_with_index, frame-bounds, "cannot have an index"
	pushq	%rax
	xorl	%edi, %edi
	bad
	movl	(%rsp, %rdi), %eax
	popq	%rcx
	ret
reject push_of_the_return_address, frame-bounds, "leaves the frame"
	bad
	pushq	(%rsp)
	popq	%rax
	ret
reject store_to_an_argument, argument-store, "read-only"
	bad
	movq	%rax, 8(%rsp)
	ret
reject increment_of_an_argument, argument-store, "read-only"
	bad
	incl	16(%rsp)
	ret
reject conditional_store_to_an_argument, argument-store, "read-only"
	bad
	cmpxchgl %ecx, 16(%rsp)
	ret

accept spilled_values
	subq	$40, %rsp
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	movq	%rax, (%rsp)
	movq	%rdi, 8(%rsp)
	andl	$0x7f8, %esi
	movl	%esi, 20(%rsp)
	movq	$5, 24(%rsp)
	call	1f
	movq	(%rsp), %rcx
	movl	(%rcx), %eax
	movq	8(%rsp), %rcx
	movl	(%r15, %rcx), %eax
	movl	20(%rsp), %ecx
	movl	(%r14, %rcx), %eax
	movq	24(%rsp), %rcx
	movl	(%r14, %rcx, 8), %eax
	movl	8(%rsp), %ecx
	movl	(%r15, %rcx), %eax
	addq	$40, %rsp
	ret
	entry
1:	ret
reject spilled_pointer_overlapped, memory-base, "base rcx"
	subq	$8, %rsp
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	movq	%rax, (%rsp)
	movb	$1, 7(%rsp)
	movq	(%rsp), %rcx
	bad
	movl	(%rcx), %eax
	addq	$8, %rsp
	ret
reject spilled_pointer_lower_half_overwritten, memory-base, "base rcx"
	subq	$8, %rsp
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	movq	%rax, (%rsp)
	movl	%edi, (%rsp)
	movq	(%rsp), %rcx
	bad
	movl	(%rcx), %eax
	addq	$8, %rsp
	ret
reject spilled_pointers_shifted_by_four, memory-base, "base rcx"
	subq	$16, %rsp
	movq	%r15, %rax
	movq	%rax, (%rsp)
	movq	%rax, 8(%rsp)
	movq	%rax, 4(%rsp)
	movq	(%rsp), %rcx
	bad
	movl	(%rcx), %eax
	addq	$16, %rsp
	ret
reject spilled_index_overlapped, memory-index, "index rcx"
	subq	$8, %rsp
	movl	%edi, %edi
	movq	%rdi, (%rsp)
	movw	%si, 4(%rsp)
	movq	(%rsp), %rcx
	bad
	movl	(%r15, %rcx), %eax
	addq	$8, %rsp
	ret
reject spilled_mask_overlapped, packet-bounds, "past the window"
	subq	$8, %rsp
	andl	$0x7ff, %edi
	movl	%edi, (%rsp)
	movb	%sil, 1(%rsp)
	movl	(%rsp), %ecx
	bad
	movl	(%r14, %rcx), %eax
	addq	$8, %rsp
	ret
reject spill_overlapped_by_a_vector, memory-index, "index rcx"
	subq	$24, %rsp
	movl	%edi, %edi
	movq	%rdi, 8(%rsp)
	movups	%xmm0, (%rsp)
	movq	8(%rsp), %rcx
	bad
	movl	(%r15, %rcx), %eax
	addq	$24, %rsp
	ret
reject spill_incremented, memory-index, "index rcx"
	subq	$8, %rsp
	movl	%edi, %edi
	movq	%rdi, (%rsp)
	incq	(%rsp)
	movq	(%rsp), %rcx
	bad
	movl	(%r15, %rcx), %eax
	addq	$8, %rsp
	ret
reject spill_exchanged, memory-index, "index rcx"
	subq	$8, %rsp
	movl	%edi, %edi
	movq	%rdi, (%rsp)
	xchgq	%rsi, (%rsp)
	movq	(%rsp), %rcx
	bad
	movl	(%r15, %rcx), %eax
	addq	$8, %rsp
	ret
reject spill_below_rsp_is_lost, memory-index, "index rcx"
	movl	%edi, %edi
	pushq	%rdi
	addq	$8, %rsp
	call	1f
	subq	$8, %rsp
	popq	%rcx
	bad
	movl	(%r15, %rcx), %eax
	ret
	entry
1:	ret
reject spill_on_one_path_only, memory-index, "index rcx"
	subq	$8, %rsp
	testl	%esi, %esi
	je	1f
	movl	%edi, %edi
	movq	%rdi, (%rsp)
1:	movq	(%rsp), %rcx
	bad
	movl	(%r15, %rcx), %eax
	addq	$8, %rsp
	ret
reject spill_of_four_bytes_read_as_eight, memory-index, "index rcx"
	subq	$8, %rsp
	movl	%edi, (%rsp)
	movq	(%rsp), %rcx
	bad
	movl	(%r15, %rcx), %eax
	addq	$8, %rsp
	ret

/* ==== Rule 4: stack ======================================================== */

accept callee_saved_registers_saved
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	subq	$8, %rsp
	xorl	%ebx, %ebx
	movl	$1, %ebp
	movl	%edi, %r12d
	movl	%edi, %r13d
	addq	$8, %rsp
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
accept callee_saved_in_another_register
	movq	%rbx, %rax
	xorl	%ebx, %ebx
	movq	%rax, %rbx
	ret
accept callee_saved_stored_by_mov
	subq	$16, %rsp
	movq	%r12, 8(%rsp)
	xorl	%r12d, %r12d
	call	1f
	movq	8(%rsp), %r12
	leaq	16(%rsp), %rsp
	ret
	entry
1:	ret
accept pointer_kept_across_a_call
	pushq	%rbx
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rbx
	call	1f
	movl	(%rbx), %eax
	popq	%rbx
	ret
	entry
1:	ret
accept largest_frame
	subq	$RF_FRAME_MAX, %rsp
	movq	%rax, (%rsp)
	addq	$RF_FRAME_MAX, %rsp
	ret

deny rsp_from_a_register, write-rsp, "rsp may only", movq %rax, %rsp
deny rsp_aligned, write-rsp, "rsp may only", andq $-16, %rsp
deny rsp_plus_register, write-rsp, "rsp may only", addq %rax, %rsp
deny rsp_minus_memory, write-rsp, "rsp may only", subq (%r15), %rsp
deny esp_plus_constant, write-rsp, "rsp may only", addl $8, %esp
deny sp_plus_constant, write-rsp, "rsp may only", addw $8, %sp
deny spl_written, write-rsp, "rsp may only", movb $0, %spl
deny rsp_from_lea_of_another, write-rsp, "rsp may only", leaq 8(%rax), %rsp
deny rsp_from_lea_with_index, write-rsp, "rsp may only", leaq 8(%rsp, %rax), %rsp
deny esp_from_lea, write-rsp, "rsp may only", leal 8(%rsp), %esp
deny rsp_from_lea_of_esp, write-rsp, "rsp may only", leaq 8(%esp), %rsp
deny rsp_exchanged, write-rsp, "rsp may only", xchgq %rax, %rsp
deny rsp_popped, write-rsp, "rsp may only", popq %rsp
deny rsp_incremented, write-rsp, "rsp may only", incq %rsp
deny rsp_by_cmov, write-rsp, "rsp may only", cmovneq %rax, %rsp
deny rsp_by_mulx, write-rsp, "rsp may only", mulxq %rax, %rcx, %rsp
deny rsp_by_movq, write-rsp, "rsp may only", movq %xmm0, %rsp
deny rsp_by_cmpxchg, write-rsp, "rsp may only", cmpxchgq %rax, %rsp
deny rsp_by_adc, write-rsp, "rsp may only", adcq $8, %rsp

/* Of two edges that disagree, the one that is walked later is reported. */
reject push_on_one_path_only, stack-depth, "with 8 bytes on the stack, another path with 0"
	testl	%edi, %edi
	je	1f
	bad
	pushq	%rax
1:	ud2
reject loop_that_pushes, stack-depth, "with 8 bytes on the stack, another path with 0"
1:	nop
	testl	%edi, %edi
	je	3f
2:	pushq	%rax
	bad
	jne	2b
3:	ud2
reject frame_too_large, frame-size, "65544 bytes"
	subq	$RF_FRAME_MAX, %rsp
	bad
	pushq	%rax
	ud2
reject frame_much_too_large, frame-size, "more than 65536"
	bad
	subq	$0x7fffffff, %rsp
	ud2
reject frame_too_large_by_negative_add, frame-size, "more than 65536"
	bad
	addq	$-0x80000000, %rsp
	ud2
reject pop_of_the_return_address, frame-size, "takes the return address"
	bad
	popq	%rax
	ud2
reject rsp_above_the_return_address, frame-size, "rsp would rise"
	bad
	addq	$8, %rsp
	ud2
reject rsp_above_by_lea, frame-size, "rsp would rise"
	pushq	%rax
	bad
	leaq	16(%rsp), %rsp
	ud2
reject ret_with_a_frame, stack-balance, "8 bytes on the stack"
	pushq	%rax
	bad
	ret
reject tail_jump_with_a_frame, stack-balance, "8 bytes on the stack"
	pushq	%rax
	bad
	jmp	1f
	entry
1:	ret
reject conditional_tail_jump_with_a_frame, stack-balance, "8 bytes on the stack"
	pushq	%rax
	testl	%edi, %edi
	bad
	je	1f
	popq	%rax
	ret
	entry
1:	ret
reject falls_into_a_function_with_a_frame, stack-balance, "8 bytes on the stack"
	bad
	pushq	%rax
	entry
	ret
reject indirect_tail_jump_with_a_frame, stack-balance, "8 bytes on the stack"
	andl	$8, %edi
	pushq	%rax
	bad
	jmpq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
reject host_tail_call_with_a_frame, stack-balance, "8 bytes on the stack"
	pushq	%rax
	bad
	jmpq	*RF_HOST_VECTOR_OFFSET(%r15)

reject rbx_not_restored, callee-saved, "rbx holding a number"
	xorl	%ebx, %ebx
	bad
	ret
reject rbp_not_restored, callee-saved, "rbp"
	movq	%rdi, %rbp
	bad
	ret
reject r12_not_restored, callee-saved, "r12"
	incq	%r12
	bad
	ret
reject r13_not_restored, callee-saved, "r13"
	movb	$1, %r13b
	bad
	ret
reject rbx_not_restored_on_one_path, callee-saved, "rbx"
	pushq	%rbx
	xorl	%ebx, %ebx
	testl	%edi, %edi
	je	1f
	popq	%rbx
	ret
1:	addq	$8, %rsp
	bad
	ret
reject callee_saved_swapped, callee-saved, "rbx holding the caller's rbp"
	pushq	%rbx
	pushq	%rbp
	popq	%rbx
	popq	%rbp
	bad
	ret
reject saved_register_overwritten_in_memory, callee-saved, "rbx"
	pushq	%rbx
	xorl	%ebx, %ebx
	movb	$0, (%rsp)
	popq	%rbx
	bad
	ret
reject saved_register_upper_half_zeroed, callee-saved, "rbx"
	pushq	%rbx
	movl	$0, 4(%rsp)
	popq	%rbx
	bad
	ret
reject callee_saved_at_a_tail_call, callee-saved, "rbx"
	xorl	%ebx, %ebx
	bad
	jmp	1f
	entry
1:	ret
reject callee_saved_at_an_indirect_tail_call, callee-saved, "r12"
	xorl	%r12d, %r12d
	andl	$8, %edi
	bad
	jmpq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
reject callee_saved_by_cmpxchg, callee-saved, "rbx"
	cmpxchgq %rax, %rbx
	bad
	ret
reject callee_saved_by_mulx, callee-saved, "rbx"
	mulxq	%rax, %rbx, %rcx
	bad
	ret
reject callee_saved_by_xadd, callee-saved, "rbp"
	xaddq	%rbp, %rax
	bad
	ret

/* ==== Rule 5: control flow ================================================= */

accept calls
	pushq	%rax
	call	1f
	popq	%rax
	jmp	1f
	entry
1:	ret
accept recursion
	pushq	%rbx
	movl	%edi, %ebx
	testl	%edi, %edi
	je	1f
	decl	%edi
	call	0f
1:	popq	%rbx
	ret
	entry
0:	ret
accept conditional_tail_call
	testl	%edi, %edi
	je	1f
	ret
	entry
1:	ret
accept falls_into_the_next_function
	nop
	entry
	ret
accept indirect_call
	pushq	%rax
	andl	$0xfff8, %edi
	callq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
	popq	%rax
	ret
	pointer	1, 1f
1:	ret
accept indirect_tail_call
	andl	$0xfff8, %edi
	jmpq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
accept host_calls
	pushq	%rax
	callq	*RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_LOG(%r15)
	callq	*RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_ABORT(%r15)
	popq	%rax
	jmpq	*RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_TIME(%r15)
accept jump_table
	andl	$3, %edi
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	movl	$1, %eax
	ret
2:	movl	$2, %eax
	ret
	table	0, 1b
	table	1, 2b
	table	2, 1b
	table	3, 2b
accept jump_table_with_a_byte_index
	pushq	%rbx
	andl	$0x8, %edi
	jmpq	*RF_JUMP_TABLE_OFFSET + 16(%r15, %rdi)
1:	movl	$1, %ebx
	jmp	3f
2:	movl	%esi, %ebx
3:	movl	(%r15, %rbx), %eax
	popq	%rbx
	ret
	table	0, 1b
	table	1, 1b
	table	2, 1b
	table	3, 2b
accept interpreter_loop
	pushq	%rbx
	movl	%edi, %ebx
1:	movzbl	(%r15, %rbx), %eax
	incl	%ebx
	andl	$1, %eax
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rax, 8)
2:	addl	%eax, %ecx
	jmp	1b
3:	popq	%rbx
	ret
	table	0, 2b
	table	1, 3b

reject shared_tail_of_two_functions, function-overlap, "part of another function"
	testl	%edi, %edi
	je	1f
	ret
1:	movl	$1, %eax
	ret
	entry
	nop
	bad
	jmp	1b
/* What two functions reach belongs to the one whose entry is lower. */
reject jump_into_another_function, function-overlap, "part of another function"
	jmp	0f
	entry
	bad
	movl	$1, %eax
1:	movl	$2, %ecx
	jmp	1b
0:	nop
	jmp	1b
reject call_through_a_register, indirect-branch, "in a register"
	bad
	call	*%rax
	ret
reject jump_through_a_register, indirect-branch, "in a register"
	bad
	jmp	*%rax
reject call_through_cell_memory, indirect-branch, "neither function table nor jump table"
	movl	%edi, %edi
	bad
	callq	*(%r15, %rdi)
	ret
reject jump_through_a_pointer, indirect-branch, "not read from the control block"
	movl	%edi, %edi
	leaq	(%r15, %rdi), %rax
	bad
	jmpq	*(%rax)
reject jump_through_the_packet, indirect-branch, "not read from the control block"
	bad
	jmpq	*(%r14)
reject jump_through_the_stack, indirect-branch, "not read from the control block"
	pushq	%rax
	bad
	jmpq	*(%rsp)
reject function_table_scaled, indirect-branch, "neither"
	andl	$0x1ff8, %edi
	bad
	callq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi, 8)
	ret
reject function_table_off_by_eight, indirect-branch, "neither"
	andl	$0xfff8, %edi
	bad
	callq	*RF_FUNCTION_TABLE_OFFSET + 8(%r15, %rdi)
	ret
reject call_through_the_window_table, indirect-branch, "neither"
	andl	$8, %edi
	bad
	callq	*RF_WINDOW_TABLE_OFFSET(%r15, %rdi)
	ret
reject call_through_a_jump_table, indirect-branch, "neither"
	andl	$1, %edi
	bad
	callq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	ret
	table	0, 1b
	table	1, 1b
reject function_index_unknown, function-index, "index rdi may be any"
	bad
	callq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
	ret
reject function_index_past_the_table, function-index, "not within bits 0xfff8"
	andl	$0x1fff8, %edi
	bad
	callq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
	ret
reject function_index_unaligned, function-index, "not within bits 0xfff8"
	movzwl	%di, %edi
	bad
	callq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
	ret
reject another_register_is_masked, function-index, "index rsi"
	andl	$0xfff8, %edi
	bad
	callq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rsi)
	ret
reject mask_on_one_path_only, function-index, "index rdi"
	testl	%esi, %esi
	je	1f
	andl	$0xfff8, %edi
1:	bad
	jmpq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
reject function_index_changed_after_the_mask, function-index, "not within bits 0xfff8"
	andl	$0xfff8, %edi
	incl	%edi
	bad
	jmpq	*RF_FUNCTION_TABLE_OFFSET(%r15, %rdi)
reject host_call_unknown, host-call, "not a known host call"
	bad
	callq	*RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_CALLS(%r15)
	ret
reject host_call_between_two, host-call, "not a known host call"
	bad
	callq	*RF_HOST_VECTOR_OFFSET + 4(%r15)
	ret
reject host_call_with_an_index, indirect-branch, "neither"
	andl	$8, %edi
	bad
	callq	*RF_HOST_VECTOR_OFFSET(%r15, %rdi)
	ret
reject jump_table_index_unknown, jump-table, "index rdi may be any"
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	ret
	table	0, 1b
reject jump_table_index_too_wide, jump-table, "reach entry 3 of 2"
	andl	$3, %edi
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	ret
	table	0, 1b
	table	1, 1b
reject jump_table_compare_is_not_a_bound, jump-table, "reach entry"
	movl	%edi, %edi
	cmpl	$2, %edi
	jae	1f
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	ret
	table	0, 1b
	table	1, 1b
reject jump_table_between_entries, jump-table, "between two entries"
	andl	$4, %edi
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi)
1:	ret
	table	0, 1b
	table	1, 1b
reject jump_table_unaligned, jump-table, "between two entries"
	andl	$1, %edi
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET + 4(%r15, %rdi, 8)
1:	ret
	table	0, 1b
	table	1, 1b
	table	2, 1b
reject jump_table_does_not_exist, jump-table, "reach entry"
	andl	$1, %edi
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
reject jump_table_to_an_entry, jump-table, "not an instruction of this function"
	andl	$1, %edi
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	ret
	entry
2:	ret
	table	0, 1b
	table	1, 2b
reject jump_table_into_another_function, function-overlap, "part of another function"
	testl	%edi, %edi
	je	2f
	ret
2:	nop
	ret
	entry
	andl	$1, %edi
	bad
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	ret
	table	0, 1b
	table	1, 2b
reject jump_table_case_with_another_depth, stack-depth, "bytes on the stack"
	andl	$1, %edi
	pushq	%rax
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	popq	%rax
	bad
	jmp	2f
2:	ud2
	table	0, 1b
	table	1, 2b
reject jump_table_case_is_checked, memory-base, "base rsi"
	andl	$1, %edi
	jmpq	*RF_JUMP_TABLE_OFFSET(%r15, %rdi, 8)
1:	ret
2:	bad
	movl	(%rsi), %eax
	ret
	table	0, 1b
	table	1, 2b

/* ==== Rule 6: select, r14 and r15 ========================================== */

accept select
	movzbl	%dil, %eax
	movq	RF_WINDOW_TABLE_OFFSET(%r15, %rax, 8), %r14
	movb	(%r14), %al
	ret
accept reading_the_reserved_registers
	movq	%r15, %rax
	movq	%r14, %rcx
	cmpq	%r14, %r15
	pushq	%r14
	popq	%rcx
	ret
reject select_unknown_index, select-index, "index rdi may be any"
	bad
	movq	RF_WINDOW_TABLE_OFFSET(%r15, %rdi, 8), %r14
	ret
reject select_index_too_wide, select-index, "not within bits 0xff"
	andl	$0x1ff, %edi
	bad
	movq	RF_WINDOW_TABLE_OFFSET(%r15, %rdi, 8), %r14
	ret
reject select_index_with_upper_byte, select-index, "index rax"
	movb	%dil, %al
	bad
	movq	RF_WINDOW_TABLE_OFFSET(%r15, %rax, 8), %r14
	ret
reject select_from_another_place, write-r14, "window table"
	andl	$0xff, %edi
	bad
	movq	RF_WINDOW_TABLE_OFFSET + 8(%r15, %rdi, 8), %r14
	ret
reject select_from_cell_memory, write-r14, "window table"
	andl	$0xff, %edi
	bad
	movq	0x10000(%r15, %rdi, 8), %r14
	ret
reject select_with_another_scale, write-r14, "window table"
	andl	$0xf8, %edi
	bad
	movq	RF_WINDOW_TABLE_OFFSET(%r15, %rdi), %r14
	ret
reject select_from_a_pointer, write-r14, "window table"
	movq	%r15, %rax
	andl	$0xff, %edi
	bad
	movq	RF_WINDOW_TABLE_OFFSET(%rax, %rdi, 8), %r14
	ret
deny r14_by_load_32, write-r14, "window table", movl RF_WINDOW_TABLE_OFFSET(%r15, %rdi, 8), %r14d
deny r14_by_load_without_index, write-r14, "window table", movq RF_WINDOW_TABLE_OFFSET(%r15), %r14
deny r14_by_load_disp8, write-r14, "window table", movq 8(%r15, %rdi, 8), %r14
deny r14_by_mov, write-r14, "window table", movq %rax, %r14
deny r14_by_mov_32, write-r14, "window table", movl %eax, %r14d
deny r14_by_mov_8, write-r14, "window table", movb %al, %r14b
deny r14_by_add, write-r14, "window table", addq $8, %r14
deny r14_by_lea, write-r14, "window table", leaq 8(%r14), %r14
reject r14_by_pop, write-r14, "window table"
	pushq	%rax
	bad
	popq	%r14
	ret
deny r14_by_load, write-r14, "window table", movq (%r15), %r14
deny r14_by_setcc, write-r14, "window table", sete %r14b
deny r14_by_xor, write-r14, "window table", xorl %r14d, %r14d
deny r15_by_mov, write-r15, "r15 holds", movq %rax, %r15
deny r15_by_mov_32, write-r15, "r15 holds", movl %r15d, %r15d
deny r15_by_mov_16, write-r15, "r15 holds", movw %ax, %r15w
deny r15_by_mov_8, write-r15, "r15 holds", movb %al, %r15b
deny r15_by_select, write-r15, "r15 holds", movq RF_WINDOW_TABLE_OFFSET(%r15, %rdi, 8), %r15
deny r15_by_inc, write-r15, "r15 holds", incq %r15
deny r15_by_cmov, write-r15, "r15 holds", cmovneq %rax, %r15
deny r15_by_cmov_32, write-r15, "r15 holds", cmovnel %r15d, %r15d
deny r15_by_xchg, write-r15, "r15 holds", xchgq %rax, %r15
deny r15_by_xchg_memory, write-r15, "r15 holds", xchgq %r15, (%rax)
deny r15_by_xadd_source, write-r15, "r15 holds", xaddq %r15, %rax
deny r15_by_cmpxchg, write-r15, "r15 holds", cmpxchgq %rax, %r15
deny r15_by_mulx_low, write-r15, "r15 holds", mulxq %rax, %r15, %rcx
deny r15_by_mulx_high, write-r15, "r15 holds", mulxq %rax, %rcx, %r15
deny r15_by_bts, write-r15, "r15 holds", btsq $1, %r15
deny r15_by_bswap, write-r15, "r15 holds", bswapq %r15
deny r15_by_shift, write-r15, "r15 holds", shlq $1, %r15
deny r15_by_imul, write-r15, "r15 holds", imulq $8, %rax, %r15
deny r15_by_popcnt, write-r15, "r15 holds", popcntq %rax, %r15
deny r15_by_bsf, write-r15, "r15 holds", bsfq %rax, %r15
deny r15_by_movbe, write-r15, "r15 holds", movbeq (%r15), %r15
deny r15_by_crc32, write-r15, "r15 holds", crc32q %rax, %r15
deny r15_by_andn, write-r15, "r15 holds", andnq %rax, %rcx, %r15
deny r15_by_blsr, write-r15, "r15 holds", blsrq %rax, %r15
deny r15_by_movq, write-r15, "r15 holds", movq %xmm0, %r15
deny r15_by_vmovd, write-r15, "r15 holds", vmovd %xmm0, %r15d
deny r15_by_pextrw, write-r15, "r15 holds", pextrw $0, %xmm0, %r15d
deny r15_by_movmskps, write-r15, "r15 holds", movmskps %xmm0, %r15d
deny r15_by_vpmovmskb, write-r15, "r15 holds", vpmovmskb %ymm0, %r15d
deny r15_by_cvttsd2si, write-r15, "r15 holds", cvttsd2si %xmm0, %r15
deny r15_by_extractps, write-r15, "r15 holds", extractps $0, %xmm0, %r15d
reject r15_by_pop, write-r15, "r15 holds"
	pushq	%rax
	bad
	popq	%r15
	ret
deny r15_by_setcc, write-r15, "r15 holds", setne %r15b
deny r15_by_rorx, write-r15, "r15 holds", rorxq $1, %rax, %r15
deny r15_by_sub_of_itself, write-r15, "r15 holds", subq %r15, %r15
