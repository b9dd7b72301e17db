// SPDX-License-Identifier: Apache-2.0
// Runs the IR passes, once a module, after all of LLVM's own optimisations:
// so none of those has to know what the passes turn functions into.
#include "IR.h"
#include "Passes.h"

#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instruction.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace ringfence {

void reportError(const Function &function, const Twine &message) {
  function.getContext().diagnose(
      DiagnosticInfoUnsupported(function, message, DiagnosticLocation(function.getSubprogram())));
}

void reportError(const Instruction &at, const Twine &message) {
  const Function &function = *at.getFunction();
  if (!at.getDebugLoc())
    return reportError(function, message);
  function.getContext().diagnose(
      DiagnosticInfoUnsupported(function, message, DiagnosticLocation(at.getDebugLoc())));
}

namespace {

// Code generation must not see what has been reported as an error: it might crash on it.
void dropBodies(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.deleteBody();
    function.setComdat(nullptr);
  }
}

class IRPasses : public PassInfoMixin<IRPasses> {
public:
  PreservedAnalyses run(Module &module, ModuleAnalysisManager &analyses) {
    if (!module.getTargetTriple().isX32() || module.getModuleFlag(Done))
      return PreservedAnalyses::all();
    module.addModuleFlag(Module::Max, Done, 1);

    if (diagnose(module)) {
      dropBodies(module);
      return PreservedAnalyses::none();
    }
    lowerIntrinsics(module);
    // Variable arguments that are passed by value are copied once, by the first of the two.
    lowerVariadics(module, analyses);
    lowerByvalArguments(module);
    lowerMemoryIntrinsics(module);
    if (!limitTailCalls(module)) {
      dropBodies(module);
      return PreservedAnalyses::none();
    }
    moveToDataStack(module);
    const auto exports = takeExports(module);
    lowerFunctionPointers(module);
    emitExports(module, exports);
    setLinkage(module);
    setAttributes(module);
    return PreservedAnalyses::none();
  }

  // At -O0 too, and for functions marked optnone.
  static bool isRequired() { return true; }

private:
  // Module flag: bitcode that went through the passes may come by again.
  static constexpr const char *Done = "ringfence";
};

} // namespace

void registerIRPasses(PassBuilder &builder) {
  builder.registerOptimizerLastEPCallback(
      [](ModulePassManager &passes, OptimizationLevel, ThinOrFullLTOPhase phase) {
        // With -flto this is only the half-way mark.
        if (phase != ThinOrFullLTOPhase::FullLTOPreLink && phase != ThinOrFullLTOPhase::ThinLTOPreLink)
          passes.addPass(IRPasses());
      });
  builder.registerFullLinkTimeOptimizationLastEPCallback(
      [](ModulePassManager &passes, OptimizationLevel) { passes.addPass(IRPasses()); });
}

} // namespace ringfence
