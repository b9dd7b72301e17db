/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: the file is read once into private memory, validated there, and
 * everything that runs is made from these same bytes by what the validator
 * said about them.
 */
#define _GNU_SOURCE
#include "cell_impl.h"
#include "memory.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRAP_OPCODE 0xcc /* int3 */

uint64_t rf_nf_text(const struct rf_nf *nf, uint32_t text_address)
{
	const uint32_t offset = text_address - nf->image.text.address;
	if (text_address < nf->image.text.address || offset >= nf->image.text.size)
		return nf->trap;
	return (uint64_t)(uintptr_t)nf->text + offset;
}

/* Text is writable until it is executable, never both, and the mapping is known to the runtime only. */
static bool map_text(struct rf_nf *nf)
{
	const size_t pages = rf_page_up(nf->image.text.size);
	void *memory =
	    mmap(NULL, pages + RF_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	nf->text = memory;
	nf->text_length = pages + RF_PAGE_SIZE;
	nf->trap = (uint64_t)(uintptr_t)nf->text + pages;
	memset(nf->text, TRAP_OPCODE, nf->text_length);
	memcpy(nf->text, nf->bytes + nf->image.text.file_offset, nf->image.text.size);
	return mprotect(nf->text, nf->text_length, PROT_EXEC) == 0;
}

/* Copies one table with its text addresses turned into host addresses; 0 becomes the trap. */
static void relocate(const struct rf_nf *nf, const struct rfv_table *table, uint64_t *copy, size_t capacity)
{
	for (uint32_t i = 0; i < table->count && i < capacity; i++)
		copy[i] = rf_nf_text(nf, rfv_image_table_entry(&nf->image, table, i));
}

/* A memory file, since every cell maps it: the function table, all 64 KiB of it valid, then the jump tables.
 */
static bool build_tables(struct rf_nf *nf)
{
	const size_t functions = RF_FUNCTION_TABLE_SIZE / 8;
	nf->tables_length = rf_page_up(8 * (functions + nf->image.jump_tables.count));
	nf->tables_fd = memfd_create("ringfence-tables", MFD_CLOEXEC);
	if (nf->tables_fd < 0 || ftruncate(nf->tables_fd, (off_t)nf->tables_length) != 0)
		return false;
	uint64_t *tables =
	    mmap(NULL, nf->tables_length, PROT_READ | PROT_WRITE, MAP_SHARED, nf->tables_fd, 0);
	if (tables == MAP_FAILED)
		return false;
	for (size_t i = 0; i < nf->tables_length / 8; i++)
		tables[i] = nf->trap;
	relocate(nf, &nf->image.function_table, tables, functions);
	relocate(nf, &nf->image.jump_tables, tables + functions, nf->tables_length / 8 - functions);
	munmap(tables, nf->tables_length);
	return true;
}

static enum rf_status validate(struct rf_nf *nf, size_t size, struct rf_error *error)
{
	struct rfv_finding finding = {0};
	struct rfv_report report = {.findings = &finding, .capacity = 1};
	const enum rfv_verdict verdict = rfv_check(nf->bytes, size, &report);
	nf->image = report.image;
	if (verdict == RFV_ACCEPTED)
		return RF_OK;
	if (verdict == RFV_NO_MEMORY)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: no memory to validate it", nf->name);
	return rf_fail(error, RF_ERR_REJECTED,
	               "%s: rejected by the validator: 0x%x: [%s] %s (%llu findings; rf-validate lists them)",
	               nf->name, finding.address, rfv_rule_name(finding.rule), finding.message,
	               (unsigned long long)report.total);
}

/* From memory, or from a file if `data` is null: one that shrinks meanwhile is an error, one that grows is
 * cut. */
static enum rf_status load(struct rf_nf *nf, const void *data, FILE *file, uint64_t size,
                           struct rf_error *error)
{
	if (size == 0 || size > RFV_FILE_MAX)
		return rf_fail(error, RF_ERR_REJECTED, "%s: %llu bytes cannot be a network function",
		               nf->name, (unsigned long long)size);
	nf->bytes = malloc(size);
	if (nf->bytes == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: no memory for %llu bytes", nf->name,
		               (unsigned long long)size);
	if (data != NULL)
		memcpy(nf->bytes, data, size);
	else if (fread(nf->bytes, 1, size, file) != size)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: cannot read all of it", nf->name);
	const enum rf_status status = validate(nf, size, error);
	if (status == RF_OK && (!map_text(nf) || !build_tables(nf)))
		return rf_fail(error, RF_ERR_SYSTEM, "%s: cannot map it: %s", nf->name, strerror(errno));
	return status;
}

static enum rf_status load_new(const char *path, const void *data, FILE *file, uint64_t size,
                               struct rf_nf **result, struct rf_error *error)
{
	const char *slash = strrchr(path, '/');
	struct rf_nf *nf = calloc(1, sizeof(*nf));
	if (nf == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: no memory", path);
	atomic_init(&nf->references, 1);
	snprintf(nf->name, sizeof(nf->name), "%s", slash != NULL ? slash + 1 : path);
	nf->tables_fd = -1;
	const enum rf_status status = load(nf, data, file, size, error);
	if (status == RF_OK)
		*result = nf;
	else
		rf_nf_release(nf);
	return status;
}

enum rf_status rf_nf_load_bytes(const char *name, const void *data, size_t size, struct rf_nf **nf,
                                struct rf_error *error)
{
	return load_new(name, data, NULL, size, nf, error);
}

enum rf_status rf_nf_load(const char *path, struct rf_nf **nf, struct rf_error *error)
{
	/* O_NONBLOCK: a FIFO must not hang us before it is found to be no regular file. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	struct stat info;
	enum rf_status status;
	if (file == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: %s", path, strerror(errno));
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		status = load_new(path, NULL, file, (uint64_t)info.st_size, nf, error);
	else
		status = rf_fail(error, RF_ERR_SYSTEM, "%s: not a regular file", path);
	fclose(file);
	return status;
}

void rf_nf_release(struct rf_nf *nf)
{
	if (nf == NULL || atomic_fetch_sub(&nf->references, 1) != 1)
		return;
	if (nf->text != NULL)
		munmap(nf->text, nf->text_length);
	if (nf->tables_fd >= 0)
		close(nf->tables_fd);
	free(nf->bytes);
	free(nf);
}

uint32_t rf_nf_export(const struct rf_nf *nf, const char *name)
{
	return rfv_image_find_export(&nf->image, name);
}
