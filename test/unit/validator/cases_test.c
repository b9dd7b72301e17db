/* SPDX-License-Identifier: Apache-2.0 */
/* Runs each case of cases.S. CASES_OBJECT names the assembled file. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/validator.h>

#include "nf_builder.h"

#define CASES_MAX 1024
#define FINDINGS_MAX 8

struct test_case {
	char name[96];
	char rule[32]; /* "" for accepted */
	char message[96];
};

struct object {
	int file;
	Elf *elf;
	size_t names; /* section of the section names */
};

static struct object open_object(void)
{
	struct object object;

	cr_assert_neq(elf_version(EV_CURRENT), EV_NONE);
	object.file = open(CASES_OBJECT, O_RDONLY);
	cr_assert_geq(object.file, 0, "cannot open %s", CASES_OBJECT);
	object.elf = elf_begin(object.file, ELF_C_READ, NULL);
	cr_assert_not_null(object.elf);
	cr_assert_eq(elf_getshdrstrndx(object.elf, &object.names), 0);
	return object;
}

static void close_object(struct object *object)
{
	(void)elf_end(object->elf);
	(void)close(object->file);
}

static Elf_Scn *find_section(const struct object *object, const char *name)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(object->elf, section)) != NULL) {
		GElf_Shdr header;

		cr_assert_not_null(gelf_getshdr(section, &header));
		if (strcmp(elf_strptr(object->elf, object->names, header.sh_name), name) == 0)
			return section;
	}
	cr_assert_fail("there is no section %s", name);
	return NULL;
}

static const char *copy_string(char *to, size_t size, const char *from)
{
	cr_assert_lt(strlen(from), size);
	memcpy(to, from, strlen(from) + 1);
	return from + strlen(from) + 1;
}

static size_t read_cases(struct test_case *cases)
{
	struct object object = open_object();
	const Elf_Data *data = elf_getdata(find_section(&object, ".cases"), NULL);
	const char *at = data->d_buf;
	const char *end = at + data->d_size;
	size_t count = 0;

	for (; at < end; count++) {
		cr_assert_lt(count, CASES_MAX);
		at = copy_string(cases[count].name, sizeof cases[count].name, at);
		at = copy_string(cases[count].rule, sizeof cases[count].rule, at);
		at = copy_string(cases[count].message, sizeof cases[count].message, at);
	}
	close_object(&object);
	return count;
}

/* Marks of one case: bad, entries, tables. Returns where `bad` is, or -1. */
static int64_t apply_symbols(const struct object *object, size_t section, struct nf_file *nf)
{
	Elf_Scn *table = find_section(object, ".symtab");
	Elf_Data *data = elf_getdata(table, NULL);
	int64_t bad = -1;
	GElf_Shdr header;

	cr_assert_not_null(gelf_getshdr(table, &header));
	for (int i = 0; i < (int)(header.sh_size / header.sh_entsize); i++) {
		const char *name;
		GElf_Sym symbol;
		unsigned k;

		cr_assert_not_null(gelf_getsym(data, i, &symbol));
		if (symbol.st_shndx != section)
			continue;
		name = elf_strptr(object->elf, header.sh_link, symbol.st_name);
		if (strncmp(name, "bad.", 4) == 0)
			bad = (int64_t)symbol.st_value;
		else if (strncmp(name, "entry.", 6) == 0)
			nf_add_entry(nf, (uint32_t)symbol.st_value);
		else if (sscanf(name, "jump.%u.", &k) == 1)
			nf_set_jump(nf, k, (uint32_t)symbol.st_value);
		else if (sscanf(name, "function.%u.", &k) == 1)
			nf_set_function(nf, k, (uint32_t)symbol.st_value);
	}
	return bad;
}

static int64_t build_case(const struct test_case *test, struct nf_file *nf)
{
	struct object object = open_object();
	char name[128];
	Elf_Scn *section;
	const Elf_Data *data;
	int64_t bad;

	(void)snprintf(name, sizeof name, ".case.%s", test->name);
	section = find_section(&object, name);
	data = elf_getdata(section, NULL);
	cr_assert_leq(data->d_size, NF_TEXT_MAX);
	nf_build(nf, data->d_buf, (uint32_t)data->d_size);
	bad = apply_symbols(&object, elf_ndxscn(section), nf);
	close_object(&object);
	return bad;
}

static const char *print_findings(const struct rfv_report *report, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < report->stored && used < size; i++)
		used +=
		    (size_t)snprintf(text + used, size - used, "\n  0x%x %s: %s", report->findings[i].address,
		                     rfv_rule_name(report->findings[i].rule), report->findings[i].message);
	return text;
}

static void check_finding(const struct test_case *test, const struct rfv_report *report, int64_t bad)
{
	const struct rfv_finding *finding = &report->findings[0];
	char text[1024];

	print_findings(report, text, sizeof text);
	cr_expect_eq(report->total, 1, "%s: %u findings, not one:%s", test->name, report->stored, text);
	if (report->stored == 0)
		return;
	cr_expect_str_eq(rfv_rule_name(finding->rule), test->rule, "%s: not for %s:%s", test->name,
	                 test->rule, text);
	cr_expect_not_null(strstr(finding->message, test->message), "%s: not because '%s':%s", test->name,
	                   test->message, text);
	cr_expect_eq(finding->address, bad < 0 ? 0 : RF_TEXT_ADDR + (uint32_t)bad,
	             "%s: found elsewhere than at 0x%llx:%s", test->name,
	             (unsigned long long)bad + RF_TEXT_ADDR, text);
}

static void run_case(const struct test_case *test, struct nf_file *nf)
{
	struct rfv_finding findings[FINDINGS_MAX];
	struct rfv_report report = {.findings = findings, .capacity = FINDINGS_MAX};
	const int64_t bad = build_case(test, nf);
	/* A copy of exactly the right size, so that ASan sees reads past its end. */
	uint8_t *bytes = malloc(nf_size(nf));
	enum rfv_verdict verdict;
	char text[1024];

	cr_assert_not_null(bytes);
	memcpy(bytes, nf, nf_size(nf));
	verdict = rfv_check(bytes, nf_size(nf), &report);
	if (*test->rule == '\0') {
		cr_expect_eq(verdict, RFV_ACCEPTED, "%s: verdict %d:%s", test->name, verdict,
		             print_findings(&report, text, sizeof text));
	} else {
		cr_expect_eq(verdict, RFV_REJECTED, "%s: verdict %d, not rejected:%s", test->name, verdict,
		             print_findings(&report, text, sizeof text));
		check_finding(test, &report, bad);
	}
	free(bytes);
}

static struct test_case cases[CASES_MAX];
static struct nf_file nf;

/* One test for all: a process per case would take longer than the cases. */
Test(cases, each_has_its_verdict)
{
	const size_t count = read_cases(cases);

	for (size_t i = 0; i < count; i++)
		run_case(&cases[i], &nf);
}

Test(cases, every_rule_is_broken_by_one)
{
	const size_t count = read_cases(cases);
	size_t rejecting = 0;

	for (size_t i = 0; i < count; i++)
		rejecting += *cases[i].rule != '\0';
	cr_expect_geq(rejecting, 60);
	/* Rules about the file are image_test.c's, limits are limits_test.c's. */
	for (int rule = RFV_RULE_UNDECODABLE; rule < RFV_RULE_LIMIT; rule++) {
		bool found = false;

		for (size_t i = 0; i < count && !found; i++)
			found = strcmp(cases[i].rule, rfv_rule_name((enum rfv_rule)rule)) == 0;
		cr_expect(found, "no case breaks %s", rfv_rule_name((enum rfv_rule)rule));
	}
}

Test(cases, names_are_unique)
{
	const size_t count = read_cases(cases);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			cr_expect_str_neq(cases[i].name, cases[k].name);
}
