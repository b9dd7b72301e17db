/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations of a GitHub workflow run, as workflow commands on standard
 * output: ::error file=…,line=…,title=…::message. Every other line starts with
 * "rf-validate:", so that no name can become a command.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tool.h"

static bool github_open(struct output *output)
{
	(void)output;
	return true;
}

static void put_place(FILE *out, const char *path, const struct detail *detail)
{
	const struct rfv_finding *finding = detail->finding;
	char code[160];

	if (finding->length == 0) {
		(void)fprintf(out, " (file offset 0x%" PRIx32 " of ", finding->file_offset);
		put_workflow(out, path, false);
		(void)fputc(')', out);
		return;
	}
	disassemble(finding->bytes, finding->length, finding->address, code, sizeof code);
	if (code[0] != '\0') {
		(void)fputs(": ", out);
		put_workflow(out, code, false);
	}
	(void)fprintf(out, " (0x%" PRIx32, finding->address);
	if (detail->place.symbol != NULL) {
		(void)fputs(" in ", out);
		put_workflow(out, detail->place.symbol, false);
	}
	(void)fputs(" of ", out);
	put_workflow(out, path, false);
	(void)fputc(')', out);
}

static bool put_annotation(struct output *output, const struct result *result, const struct detail *detail)
{
	const bool source = detail->place.file != NULL;
	const char *root = output->settings->root;
	char *file = relative_path(root, root, source ? detail->place.file : result->place);
	FILE *out = output->out;

	if (file == NULL)
		return false;
	(void)fprintf(out, "::%s file=", detail->known ? "warning" : "error");
	put_workflow(out, file, true);
	if (source)
		(void)fprintf(out, ",line=%d", detail->place.line);
	(void)fprintf(out, ",title=rf-validate %s%s::", rfv_rule_name(detail->finding->rule),
	              detail->known ? " (in the baseline)" : "");
	put_workflow(out, detail->finding->message, false);
	put_place(out, result->path, detail);
	(void)fputc('\n', out);
	free(file);
	return true;
}

static bool github_add(struct output *output, const struct result *result)
{
	FILE *out = output->out;

	if (result->error != NULL) {
		(void)fputs("::error title=rf-validate::cannot read ", out);
		put_workflow(out, result->path, false);
		(void)fputs(": ", out);
		put_workflow(out, result->error, false);
		(void)fputc('\n', out);
		return true;
	}
	if (output->settings->quiet && result->verdict == RFV_ACCEPTED)
		return true;
	for (uint32_t i = 0; i < shown_findings(output, result); i++)
		if (!put_annotation(output, result, &result->details[i]))
			return false;
	for (const char *const *vanished = result->vanished; result->baseline && *vanished != NULL;
	     vanished++) {
		(void)fputs("::notice title=rf-validate baseline::no longer found in ", out);
		put_workflow(out, result->path, false);
		(void)fputs(": ", out);
		put_workflow(out, *vanished, false);
		(void)fputc('\n', out);
	}
	if (result->verdict == RFV_NO_MEMORY) {
		(void)fputs("::error title=rf-validate::not enough memory to check ", out);
		put_workflow(out, result->path, false);
		(void)fputc('\n', out);
	}
	(void)fputs("rf-validate: ", out);
	put_display(out, result->path);
	(void)fprintf(out, ": %s%s", verdict_name(result->verdict), result->report->total > 0 ? ", " : "");
	put_finding_count(out, output, result);
	(void)fputc('\n', out);
	return true;
}

static bool github_close(struct output *output)
{
	(void)output;
	return true;
}

const struct format github_format = {
    .name = "github", .max_shown = 20, .open = github_open, .add = github_add, .close = github_close};
