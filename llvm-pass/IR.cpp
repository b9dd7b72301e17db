// SPDX-License-Identifier: Apache-2.0
// Runs the IR passes, once a module, after all of LLVM's own optimisations:
// so none of those has to know what the passes turn functions into.
#include "IR.h"
#include "Passes.h"

#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instruction.h"
#include "llvm/IR/Module.h"
#include "llvm/Pass.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
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
  for (GlobalAlias &alias : make_early_inc_range(module.aliases())) { // of a declaration there is none
    alias.replaceAllUsesWith(alias.getAliasee());
    alias.eraseFromParent();
  }
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.deleteBody();
    function.setComdat(nullptr);
  }
}

// clang attaches the description of a declaration to the dispatcher of target_clones; its code generator
// crashes on that.
void dropDeclaredSubprograms(Module &module) {
  for (Function &function : module)
    if (!function.isDeclaration() && function.getSubprogram() && !function.getSubprogram()->isDefinition())
      function.setSubprogram(nullptr);
}

// Module flag: bitcode that went through the passes may come by again.
constexpr const char *Done = "ringfence";

bool isDone(const Module &module) { return !module.getTargetTriple().isX32() || module.getModuleFlag(Done); }

void runPasses(Module &module, ModuleAnalysisManager &analyses) {
  module.addModuleFlag(Module::Max, Done, 1);
  dropDeclaredSubprograms(module);
  if (diagnose(module))
    return dropBodies(module);
  lowerIntrinsics(module);
  // Variable arguments that are passed by value are copied once, by the first of the two.
  lowerVariadics(module, analyses);
  lowerByvalArguments(module);
  lowerMemoryIntrinsics(module, analyses);
  if (!limitTailCalls(module))
    return dropBodies(module);
  moveToDataStack(module);
  const auto exports = takeExports(module);
  lowerFunctionPointers(module);
  emitExports(module, exports);
  shortenChains(module);
  setLinkage(module);
  setStackAlignment(module);
  setAttributes(module);
}

class IRPasses : public PassInfoMixin<IRPasses> {
public:
  PreservedAnalyses run(Module &module, ModuleAnalysisManager &analyses) {
    if (isDone(module))
      return PreservedAnalyses::all();
    runPasses(module, analyses);
    return PreservedAnalyses::none();
  }

  // At -O0 too, and for functions marked optnone.
  static bool isRequired() { return true; }
};

class EarlyDiagnosis : public PassInfoMixin<EarlyDiagnosis> {
public:
  PreservedAnalyses run(Module &module, ModuleAnalysisManager &) {
    if (!module.getTargetTriple().isX32())
      return PreservedAnalyses::all();
    dropDeclaredSubprograms(module);
    setStackAlignment(module); // with -flto, files' flags must agree
    if (diagnoseSanitizers(module))
      dropBodies(module);
    return PreservedAnalyses::none();
  }

  static bool isRequired() { return true; }
};

// The same as the first step of code generation, for pipelines that call no plugin: ThinLTO's at -O0.
class LastChance : public ModulePass {
public:
  static char ID;
  explicit LastChance(TargetMachine &machine) : ModulePass(ID), machine(machine) {}

  bool runOnModule(Module &module) override {
    if (module.getModuleFlag(Refused)) {
      dropBodies(module);
      return true;
    }
    if (isDone(module))
      return false;
    LoopAnalysisManager loops;
    FunctionAnalysisManager functions;
    CGSCCAnalysisManager components;
    ModuleAnalysisManager modules;
    PassBuilder builder(&machine);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    runPasses(module, modules);
    return true;
  }

private:
  TargetMachine &machine;
};

char LastChance::ID = 0;

// Sanitizers' passes run after those of plugins. Callbacks get the module as const, since most of them only
// watch.
void watchPasses(PassInstrumentationCallbacks &callbacks) {
  callbacks.registerBeforeNonSkippedPassCallback([](StringRef pass, Any unit) {
    const auto *module = any_cast<const Module *>(&unit);
    if (module && (*module)->getTargetTriple().isX32())
      diagnoseSanitizerPass(pass, const_cast<Module &>(**module));
  });
}

} // namespace

ModulePass *createIRPass(TargetMachine &machine) { return new LastChance(machine); }

void registerIRPasses(PassBuilder &builder) {
  if (PassInstrumentationCallbacks *callbacks = builder.getPassInstrumentationCallbacks())
    watchPasses(*callbacks);
  builder.registerPipelineStartEPCallback(
      [](ModulePassManager &passes, OptimizationLevel) { passes.addPass(EarlyDiagnosis()); });
  registerRecursionPass(builder);
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
