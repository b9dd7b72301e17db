// SPDX-License-Identifier: Apache-2.0
// The value of a function pointer is the address of an 8-byte entry of the
// function table, so that an indirect call needs no more than a mask.
//
//   @table = global [1 x ptr] [ptr @f]
// becomes
//   @table = global [1 x ptr] [ptr @__rf_fp_f]
//   @__rf_fp_f = weak_odr hidden constant { ptr, i32 } { ptr @f, i32 0 },
//                section ".rf.functable.f", comdat
//
// The entry has the function's linkage name in its own, so all object files
// agree on one, and pointers compare as C expects. The linker drops entries
// that nothing points to. Direct callees stay what they are.
//
// A weak declaration must compare equal to null where no definition is linked.
// Its entry is then just declared, weakly too, calls go through it, and each definition of a
// function that other object files can see brings its entry along.
#include "IR.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;

namespace ringfence {
namespace {

// The asm template wants the function itself where the constraint is an immediate: "call %P0" : : "i"(f).
bool isImmediateOfAsm(const CallBase &call, const Use &use) {
  const auto *assembly = dyn_cast<InlineAsm>(call.getCalledOperand());
  if (!assembly || !call.isArgOperand(&use))
    return false;
  unsigned argument = 0;
  for (const InlineAsm::ConstraintInfo &constraint : assembly->ParseConstraints()) {
    if (!constraint.hasArg())
      continue;
    if (argument++ != call.getArgOperandNo(&use))
      continue;
    return is_contained(constraint.Codes, "i") || is_contained(constraint.Codes, "s") ||
           is_contained(constraint.Codes, "X");
  }
  return false;
}

bool isPointerUse(const Use &use) {
  const User *user = use.getUser();
  if (const auto *call = dyn_cast<CallBase>(user))
    return !call->isCallee(&use) && !isImmediateOfAsm(*call, use);
  // An alias or a personality means the function, and so does a label in it.
  return !isa<Function>(user) && !isa<GlobalAlias>(user) && !isa<GlobalIFunc>(user) &&
         !isa<BlockAddress>(user);
}

bool isFunction(const GlobalValue &value) {
  if (const auto *function = dyn_cast<Function>(&value))
    return !function->isIntrinsic();
  const auto *alias = dyn_cast<GlobalAlias>(&value);
  return alias && isa_and_nonnull<Function>(alias->getAliaseeObject());
}

// A name that starts with \1 is taken literally by the assembler printer: keep that in front.
std::string entryName(const GlobalValue &function) {
  StringRef name = function.getName();
  return name.consume_front("\1") ? ("\1__rf_fp_" + name).str() : ("__rf_fp_" + name).str();
}

// The entry without its initialiser.
GlobalVariable *makeEntry(GlobalValue &function, StructType *type) {
  Module &module = *function.getParent();
  const std::string name = entryName(function);
  const auto *declaration = dyn_cast<Function>(&function);
  if (declaration && declaration->hasExternalWeakLinkage())
    return new GlobalVariable(module, type, true, GlobalValue::ExternalWeakLinkage, nullptr, name);
  if (function.hasLocalLinkage())
    return new GlobalVariable(module, type, true, GlobalValue::InternalLinkage, nullptr, name);
  // LLVM drops unused linkonce globals once more after these passes; another file may want this one.
  const auto linkage =
      function.isDeclarationForLinker() ? GlobalValue::LinkOnceODRLinkage : GlobalValue::WeakODRLinkage;
  auto *entry = new GlobalVariable(module, type, true, linkage, nullptr, name);
  entry->setVisibility(GlobalValue::HiddenVisibility);
  entry->setComdat(module.getOrInsertComdat(entry->getName()));
  return entry;
}

void defineEntry(GlobalVariable &entry, GlobalValue &function) {
  StringRef name = function.getName();
  name.consume_front("\1");
  auto *padding = ConstantInt::get(Type::getInt32Ty(function.getContext()), 0);
  entry.setInitializer(ConstantStruct::get(cast<StructType>(entry.getValueType()), {&function, padding}));
  entry.setAlignment(Align(8));
  entry.setSection((".rf.functable." + name).str());
}

// A direct call of what may not be linked has no target: such calls go through the table, where entry 0
// traps.
void callThroughEntry(Function &function, GlobalVariable &entry) {
  auto *type = FunctionType::get(entry.getType(), {entry.getType()}, false);
  InlineAsm *opaque = InlineAsm::get(type, "", "=r,0", false);
  for (Use &use : make_early_inc_range(function.uses())) {
    auto *call = dyn_cast<CallBase>(use.getUser());
    if (call && call->isCallee(&use))
      call->setCalledOperand(CallInst::Create(type, opaque, {&entry}, "", call->getIterator()));
  }
}

void lowerUsesOf(GlobalValue &function) {
  const bool visible = !function.hasLocalLinkage() && !function.isDeclarationForLinker();
  const bool weak = function.hasExternalWeakLinkage();
  if (!visible && !weak && none_of(function.uses(), isPointerUse))
    return;
  LLVMContext &context = function.getContext();
  GlobalVariable *entry =
      makeEntry(function, StructType::get(context, {function.getType(), Type::getInt32Ty(context)}));
  // Before the entry has its initialiser, which is a use that must stay.
  function.replaceUsesWithIf(entry, isPointerUse);
  if (weak)
    callThroughEntry(cast<Function>(function), *entry);
  else
    defineEntry(*entry, function);
}

} // namespace

void lowerFunctionPointers(Module &module) {
  // Lists of the compiler's own that mean functions, not pointers to them. They come out of the way,
  // because their initialiser may be one constant with an array of the program's.
  SmallVector<GlobalValue *, 16> used, compilerUsed;
  collectUsedGlobalVariables(module, used, false);
  collectUsedGlobalVariables(module, compilerUsed, true);
  for (const char *name : {"llvm.used", "llvm.compiler.used"})
    if (GlobalVariable *list = module.getNamedGlobal(name))
      list->eraseFromParent();

  SmallVector<GlobalValue *, 64> functions;
  for (GlobalValue &value : module.global_values())
    if (isFunction(value))
      functions.push_back(&value);
  for (GlobalValue *function : functions)
    lowerUsesOf(*function);

  appendToUsed(module, used);
  appendToCompilerUsed(module, compilerUsed);
}

} // namespace ringfence
