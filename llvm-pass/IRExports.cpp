// SPDX-License-Identifier: Apache-2.0
// Tells the runtime by what name to call a function, and the validator where
// functions begin.
//
//   RF_EXPORT void process(struct rf_burst *);
//   // @llvm.global.annotations holds { ptr @process, ptr "rf_export", ... }
// becomes
//   @0 = private constant { ptr, ptr } { ptr @"process" as text, ptr @process },
//        section ".rf.exports"
//   @1 = private constant [1 x ptr] [ptr @process], section ".rf.entries.v2",
//        !associated !{ptr @process}
//
// Each defined function has a record in .rf.entries.v2, because a jump to it, a
// tail call, may come from any object file. The record goes when the linker
// drops the function.
#include "IR.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;

namespace ringfence {
namespace {

constexpr const char *Annotations = "llvm.global.annotations";
// Its name carries the version of the ABI: the linker script refuses objects of another.
constexpr const char *EntriesSection = ".rf.entries.v2";

bool isExport(const Constant *text) {
  const auto *variable = dyn_cast<GlobalVariable>(text->stripPointerCasts());
  if (!variable || !variable->hasInitializer())
    return false;
  const auto *string = dyn_cast<ConstantDataArray>(variable->getInitializer());
  return string && string->isCString() && string->getAsCString() == "rf_export";
}

// Without the mark of a name that the assembler must take literally.
StringRef baseName(const Function &function) {
  StringRef name = function.getName();
  name.consume_front("\1");
  return name;
}

GlobalVariable *addRecord(Module &module, Constant *content, StringRef section, const Twine &name) {
  auto *record =
      new GlobalVariable(module, content->getType(), true, GlobalValue::PrivateLinkage, content, name);
  record->setSection(section);
  record->setAlignment(Align(4));
  return record;
}

} // namespace

SmallVector<Function *, 0> takeExports(Module &module) {
  SmallVector<Function *, 0> exports;
  GlobalVariable *annotations = module.getNamedGlobal(Annotations);
  if (!annotations || !annotations->hasInitializer())
    return exports;
  for (const Use &annotation : annotations->getInitializer()->operands()) {
    auto *fields = dyn_cast<ConstantStruct>(annotation);
    if (!fields || fields->getNumOperands() < 2 || !isExport(fields->getOperand(1)))
      continue;
    auto *function = dyn_cast<Function>(fields->getOperand(0)->stripPointerCasts());
    if (function && !function->isDeclarationForLinker() && !is_contained(exports, function))
      exports.push_back(function);
  }
  annotations->eraseFromParent();
  return exports;
}

void emitExports(Module &module, ArrayRef<Function *> exports) {
  LLVMContext &context = module.getContext();
  SmallVector<GlobalValue *, 64> records;
  for (Function *function : exports) {
    const StringRef name = baseName(*function);
    Constant *text = ConstantDataArray::getString(context, name);
    auto *string = new GlobalVariable(module, text->getType(), true, GlobalValue::PrivateLinkage, text);
    string->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    string->setAlignment(Align(1));
    records.push_back(
        addRecord(module, ConstantStruct::getAnon({string, function}), ".rf.exports", "__rf_export_" + name));
  }

  for (Function &function : module) {
    if (function.isDeclarationForLinker())
      continue;
    Constant *address = ConstantArray::get(ArrayType::get(function.getType(), 1), {&function});
    GlobalVariable *record = addRecord(module, address, EntriesSection, "__rf_entry_" + baseName(function));
    record->setMetadata(LLVMContext::MD_associated, MDNode::get(context, ValueAsMetadata::get(&function)));
    // What the linker discards with a duplicate of the function, it discards whole.
    record->setComdat(function.getComdat());
    records.push_back(record);
  }
  // LLVM drops unused globals once more after these passes.
  appendToCompilerUsed(module, records);
}

} // namespace ringfence
