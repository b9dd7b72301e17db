/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of rf-validate share. Nothing here is trusted. */
#ifndef RF_VALIDATE_TOOL_H
#define RF_VALIDATE_TOOL_H

#include <stdio.h>

#include <ringfence/validator.h>

struct result {
	const char *path;
	enum rfv_verdict verdict;
	const struct rfv_report *report;
	double seconds; /* spent in rfv_check */
};

/* Where a text address comes from, as far as symbols and DWARF say. */
struct place {
	const char *symbol; /* NULL if there is none; valid until places_close */
	uint32_t symbol_offset;
	const char *file; /* NULL if there is none; valid until places_close */
	int line;
};

struct places;

/* Never fails: without symbols the places are just empty. The bytes must outlive it. */
struct places *places_open(const void *bytes, size_t size);
struct place places_find(struct places *places, uint32_t address);
void places_close(struct places *places);

/* Disassembly in AT&T syntax, "" if the bytes are no instruction. */
void disassemble(const struct rfv_finding *finding, char *text, size_t size);

/* "48 89 c3" */
void format_bytes(const struct rfv_finding *finding, char *text, size_t size);

const char *verdict_name(enum rfv_verdict verdict);

void print_text(FILE *out, const struct result *result, struct places *places, bool statistics);

/* Collects results, one JSON document at the end. */
struct json_output;
struct json_output *json_open(void);
bool json_add(struct json_output *output, const struct result *result, struct places *places,
              bool statistics);
bool json_add_unreadable(struct json_output *output, const char *path, const char *error);
bool json_close(struct json_output *output, FILE *out);

#endif
