// SPDX-License-Identifier: Apache-2.0
// One static image, one thread, a backend without frame pointers or probes.
//
//   @x = external thread_local global i32
//   define void @f() #0 { ... }   ; "frame-pointer"="all" sspstrong uwtable
// becomes
//   @x = external dso_local global i32
//   define dso_local void @f() #1 { ... }   ; "frame-pointer"="none" noredzone
//
// A cell is single-threaded, so a thread-local variable is a plain one; what
// is dso_local is reached without a global offset table.
#include "IR.h"

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
  for (GlobalValue &value : module.global_values())
    if (!value.getName().starts_with("llvm."))
      value.setDSOLocal(true);
}

void setAttributes(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(Attribute::NoRedZone);
    function.addFnAttr("frame-pointer", "none");
    function.addFnAttr("no-realign-stack");
    // Nothing unwinds, and the guard of the control stack is wider than any frame.
    for (Attribute::AttrKind kind :
         {Attribute::StackProtect, Attribute::StackProtectReq, Attribute::StackProtectStrong,
          Attribute::SafeStack, Attribute::ShadowCallStack, Attribute::UWTable})
      function.removeFnAttr(kind);
    for (const char *name :
         {"probe-stack", "stack-probe-size", "stackrealign", "split-stack", "patchable-function",
          "patchable-function-entry", "fentry-call", "xray-instruction-threshold"})
      function.removeFnAttr(name);
  }
}

} // namespace ringfence
