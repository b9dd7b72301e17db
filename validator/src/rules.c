/* SPDX-License-Identifier: Apache-2.0 */
#include <ringfence/validator.h>

struct rule_text {
	const char *name;
	const char *summary;
};

static const struct rule_text rules[RFV_RULE_COUNT] = {
    [RFV_RULE_NONE] = {"none", "No rule."},
    [RFV_RULE_ELF_HEADER] = {"elf-header", "The file is a static ELF32 executable for x86-64."},
    [RFV_RULE_ELF_SEGMENT] = {"elf-segment",
                              "Segments lie in the file and in their part of the address space; one is "
                              "R+X, the others are R or RW."},
    [RFV_RULE_ELF_OVERLAP] = {"elf-overlap",
                              "No two segments, nor a segment and the data stack, share a page."},
    [RFV_RULE_ELF_NOTE] = {"elf-note", "There is exactly one Ringfence note, of the right version and size."},
    [RFV_RULE_ELF_TABLE] = {"elf-table",
                            "The note's tables lie in read-only data and their entries make sense."},
    [RFV_RULE_UNDECODABLE] = {"undecodable", "All bytes of the text are instructions, one after the other."},
    [RFV_RULE_BRANCH_TARGET] = {"branch-target", "A direct branch leads to the start of an instruction."},
    [RFV_RULE_ENTRY_TARGET] = {"entry-target",
                               "Function entries and jump-table entries are starts of instructions."},
    [RFV_RULE_TEXT_END] = {"text-end", "Control does not run off the end of the text."},
    [RFV_RULE_INSTRUCTION] = {"instruction", "Only instructions on the allow-list are used."},
    [RFV_RULE_PREFIX] = {"prefix", "Only the prefixes listed for an instruction are used, each once."},
    [RFV_RULE_OPERAND] = {"operand", "Only operand forms that the checks can follow are used."},
    [RFV_RULE_MEMORY_BASE] = {"memory-base",
                              "A memory operand's base is r15, r14, rsp or a pointer made from r15."},
    [RFV_RULE_MEMORY_INDEX] = {"memory-index", "A memory operand's index is a zero-extended 32-bit number."},
    [RFV_RULE_MEMORY_CONTROL_BLOCK] = {"memory-control-block",
                                       "A displacement does not reach the control block."},
    [RFV_RULE_PACKET_BOUNDS] = {"packet-bounds", "A packet access stays within [r14 - 256, r14 + 3072)."},
    [RFV_RULE_FRAME_BOUNDS] = {"frame-bounds",
                               "A control-stack access stays in the frame or in the incoming arguments."},
    [RFV_RULE_ARGUMENT_STORE] = {"argument-store", "Incoming stack arguments are read, never written."},
    [RFV_RULE_WRITE_RSP] = {"write-rsp", "rsp changes by push, pop, call, ret and by constants only."},
    [RFV_RULE_STACK_DEPTH] = {"stack-depth", "The depth of rsp is the same on all paths to an instruction."},
    [RFV_RULE_FRAME_SIZE] = {"frame-size", "A frame is between 0 and 64 KiB."},
    [RFV_RULE_STACK_BALANCE] = {"stack-balance", "A function is left with rsp where it was on entry."},
    [RFV_RULE_CALLEE_SAVED] = {"callee-saved",
                               "A function is left with rbx, rbp, r12 and r13 as they were on entry."},
    [RFV_RULE_FUNCTION_OVERLAP] = {"function-overlap", "No instruction belongs to two functions."},
    [RFV_RULE_INDIRECT_BRANCH] = {"indirect-branch",
                                  "Indirect branches read their target from the control block."},
    [RFV_RULE_FUNCTION_INDEX] = {"function-index", "An index into the function table is within bits 0xfff8."},
    [RFV_RULE_HOST_CALL] = {"host-call", "A host call is one that exists."},
    [RFV_RULE_JUMP_TABLE] = {"jump-table",
                             "Every entry that a jump's index can select is an instruction of the same "
                             "function."},
    [RFV_RULE_WRITE_R14] = {"write-r14", "r14 is written by the select form only."},
    [RFV_RULE_WRITE_R15] = {"write-r15", "r15 is never written."},
    [RFV_RULE_SELECT_INDEX] = {"select-index", "An index into the window table is within bits 0xff."},
    [RFV_RULE_LIMIT] = {"limit", "The proof fits into the validator's bounds of time and memory."},
};

const char *rfv_rule_name(enum rfv_rule rule)
{
	return (unsigned)rule < RFV_RULE_COUNT ? rules[rule].name : rules[RFV_RULE_NONE].name;
}

const char *rfv_rule_summary(enum rfv_rule rule)
{
	return (unsigned)rule < RFV_RULE_COUNT ? rules[rule].summary : rules[RFV_RULE_NONE].summary;
}

const char *rfv_version(void)
{
	return RFV_VERSION;
}
