/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into every network function: the note that describes the binary,
 * what the runtime finds through it, and the caller of static constructors.
 */
#include <stdint.h>

#include <ringfence/contract.h>
#include <ringfence/nf_abi.h>

/* Bounds that the linker script (nf.ld) sets. Only their addresses mean something. */
extern const char __rf_functable_start[], __rf_functable_end[];
extern const char __rf_jumptables_start[], __rf_jumptables_end[];
extern const char __rf_entries_start[], __rf_entries_end[];
extern const char __rf_exports_start[], __rf_exports_end[];
extern const char __rf_stack_low[];
extern char __rf_stack_top[];

typedef void rf_constructor(void);
extern rf_constructor *const __rf_init_array_start[];
extern rf_constructor *const __rf_init_array_end[];

/* The data stack pointer: functions with address-taken locals move it. */
char *__rf_dsp = __rf_stack_top;

struct rf_cell_info __rf_info;
_Alignas(64) struct rf_burst __rf_burst;

/* Static constructors, before `init`. */
__attribute__((used, annotate("rf_export"))) void _rf_start(void);
void _rf_start(void)
{
	for (rf_constructor *const *constructor = __rf_init_array_start; constructor != __rf_init_array_end;
	     constructor++)
		(*constructor)();
}

/* What the vtable of an abstract class names. */
void __cxa_pure_virtual(void);
void __cxa_pure_virtual(void)
{
	__builtin_trap();
}

/* Destructors never run: a network function does not exit, its cell is dropped. */
void *const __dso_handle = 0;
int __cxa_atexit(void (*destructor)(void *), void *argument, void *handle);
int __cxa_atexit(void (*destructor)(void *), void *argument, void *handle)
{
	(void)destructor;
	(void)argument;
	(void)handle;
	return 0;
}

/* An ELF note's name field is padded to 4 bytes; its size counts the NUL but not the padding. */
struct note {
	uint32_t name_size;
	uint32_t descriptor_size;
	uint32_t type;
	char name[(sizeof(RF_NOTE_NAME) + 3) & ~3u];
	struct rf_nf_note descriptor;
};

#define ADDRESS(object) ((uint32_t)(uintptr_t)(object))

__attribute__((used, section(".note.ringfence"), aligned(4))) static const struct note note = {
    .name_size = sizeof(RF_NOTE_NAME),
    .descriptor_size = sizeof(struct rf_nf_note),
    .type = RF_NOTE_TYPE,
    .name = RF_NOTE_NAME,
    .descriptor =
        {
            .version = RF_CONTRACT_VERSION,
            .function_table = {ADDRESS(__rf_functable_start), ADDRESS(__rf_functable_end)},
            .jump_tables = {ADDRESS(__rf_jumptables_start), ADDRESS(__rf_jumptables_end)},
            .entries = {ADDRESS(__rf_entries_start), ADDRESS(__rf_entries_end)},
            .exports = {ADDRESS(__rf_exports_start), ADDRESS(__rf_exports_end)},
            .data_stack = {ADDRESS(__rf_stack_low), ADDRESS(__rf_stack_top)},
            .info = ADDRESS(&__rf_info),
            .burst = ADDRESS(&__rf_burst),
        },
};
