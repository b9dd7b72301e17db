// SPDX-License-Identifier: Apache-2.0
// One static image, one thread, a backend without frame pointers or probes.
//
//   @x = external thread_local global i32
//   define void @f() #0 { ... }   ; "frame-pointer"="all" sspstrong uwtable
// becomes
//   @x = external dso_local global i32
//   define dso_local void @f() #1 { ... }   ; "frame-pointer"="none" noredzone
//
// Instructions that the contract's list has not are not chosen, whatever
// processor the code is for; and no data stands before a function's code.
//
// A cell is single-threaded, so a thread-local variable is a plain one; what
// is dso_local is reached without a global offset table.
#include "IR.h"
#include "Passes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace ringfence {

void setLinkage(Module &module) {
  for (GlobalVariable &variable : module.globals()) {
    if (!variable.isThreadLocal())
      continue;
    variable.setThreadLocalMode(GlobalValue::NotThreadLocal);
    for (User *user : make_early_inc_range(variable.users())) {
      auto *address = dyn_cast<IntrinsicInst>(user);
      if (!address || address->getIntrinsicID() != Intrinsic::threadlocal_address)
        continue;
      address->replaceAllUsesWith(&variable);
      address->eraseFromParent();
    }
  }
  if (module.getRtLibUseGOT()) // -fno-plt
    module.setModuleFlag(Module::Max, "RtLibUseGOT",
                         ConstantInt::get(Type::getInt32Ty(module.getContext()), 0));
  for (GlobalValue &value : module.global_values())
    if (!value.getName().starts_with("llvm."))
      value.setDSOLocal(true);
}

namespace {

// "+sse4.2,+avx512f,…" without what the contract lacks; "-…" of what only the processor's name may imply.
std::string permittedFeatures(StringRef features) {
  std::string permitted;
  for (const StringRef feature : split(features, ',')) {
    const StringRef name = feature.drop_front(feature.empty() ? 0 : 1);
    const bool lacks = any_of(ArrayRef<const char *>({"avx512", "avx10", "amx", "avxvnni"}),
                              [&](const char *prefix) { return name.starts_with(prefix); }) ||
                       is_contained({"avxifma", "avxneconvert", "gfni", "xop",       "fma4",   "tbm",  "lwp",
                                     "sha512",  "sm3",          "sm4",  "egpr",      "ndd",    "ccmp", "cf",
                                     "zu",      "nf",           "ppx",  "push2pop2", "jmpabs", "movrs"},
                                    name);
    if (!lacks && !feature.empty())
      permitted += (feature + ",").str();
  }
  return permitted + "-avx512f,-avxvnni,-gfni,-xop,-fma4,-tbm";
}

} // namespace

void setStackAlignment(Module &module) {
  module.setModuleFlag(Module::Error, "override-stack-alignment",
                       ConstantInt::get(Type::getInt32Ty(module.getContext()), ControlStackAlign));
}

void setAttributes(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-features",
                       permittedFeatures(function.getFnAttribute("target-features").getValueAsString()));
    function.eraseMetadata(LLVMContext::MD_func_sanitize);
    function.eraseMetadata(LLVMContext::MD_kcfi_type);
    function.setPrefixData(nullptr);
    function.setPrologueData(nullptr);
    function.addFnAttr(Attribute::NoRedZone);
    function.addFnAttr("frame-pointer", "none");
    function.addFnAttr("no-realign-stack");
    // Nothing unwinds, and the guard of the control stack is wider than any frame.
    for (Attribute::AttrKind kind :
         {Attribute::StackProtect, Attribute::StackProtectReq, Attribute::StackProtectStrong,
          Attribute::SafeStack, Attribute::ShadowCallStack, Attribute::StackAlignment, Attribute::UWTable})
      function.removeFnAttr(kind);
    for (const char *name :
         {"probe-stack", "stack-probe-size", "stackrealign", "split-stack", "patchable-function",
          "patchable-function-entry", "fentry-call", "xray-instruction-threshold", "zero-call-used-regs"})
      function.removeFnAttr(name);
  }
}

} // namespace ringfence
