/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of rf-validate share. Nothing here is trusted. */
#ifndef RF_VALIDATE_TOOL_H
#define RF_VALIDATE_TOOL_H

#include <stdio.h>

#include <ringfence/validator.h>

#define SHA256_HEX 65

/* ---- What is known about a file ----------------------------------------- */

/* Where a text address comes from, as far as symbols and DWARF say. Names are the file's bytes: any, but not
 * empty. */
struct place {
	const char *symbol; /* NULL if there is none */
	uint32_t symbol_offset;
	const char *file; /* NULL if there is none */
	int line;
};

/* A finding and what a format may want to show of it. */
struct detail {
	const struct rfv_finding *finding;
	struct place place;
	char fingerprint[SHA256_HEX]; /* the same after code or data moved; see fingerprint.c */
	bool known;                   /* listed in the baseline */
};

struct result {
	const char *path; /* as it was given */
	const char
	    *place; /* the same relative to the root of the sources, where it is below it, else absolute */
	const char *error; /* NULL, or why the file could not be read: nothing below is valid then */
	enum rfv_verdict verdict;
	const struct rfv_report *report;
	const struct detail *details; /* one for each of report->findings[0 ... stored) */
	double seconds;               /* spent in rfv_check */
	uint64_t size;                /* of the file, in bytes */
	char sha256[SHA256_HEX];      /* "" if the file is longer than what a validator reads */
	const char *places_problem;   /* NULL, or why symbols and lines may be missing */
	bool baseline;                /* there is one, and the next two are valid */
	uint64_t known;               /* findings that it lists */
	const char *const *vanished;  /* what it lists and is no more, described; ends with NULL */
};

const char *verdict_name(enum rfv_verdict verdict);

/* A rule without a finding is kept: not where the first broken rule ended the check, or findings were too
 * many to keep. */
static inline bool all_rules_decided(const struct result *result)
{
	return (result->verdict == RFV_ACCEPTED || result->verdict == RFV_REJECTED) &&
	       result->report->stored == result->report->total;
}

/* ---- The run ------------------------------------------------------------ */

enum exit_code { EXIT_ACCEPTED = 0, EXIT_REJECTED = 1, EXIT_USAGE = 2, EXIT_INTERNAL = 3 };

#define OUTPUTS_MAX 16

struct settings {
	bool quiet;
	bool statistics;
	const char *annotate;            /* NULL, or the one function whose code is listed */
	const struct baseline *baseline; /* NULL: there is none */
	/* Absolute paths without a slash at the end. */
	const char *root; /* of the sources: names below it are shown relative to it */
	const char *here; /* the working directory */
};

/* A report on all files, in one format, to one place. */
struct output {
	const struct format *format;
	const struct settings *settings;
	const char *path;   /* NULL: standard output */
	uint32_t max_shown; /* findings of one file */
	FILE *out;
	void *state;         /* the format's own */
	const char *refusal; /* NULL, or why the document must not be written */
	bool misused;        /* it was asked for something that is not there, and has said so */
	char *buffer;
	size_t size;
};

/* Checks the files, writes all outputs, and says on standard error what went wrong. */
enum exit_code run(const struct settings *settings, struct output *outputs, size_t output_count,
                   char **paths);

/* Each function returns false if there is no memory. Whether writing worked is for the caller to find out. */
struct format {
	const char *name;
	uint32_t max_shown; /* by default */
	bool needs_all;     /* findings, also those that it does not show */
	bool (*open)(struct output *output);
	bool (*add)(struct output *output, const struct result *result);
	bool (*close)(struct output *output);
};

extern const struct format text_format, json_format, sarif_format, junit_format, github_format;
/* --annotate, --attest, --write-baseline */
extern const struct format annotate_format, attest_format, baseline_format;

/* How many of the result's findings the output shows. */
uint32_t shown_findings(const struct output *output, const struct result *result);

/* "2 findings (1 shown)", with what the baseline says about them. Nothing if there are none. */
void put_finding_count(FILE *out, const struct output *output, const struct result *result);

/*
 * A line about the finding: rule, message, instruction, function. With the path, for readers elsewhere, the
 * address in that file, too; without it nothing that changes when code moves. NULL: no memory. The caller
 * frees.
 */
char *describe_finding(const struct detail *detail, const char *path);

/* ---- Instructions ------------------------------------------------------- */

/* Disassembly in AT&T syntax, "" if the bytes are no instruction. */
void disassemble(const uint8_t *bytes, size_t length, uint32_t address, char *text, size_t size);

/* "48 89 c3" */
void format_bytes(const uint8_t *bytes, size_t length, char *text, size_t size);

/* ---- Places ------------------------------------------------------------- */

struct places {
	struct place *places; /* one for each address that was asked for */
	const char *problem;  /* NULL, or why some may be missing */
	char *names;
};

/*
 * Symbol and source line of each address, found by a child process that can do
 * nothing else, in bounded time: the file is hostile. Never fails; what could not be found is empty.
 */
void places_find(struct places *places, const void *bytes, size_t size, const uint32_t *addresses,
                 size_t count);
void places_free(struct places *places);

/* What the child does: asks libelf and libdw about one address. */
struct symbols;
struct symbols *symbols_open(const void *bytes, size_t size);
struct place symbols_find(struct symbols *symbols, uint32_t address);

/* ---- Fingerprints ------------------------------------------------------- */

/* Sets the fingerprint of each detail, whose finding and place are set. False if there is no memory. */
bool fingerprint_all(struct detail *details, size_t count);
void sha256_hex(const void *bytes, size_t size, char hex[SHA256_HEX]);

/* ---- Strings of the user's and the file's, which may hold any bytes ------ */

/* For people: control characters, what reorders text, and what is not UTF-8 as \xNN, so that nothing can be
 * faked. */
void put_display(FILE *out, const char *bytes);
/* For XML text and attributes in quotes. */
void put_xml(FILE *out, const char *bytes);
/* For GitHub's workflow commands: the value of a property, or the message. */
void put_workflow(FILE *out, const char *bytes, bool property);
/* A copy in UTF-8, U+FFFD for what is not. NULL: no memory. The caller frees. */
char *utf8_copy(const char *bytes);
/* A path in a directory, relative to the root if it is below that, else absolute. The caller frees. */
char *relative_path(const char *root, const char *directory, const char *path);
/* A URI: relative if the path is, else with file://. The caller frees. */
char *path_uri(const char *path);

/* ---- Names like the one that was asked for ------------------------------- */

#define NEAREST_MAX 5

struct nearest {
	const char *wanted;
	size_t count;
	struct {
		unsigned distance;
		char *name;
	} names[NEAREST_MAX]; /* the nearest first */
};

/* Keeps a copy of the name if it is one of the nearest so far. False if there is no memory. */
bool nearest_add(struct nearest *nearest, const char *name);
void nearest_free(struct nearest *nearest);

/* ---- Baseline ----------------------------------------------------------- */

/* Findings that are known and do not fail a run. Nothing of it reaches the verdict. */
struct baseline;
/* NULL, with the reason, if the file is not one. The reason is the caller's to free; NULL: no memory. */
struct baseline *baseline_read(const char *path, char **reason);
/* Sets what the result says about the baseline. False if there is no memory. */
bool baseline_apply(const struct baseline *baseline, struct result *result, struct detail *details);
void baseline_forget(struct result *result);
void baseline_free(struct baseline *baseline);

/* ---- Files -------------------------------------------------------------- */

struct contents {
	uint8_t *bytes;
	size_t size;
	bool whole; /* it is not longer than what was read, the most that a validator reads */
};

/* False with errno set. A device or pipe is read to its end, at most RFV_FILE_MAX + 1 bytes. */
bool read_file(const char *path, struct contents *contents);
/* Replaces a regular file at once or not at all. False with errno set. */
bool write_file(const char *path, const void *bytes, size_t size);

/* ---- Explanations ------------------------------------------------------- */

/* The rule's section of docs/rules.md, without its heading; NULL if there is none. */
const char *rule_markdown(enum rfv_rule rule, size_t *size);
/* The same for a terminal. The caller frees. */
char *rule_plain(enum rfv_rule rule);
/* Explains the rule on standard output, or says on standard error which names are like it. */
bool explain(const char *name);

#endif
