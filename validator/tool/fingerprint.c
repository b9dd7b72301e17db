/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a finding the same one in the next build: its rule, its symbol,
 * its instruction without the numbers that move when code or data move, and
 * which of the like it is. SHA-256 over that, in hexadecimal.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>
#include <nettle/sha2.h>

#include "tool.h"

/* Below are sizes, masks and offsets in structures; from here on it may be an address of the cell. */
#define ADDRESS_MIN 0x10000

struct ranked {
	uint8_t key[SHA256_DIGEST_SIZE];
	size_t number;
};

static void to_hex(const uint8_t *digest, char hex[SHA256_HEX])
{
	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++)
		(void)sprintf(hex + 2 * i, "%02x", digest[i]);
}

void sha256_hex(const void *bytes, size_t size, char hex[SHA256_HEX])
{
	struct sha256_ctx context;
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_init(&context);
	sha256_update(&context, size, bytes);
	sha256_digest(&context, sizeof digest, digest);
	to_hex(digest, hex);
}

/* ---- The instruction, without what moves -------------------------------- */

/* The control block's offsets, which are negative, do not move. */
static void put_number(FILE *out, int64_t number)
{
	if (number >= ADDRESS_MIN)
		(void)fputs(" address", out);
	else
		(void)fprintf(out, " %" PRId64, number);
}

static void put_operand(FILE *out, const ZydisDecodedOperand *operand)
{
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		(void)fprintf(out, " %s", ZydisRegisterGetString(operand->reg.value));
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		(void)fprintf(out, " %s:[%s %s*%u", ZydisRegisterGetString(operand->mem.segment),
		              ZydisRegisterGetString(operand->mem.base),
		              ZydisRegisterGetString(operand->mem.index), operand->mem.scale);
		put_number(out, operand->mem.disp.has_displacement ? operand->mem.disp.value : 0);
		(void)fputc(']', out);
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		if (operand->imm.is_relative)
			(void)fputs(" target", out);
		else
			put_number(out, operand->imm.is_signed ? operand->imm.value.s
			                                       : (int64_t)operand->imm.value.u);
		break;
	default:
		(void)fputs(" pointer", out);
		break;
	}
}

static void put_instruction(FILE *out, const struct rfv_finding *finding)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(
	        ZydisDecoderDecodeFull(&decoder, finding->bytes, finding->length, &insn, operands))) {
		(void)fputs("(bad)", out);
		return;
	}
	(void)fputs(ZydisMnemonicGetString(insn.mnemonic), out);
	for (uint8_t i = 0; i < insn.raw.prefix_count; i++)
		(void)fprintf(out, " prefix-%02x", insn.raw.prefixes[i].value);
	for (uint8_t i = 0; i < insn.operand_count_visible; i++)
		put_operand(out, &operands[i]);
}

/* A finding about the file has no instruction; its message, without numbers. */
static void put_message(FILE *out, const char *message)
{
	while (*message != '\0') {
		if (!isdigit((unsigned char)*message)) {
			(void)fputc(*message++, out);
			continue;
		}
		(void)fputc('#', out);
		message += strspn(message, "0123456789abcdefx");
	}
}

/* ---- Keys and fingerprints ---------------------------------------------- */

static bool key_of(const struct detail *detail, uint8_t key[SHA256_DIGEST_SIZE])
{
	const struct rfv_finding *finding = detail->finding;
	struct sha256_ctx context;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return false;
	(void)fprintf(out, "%s\n%s\n", rfv_rule_name(finding->rule),
	              detail->place.symbol == NULL ? "" : detail->place.symbol);
	if (finding->length == 0)
		put_message(out, finding->message);
	else
		put_instruction(out, finding);
	if (fclose(out) != 0) {
		free(text);
		return false;
	}
	sha256_init(&context);
	sha256_update(&context, size, (const uint8_t *)text);
	sha256_digest(&context, SHA256_DIGEST_SIZE, key);
	free(text);
	return true;
}

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	const int order = memcmp(a->key, b->key, sizeof a->key);

	return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

static void finish(struct detail *details, const struct ranked *ranked, size_t count)
{
	uint32_t occurrence = 0;

	for (size_t i = 0; i < count; i++) {
		struct sha256_ctx context;
		uint8_t digest[SHA256_DIGEST_SIZE];
		char number[16];

		occurrence = i > 0 && memcmp(ranked[i].key, ranked[i - 1].key, sizeof ranked[i].key) == 0
		                 ? occurrence + 1
		                 : 1;
		(void)snprintf(number, sizeof number, "%" PRIu32, occurrence);
		sha256_init(&context);
		sha256_update(&context, sizeof ranked[i].key, ranked[i].key);
		sha256_update(&context, strlen(number), (const uint8_t *)number);
		sha256_digest(&context, sizeof digest, digest);
		to_hex(digest, details[ranked[i].number].fingerprint);
	}
}

bool fingerprint_all(struct detail *details, size_t count)
{
	struct ranked *ranked = calloc(count + 1, sizeof *ranked);
	bool good = ranked != NULL;

	for (size_t i = 0; good && i < count; i++) {
		ranked[i].number = i;
		good = key_of(&details[i], ranked[i].key);
	}
	if (good) {
		qsort(ranked, count, sizeof *ranked, compare_ranked);
		finish(details, ranked, count);
	}
	free(ranked);
	return good;
}
