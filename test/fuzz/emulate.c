/* SPDX-License-Identifier: Apache-2.0 */
#include "emulate.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include <ringfence/contract.h>

#include "choose.h"

/* Where things are; far apart, so that no wrong address is right by chance. */
#define CELL UINT64_C(0x100000000000)
#define TEXT UINT64_C(0x200000000000) /* of text address 0 */
#define STUBS UINT64_C(0x300000000000)
#define TRAP UINT64_C(0x310000000000) /* not mapped: what empty entries of the function table lead to */
#define DONE UINT64_C(0x320000000000) /* where the function that was started returns to */
#define STACK UINT64_C(0x400000000000)
#define SLOTS UINT64_C(0x500000000000)
#define FAULT_SLOT UINT64_C(0x600000000000) /* not mapped */

#define STACK_SIZE 0x40000
#define STACK_TOP (STACK + STACK_SIZE - 0x2000) /* with arguments above it */
#define SLOT_COUNT 4
#define SLOTS_OWNED 2 /* the first ones */
#define SLOT_HEAD 512
#define HEAP_SIZE 0x10000
#define REGIONS_MAX (RFV_SEGMENTS_MAX + 3)
#define ACTIVATIONS_MAX 512
#define INSTRUCTIONS_MAX 3000
#define EXTRA_MAX 64
#define CONTROL (CELL - UINT64_C(0x80000000))
#define CONTROL_AT(offset) ((uint64_t)((int64_t)(offset) - RF_CONTROL_OFFSET))

/* ---- What an instruction is, by Capstone ------------------------------------ */

enum transfer { UNKNOWN, ORDINARY, PUSH, POP, CALL, JUMP, BRANCH, RETURN, SELECT };

struct step {
	uint8_t length;
	uint8_t transfer; /* enum transfer */
	bool direct;
	uint64_t target;
};

/* ---- The supervised machine --------------------------------------------------- */

enum saved_register { SAVED_RBX, SAVED_RBP, SAVED_R12, SAVED_R13, SAVED_COUNT };

/* One function that has been called and has not returned. */
struct activation {
	uint64_t back;  /* where it returns to */
	uint64_t entry; /* rsp on entry, where that address stands */
	uint64_t saved[SAVED_COUNT];
};

struct region {
	uint64_t address; /* in the cell */
	uint64_t size;
	uint8_t *memory;
	bool writable;
};

struct registers {
	uint64_t rsp, r14, r15, saved[SAVED_COUNT];
};

struct emulator {
	uc_engine *unicorn;
	csh capstone;
	cs_insn *insn;
	struct region regions[REGIONS_MAX];
	uint32_t region_count;
	uint8_t *control;
	uint8_t *text;
	uint32_t text_max;
	uint8_t *stack;
	uint8_t *slots;
	struct step *steps; /* of each text offset, decoded on first use */
	uint8_t *extra;     /* one page, mapped wherever in the cell one is missing */
	uint64_t extra_pages[EXTRA_MAX];
	uint32_t extra_count;
	uint64_t instructions;
	/* Of the run at hand. */
	const struct rfv_image *image;
	struct activation activations[ACTIVATIONS_MAX];
	uint32_t depth;
	struct step last;
	uint64_t last_address;
	struct registers registers; /* before the instruction that runs now */
	uint32_t count;
	bool started;
	enum outcome outcome;
	char *message;
	uint32_t message_size;
};

__attribute__((format(printf, 3, 4))) static void stop(struct emulator *emulator, enum outcome outcome,
                                                       const char *format, ...)
{
	va_list arguments;

	if (emulator->outcome == OUTCOME_RETURNED) {
		emulator->outcome = outcome;
		va_start(arguments, format);
		(void)vsnprintf(emulator->message, emulator->message_size, format, arguments);
		va_end(arguments);
	}
	(void)uc_emu_stop(emulator->unicorn);
}

static bool in_text(const struct emulator *emulator, uint64_t address)
{
	return address - TEXT - emulator->image->text.address < emulator->image->text.size;
}

static uint64_t link_address(uint64_t address)
{
	return address - TEXT;
}

/* ---- Decoding ------------------------------------------------------------------ */

static bool in_group(const cs_insn *insn, uint8_t group)
{
	for (uint8_t i = 0; i < insn->detail->groups_count; i++)
		if (insn->detail->groups[i] == group)
			return true;
	return false;
}

static enum transfer transfer_of(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (insn->id == X86_INS_CALL)
		return CALL;
	if (insn->id == X86_INS_JMP)
		return JUMP;
	if (in_group(insn, CS_GRP_JUMP))
		return BRANCH;
	if (insn->id == X86_INS_RET)
		return RETURN;
	if (insn->id == X86_INS_PUSH)
		return PUSH;
	if (insn->id == X86_INS_POP)
		return POP;
	if (insn->id == X86_INS_MOV && x86->operands[0].type == X86_OP_REG &&
	    x86->operands[0].reg == X86_REG_R14)
		return SELECT;
	return ORDINARY;
}

static struct step decode(struct emulator *emulator, uint64_t address)
{
	const uint32_t offset = (uint32_t)(link_address(address) - emulator->image->text.address);
	struct step *step = &emulator->steps[offset];
	const uint8_t *code = emulator->text + offset;
	size_t size = emulator->image->text.size - offset;
	const cs_x86 *x86;

	if (step->length != 0)
		return *step;
	if (!cs_disasm_iter(emulator->capstone, &code, &size, &address, emulator->insn))
		return (struct step){.length = 0};
	x86 = &emulator->insn->detail->x86;
	*step = (struct step){.length = (uint8_t)emulator->insn->size,
	                      .transfer = (uint8_t)transfer_of(emulator->insn)};
	if (step->transfer >= CALL && step->transfer <= BRANCH && x86->operands[0].type == X86_OP_IMM) {
		step->direct = true;
		step->target = (uint64_t)x86->operands[0].imm;
	}
	return *step;
}

/* ---- Control -------------------------------------------------------------------- */

static bool in_table(const struct emulator *emulator, const struct rfv_table *table, uint64_t address)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (TEXT + rfv_image_table_entry(emulator->image, table, i) == address)
			return true;
	return false;
}

static bool is_stub(uint64_t address)
{
	return address >= STUBS && address < STUBS + 16 * RF_HOST_CALLS && address % 16 == 0;
}

static bool is_indirect_callee(const struct emulator *emulator, uint64_t address)
{
	return is_stub(address) || address == TRAP ||
	       (in_text(emulator, address) && in_table(emulator, &emulator->image->function_table, address));
}

static void enter(struct emulator *emulator, uint64_t back, const struct registers *registers)
{
	struct activation *activation;

	if (emulator->depth == ACTIVATIONS_MAX) {
		stop(emulator, OUTCOME_STOPPED, "too many calls");
		return;
	}
	activation = &emulator->activations[emulator->depth++];
	activation->back = back;
	activation->entry = registers->rsp;
	memcpy(activation->saved, registers->saved, sizeof activation->saved);
}

/* By return or tail call: as the caller left it. */
static void check_leave(struct emulator *emulator, const struct activation *activation,
                        const struct registers *registers, uint64_t rsp)
{
	if (registers->rsp != rsp)
		stop(emulator, OUTCOME_ESCAPED, "leaves at 0x%" PRIx64 " with rsp off by %" PRId64,
		     link_address(emulator->last_address), (int64_t)(registers->rsp - rsp));
	if (memcmp(activation->saved, registers->saved, sizeof activation->saved) != 0)
		stop(emulator, OUTCOME_ESCAPED,
		     "leaves at 0x%" PRIx64 " with a callee-saved register changed",
		     link_address(emulator->last_address));
}

static void check_return(struct emulator *emulator, uint64_t address, const struct registers *registers)
{
	const struct activation *activation = &emulator->activations[emulator->depth - 1];

	if (address != activation->back)
		stop(emulator, OUTCOME_ESCAPED, "returns from 0x%" PRIx64 " to 0x%" PRIx64,
		     link_address(emulator->last_address), address);
	check_leave(emulator, activation, registers, activation->entry + 8);
	emulator->depth--;
}

static void check_jump(struct emulator *emulator, uint64_t address, const struct registers *registers)
{
	const struct activation *activation = &emulator->activations[emulator->depth - 1];

	if (in_text(emulator, address) && in_table(emulator, &emulator->image->jump_tables, address))
		return;
	if (!is_indirect_callee(emulator, address))
		stop(emulator, OUTCOME_ESCAPED, "jumps from 0x%" PRIx64 " to 0x%" PRIx64,
		     link_address(emulator->last_address), address);
	check_leave(emulator, activation, registers, activation->entry);
}

/* Control comes to `address` from the instruction that ran last. */
static void check_transfer(struct emulator *emulator, uint64_t address, const struct registers *registers)
{
	const struct step *last = &emulator->last;
	const uint64_t next = emulator->last_address + last->length;

	if (is_stub(emulator->last_address) || last->transfer == RETURN) {
		check_return(emulator, address, registers);
	} else if (last->transfer == CALL) {
		if (last->direct ? address != last->target : !is_indirect_callee(emulator, address))
			stop(emulator, OUTCOME_ESCAPED, "calls from 0x%" PRIx64 " to 0x%" PRIx64,
			     link_address(emulator->last_address), address);
		enter(emulator, next, registers);
	} else if (last->transfer == JUMP && !last->direct) {
		check_jump(emulator, address, registers);
	} else if (!(last->transfer != JUMP && address == next) &&
	           !((last->transfer == JUMP || last->transfer == BRANCH) && address == last->target)) {
		stop(emulator, OUTCOME_ESCAPED, "goes from 0x%" PRIx64 " to 0x%" PRIx64,
		     link_address(emulator->last_address), address);
	}
}

static bool is_window(uint64_t r14)
{
	for (uint32_t i = 0; i < SLOTS_OWNED; i++)
		if (r14 == SLOTS + i * RF_SLOT_SIZE + SLOT_HEAD)
			return true;
	return r14 == FAULT_SLOT;
}

static void read_registers(struct emulator *emulator, struct registers *registers)
{
	int names[] = {UC_X86_REG_RSP, UC_X86_REG_R14, UC_X86_REG_R15, UC_X86_REG_RBX,
	               UC_X86_REG_RBP, UC_X86_REG_R12, UC_X86_REG_R13};
	void *values[] = {&registers->rsp,      &registers->r14,      &registers->r15,
	                  &registers->saved[0], &registers->saved[1], &registers->saved[2],
	                  &registers->saved[3]};

	(void)uc_reg_read_batch(emulator->unicorn, names, values, sizeof names / sizeof *names);
}

static void check_registers(struct emulator *emulator, const struct registers *registers)
{
	const struct activation *activation = &emulator->activations[emulator->depth - 1];

	if (registers->r15 != CELL || !is_window(registers->r14))
		stop(emulator, OUTCOME_ESCAPED, "%s was changed before 0x%" PRIx64,
		     registers->r15 != CELL ? "r15" : "r14", link_address(emulator->last_address));
	if (activation->entry - registers->rsp > RF_FRAME_MAX)
		stop(emulator, OUTCOME_ESCAPED, "rsp left the frame at 0x%" PRIx64,
		     link_address(emulator->last_address));
}

/* A host call keeps what the contract says, and nothing else. */
static void host_call(struct emulator *emulator)
{
	static const int lost[] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX,
	                           UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,
	                           UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11};
	uint64_t seed = emulator->count;

	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
		const uint64_t value = choose_hostile(&seed);

		(void)uc_reg_write(emulator->unicorn, lost[i], &value);
	}
}

static void on_instruction(uc_engine *unicorn, uint64_t address, uint32_t size, void *context)
{
	struct emulator *emulator = context;
	struct registers registers;

	(void)unicorn;
	(void)size;
	if (emulator->outcome != OUTCOME_RETURNED)
		return;
	read_registers(emulator, &registers);
	if (!emulator->started) {
		enter(emulator, DONE, &registers);
		emulator->started = true;
	} else {
		check_transfer(emulator, address, &registers);
	}
	if (emulator->outcome != OUTCOME_RETURNED || address == DONE)
		return;
	emulator->registers = registers;
	emulator->last_address = address;
	check_registers(emulator, &registers);
	if (is_stub(address)) {
		host_call(emulator);
		return;
	}
	if (!in_text(emulator, address)) {
		stop(emulator, OUTCOME_ESCAPED, "runs outside of the text at 0x%" PRIx64, address);
		return;
	}
	emulator->last = decode(emulator, address);
	if (emulator->last.length == 0)
		stop(emulator, OUTCOME_FAULTED, "not an instruction to Capstone");
	emulator->instructions++;
	if (emulator->count++ >= INSTRUCTIONS_MAX)
		stop(emulator, OUTCOME_STOPPED, "too many instructions");
}

/* ---- Memory ---------------------------------------------------------------------- */

static bool within(uint64_t address, uint32_t size, uint64_t low, uint64_t high)
{
	return address >= low && address <= high && size <= high - address;
}

static bool control_block_allowed(const struct emulator *emulator, uint64_t address, uint32_t size)
{
	const uint64_t offset = address - CONTROL;
	const bool branch = emulator->last.transfer == CALL || emulator->last.transfer == JUMP;

	if (emulator->last.transfer == SELECT)
		return within(offset, size, CONTROL_AT(RF_WINDOW_TABLE_OFFSET),
		              CONTROL_AT(RF_WINDOW_TABLE_OFFSET) + 8 * RF_WINDOW_ENTRIES) &&
		       offset % 8 == 0;
	return branch && offset % 8 == 0 &&
	       (within(offset, size, 0, 8 * RF_HOST_CALLS) ||
	        within(offset, size, CONTROL_AT(RF_FUNCTION_TABLE_OFFSET), RF_CONTROL_SIZE));
}

static bool stack_allowed(const struct emulator *emulator, uint64_t address, uint32_t size, bool write)
{
	const uint64_t entry = emulator->activations[emulator->depth - 1].entry;
	const uint64_t rsp = emulator->registers.rsp;

	switch (emulator->last.transfer) {
	case PUSH:
	case CALL:
		if (write)
			return within(address, size, rsp - 8, rsp);
		break;
	case RETURN:
		return !write && address == entry && size == 8;
	default:
		break;
	}
	return within(address, size, rsp, entry) ||
	       (!write && within(address, size, entry + 8, entry + 8 + RF_INCOMING_ARGS_MAX));
}

static bool access_allowed(const struct emulator *emulator, uint64_t address, uint32_t size, bool write)
{
	const uint64_t r14 = emulator->registers.r14;

	if (is_stub(emulator->last_address))
		return true; /* the stub's own ret; where it goes is checked */
	if (within(address, size, CONTROL + RF_CONTROL_SIZE, CELL + (uint64_t)RF_CELL_COPIES * RF_CELL_SIZE))
		return true;
	if (within(address, size, r14 + (uint64_t)RF_WINDOW_LOW, r14 + RF_WINDOW_HIGH))
		return true;
	if (within(address, size, CONTROL, CONTROL + RF_CONTROL_SIZE))
		return !write && control_block_allowed(emulator, address, size);
	return stack_allowed(emulator, address, size, write);
}

static void check_access(struct emulator *emulator, uint64_t address, uint32_t size, bool write)
{
	if (emulator->outcome == OUTCOME_RETURNED && !access_allowed(emulator, address, size, write))
		stop(emulator, OUTCOME_ESCAPED,
		     "0x%" PRIx64 " %s %u bytes at 0x%" PRIx64 ", r14 0x%" PRIx64 ", rsp 0x%" PRIx64,
		     link_address(emulator->last_address), write ? "writes" : "reads", size, address,
		     emulator->registers.r14, emulator->registers.rsp);
}

static void on_access(uc_engine *unicorn, uc_mem_type type, uint64_t address, int size, int64_t value,
                      void *context)
{
	(void)unicorn;
	(void)value;
	check_access(context, address, (uint32_t)size, type == UC_MEM_WRITE);
}

/* Most of a cell's memory is not mapped. A run would soon end there, so that there is memory on demand. */
static bool map_extra(struct emulator *emulator, uint64_t address)
{
	const uint64_t page = address & ~(uint64_t)(RF_PAGE_SIZE - 1);

	if (address < CONTROL + RF_CONTROL_SIZE ||
	    address >= CELL + (uint64_t)RF_CELL_COPIES * RF_CELL_SIZE || emulator->extra_count == EXTRA_MAX ||
	    uc_mem_map_ptr(emulator->unicorn, page, RF_PAGE_SIZE, UC_PROT_READ | UC_PROT_WRITE,
	                   emulator->extra) != UC_ERR_OK)
		return false;
	emulator->extra_pages[emulator->extra_count++] = page;
	return true;
}

static void unmap_extra(struct emulator *emulator)
{
	while (emulator->extra_count > 0)
		(void)uc_mem_unmap(emulator->unicorn, emulator->extra_pages[--emulator->extra_count],
		                   RF_PAGE_SIZE);
}

/* Memory that is not there: contained if it is the cell's not to have. */
static bool on_missing(uc_engine *unicorn, uc_mem_type type, uint64_t address, int size, int64_t value,
                       void *context)
{
	struct emulator *emulator = context;
	const bool fetch = type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT;

	(void)unicorn;
	(void)value;
	if (!fetch)
		check_access(emulator, address, (uint32_t)size,
		             type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT);
	if ((type == UC_MEM_READ_UNMAPPED || type == UC_MEM_WRITE_UNMAPPED) &&
	    emulator->outcome == OUTCOME_RETURNED && map_extra(emulator, address))
		return true;
	if (fetch && address != TRAP)
		stop(emulator, OUTCOME_ESCAPED, "0x%" PRIx64 " goes to 0x%" PRIx64,
		     link_address(emulator->last_address), address);
	stop(emulator, OUTCOME_FAULTED, "fault at 0x%" PRIx64, link_address(emulator->last_address));
	return false;
}

static void on_exception(uc_engine *unicorn, uint32_t number, void *context)
{
	struct emulator *emulator = context;

	(void)unicorn;
	stop(emulator, OUTCOME_FAULTED, "exception %u at 0x%" PRIx64, number,
	     link_address(emulator->last_address));
}

/* ---- Setting up ------------------------------------------------------------------- */

static bool map(struct emulator *emulator, uint64_t address, uint64_t size, uint32_t rights, uint8_t **memory)
{
	if (*memory == NULL)
		*memory = aligned_alloc(RF_PAGE_SIZE, size);
	return *memory != NULL &&
	       uc_mem_map_ptr(emulator->unicorn, address, size, rights, *memory) == UC_ERR_OK;
}

static uint64_t page_end(uint64_t address)
{
	return (address + RF_PAGE_SIZE - 1) & ~(uint64_t)(RF_PAGE_SIZE - 1);
}

/* A piece of the cell's memory with its mirrors. */
static bool map_region(struct emulator *emulator, uint64_t low, uint64_t high, bool writable)
{
	struct region *region = &emulator->regions[emulator->region_count];
	const uint64_t start = low & ~(uint64_t)(RF_PAGE_SIZE - 1);
	const uint64_t size = page_end(high) - start;

	*region = (struct region){.address = start, .size = size, .writable = writable};
	for (uint64_t copy = 0; copy < RF_CELL_COPIES; copy++)
		if (!map(emulator, CELL + copy * RF_CELL_SIZE + start, size,
		         writable ? UC_PROT_READ | UC_PROT_WRITE : UC_PROT_READ, &region->memory))
			return false;
	emulator->region_count++;
	return true;
}

static bool map_cell(struct emulator *emulator, const struct rfv_image *image)
{
	uint64_t end = image->data_stack_high;

	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct rfv_segment *segment = &image->segments[i];
		const uint64_t high = (uint64_t)segment->address + segment->memory_size;

		if (!map_region(emulator, segment->address, high, segment->writable))
			return false;
		end = high > end ? high : end;
	}
	return map_region(emulator, image->data_stack_low, image->data_stack_high, true) &&
	       map_region(emulator, page_end(end), page_end(end) + HEAP_SIZE, true);
}

static bool map_rest(struct emulator *emulator, const struct rfv_image *image)
{
	uint8_t *stubs = NULL;
	bool good;

	good = map(emulator, CONTROL, RF_CONTROL_SIZE, UC_PROT_READ, &emulator->control) &&
	       map(emulator, TEXT + image->text.address, page_end(emulator->text_max),
	           UC_PROT_READ | UC_PROT_EXEC, &emulator->text) &&
	       map(emulator, STACK, STACK_SIZE, UC_PROT_READ | UC_PROT_WRITE, &emulator->stack) &&
	       map(emulator, SLOTS, (uint64_t)SLOT_COUNT * RF_SLOT_SIZE, UC_PROT_READ | UC_PROT_WRITE,
	           &emulator->slots) &&
	       uc_mem_map(emulator->unicorn, STUBS, RF_PAGE_SIZE, UC_PROT_READ | UC_PROT_EXEC) == UC_ERR_OK &&
	       uc_mem_map(emulator->unicorn, DONE, RF_PAGE_SIZE, UC_PROT_READ | UC_PROT_EXEC) == UC_ERR_OK;
	if (good)
		stubs = malloc(RF_PAGE_SIZE);
	if (stubs == NULL)
		return false;
	memset(stubs, 0xc3, RF_PAGE_SIZE); /* ret */
	good = uc_mem_write(emulator->unicorn, STUBS, stubs, RF_PAGE_SIZE) == UC_ERR_OK;
	free(stubs);
	return good;
}

static bool hook(struct emulator *emulator)
{
	/* The library takes object pointers for callbacks. */
	union {
		void (*instruction)(uc_engine *, uint64_t, uint32_t, void *);
		void (*access)(uc_engine *, uc_mem_type, uint64_t, int, int64_t, void *);
		bool (*missing)(uc_engine *, uc_mem_type, uint64_t, int, int64_t, void *);
		void (*exception)(uc_engine *, uint32_t, void *);
		void *pointer;
	} instruction = {.instruction = on_instruction}, access = {.access = on_access},
	  missing = {.missing = on_missing}, exception = {.exception = on_exception};
	uc_hook hooks[4];

	return uc_hook_add(emulator->unicorn, &hooks[0], UC_HOOK_CODE, instruction.pointer, emulator,
	                   (uint64_t)1, (uint64_t)0) == UC_ERR_OK &&
	       uc_hook_add(emulator->unicorn, &hooks[1], UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, access.pointer,
	                   emulator, (uint64_t)1, (uint64_t)0) == UC_ERR_OK &&
	       uc_hook_add(emulator->unicorn, &hooks[2], UC_HOOK_MEM_UNMAPPED | UC_HOOK_MEM_PROT,
	                   missing.pointer, emulator, (uint64_t)1, (uint64_t)0) == UC_ERR_OK &&
	       uc_hook_add(emulator->unicorn, &hooks[3], UC_HOOK_INTR, exception.pointer, emulator,
	                   (uint64_t)1, (uint64_t)0) == UC_ERR_OK;
}

struct emulator *emulator_open(const struct rfv_image *image, uint32_t text_max)
{
	struct emulator *emulator = calloc(1, sizeof *emulator);

	if (emulator == NULL)
		return NULL;
	emulator->text_max = text_max;
	emulator->steps = calloc(text_max, sizeof *emulator->steps);
	if (emulator->steps == NULL || cs_open(CS_ARCH_X86, CS_MODE_64, &emulator->capstone) != CS_ERR_OK ||
	    uc_open(UC_ARCH_X86, UC_MODE_64, &emulator->unicorn) != UC_ERR_OK) {
		free(emulator->steps);
		free(emulator);
		return NULL;
	}
	(void)cs_option(emulator->capstone, CS_OPT_DETAIL, CS_OPT_ON);
	emulator->insn = cs_malloc(emulator->capstone);
	emulator->extra = aligned_alloc(RF_PAGE_SIZE, RF_PAGE_SIZE);
	if (emulator->insn == NULL || emulator->extra == NULL || !map_cell(emulator, image) ||
	    !map_rest(emulator, image) || !hook(emulator)) {
		emulator_close(emulator);
		return NULL;
	}
	return emulator;
}

void emulator_close(struct emulator *emulator)
{
	if (emulator == NULL)
		return;
	(void)uc_close(emulator->unicorn);
	if (emulator->insn != NULL)
		cs_free(emulator->insn, 1);
	(void)cs_close(&emulator->capstone);
	for (uint32_t i = 0; i < emulator->region_count; i++)
		free(emulator->regions[i].memory);
	free(emulator->control);
	free(emulator->text);
	free(emulator->stack);
	free(emulator->slots);
	free(emulator->steps);
	free(emulator->extra);
	free(emulator);
}

/* ---- One run ------------------------------------------------------------------------ */

static void fill(uint8_t *memory, uint64_t size, uint64_t *seed)
{
	for (uint64_t i = 0; i < size; i += 8) {
		const uint64_t value = choose_hostile(seed);

		memcpy(memory + i, &value, 8);
	}
}

static void load_segments(struct emulator *emulator, const struct rfv_image *image, uint64_t *seed)
{
	for (uint32_t i = 0; i < emulator->region_count; i++)
		if (emulator->regions[i].writable)
			fill(emulator->regions[i].memory,
			     emulator->regions[i].size > 0x4000 ? 0x4000 : emulator->regions[i].size, seed);
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct rfv_segment *segment = &image->segments[i];

		memcpy(emulator->regions[i].memory + segment->address % RF_PAGE_SIZE,
		       image->bytes + segment->file_offset, segment->file_size);
	}
}

static void write64(uint8_t *to, uint64_t value)
{
	memcpy(to, &value, sizeof value);
}

static void load_code_table(struct emulator *emulator, const struct rfv_table *table, int64_t place,
                            uint64_t empty)
{
	for (uint32_t i = 0; i < table->count; i++) {
		const uint32_t address = rfv_image_table_entry(emulator->image, table, i);

		write64(emulator->control + CONTROL_AT(place) + 8 * (uint64_t)i,
		        address == 0 ? empty : TEXT + address);
	}
}

static void load_control_block(struct emulator *emulator, const struct rfv_image *image)
{
	memset(emulator->control, 0, RF_CONTROL_SIZE);
	for (uint32_t i = 0; i < RF_HOST_CALLS; i++)
		write64(emulator->control + 8 * i, STUBS + 16 * i);
	for (uint32_t i = 0; i < RF_WINDOW_ENTRIES; i++)
		write64(emulator->control + CONTROL_AT(RF_WINDOW_TABLE_OFFSET) + 8 * i,
		        i < SLOTS_OWNED ? SLOTS + i * RF_SLOT_SIZE + SLOT_HEAD : FAULT_SLOT);
	for (uint32_t i = 0; i < RF_FUNCTION_TABLE_SIZE / 8; i++)
		write64(emulator->control + CONTROL_AT(RF_FUNCTION_TABLE_OFFSET) + 8 * i, TRAP);
	load_code_table(emulator, &image->function_table, RF_FUNCTION_TABLE_OFFSET, TRAP);
	load_code_table(emulator, &image->jump_tables, RF_JUMP_TABLE_OFFSET, 0);
}

static void load_text(struct emulator *emulator, const struct rfv_image *image)
{
	const uint64_t start = TEXT + image->text.address;

	memset(emulator->text, 0, page_end(emulator->text_max));
	memcpy(emulator->text, image->bytes + image->text.file_offset, image->text.size);
	memset(emulator->steps, 0, emulator->text_max * sizeof *emulator->steps);
	(void)uc_ctl_remove_cache(emulator->unicorn, start, start + page_end(emulator->text_max));
}

static void set_registers(struct emulator *emulator, uint64_t *seed)
{
	static const int names[] = {UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RCX, UC_X86_REG_RDX,
	                            UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_RBP, UC_X86_REG_R8,
	                            UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12,
	                            UC_X86_REG_R13};
	const uint64_t r15 = CELL;
	const uint64_t r14 = SLOTS + SLOT_HEAD + (one_in(seed, 2) ? RF_SLOT_SIZE : 0);
	const uint64_t rsp = STACK_TOP;
	const uint64_t flags = 0x202;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const uint64_t value = choose_hostile(seed);

		(void)uc_reg_write(emulator->unicorn, names[i], &value);
	}
	(void)uc_reg_write(emulator->unicorn, UC_X86_REG_R15, &r15);
	(void)uc_reg_write(emulator->unicorn, UC_X86_REG_R14, &r14);
	(void)uc_reg_write(emulator->unicorn, UC_X86_REG_RSP, &rsp);
	(void)uc_reg_write(emulator->unicorn, UC_X86_REG_EFLAGS, &flags);
	write64(emulator->stack + (STACK_TOP - STACK), DONE);
}

/* No access was seen that the contract forbids; did one go unseen? */
static void check_slots(struct emulator *emulator, const uint8_t *before)
{
	const size_t owned = (size_t)SLOTS_OWNED * RF_SLOT_SIZE;

	if (memcmp(before, emulator->slots + owned, (SLOT_COUNT - SLOTS_OWNED) * (size_t)RF_SLOT_SIZE) != 0)
		stop(emulator, OUTCOME_ESCAPED, "a foreign slot was changed");
}

/* Unicorn stopped, and reported neither DONE nor an error. */
static void check_end(struct emulator *emulator)
{
	const bool left = emulator->last.transfer == RETURN || is_stub(emulator->last_address);
	struct registers registers;
	uint64_t rip = 0;

	(void)uc_reg_read(emulator->unicorn, UC_X86_REG_RIP, &rip);
	if (rip == emulator->last_address) {
		stop(emulator, OUTCOME_FAULTED, "exception at 0x%" PRIx64, link_address(rip)); /* ud2, div */
	} else if (emulator->depth != 1 || !left || rip != DONE) {
		stop(emulator, OUTCOME_BROKEN, "the emulator stopped by itself after 0x%" PRIx64 ", depth %u",
		     link_address(emulator->last_address), emulator->depth);
	} else {
		read_registers(emulator, &registers);
		check_return(emulator, DONE, &registers);
	}
}

enum outcome emulate(struct emulator *emulator, const struct rfv_image *image, uint32_t function,
                     uint64_t seed, char *text, uint32_t size)
{
	static uint8_t foreign[(SLOT_COUNT - SLOTS_OWNED) * RF_SLOT_SIZE];
	uc_err error;

	if (image->text.size > emulator->text_max)
		return OUTCOME_BROKEN;
	emulator->image = image;
	emulator->depth = 0;
	emulator->last = (struct step){0};
	emulator->last_address = 0;
	emulator->count = 0;
	emulator->started = false;
	emulator->outcome = OUTCOME_RETURNED;
	emulator->message = text;
	emulator->message_size = size;
	text[0] = 0;
	unmap_extra(emulator);
	fill(emulator->extra, RF_PAGE_SIZE, &seed);
	load_segments(emulator, image, &seed);
	fill(emulator->stack, STACK_SIZE, &seed);
	fill(emulator->slots, (uint64_t)SLOT_COUNT * RF_SLOT_SIZE, &seed);
	memcpy(foreign, emulator->slots + SLOTS_OWNED * RF_SLOT_SIZE, sizeof foreign);
	load_control_block(emulator, image);
	load_text(emulator, image);
	set_registers(emulator, &seed);
	error = uc_emu_start(emulator->unicorn, TEXT + function, DONE, 0, 0);
	check_slots(emulator, foreign);
	if (emulator->outcome == OUTCOME_RETURNED && error == UC_ERR_OK)
		check_end(emulator);
	if (emulator->outcome == OUTCOME_RETURNED && error != UC_ERR_OK)
		stop(emulator, OUTCOME_FAULTED, "%s", uc_strerror(error));
	return emulator->outcome;
}

uint64_t emulator_instructions(const struct emulator *emulator)
{
	return emulator->instructions;
}
