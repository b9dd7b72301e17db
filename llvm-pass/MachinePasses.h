// SPDX-License-Identifier: Apache-2.0
// The machine passes, in the order in which they run, and what they share.
#ifndef RINGFENCE_LLVM_PASS_MACHINEPASSES_H
#define RINGFENCE_LLVM_PASS_MACHINEPASSES_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/CodeGen/Register.h"
#include "llvm/IR/DebugLoc.h"

namespace llvm {
class MachineFunction;
class MachineFunctionPass;
class MachineInstr;
} // namespace llvm

namespace ringfence {

// Right after instruction selection, in SSA form:
llvm::MachineFunctionPass *createUnsupportedPass(); // diagnoses what no pass can make right
llvm::MachineFunctionPass *createArgumentPass();    // parameters on the stack that are changed
llvm::MachineFunctionPass *createStackPass();       // vectors on the stack, which is not aligned for them
llvm::MachineFunctionPass *createNoRexPass();       // instructions that cannot name r14/r15
llvm::MachineFunctionPass *createFencePass();       // fences that are stores to the stack
llvm::MachineFunctionPass *createBranchPass();      // indirect calls and jump tables
llvm::MachineFunctionPass *createAddressPass();     // memory operands onto r15 and r14
// Right after the frame is laid out:
llvm::MachineFunctionPass *createFramePass(); // 64-bit stack pointer
// Last before assembly is printed:
llvm::MachineFunctionPass *createPointersPass(); // registers that many accesses have in common
llvm::MachineFunctionPass *createLoopsPass();    // where short loops lie
llvm::MachineFunctionPass *createFinishPass();   // jump tables' bytes, last checks

// Reports code that cannot be sandboxed as a clang error at its source line.
// Compilation goes on, so that one run reports all; no object is written.
void unsupported(const llvm::MachineFunction &MF, const llvm::DebugLoc &Where, const llvm::Twine &What);

// The line on which the function begins, where debug information has it.
llvm::DebugLoc functionLine(const llvm::MachineFunction &MF);

// Whether the register is the stack pointer or a copy of it: outgoing arguments are stored relative to one.
bool isStackPointer(const llvm::MachineFunction &MF, llvm::Register Reg);

// Where the memory references of an instruction start: at most one by its
// description, any number in inline assembly. Address computations (lea) are
// not references.
llvm::SmallVector<unsigned, 1> memoryOperands(const llvm::MachineInstr &MI);

// leaq (%r15,Index), Pointer before `MI`, when registers are assigned.
void insertCellPointer(llvm::MachineInstr &MI, llvm::Register Pointer, llvm::Register Index);

// Whether one of them is on the control stack.
bool accessesStack(const llvm::MachineInstr &MI);

} // namespace ringfence

#endif
