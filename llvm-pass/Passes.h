// SPDX-License-Identifier: Apache-2.0
// What Plugin.cpp registers. Everything else in this folder stands behind
// these two functions.
#ifndef RINGFENCE_LLVM_PASS_PASSES_H
#define RINGFENCE_LLVM_PASS_PASSES_H

namespace llvm {
class PassBuilder;
class TargetPassConfig;
} // namespace llvm

namespace ringfence {

// IR passes: run last in the optimisation pipeline, at every -O level.
void registerIRPasses(llvm::PassBuilder &PB);

// Machine passes: before and after register allocation.
void addMachinePasses(llvm::TargetPassConfig &Config);

} // namespace ringfence

#endif
