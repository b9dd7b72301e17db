/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols by libelf, source lines by libdw. Runs only in the child process of places.c. */
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <libelf.h>

#include <ringfence/contract.h>

#include "tool.h"

struct symbol {
	uint32_t address;
	bool function;
	const char *name;
};

struct symbols {
	Elf *elf;
	Dwarf *dwarf;
	struct symbol *symbols; /* of the text, by address */
	size_t count;
};

/* Of two symbols at one address the one that describes code better comes last, and is found. */
static int compare_symbols(const void *left, const void *right)
{
	const struct symbol *a = left;
	const struct symbol *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->function != b->function)
		return a->function ? 1 : -1;
	return strcmp(b->name, a->name);
}

static void add_symbols(struct symbols *symbols, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const size_t entry = gelf_fsize(symbols->elf, ELF_T_SYM, 1, EV_CURRENT);
	const size_t count = data == NULL || entry == 0 ? 0 : data->d_size / entry;

	if (symbols->symbols != NULL)
		return;
	symbols->symbols = calloc(count == 0 ? 1 : count, sizeof *symbols->symbols);
	if (symbols->symbols == NULL)
		return;
	for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
		GElf_Sym symbol;
		const char *name;

		if (gelf_getsym(data, (int)i, &symbol) == NULL || symbol.st_shndx == SHN_UNDEF)
			continue;
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC && GELF_ST_TYPE(symbol.st_info) != STT_NOTYPE)
			continue;
		if (symbol.st_value < RF_TEXT_ADDR || symbol.st_value - RF_TEXT_ADDR >= RF_TEXT_MAX)
			continue;
		name = elf_strptr(symbols->elf, header->sh_link, symbol.st_name);
		if (name == NULL || *name == '\0')
			continue;
		symbols->symbols[symbols->count++] =
		    (struct symbol){.address = (uint32_t)symbol.st_value,
		                    .function = GELF_ST_TYPE(symbol.st_info) == STT_FUNC,
		                    .name = name};
	}
	qsort(symbols->symbols, symbols->count, sizeof *symbols->symbols, compare_symbols);
}

struct symbols *symbols_open(const void *bytes, size_t size)
{
	struct symbols *symbols = calloc(1, sizeof *symbols);
	Elf_Scn *section = NULL;

	if (symbols == NULL || size == 0 || elf_version(EV_CURRENT) == EV_NONE)
		return symbols;
	symbols->elf = elf_memory((char *)(uintptr_t)bytes, size);
	if (symbols->elf == NULL || elf_kind(symbols->elf) != ELF_K_ELF)
		return symbols;
	while ((section = elf_nextscn(symbols->elf, section)) != NULL) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB)
			add_symbols(symbols, section, &header);
	}
	symbols->dwarf = dwarf_begin_elf(symbols->elf, DWARF_C_READ, NULL);
	return symbols;
}

static void find_symbol(const struct symbols *symbols, uint32_t address, struct place *place)
{
	size_t low = 0;
	size_t high = symbols->count;

	while (low < high) { /* the last symbol at or below the address */
		const size_t middle = low + (high - low) / 2;

		if (symbols->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return;
	place->symbol = symbols->symbols[low - 1].name;
	place->symbol_offset = address - symbols->symbols[low - 1].address;
}

/* The unit that covers the address. Not by .debug_aranges, which clang does not write. */
static bool find_unit(Dwarf *dwarf, uint32_t address, Dwarf_Die *unit)
{
	Dwarf_CU *at = NULL;
	Dwarf_Half version;
	uint8_t type;

	while (dwarf_get_units(dwarf, at, &at, &version, &type, unit, NULL) == 0)
		if (type == DW_UT_compile && dwarf_haspc(unit, address) > 0)
			return true;
	return false;
}

static void find_line(const struct symbols *symbols, uint32_t address, struct place *place)
{
	Dwarf_Die unit;
	Dwarf_Line *line;

	if (symbols->dwarf == NULL || !find_unit(symbols->dwarf, address, &unit))
		return;
	line = dwarf_getsrc_die(&unit, address);
	if (line == NULL || dwarf_lineno(line, &place->line) != 0)
		return;
	place->file = dwarf_linesrc(line, NULL, NULL);
}

struct place symbols_find(struct symbols *symbols, uint32_t address)
{
	struct place place = {0};

	if (symbols == NULL)
		return place;
	find_symbol(symbols, address, &place);
	find_line(symbols, address, &place);
	return place;
}
