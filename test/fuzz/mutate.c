/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"

/* A mutation falls into this many instructions behind the function's start. */
#define REACH 60

/* ---- Loading ------------------------------------------------------------------ */

static bool is_start(const struct specimen *specimen, uint32_t offset, uint32_t *number)
{
	uint32_t low = 0;
	uint32_t high = specimen->start_count;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (specimen->starts[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	*number = low;
	return low < specimen->start_count && specimen->starts[low] == offset;
}

static void add_function(struct specimen *specimen, uint32_t address)
{
	uint32_t number;

	if (!is_start(specimen, address - specimen->image.text.address, &number))
		return;
	for (uint32_t i = 0; i < specimen->function_count; i++)
		if (specimen->functions[i] == number)
			return;
	specimen->functions[specimen->function_count++] = number;
}

/* Starts of all instructions, and targets of all calls. */
static bool sweep(struct specimen *specimen)
{
	const struct rfv_image *image = &specimen->image;
	const uint8_t *code = specimen->bytes + image->text.file_offset;
	uint64_t address = image->text.address;
	size_t size = image->text.size;
	uint32_t *calls = malloc((image->text.size + 1) * sizeof *calls);
	uint32_t call_count = 0;
	cs_insn *insn;
	csh capstone;

	specimen->starts = malloc((image->text.size + 1) * sizeof *specimen->starts);
	specimen->functions = malloc((image->text.size + 1) * sizeof *specimen->functions);
	if (calls == NULL || specimen->starts == NULL || specimen->functions == NULL ||
	    cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) != CS_ERR_OK) {
		free(calls);
		return false;
	}
	(void)cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
	insn = cs_malloc(capstone);
	while (insn != NULL && cs_disasm_iter(capstone, &code, &size, &address, insn)) {
		const cs_x86_op *operand = &insn->detail->x86.operands[0];

		specimen->starts[specimen->start_count++] = (uint32_t)insn->address - image->text.address;
		if (insn->id == X86_INS_CALL && operand->type == X86_OP_IMM)
			calls[call_count++] = (uint32_t)operand->imm;
	}
	cs_free(insn, 1);
	(void)cs_close(&capstone);
	for (uint32_t i = 0; i < call_count; i++)
		add_function(specimen, calls[i]);
	free(calls);
	return specimen->start_count > 1;
}

bool specimen_make(struct specimen *specimen, const char *name, const void *bytes, size_t size)
{
	struct rfv_report report = {.capacity = 0};

	*specimen = (struct specimen){.size = size};
	(void)snprintf(specimen->name, sizeof specimen->name, "%s", name);
	specimen->bytes = malloc(size);
	specimen->pristine = malloc(size);
	if (specimen->bytes == NULL || specimen->pristine == NULL)
		return false;
	memcpy(specimen->bytes, bytes, size);
	memcpy(specimen->pristine, bytes, size);
	if (rfv_check(specimen->bytes, size, &report) != RFV_ACCEPTED) {
		fprintf(stderr, "%s: not accepted, so there is nothing to mutate\n", name);
		return false;
	}
	specimen->image = report.image;
	if (!sweep(specimen))
		return false;
	for (uint32_t i = 0; i < report.image.exports.count; i++) {
		const char *export;
		uint32_t function;

		rfv_image_export(&report.image, i, &export, &function);
		add_function(specimen, function);
	}
	for (uint32_t i = 0; i < report.image.function_table.count; i++)
		add_function(specimen, rfv_image_table_entry(&report.image, &report.image.function_table, i));
	return specimen->function_count > 0;
}

bool specimen_load(struct specimen *specimen, const char *path)
{
	const char *slash = strrchr(path, '/');
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	bool good = false;
	long size = 0;

	*specimen = (struct specimen){.size = 0};
	if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0)
		bytes = malloc((size_t)size);
	if (bytes != NULL) {
		rewind(file);
		good = fread(bytes, 1, (size_t)size, file) == (size_t)size &&
		       specimen_make(specimen, slash == NULL ? path : slash + 1, bytes, (size_t)size);
	} else {
		perror(path);
	}
	if (file != NULL)
		(void)fclose(file);
	free(bytes);
	return good;
}

void specimen_free(struct specimen *specimen)
{
	free(specimen->bytes);
	free(specimen->pristine);
	free(specimen->starts);
	free(specimen->functions);
}

/* ---- Changes ---------------------------------------------------------------------- */

struct place {
	uint8_t *at;
	uint32_t length;
};

static struct place instruction(const struct specimen *specimen, uint32_t number)
{
	const uint32_t start = specimen->starts[number];
	const uint32_t end =
	    number + 1 < specimen->start_count ? specimen->starts[number + 1] : specimen->image.text.size;

	return (struct place){specimen->bytes + specimen->image.text.file_offset + start, end - start};
}

static void flip_bit(struct place place, uint64_t *seed)
{
	place.at[choose(seed, place.length)] ^= (uint8_t)(1u << choose(seed, 8));
}

/* Of REX or ModRM, where registers, widths and forms are. */
static void change_first_bytes(struct place place, uint64_t *seed)
{
	place.at[choose(seed, place.length < 3 ? place.length : 3)] ^= (uint8_t)(1u << choose(seed, 8));
}

static void set_byte(struct place place, uint64_t *seed)
{
	static const uint8_t values[] = {0,    1,    0x7f, 0x80, 0xff, 0x66, 0x67,
	                                 0xf0, 0xf2, 0xf3, 0x48, 0x41, 0x90};

	place.at[choose(seed, place.length)] =
	    one_in(seed, 2) ? values[choose(seed, sizeof values)] : (uint8_t)choose_any(seed);
}

/* The last four bytes: a displacement, an immediate or the distance of a jump. */
static void change_constant(struct place place, uint64_t *seed)
{
	static const uint32_t values[] = {0,          8,          0xffffffff, 0x7fffffff,     0x80000000,
	                                  0x80100000, 0x800fffff, 3072 - 8,   (uint32_t)-257, 0x1000};
	uint32_t value;

	if (place.length < 5) {
		set_byte(place, seed);
		return;
	}
	memcpy(&value, place.at + place.length - 4, 4);
	value = one_in(seed, 2) ? values[choose(seed, sizeof values / sizeof *values)]
	                        : value + choose(seed, 33) - 16;
	memcpy(place.at + place.length - 4, &value, 4);
}

static void nop_out(struct place place)
{
	memset(place.at, 0x90, place.length);
}

/* Another instruction of the same size or, with nops behind it, a smaller one. */
static void splice(struct place place, const struct specimen *donor, uint64_t *seed)
{
	for (int i = 0; i < 20; i++) {
		const struct place from = instruction(donor, choose(seed, donor->start_count));

		if (from.length > place.length)
			continue;
		memmove(place.at, from.at, from.length);
		memset(place.at + from.length, 0x90, place.length - from.length);
		return;
	}
}

static void exchange(struct place first, struct place second)
{
	uint8_t copy[2 * RFV_INSTRUCTION_MAX];

	if (first.length > RFV_INSTRUCTION_MAX || second.length > RFV_INSTRUCTION_MAX)
		return;
	memcpy(copy, second.at, second.length);
	memcpy(copy + second.length, first.at, first.length);
	memcpy(first.at, copy, first.length + second.length);
}

/* Sends a direct jump or call to another instruction nearby. */
static void relink(const struct specimen *specimen, uint32_t number, uint32_t first, uint64_t *seed)
{
	const struct place place = instruction(specimen, number);
	const uint32_t end = specimen->starts[number] + place.length;
	const uint8_t opcode = place.at[0];
	uint32_t other = first + choose(seed, REACH);
	int32_t distance;

	if (other >= specimen->start_count)
		other = specimen->start_count - 1;
	distance = (int32_t)(specimen->starts[other] - end);
	if (place.length == 2 && (opcode == 0xeb || (opcode & 0xf0) == 0x70))
		place.at[1] = (uint8_t)distance;
	else if ((place.length == 5 && (opcode == 0xe9 || opcode == 0xe8)) ||
	         (place.length == 6 && opcode == 0x0f && (place.at[1] & 0xf0) == 0x80))
		memcpy(place.at + place.length - 4, &distance, 4);
	else
		flip_bit(place, seed);
}

/* An entry of the jump tables or the function table leads elsewhere. */
static void change_table(struct specimen *specimen, uint64_t *seed)
{
	const struct rfv_table *table =
	    one_in(seed, 2) ? &specimen->image.jump_tables : &specimen->image.function_table;
	const uint32_t start = specimen->starts[choose(seed, specimen->start_count)];
	const uint32_t address = specimen->image.text.address + start + (one_in(seed, 4) ? 1 : 0);

	if (table->count > 1)
		memcpy(specimen->bytes + table->file_offset + 8 * (1 + choose(seed, table->count - 1)),
		       &address, sizeof address);
}

static void change(struct specimen *specimen, const struct specimen *donor, uint32_t first, uint64_t *seed)
{
	uint32_t number = first + choose(seed, REACH);
	struct place place;

	if (number + 1 >= specimen->start_count)
		number = specimen->start_count - 2;
	place = instruction(specimen, number);
	switch (choose(seed, 9)) {
	case 0:
		flip_bit(place, seed);
		break;
	case 1:
		change_first_bytes(place, seed);
		break;
	case 2:
		set_byte(place, seed);
		break;
	case 3:
		change_constant(place, seed);
		break;
	case 4:
		nop_out(place);
		break;
	case 5:
		splice(place, donor, seed);
		break;
	case 6:
		exchange(place, instruction(specimen, number + 1));
		break;
	case 7:
		change_table(specimen, seed);
		break;
	default:
		relink(specimen, number, first, seed);
		break;
	}
}

uint32_t mutate(struct specimen *specimen, const struct specimen *donor, uint32_t function, uint64_t seed)
{
	const uint32_t changes = 1 + choose(&seed, 3);
	const uint32_t first = specimen->functions[function];

	memcpy(specimen->bytes, specimen->pristine, specimen->size);
	for (uint32_t i = 0; i < changes; i++)
		change(specimen, donor, first, &seed);
	return specimen->image.text.address + specimen->starts[first];
}
