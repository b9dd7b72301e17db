// SPDX-License-Identifier: Apache-2.0
// What clang and the linker are told of. Everything else in this folder stands
// behind these functions.
#ifndef RINGFENCE_LLVM_PASS_PASSES_H
#define RINGFENCE_LLVM_PASS_PASSES_H

namespace llvm {
class FunctionPass;
class ModulePass;
class PassBuilder;
class TargetMachine;
class TargetPassConfig;
} // namespace llvm

namespace ringfence {

// rsp is a multiple of it where functions meet. Only spills, arguments and locals without an address are on
// the control stack: none of them needs more.
inline constexpr unsigned ControlStackAlign = 8;

// IR passes: run last in the optimisation pipeline, at every -O level.
void registerIRPasses(llvm::PassBuilder &PB);

// The same as a pass of the code generator, for modules that have not had them.
llvm::ModulePass *createIRPass(llvm::TargetMachine &machine);

// A pass behind loop strength reduction: counters that start below zero start at it.
llvm::FunctionPass *createCounterPass();

// Machine passes: before and after register allocation.
void addMachinePasses(llvm::TargetPassConfig &Config);

} // namespace ringfence

#endif
