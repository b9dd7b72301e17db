/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator: decides whether a network function binary keeps the sandbox
 * contract (docs/contract.md), so that it may run without further checks.
 *
 * Bytes in, verdict and findings out. No I/O and no global state: every
 * function may be called from any thread, also at the same time, as long as
 * the arguments are not shared. Any input is safe to pass.
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

/* Stable rule identifiers; docs/rules.md explains each. Append only. */
enum rfv_rule {
	RFV_RULE_NONE = 0,
	/* The file. */
	RFV_RULE_ELF_HEADER,
	RFV_RULE_ELF_SEGMENT,
	RFV_RULE_ELF_OVERLAP,
	RFV_RULE_ELF_NOTE,
	RFV_RULE_ELF_TABLE,
	/* Contract rule 1. */
	RFV_RULE_UNDECODABLE,
	RFV_RULE_BRANCH_TARGET,
	RFV_RULE_ENTRY_TARGET,
	RFV_RULE_TEXT_END,
	/* Contract rule 2. */
	RFV_RULE_INSTRUCTION,
	RFV_RULE_PREFIX,
	RFV_RULE_OPERAND,
	/* Contract rule 3. */
	RFV_RULE_MEMORY_BASE,
	RFV_RULE_MEMORY_INDEX,
	RFV_RULE_MEMORY_CONTROL_BLOCK,
	RFV_RULE_PACKET_BOUNDS,
	RFV_RULE_FRAME_BOUNDS,
	RFV_RULE_ARGUMENT_STORE,
	/* Contract rule 4. */
	RFV_RULE_WRITE_RSP,
	RFV_RULE_STACK_DEPTH,
	RFV_RULE_FRAME_SIZE,
	RFV_RULE_STACK_BALANCE,
	RFV_RULE_CALLEE_SAVED,
	/* Contract rule 5. */
	RFV_RULE_FUNCTION_OVERLAP,
	RFV_RULE_INDIRECT_BRANCH,
	RFV_RULE_FUNCTION_INDEX,
	RFV_RULE_HOST_CALL,
	RFV_RULE_JUMP_TABLE,
	/* Contract rule 6 and the reserved registers. */
	RFV_RULE_WRITE_R14,
	RFV_RULE_WRITE_R15,
	RFV_RULE_SELECT_INDEX,
	/* The proof would need more memory or time than the validator spends. */
	RFV_RULE_LIMIT,
	RFV_RULE_COUNT
};

/* Kebab-case identifier such as "memory-base"; "none" for anything unknown. */
const char *rfv_rule_name(enum rfv_rule rule);
/* One sentence on what the rule demands. */
const char *rfv_rule_summary(enum rfv_rule rule);

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
uint32_t rfv_image_table_entry(const struct rfv_image *image, const struct rfv_table *table, uint32_t i);

/*
 * Export i < image->exports.count. `name` points into the image's bytes, is
 * NUL-terminated, 1 ... 255 bytes long; `function` is a text address.
 */
void rfv_image_export(const struct rfv_image *image, uint32_t i, const char **name, uint32_t *function);

/* Text address of the export of that name, or 0. */
uint32_t rfv_image_find_export(const struct rfv_image *image, const char *name);

struct rfv_stats {
	uint32_t text_bytes;
	uint32_t instructions;
	uint32_t functions;
	uint32_t blocks;
	uint64_t block_visits; /* of the dataflow; per block, a measure of its work */
	uint64_t memory_bytes; /* allocated at once, freed before rfv_check returns */
};

struct rfv_report {
	/* In: where findings go; capacity 0 for none (the verdict is the same). */
	struct rfv_finding *findings;
	uint32_t capacity;
	/* Out. */
	uint32_t stored; /* findings[0 ... stored) are valid */
	uint64_t total;  /* all findings, stored or not */
	struct rfv_stats stats;
	struct rfv_image image;
};

/*
 * Checks the `size` bytes of an ELF file. They must not change during the
 * call, nor, if the binary is to run, between the call and loading it. Time and memory are linear in the
 * size of the text.
 */
enum rfv_verdict rfv_check(const void *bytes, size_t size, struct rfv_report *report);

/* "0.1.0", the version of the library; the contract's is RF_CONTRACT_VERSION. */
const char *rfv_version(void);

#ifdef __cplusplus
}
#endif

#endif
