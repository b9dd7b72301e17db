/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rf-bench-validator FILE ROUNDS: times rfv_check on an NF binary, and beside
 * it, in the same rounds, Zydis' bare decoding loops over the same text. Prints JSON.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <Zydis/Zydis.h>

#include <ringfence/validator.h>

enum subject { CHECK, DECODE_FULL, DECODE_INSTRUCTION, SUBJECTS };

static const char *const names[SUBJECTS] = {"rfv_check", "zydis_full", "zydis_instruction"};

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const uint8_t *map_file(const char *path, size_t *size)
{
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *bytes;

	if (file < 0 || fstat(file, &status) != 0)
		return NULL;
	*size = (size_t)status.st_size;
	bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
	(void)close(file);
	return bytes == MAP_FAILED ? NULL : bytes;
}

/* Number of instructions; 0 where one does not decode. */
static uint64_t decode(const uint8_t *text, size_t size, bool operands)
{
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisDecoderContext context;
	ZydisDecoder decoder;
	uint64_t count = 0;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t at = 0; at < size; at += insn.length, count++) {
		const ZyanStatus status =
		    operands ? ZydisDecoderDecodeFull(&decoder, text + at, size - at, &insn, operand)
			     : ZydisDecoderDecodeInstruction(&decoder, &context, text + at, size - at, &insn);

		if (!ZYAN_SUCCESS(status))
			return 0;
	}
	return count;
}

static double measure(enum subject subject, const uint8_t *bytes, size_t size, struct rfv_report *report)
{
	const uint8_t *text = bytes + report->image.text.file_offset;
	const double start = now();

	if (subject == CHECK) {
		if (rfv_check(bytes, size, report) != RFV_ACCEPTED)
			return -1;
	} else if (decode(text, report->image.text.size, subject == DECODE_FULL) != report->stats.instructions) {
		return -1;
	}
	return now() - start;
}

int main(int argc, char **argv)
{
	struct rfv_finding finding = {0};
	struct rfv_report report = {.findings = &finding, .capacity = 1};
	const unsigned long rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	const uint8_t *bytes;
	size_t size;

	if (rounds == 0) {
		(void)fputs("usage: rf-bench-validator FILE ROUNDS\n", stderr);
		return 2;
	}
	bytes = map_file(argv[1], &size);
	if (bytes == NULL) {
		perror(argv[1]);
		return 3;
	}
	if (rfv_check(bytes, size, &report) != RFV_ACCEPTED) {
		(void)fprintf(stderr, "%s is not accepted: 0x%" PRIx32 " %s: %s\n", argv[1], finding.address,
		              rfv_rule_name(finding.rule), finding.message);
		return 1;
	}
	(void)printf("{\"text_bytes\": %" PRIu32 ", \"instructions\": %" PRIu32 ", \"functions\": %" PRIu32
	             ", \"blocks\": %" PRIu32 ", \"block_visits\": %" PRIu64 ", \"memory_bytes\": %" PRIu64,
	             report.stats.text_bytes, report.stats.instructions, report.stats.functions,
	             report.stats.blocks, report.stats.block_visits, report.stats.memory_bytes);
	(void)printf(", \"rounds\": [");
	for (unsigned long i = 0; i < rounds; i++) {
		(void)printf("%s{", i == 0 ? "" : ", ");
		for (enum subject subject = 0; subject < SUBJECTS; subject++)
			(void)printf("%s\"%s\": %.6f", subject == 0 ? "" : ", ", names[subject],
			             measure(subject, bytes, size, &report));
		(void)printf("}");
	}
	(void)printf("]}\n");
	return 0;
}
