/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds small NF binaries in memory, laid out as the contract says: read-only
 * tables, read-write data, text, note. All parts are at fixed places of the file,
 * so that tests can damage any field by name.
 */
#ifndef NF_BUILDER_H
#define NF_BUILDER_H

#include <elf.h>
#include <stddef.h>

#include <ringfence/nf_abi.h>

#define NF_TABLE_MAX 64
#define NF_TEXT_MAX 0x4000

enum nf_segment { NF_TABLES, NF_JUMPS, NF_CONSTANTS, NF_DATA, NF_TEXT, NF_NOTE, NF_SEGMENTS };

struct nf_note_file {
	Elf32_Nhdr header;
	char name[12];
	struct rf_nf_note body;
};

struct nf_constants {
	uint32_t entries[NF_TABLE_MAX];
	struct rf_nf_export exports[4];
	char names[64];
};

struct nf_file {
	Elf32_Ehdr header;
	Elf32_Phdr segment[NF_SEGMENTS];
	struct nf_note_file note;
	struct nf_constants constants;
	uint32_t data[4];
	uint64_t functions[NF_TABLE_MAX];
	uint64_t jumps[NF_TABLE_MAX];
	uint8_t text[NF_TEXT_MAX]; /* last: its end is the end of the file */
};

/* A valid binary with this text, exported as "f", and nothing in the tables. */
void nf_build(struct nf_file *file, const uint8_t *text, uint32_t size);

/* Bytes of the file that are in use. */
size_t nf_size(const struct nf_file *file);

/* Appends to, or sets entry k of, a table; offsets are from the start of the text. */
void nf_add_entry(struct nf_file *file, uint32_t offset);
void nf_set_function(struct nf_file *file, uint32_t k, uint32_t offset);
void nf_set_jump(struct nf_file *file, uint32_t k, uint32_t offset);

#endif
