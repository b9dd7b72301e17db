/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols by libelf, source lines by libdw. */
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <libelf.h>

#include "tool.h"

struct symbol {
	uint32_t address;
	uint32_t size;
	const char *name;
};

struct places {
	Elf *elf;
	Dwarf *dwarf;
	struct symbol *symbols; /* functions, by address */
	size_t symbol_count;
};

static int compare_symbols(const void *left, const void *right)
{
	const struct symbol *a = left;
	const struct symbol *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

static void add_symbols(struct places *places, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const size_t count = data == NULL || header->sh_entsize == 0 ? 0 : data->d_size / header->sh_entsize;
	struct symbol *symbols = calloc(count == 0 ? 1 : count, sizeof *symbols);

	if (symbols == NULL || places->symbols != NULL) {
		free(symbols);
		return;
	}
	places->symbols = symbols;
	for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
		GElf_Sym symbol;
		const char *name;

		if (gelf_getsym(data, (int)i, &symbol) == NULL || symbol.st_shndx == SHN_UNDEF)
			continue;
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC && GELF_ST_TYPE(symbol.st_info) != STT_NOTYPE)
			continue;
		name = elf_strptr(places->elf, header->sh_link, symbol.st_name);
		if (name == NULL || *name == '\0')
			continue;
		symbols[places->symbol_count++] = (struct symbol){
		    .address = (uint32_t)symbol.st_value, .size = (uint32_t)symbol.st_size, .name = name};
	}
	qsort(symbols, places->symbol_count, sizeof *symbols, compare_symbols);
}

static void read_symbols(struct places *places)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(places->elf, section)) != NULL) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB)
			add_symbols(places, section, &header);
	}
}

struct places *places_open(const void *bytes, size_t size)
{
	struct places *places = calloc(1, sizeof *places);

	if (places == NULL || size == 0 || elf_version(EV_CURRENT) == EV_NONE)
		return places;
	places->elf = elf_memory((char *)(uintptr_t)bytes, size);
	if (places->elf == NULL || elf_kind(places->elf) != ELF_K_ELF)
		return places;
	read_symbols(places);
	places->dwarf = dwarf_begin_elf(places->elf, DWARF_C_READ, NULL);
	return places;
}

static void find_symbol(const struct places *places, uint32_t address, struct place *place)
{
	size_t low = 0;
	size_t high = places->symbol_count;

	while (low < high) { /* the last symbol at or below the address */
		const size_t middle = low + (high - low) / 2;

		if (places->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return;
	place->symbol = places->symbols[low - 1].name;
	place->symbol_offset = address - places->symbols[low - 1].address;
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

static void find_line(const struct places *places, uint32_t address, struct place *place)
{
	Dwarf_Die unit;
	Dwarf_Line *line;

	if (places->dwarf == NULL || !find_unit(places->dwarf, address, &unit))
		return;
	line = dwarf_getsrc_die(&unit, address);
	if (line == NULL || dwarf_lineno(line, &place->line) != 0)
		return;
	place->file = dwarf_linesrc(line, NULL, NULL);
}

struct place places_find(struct places *places, uint32_t address)
{
	struct place place = {0};

	if (places == NULL)
		return place;
	find_symbol(places, address, &place);
	find_line(places, address, &place);
	return place;
}

void places_close(struct places *places)
{
	if (places == NULL)
		return;
	if (places->dwarf != NULL)
		(void)dwarf_end(places->dwarf);
	if (places->elf != NULL)
		(void)elf_end(places->elf);
	free(places->symbols);
	free(places);
}
