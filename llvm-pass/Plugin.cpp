// SPDX-License-Identifier: Apache-2.0
// Entry point of the clang plugin: tells clang which passes there are.
#include "Passes.h"

#include "llvm/Passes/PassBuilder.h"
#include "llvm/Plugins/PassPlugin.h"

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT llvm::PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "Ringfence", RF_VERSION,
          [](llvm::PassBuilder &PB) { ringfence::registerIRPasses(PB); }};
}
