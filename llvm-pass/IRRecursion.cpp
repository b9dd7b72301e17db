// SPDX-License-Identifier: Apache-2.0
// Inlines a small function into itself, which LLVM's inliner never does.
//
//   f(n) { return n < 2 ? n : f(n - 1) + f(n - 2); }
// becomes
//   f(n) { if (n < 2) return n;
//          a = n - 1 < 2 ? n - 1 : f(n - 2) + f(n - 3);
//          b = n - 2 < 2 ? n - 2 : f(n - 3) + f(n - 4);
//          return a + b; }
//
// So that there are fewer calls, and fewer registers saved around them. Runs
// when LLVM has inlined all that it will, at -O2 and -O3.
#include "IR.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/CorrelatedValuePropagation.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/JumpThreading.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace ringfence {
namespace {

// Instructions of a function that has been inlined into itself, and how often that is done.
constexpr size_t SizeMax = 200;
constexpr unsigned LevelsMax = 2;

using Calls = SmallVector<CallInst *, 4>;

Calls callsOfItself(Function &function) {
  Calls calls;
  for (User *user : function.users()) {
    auto *call = dyn_cast<CallInst>(user);
    if (call && call->getFunction() == &function && call->getCalledFunction() == &function &&
        call->getCallingConv() == function.getCallingConv())
      calls.push_back(call);
  }
  return calls;
}

// Not where somebody asked for small or plain code, nor where a frame would have locals twice.
bool isCandidate(const Function &function) {
  if (function.isInterposable() || function.isVarArg() || function.hasOptSize() ||
      function.hasFnAttribute(Attribute::NoInline) || function.hasFnAttribute(Attribute::OptimizeNone) ||
      function.callsFunctionThatReturnsTwice())
    return false;
  return none_of(instructions(function), [](const Instruction &instruction) {
    const auto *call = dyn_cast<CallInst>(&instruction);
    return isa<AllocaInst>(instruction) || isa<IndirectBrInst>(instruction) || isa<CallBrInst>(instruction) ||
           (call && (call->isMustTailCall() || call->cannotDuplicate()));
  });
}

// Whether one run of the function may make two of the calls. Then most runs make none: those are inlined
// into the others. A function that only goes down one way, as to a leaf of a tree, would grow and gain
// little.
bool branches(const Calls &calls) {
  return any_of(calls, [&](const CallInst *first) {
    return any_of(
        calls, [&](const CallInst *second) { return isPotentiallyReachable(first->getNextNode(), second); });
  });
}

// Its body, of which calls can be inlined while the function itself changes. It still calls the function.
Function *copyOf(Function &function) {
  ValueToValueMapTy map;
  if (DISubprogram *lines = function.getSubprogram()) // what is inlined has the same source lines
    map.MD()[lines].reset(lines);
  return CloneFunction(&function, map);
}

bool unfold(Function &function) {
  Calls calls = callsOfItself(function);
  if (!branches(calls) || !isCandidate(function))
    return false;
  const size_t body = function.getInstructionCount();
  Function *copy = nullptr;
  for (unsigned level = 0; level < LevelsMax && !calls.empty(); ++level, calls = callsOfItself(function)) {
    if (function.getInstructionCount() + calls.size() * body > SizeMax)
      break;
    if (!copy)
      copy = copyOf(function);
    for (CallInst *call : calls) {
      InlineFunctionInfo info;
      call->setCalledFunction(copy);
      if (!InlineFunction(*call, info).isSuccess())
        call->setCalledFunction(&function);
    }
  }
  if (copy)
    copy->eraseFromParent();
  return copy != nullptr;
}

class RecursionPass : public PassInfoMixin<RecursionPass> {
public:
  PreservedAnalyses run(Module &module, ModuleAnalysisManager &analyses) {
    if (!module.getTargetTriple().isX32())
      return PreservedAnalyses::all();
    auto &functionAnalyses = analyses.getResult<FunctionAnalysisManagerModuleProxy>(module).getManager();
    SmallVector<Function *, 8> changed;
    for (Function &function : make_early_inc_range(module))
      if (unfold(function))
        changed.push_back(&function);
    for (Function *function : changed) {
      functionAnalyses.invalidate(*function, PreservedAnalyses::none());
      functionAnalyses.invalidate(*function, cleanUp().run(*function, functionAnalyses));
    }
    return changed.empty() ? PreservedAnalyses::all() : PreservedAnalyses::none();
  }

private:
  static FunctionPassManager cleanUp() {
    FunctionPassManager passes;
    passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
    passes.addPass(InstCombinePass());
    passes.addPass(JumpThreadingPass());
    passes.addPass(CorrelatedValuePropagationPass());
    passes.addPass(SimplifyCFGPass());
    passes.addPass(InstCombinePass());
    return passes;
  }
};

} // namespace

void registerRecursionPass(PassBuilder &builder) {
  const auto add = [](ModulePassManager &passes, OptimizationLevel level) {
    if (level.getSpeedupLevel() >= 2 && level.getSizeLevel() == 0)
      passes.addPass(RecursionPass());
  };
  builder.registerOptimizerEarlyEPCallback(
      [add](ModulePassManager &passes, OptimizationLevel level, ThinOrFullLTOPhase phase) {
        // With -flto the linker's pipeline does it, once.
        if (phase != ThinOrFullLTOPhase::FullLTOPreLink && phase != ThinOrFullLTOPhase::ThinLTOPreLink)
          add(passes, level);
      });
  builder.registerFullLinkTimeOptimizationLastEPCallback(add);
}

} // namespace ringfence
