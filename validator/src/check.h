/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction against one abstract state: which rules does it break, and
 * what is known afterwards. Knows nothing of control flow but what kind of
 * transfer an instruction is.
 */
#ifndef RFV_CHECK_H
#define RFV_CHECK_H

#include <ringfence/contract.h>

#include "insn.h"
#include "value.h"

/* The frame is tracked in units of four bytes, as far as there is something to know. */
#define UNIT_SIZE 4
#define FRAME_UNITS (RF_FRAME_MAX / UNIT_SIZE)
#define TRACKED_UNITS_MAX 1024
#define FIRST_UNIT REGISTER_NUMBERS
#define STATE_VALUES_MAX (FIRST_UNIT + TRACKED_UNITS_MAX)

struct state {
	int32_t depth; /* bytes that rsp is below its value on entry */
	/*
	 * Registers, then the tracked units of the frame in order of their first store.
	 * NO_REGISTER has the value 0, as part of an address; nothing is known of RIP_REGISTER.
	 */
	struct value values[STATE_VALUES_MAX];
};

/*
 * Which units of the frame are tracked, in the function at hand. Unit u, from 1
 * on, is the four bytes at rsp-on-entry - RF_FRAME_MAX + 4 * (u - 1). Its value is
 * that of the eight bytes from there, but for VALUE_HALF.
 */
struct frame {
	uint32_t unit_count;
	uint16_t units[TRACKED_UNITS_MAX];
	/* Of a unit in struct state plus one, 0 if it is not tracked; so is unit 0. */
	uint16_t number[FRAME_UNITS + 1];
};

/* What a trace shows (ringfence/validator.h). */
struct rfv_state {
	const struct frame *frame;
	const struct state *state;
};

struct violation {
	enum rfv_rule rule; /* RFV_RULE_NONE: all is well */
	char message[RFV_MESSAGE_MAX];
};

/* On entry of a function: nothing is known but r15 and what the callee-saved registers are. */
void rfv_state_entry(struct state *state);

/* An instruction, what it is applied to, and what comes of it. */
struct step {
	const struct shape *shape;
	const uint8_t *bytes; /* shape->length */
	struct frame *frame;
	struct state *state;
	struct violation *violation; /* the rule that it breaks, if any */
};

/*
 * Applies the instruction to the state. Branches are checked as
 * far as their operands go: targets are for the caller, as are jumps
 * through a jump table, of which only the operand's form is checked here.
 */
void rfv_step(const struct step *step);

/* At depth 0 with each callee-saved register as on entry, as ret and tail calls demand. */
bool rfv_check_leave(const struct state *state, struct violation *violation);

/* A jump through a jump table: table offset and step in bytes, mask of the index. */
struct table_jump {
	uint32_t offset;
	uint32_t step;
	uint32_t mask;
};

/* True, and what it may select, if an EFFECT_JMP through memory, which broke no rule, is such a jump. */
bool rfv_is_table_jump(const struct step *step, struct table_jump *jump);

/* "a number within bits 0x7f8" and the like. */
const char *rfv_describe(struct value value, char *buffer, size_t size);

/* "rax" ..., of a general register */
const char *rfv_register_name(uint8_t number);

#endif
