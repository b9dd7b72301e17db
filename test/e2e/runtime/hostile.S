/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what the first byte of each packet says: a verdict, a lie, or a way to
 * fail. Legal for the validator, all of it: this is what is left to the
 * runtime. The numbers are those of `Act` in test_containment.py.
 */
#include "nf.inc"

.macro act number, label
	cmpb	$\number, %sil
	je	\label
.endm

export process
	pushq	%rbx
	pushq	%rbp
	xorl	%ebx, %ebx
	incl	bursts(%r15)
.Lnext_packet:
	cmpl	burst(%r15), %ebx
	jae	.Lend
	movl	%ebx, %ebp
	shll	$5, %ebp
	select	%ebx, %edx, %rdx
	movb	(%r14), %sil
	movl	%ebp, %edi
	movl	%ebx, %r8d
	call	perform
	incl	%ebx
	jmp	.Lnext_packet
.Lend:
	popq	%rbp
	popq	%rbx
	ret

/* edi: offset of the descriptor; sil: what to do; r8d: number of the packet */
#define FIELD(field) DESC+field(%r15,%rdi)
perform:
	movl	%edi, %edi
	act	0, verdict_next
	act	1, verdict_drop
	act	2, verdict_send
	act	3, port_200
	act	4, verdict_77
	act	5, length_0
	act	6, length_1793
	act	7, head_too_low
	act	8, head_too_high
	act	9, prepend
	act	10, pull
	act	11, no_verdict
	act	12, scribble
	act	13, hand_back_window
	act	14, length_grows
	jmp	fail

fail:
	act	32, read_unselected
	act	33, write_unselected
	act	34, read_outside
	act	35, write_outside
	act	36, read_null
	act	37, overflow_control_stack
	act	38, overflow_data_stack
	act	39, divide
	act	40, spin
	act	41, trap
	act	42, breakpoint
	act	43, abort
	act	44, call_nothing
	act	45, misalign
	act	46, write_constant
	act	47, spin_in_log
	act	48, read_argument
	act	49, divide_overflow
	ret

verdict_next:
	movb	$1, FIELD(VERDICT)
	ret
verdict_drop:
	movb	$0, FIELD(VERDICT)
	ret
no_verdict:
	ret
verdict_send:
	movb	$2, FIELD(VERDICT)
	movb	$0, FIELD(PORT)
	ret
port_200:
	movb	$2, FIELD(VERDICT)
	movb	$200, FIELD(PORT)
	ret
verdict_77:
	movb	$77, FIELD(VERDICT)
	ret
length_0:
	movw	$0, FIELD(LENGTH)
	jmp	verdict_next
length_1793:
	movw	$1793, FIELD(LENGTH)
	jmp	verdict_next
length_grows:
	/* To the longest frame: what comes behind the old end must be clear. */
	movw	$1792, FIELD(LENGTH)
	jmp	verdict_next
head_too_low:
	movw	$-600, FIELD(HEAD)
	jmp	verdict_next
head_too_high:
	movw	$1000, FIELD(HEAD)
	jmp	verdict_next
prepend:
	movl	$0x11223344, -4(%r14)
	movw	$-4, FIELD(HEAD)
	addw	$4, FIELD(LENGTH)
	jmp	verdict_next
pull:
	movw	$4, FIELD(HEAD)
	subw	$4, FIELD(LENGTH)
	jmp	verdict_next
/* All descriptors become nonsense and the count a lie; the runtime must believe none of it. */
scribble:
	movl	$0, burst(%r15)
	xorl	%eax, %eax
1:	movb	$0xff, burst+4(%r15,%rax)
	incl	%eax
	cmpl	$(32 * RF_BURST_MAX + 28), %eax
	jb	1b
	ret
/* Writes the whole window, then passes the packet on. */
hand_back_window:
	xorl	%eax, %eax
1:	movl	%eax, %edx
	andl	$0x7ff, %edx
	movb	$0xee, -256(%r14,%rdx)
	incl	%eax
	cmpl	$2048, %eax
	jb	1b
	movb	$0, (%r14)
	jmp	verdict_next

read_unselected:
	movl	burst(%r15), %edx
	andl	$RF_WINDOW_INDEX_MASK, %edx
	movq	RF_WINDOW_TABLE_OFFSET(%r15,%rdx,8), %r14
	movb	(%r14), %al
	ret
write_unselected:
	movl	$255, %edx
	movq	RF_WINDOW_TABLE_OFFSET(%r15,%rdx,8), %r14
	movq	%rax, 3064(%r14)
	ret
read_outside:
	movl	$0x6a000000, %eax
	movl	(%r15,%rax,8), %eax
	ret
write_outside:
	movl	$0xffffffff, %eax
	movl	%eax, -0x1000(%r15,%rax,8)
	ret
read_null:
	xorl	%eax, %eax
	movl	16(%r15,%rax), %eax
	ret
overflow_control_stack:
	pushq	%rbx
	call	overflow_control_stack
	popq	%rbx
	ret
/* As compiled code would: a frame below the data stack's end, written from its top. */
overflow_data_stack:
	movl	$stack_high, %eax
1:	subl	$256, %eax
	movl	%eax, 248(%r15,%rax)
	jmp	1b
divide:
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	movl	$1, %eax
	divl	%ecx
	ret
divide_overflow:
	movl	$0x80000000, %eax
	cltd
	movl	$-1, %ecx
	idivl	%ecx
	ret
spin:
	jmp	spin
trap:
	ud2
breakpoint:
	int3
	ret
abort:
	movl	$reason, %edi
	movl	$(reason_end - reason), %esi
	jmp	*(RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_ABORT)(%r15)
call_nothing:
	movl	$0x7ff8, %eax
	jmp	*RF_FUNCTION_TABLE_OFFSET(%r15,%rax)
misalign:
	movaps	burst+1(%r15), %xmm0
	ret
write_constant:
	/* The function table: reason lies so close to the data stack that it would look like its overflow. */
	movl	%eax, RF_FUNCTION_TABLE_ADDR(%r15)
	ret
spin_in_log:
	pushq	%rbx
1:	movl	$reason, %edi
	movl	$4, %esi
	call	*(RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_LOG)(%r15)
	jmp	1b
	popq	%rbx
	ret
/* Stack arguments that nobody passed: mapped or not, they hold nothing of the host's. */
read_argument:
	movq	4096(%rsp), %rax
	ret

/* Registers on entry: all that was not given must be zero. */
export entry_state
	.irp	r, rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13
	orq	%\r, %rax
	.endr
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	orps	%xmm\n, %xmm0
	.endr
	movq	%xmm0, %rcx
	orq	%rcx, %rax
	psrldq	$8, %xmm0
	movq	%xmm0, %rcx
	orq	%rcx, %rax
	setne	%al
	movzbl	%al, %eax
	ret

/* The same for all 256 bits of the vector registers; illegal on a CPU without AVX. */
export entry_uppers
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vorps	%ymm\n, %ymm0, %ymm0
	.endr
	vextractf128 $1, %ymm0, %xmm1
	vorps	%xmm1, %xmm0, %xmm0
	vmovq	%xmm0, %rax
	vpsrldq	$8, %xmm0, %xmm0
	vmovq	%xmm0, %rcx
	orq	%rcx, %rax
	setne	%al
	movzbl	%al, %eax
	vzeroupper
	ret

/* 1.0 / 3.0 as the rounding mode has it: 0x3eaaaaab to nearest, 0x3eaaaaaa downwards. Leaves all vectors dirty. */
export third
	movl	$0x3f800000, %eax
	movd	%eax, %xmm0
	movl	$0x40400000, %eax
	movd	%eax, %xmm1
	divss	%xmm1, %xmm0
	movd	%xmm0, %eax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pcmpeqd	%xmm\n, %xmm\n
	.endr
	ret

/* After a host call: callee-saved registers as before, the others clear but the result. */
export host_call_state
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	movl	$0x1111, %ebx
	movl	$0x2222, %ebp
	movl	$0x3333, %r12d
	movl	$0x4444, %r13d
	pcmpeqd	%xmm7, %xmm7
	movl	$-1, %r9d
	call	*(RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_TIME)(%r15)
	movq	%rax, time(%r15)
	xorl	$0x1111, %ebx
	xorl	$0x2222, %ebp
	xorl	$0x3333, %r12d
	xorl	$0x4444, %r13d
	movq	%rcx, %rax
	orq	%rdx, %rax
	orq	%rsi, %rax
	orq	%rdi, %rax
	orq	%r8, %rax
	orq	%r9, %rax
	orq	%r10, %rax
	orq	%r11, %rax
	orq	%rbx, %rax
	orq	%rbp, %rax
	orq	%r12, %rax
	orq	%r13, %rax
	movq	%xmm7, %rcx
	orq	%rcx, %rax
	setne	%al
	movzbl	%al, %eax
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/* Host calls at depths that no aligned access would survive: the host has a stack of its own. */
export odd_depths
	.irp	depth, 0, 1, 4, 7, 8, 16, 20, 24, 63
	subq	$\depth, %rsp
	movl	$reason, %edi
	movl	$(reason_end - reason), %esi
	call	*(RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_LOG)(%r15)
	call	*(RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_TIME)(%r15)
	addq	$\depth, %rsp
	.endr
	movl	$7, %eax
	ret

/* The time that host_call_state was told, in seconds. */
export seconds
	movq	time(%r15), %rax
	movl	$1000000000, %ecx
	xorl	%edx, %edx
	divq	%rcx
	ret

/* Log calls with every kind of bad range; reaching the end is the success. */
export bad_logs
	pushq	%rbx
	.macro	log address, length
	movl	$\address, %edi
	movl	$\length, %esi
	call	*(RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_LOG)(%r15)
	.endm
	log	reason, (reason_end - reason)
	log	strange, 4
	log	0, 16
	log	0xffffffff, 16
	log	(stack_low - 4), 8
	log	reason, 0xffffffff
	log	0x80000000, 0x80000000
	log	reason, 0
	popq	%rbx
	movl	$7, %eax
	ret

/* Memory repeats above and below: a word written at B is read through every reachable mirror. */
export mirrors
	movl	$0x5eed, mirrored(%r15)
	xorl	%edx, %edx
	movl	$0x80000000, %eax
	orl	mirrored(%r15,%rax,2), %edx
	xorl	$0x5eed, %edx
	movl	mirrored(%r15,%rax,4), %ecx
	xorl	$0x5eed, %ecx
	orl	%ecx, %edx
	movl	mirrored(%r15,%rax,8), %ecx
	xorl	$0x5eed, %ecx
	orl	%ecx, %edx
	/* -8 as a 32-bit index is 4 GiB - 8. */
	movl	$0xfffffff8, %eax
	movl	mirrored+8(%r15,%rax), %ecx
	xorl	$0x5eed, %ecx
	orl	%ecx, %edx
	movl	mirrored+64(%r15,%rax,8), %ecx
	xorl	$0x5eed, %ecx
	orl	%ecx, %edx
	/* The furthest: cell value + 8 * index. */
	leaq	(%r15,%rax), %r8
	movl	mirrored+72(%r8,%rax,8), %ecx
	xorl	$0x5eed, %ecx
	orl	%ecx, %edx
	movl	%edx, %eax
	ret

/* init: stores where the configuration is; first_config returns its first byte. */
export init
	movl	%edi, %edi
	movl	%edi, config(%r15)
	cmpb	$'!', (%r15,%rdi)
	movl	$0, %eax
	movl	$-5, %ecx
	cmovel	%ecx, %eax
	ret
export first_config
	movl	config(%r15), %eax
	movzbl	(%r15,%rax), %eax
	ret

/* Heap bounds as the runtime wrote them; the last byte of the heap can be used. */
export heap_size
	movl	info+4(%r15), %eax
	decl	%eax
	movb	$1, (%r15,%rax)
	incl	%eax
	subl	info(%r15), %eax
	ret

/* 1 + how many bursts this cell has seen since it was started. */
export burst_count
	movl	bursts(%r15), %eax
	incl	%eax
	ret

export spin_forever
	jmp	spin_forever

	.section .rodata, "a", @progbits
reason:	.ascii	"the reason it gives\n"
reason_end:
strange: .byte	'a', 27, 200, '\\'

	.data
	.p2align 2
config:	.long	0
bursts:	.long	0
	.p2align 3
time:	.quad	0
mirrored: .long	0
