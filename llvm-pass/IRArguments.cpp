// SPDX-License-Identifier: Apache-2.0
// An argument passed by value in memory would be copied to the control stack,
// where the callee cannot take its address. The caller copies it to a local
// of its own instead and passes the address like any pointer.
//
//   call void @f(ptr byval(%struct.s) align 8 %p)
// becomes
//   %copy = alloca %struct.s, align 8
//   call void @llvm.memcpy(ptr %copy, ptr %p, i32 64)
//   call void @f(ptr %copy)
//
// Declarations and calls change alike, so object files agree. A struct that
// is returned is written through a plain pointer (sret) already.
//
// Also here: calls that need stack arguments do not replace their caller (a
// function may not write its own incoming arguments).
#include "IR.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace ringfence {
namespace {

// The psABI's alignment of a stack slot.
constexpr uint64_t SlotAlign = 8;
// Registers that pass arguments.
constexpr uint64_t IntegerRegisters = 6;
constexpr uint64_t VectorRegisters = 8;

void copyArgument(CallBase &call, unsigned index) {
  Function &caller = *call.getFunction();
  Value *source = call.getArgOperand(index);
  // A function that hands its own argument on and ends has no use for it any more.
  const auto *jump = dyn_cast<CallInst>(&call);
  if (jump && jump->isMustTailCall() && isa<Argument>(source))
    return;

  Type *type = call.getParamByValType(index);
  const DataLayout &layout = caller.getDataLayout();
  const Align align = std::max(Align(SlotAlign), call.getParamAlign(index).valueOrOne());
  AllocaInst *copy =
      new AllocaInst(type, 0, nullptr, align, "byval", caller.getEntryBlock().getFirstInsertionPt());
  IRBuilder<> builder(&call);
  builder.CreateMemCpy(copy, align, source, call.getParamAlign(index), layout.getTypeAllocSize(type));
  call.setArgOperand(index, copy);
  // The callee reads what is now the caller's local.
  if (auto *tail = dyn_cast<CallInst>(&call); tail && tail->isTailCall() && !tail->isMustTailCall())
    tail->setTailCallKind(CallInst::TCK_None);
}

void lowerCall(CallBase &call) {
  bool changed = false;
  for (unsigned i = 0; i != call.arg_size(); i++) {
    if (!call.isByValArgument(i))
      continue;
    copyArgument(call, i);
    changed = true;
    call.removeParamAttr(i, Attribute::ByVal);
  }
  // What was said of memory did not count the copy.
  if (changed)
    call.removeFnAttr(Attribute::Memory);
}

// Registers that an argument of this type takes, added to the counts.
void countRegisters(Type *type, const DataLayout &layout, uint64_t &integers, uint64_t &vectors) {
  if (!type->isSized())
    return; // metadata, for intrinsics
  if (auto *structure = dyn_cast<StructType>(type)) {
    for (Type *element : structure->elements())
      countRegisters(element, layout, integers, vectors);
  } else if (auto *array = dyn_cast<ArrayType>(type)) {
    for (uint64_t i = 0; i != std::min<uint64_t>(array->getNumElements(), 16); i++)
      countRegisters(array->getElementType(), layout, integers, vectors);
  } else if (type->isVectorTy() || type->isFloatingPointTy()) {
    vectors += divideCeil(layout.getTypeSizeInBits(type).getFixedValue(), 128);
  } else {
    integers += divideCeil(layout.getTypeSizeInBits(type).getFixedValue(), 64);
  }
}

bool needsStackArguments(const CallBase &call) {
  uint64_t integers = 0, vectors = 0;
  for (const Value *argument : call.args())
    countRegisters(argument->getType(), call.getFunction()->getDataLayout(), integers, vectors);
  return integers > IntegerRegisters || vectors > VectorRegisters;
}

} // namespace

void lowerByvalArguments(Module &module) {
  // A call's properties include those of the function it calls: functions come last.
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallBase>(&instruction))
        lowerCall(*call);
  for (Function &function : module) {
    for (Argument &argument : function.args()) {
      if (!argument.hasByValAttr())
        continue;
      argument.removeAttr(Attribute::ByVal);
      function.removeFnAttr(Attribute::Memory);
    }
  }
}

bool limitTailCalls(Module &module) {
  bool possible = true;
  for (Function &function : module) {
    for (Instruction &instruction : instructions(function)) {
      auto *call = dyn_cast<CallInst>(&instruction);
      if (!call || isa<IntrinsicInst>(call) || !call->isTailCall() || call->isInlineAsm() ||
          !needsStackArguments(*call))
        continue;
      if (call->isMustTailCall()) {
        reportError(*call, "a guaranteed tail call with arguments on the stack is not supported");
        possible = false;
      }
      call->setTailCallKind(CallInst::TCK_None);
    }
  }
  return possible;
}

} // namespace ringfence
