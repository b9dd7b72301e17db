/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator: decides whether a network function binary keeps the sandbox
 * contract (docs/contract.md), so that it may run without further checks.
 *
 * Bytes in, verdict and findings out. No I/O and no global state: every
 * function may be called from any thread, also at the same time, as long as
 * the arguments are not shared. Any input is safe to pass.
 *
 * The ABI is stable within a version of the shared library's name; see librfv(3).
 *
 * The ELF file is parsed once, here, into struct rfv_image. A loader must
 * build the cell from that image and from the very bytes that were checked,
 * so that checker and loader cannot disagree about what they saw.
 */
#ifndef RINGFENCE_VALIDATOR_H
#define RINGFENCE_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file that is larger is malformed. */
#define RFV_FILE_MAX 0x10000000u
/* Data segments of one binary; a file with more is malformed. */
#define RFV_SEGMENTS_MAX 16
#define RFV_INSTRUCTION_MAX 15
#define RFV_MESSAGE_MAX 120

/* What the shared library exports. */
#if defined(__GNUC__)
#define RFV_API __attribute__((visibility("default")))
#else
#define RFV_API
#endif

/*
 * The rules: constant, stable identifier, what it demands. docs/rules.md explains each. Append only.
 * In order: the file, contract rule 1, 2, 3, 4, 5, 6 with the reserved registers; and the bound of work:
 * then the proof would need more memory or time than the validator spends.
 */
#define RFV_RULES(X)                                                                                         \
	X(ELF_HEADER, "elf-header", "The file is a static ELF32 executable for x86-64.")                     \
	X(ELF_SEGMENT, "elf-segment",                                                                        \
	  "Segments lie in the file and in their part of the address space; one is R+X, the others are R "   \
	  "or RW.")                                                                                          \
	X(ELF_OVERLAP, "elf-overlap", "No two segments, nor a segment and the data stack, share a page.")    \
	X(ELF_NOTE, "elf-note", "There is exactly one Ringfence note, of the right version and size.")       \
	X(ELF_TABLE, "elf-table", "The note's tables lie in read-only data and their entries make sense.")   \
	X(UNDECODABLE, "undecodable", "All bytes of the text are instructions, one after the other.")        \
	X(BRANCH_TARGET, "branch-target", "A direct branch leads to the start of an instruction.")           \
	X(ENTRY_TARGET, "entry-target",                                                                      \
	  "Function entries and jump-table entries are starts of instructions.")                             \
	X(TEXT_END, "text-end", "Control does not run off the end of the text.")                             \
	X(INSTRUCTION, "instruction", "Only instructions on the allow-list are used.")                       \
	X(PREFIX, "prefix", "Only the prefixes listed for an instruction are used, each once.")              \
	X(OPERAND, "operand", "Only operand forms that the checks can follow are used.")                     \
	X(MEMORY_BASE, "memory-base",                                                                        \
	  "A memory operand's base is r15, r14, rsp or a pointer made from r15.")                            \
	X(MEMORY_INDEX, "memory-index", "A memory operand's index is a zero-extended 32-bit number.")        \
	X(MEMORY_CONTROL_BLOCK, "memory-control-block", "A displacement does not reach the control block.")  \
	X(PACKET_BOUNDS, "packet-bounds", "A packet access stays within [r14 - 256, r14 + 3072).")           \
	X(FRAME_BOUNDS, "frame-bounds",                                                                      \
	  "A control-stack access stays in the frame or in the incoming arguments.")                         \
	X(ARGUMENT_STORE, "argument-store", "Incoming stack arguments are read, never written.")             \
	X(WRITE_RSP, "write-rsp", "rsp changes by push, pop, call, ret and by constants only.")              \
	X(STACK_DEPTH, "stack-depth", "The depth of rsp is the same on all paths to an instruction.")        \
	X(FRAME_SIZE, "frame-size", "A frame is between 0 and 64 KiB.")                                      \
	X(STACK_BALANCE, "stack-balance", "A function is left with rsp where it was on entry.")              \
	X(CALLEE_SAVED, "callee-saved",                                                                      \
	  "A function is left with rbx, rbp, r12 and r13 as they were on entry.")                            \
	X(FUNCTION_OVERLAP, "function-overlap", "No instruction belongs to two functions.")                  \
	X(INDIRECT_BRANCH, "indirect-branch", "Indirect branches read their target from the control block.") \
	X(FUNCTION_INDEX, "function-index", "An index into the function table is within bits 0xfff8.")       \
	X(HOST_CALL, "host-call", "A host call is one that exists.")                                         \
	X(JUMP_TABLE, "jump-table",                                                                          \
	  "Every entry that a jump's index can select is an instruction of the same function.")              \
	X(WRITE_R14, "write-r14", "r14 is written by the select form only.")                                 \
	X(WRITE_R15, "write-r15", "r15 is never written.")                                                   \
	X(SELECT_INDEX, "select-index", "An index into the window table is within bits 0xff.")               \
	X(LIMIT, "limit", "The proof fits into the validator's bounds of time and memory.")

enum rfv_rule {
	RFV_RULE_NONE = 0,
#define RFV_RULE_CONSTANT(id, name, summary) RFV_RULE_##id,
	RFV_RULES(RFV_RULE_CONSTANT)
#undef RFV_RULE_CONSTANT
	    RFV_RULE_COUNT
};

/* The identifier, such as "memory-base"; "none" for anything unknown. */
RFV_API const char *rfv_rule_name(enum rfv_rule rule);
/* One sentence on what the rule demands. */
RFV_API const char *rfv_rule_summary(enum rfv_rule rule);

enum rfv_verdict {
	RFV_ACCEPTED = 0,
	RFV_REJECTED = 1,  /* a well-formed NF binary that breaks the contract */
	RFV_MALFORMED = 2, /* not an NF binary; one finding with an elf-* rule says why */
	RFV_NO_MEMORY = 3, /* undecided; never treat as accepted */
};

/* One violation. Findings are sorted by address. */
struct rfv_finding {
	enum rfv_rule rule;
	uint32_t address;     /* text address; 0 for a finding about the file as such */
	uint32_t file_offset; /* of the instruction, or of the offending structure */
	uint8_t length;       /* bytes of the instruction; 0 for a finding about the file */
	uint8_t bytes[RFV_INSTRUCTION_MAX];
	char message[RFV_MESSAGE_MAX]; /* NUL-terminated, without address and rule */
};

/* A range of the file that is mapped at an address of the cell. */
struct rfv_segment {
	uint32_t address; /* offset from the cell's base */
	uint32_t memory_size;
	uint32_t file_offset;
	uint32_t file_size; /* <= memory_size; the rest is zero */
	bool writable;
};

/* An array in the file-backed part of a read-only data segment. */
struct rfv_table {
	uint32_t address;
	uint32_t file_offset;
	uint32_t count; /* of 8-byte entries; 4-byte ones for `entries` */
};

/*
 * What a loader needs, checked. Filled completely on RFV_ACCEPTED and
 * RFV_REJECTED, undefined otherwise. Borrows `bytes` from the caller.
 *
 * Holds: text and segments lie in the file; text is [address, address + size)
 * within [RF_TEXT_ADDR, RF_TEXT_ADDR + RF_TEXT_MAX) and starts a page; data
 * segments lie in [RF_NULL_GUARD, RF_TEXT_ADDR), are sorted by address
 * and share no page with each other or with the data stack. function_table starts at
 * RF_FUNCTION_TABLE_ADDR and jump_tables at RF_JUMP_TABLE_ADDR if not empty.
 * Each function-table entry is 0 or the text address of a function entry, entry 0 is 0;
 * each jump-table entry is the text address of an instruction.
 */
struct rfv_image {
	const uint8_t *bytes;
	size_t size;
	struct {
		uint32_t address;
		uint32_t file_offset;
		uint32_t size;
	} text;
	struct rfv_segment segments[RFV_SEGMENTS_MAX];
	uint32_t segment_count;
	struct rfv_table function_table; /* 8-byte entries: text address or 0 */
	struct rfv_table jump_tables;    /* 8-byte entries: text address */
	struct rfv_table entries;        /* 4-byte text addresses */
	struct rfv_table exports;        /* struct rf_nf_export */
	uint32_t data_stack_low;         /* whole pages, not in any segment */
	uint32_t data_stack_high;
	uint32_t info;  /* struct rf_cell_info, in a writable segment, 4-byte aligned */
	uint32_t burst; /* struct rf_burst, in a writable segment, 8-byte aligned */
};

/* Entry i < count of a table of 8-byte entries, as a text address (0: none). */
RFV_API uint32_t rfv_image_table_entry(const struct rfv_image *image, const struct rfv_table *table,
                                       uint32_t i);

/*
 * Export i < image->exports.count. `name` points into the image's bytes, is
 * NUL-terminated, 1 ... 255 bytes long; `function` is a text address.
 */
RFV_API void rfv_image_export(const struct rfv_image *image, uint32_t i, const char **name,
                              uint32_t *function);

/* Text address of the export of that name, or 0. */
RFV_API uint32_t rfv_image_find_export(const struct rfv_image *image, const char *name);

struct rfv_stats {
	uint32_t text_bytes;
	uint32_t instructions;
	uint32_t functions;
	uint32_t blocks;       /* targets of branches, and conditional branches */
	uint64_t block_visits; /* of the dataflow; per block, a measure of its work */
	uint64_t memory_bytes; /* rfv_arena_size */
};

/* What is known before an instruction. Valid during the call that it is an argument of. */
struct rfv_state;

/*
 * Called for each instruction that a function reaches, with the function's final states: function after
 * function, within each by ascending address.
 */
typedef void rfv_trace(void *context, uint32_t address, const struct rfv_state *state);

struct rfv_report {
	/* In: where findings go; capacity 0 for none (the verdict is the same). */
	struct rfv_finding *findings;
	uint32_t capacity;
	/* Out. */
	uint32_t stored; /* findings[0 ... stored) are valid */
	uint64_t total;  /* all findings, stored or not */
	struct rfv_stats stats;
	struct rfv_image image;
	/* In: NULL, or what shows the proof's states; takes about as long as the proof. */
	rfv_trace *trace;
	void *trace_context;
	uint64_t reserved[4]; /* 0; for later versions */
};

/*
 * Checks the `size` bytes of an ELF file. They must not change during the
 * call, nor, if the binary is to run, between the call and loading it. Time is linear in the
 * size of the text; memory, rfv_arena_size, is allocated once, and freed before it returns.
 */
RFV_API enum rfv_verdict rfv_check(const void *bytes, size_t size, struct rfv_report *report);

/*
 * The same without allocating anything: in the caller's memory, of at least rfv_arena_size bytes at any
 * address, else RFV_NO_MEMORY. The contents do not matter before or after. The verdict is the same.
 */
RFV_API enum rfv_verdict rfv_check_in(const void *bytes, size_t size, struct rfv_report *report, void *arena,
                                      size_t arena_size);

/*
 * Bytes that rfv_check_in needs for this file; 0 if it is malformed, and needs none. Depends on the sizes of
 * text and tables only: at most 30 bytes per byte of text, 20 per table entry, and 70 MiB. Most of it is for
 * the worst case and not touched for ordinary code.
 */
RFV_API size_t rfv_arena_size(const void *bytes, size_t size);

/*
 * A state in words, for people: "depth=8 rax=bits(0x7f8) rdx=cell(0xffffffff) rbx=init(rbx)
 * [rsp+0]=init(rbp)"; registers and places of the frame that are not named may hold anything. Writes at most
 * `size` bytes with the NUL, and returns the length that the whole has without it.
 */
RFV_API size_t rfv_format_state(const struct rfv_state *state, char *buffer, size_t size);

/* "0.1.0", the version of the library; the contract's is RF_CONTRACT_VERSION. */
RFV_API const char *rfv_version(void);

#ifdef __cplusplus
}
#endif

#endif
