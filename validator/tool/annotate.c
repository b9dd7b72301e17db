/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listing of --annotate: each instruction that a function reaches, with
 * what the proof knows before it and the finding about it. The library's trace
 * is run twice: to learn the addresses, so that their places can be looked up, and to print.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define STATE_COLUMN 44

struct addresses {
	uint32_t *list;
	size_t count;
	size_t capacity;
	bool failed;
};

/* Over all files, where one function is wanted. */
struct search {
	bool listed; /* any file: one that is malformed has no functions */
	bool found;
	struct nearest nearest;
};

struct listing {
	const struct output *output;
	const struct result *result;
	const struct places *places;
	size_t next; /* of the places */
	const struct place *last;
	uint64_t printed;
	bool failed;
};

static void collect(void *context, uint32_t address, const struct rfv_state *state)
{
	struct addresses *addresses = context;

	(void)state;
	if (addresses->failed)
		return;
	if (addresses->count == addresses->capacity) {
		const size_t capacity = addresses->capacity * 2 + 1024;
		uint32_t *list = realloc(addresses->list, capacity * sizeof *list);

		if (list == NULL) {
			addresses->failed = true;
			return;
		}
		addresses->list = list;
		addresses->capacity = capacity;
	}
	addresses->list[addresses->count++] = address;
}

/* ---- One line ----------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The function's name where it starts or another function's code comes, the source line where it changes. */
static void put_headings(FILE *out, const struct place *place, const struct place *last)
{
	if (place->symbol != NULL && (last == NULL || place->symbol_offset < last->symbol_offset ||
	                              !same_text(place->symbol, last->symbol))) {
		(void)fputc('\n', out);
		put_display(out, place->symbol);
		(void)fputs(":\n", out);
	}
	if (place->file == NULL ||
	    (last != NULL && place->line == last->line && same_text(place->file, last->file)))
		return;
	(void)fputs("; ", out);
	put_display(out, place->file);
	(void)fprintf(out, ":%d\n", place->line);
}

/* Without " rbx=init(rbx)": that a register still holds the caller's value is the usual case. */
static void put_state(FILE *out, char *state)
{
	static const char *const usual[] = {" rbx=init(rbx)", " rbp=init(rbp)", " r12=init(r12)",
	                                    " r13=init(r13)"};

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		char *at = strstr(state, usual[i]);

		if (at != NULL)
			memmove(at, at + strlen(usual[i]), strlen(at + strlen(usual[i])) + 1);
	}
	(void)fprintf(out, " ; %s\n", state);
}

static void put_finding(FILE *out, const struct result *result, uint32_t address)
{
	size_t low = 0;
	size_t high = result->report->stored;

	while (low < high) { /* findings are sorted by address */
		const size_t middle = low + (high - low) / 2;

		if (result->report->findings[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < result->report->stored && result->report->findings[low].address == address)
		(void)fprintf(out, "          ^ %s[%s]: %s\n", result->details[low].known ? "known" : "error",
		              rfv_rule_name(result->report->findings[low].rule),
		              result->report->findings[low].message);
}

static void put_instruction(FILE *out, const struct result *result, uint32_t address)
{
	const struct rfv_image *image = &result->report->image;
	const uint32_t offset = address - image->text.address;
	const uint32_t left = image->text.size - offset;
	char code[160];

	disassemble(image->bytes + image->text.file_offset + offset,
	            left < RFV_INSTRUCTION_MAX ? left : RFV_INSTRUCTION_MAX, address, code, sizeof code);
	(void)fprintf(out, "%8" PRIx32 "  %-*s", address, STATE_COLUMN, code);
}

static void print(void *context, uint32_t address, const struct rfv_state *state)
{
	struct listing *listing = context;
	const struct place *place = &listing->places->places[listing->next++];
	const char *wanted = listing->output->settings->annotate;
	FILE *out = listing->output->out;
	const size_t length = rfv_format_state(state, NULL, 0);
	char *words;

	if (wanted != NULL && !same_text(place->symbol, wanted))
		return;
	words = malloc(length + 1);
	if (words == NULL) {
		listing->failed = true;
		return;
	}
	(void)rfv_format_state(state, words, length + 1);
	put_headings(out, place, listing->last);
	put_instruction(out, listing->result, address);
	put_state(out, words);
	put_finding(out, listing->result, address);
	free(words);
	listing->last = place;
	listing->printed++;
}

/* ---- The listing -------------------------------------------------------- */

static void put_summary(const struct listing *listing, size_t reached)
{
	const uint64_t all = listing->result->report->stats.instructions;
	const char *wanted = listing->output->settings->annotate;
	FILE *out = listing->output->out;

	if (wanted != NULL && listing->printed == 0) { /* of several files, another may have it */
		(void)fputs("; no code of a function '", out);
		put_display(out, wanted);
		(void)fputs("'\n", out);
	}
	if (wanted == NULL && all > reached)
		(void)fprintf(out, "\n; %" PRIu64 " instructions that no function reaches are not shown\n",
		              all - reached);
	(void)fputc('\n', out);
}

/* The functions of the listing; those of one follow each other. */
static bool note_names(struct search *search, const struct places *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = places->places[i].symbol;

		if (name == NULL || (i > 0 && same_text(name, places->places[i - 1].symbol)))
			continue;
		if (!nearest_add(&search->nearest, name))
			return false;
	}
	return true;
}

static bool list(struct output *output, const struct result *result)
{
	const struct rfv_image *image = &result->report->image;
	struct addresses addresses = {0};
	struct rfv_report first = {.trace = collect, .trace_context = &addresses};
	struct places places = {0};
	struct listing listing = {.output = output, .result = result, .places = &places};
	struct rfv_report second = {.trace = print, .trace_context = &listing};
	bool good = rfv_check(image->bytes, image->size, &first) == result->verdict && !addresses.failed;

	if (good) {
		places_find(&places, image->bytes, image->size, addresses.list, addresses.count);
		good = places.places != NULL &&
		       rfv_check(image->bytes, image->size, &second) == result->verdict && !listing.failed;
	}
	if (good && output->settings->annotate != NULL) {
		struct search *search = output->state;

		search->listed = true;
		search->found = search->found || listing.printed > 0;
		good = search->found || note_names(search, &places, addresses.count);
	}
	if (good) {
		if (places.problem != NULL)
			(void)fprintf(output->out, "; symbols and lines may be missing: %s\n",
			              places.problem);
		put_summary(&listing, addresses.count);
	}
	places_free(&places);
	free(addresses.list);
	return good;
}

static bool annotate_open(struct output *output)
{
	struct search *search = calloc(1, sizeof *search);

	if (search != NULL)
		search->nearest.wanted = output->settings->annotate;
	output->state = search;
	return search != NULL;
}

static bool annotate_add(struct output *output, const struct result *result)
{
	if (result->error == NULL && (result->verdict == RFV_ACCEPTED || result->verdict == RFV_REJECTED)) {
		(void)fputs("; ", output->out);
		put_display(output->out, result->path);
		(void)fputc('\n', output->out);
		if (!list(output, result))
			return false;
	}
	return text_format.add(output, result);
}

static void complain(const struct nearest *nearest)
{
	(void)fputs("rf-validate: no file has code of a function '", stderr);
	put_display(stderr, nearest->wanted);
	(void)fputs(nearest->count == 0 ? "', or the name of any" : "'; the nearest names:", stderr);
	for (size_t i = 0; i < nearest->count; i++) {
		(void)fputs(i == 0 ? " " : ", ", stderr);
		put_display(stderr, nearest->names[i].name);
	}
	(void)fputc('\n', stderr);
}

static bool annotate_close(struct output *output)
{
	struct search *search = output->state;

	if (search->listed && !search->found) {
		complain(&search->nearest);
		output->misused = true;
	}
	nearest_free(&search->nearest);
	free(search);
	return true;
}

const struct format annotate_format = {.name = "annotated",
                                       .max_shown = 20,
                                       .needs_all = true,
                                       .open = annotate_open,
                                       .add = annotate_add,
                                       .close = annotate_close};
