// SPDX-License-Identifier: Apache-2.0
// A variadic function takes its variable arguments by one pointer.
//
//   call i32 (ptr, ...) @f(ptr %s, i32 1, double 2.0)
// becomes
//   %va = alloca [16 x i8], align 16
//   store i32 1, ptr %va
//   store double 2.0, ptr (%va + 8)
//   call i32 @f(ptr %s, ptr %va)
//
// The buffer has the layout of the psABI's overflow area (8-byte slots, more
// alignment where the type asks for it), so the front end's va_arg finds
// everything there: va_start says that the registers are used up.
//
// A call without variable arguments has no pointer. That is also what clang
// makes of a call to a function without a prototype.
#include "IR.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Scalar/SCCP.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

using namespace llvm;

namespace ringfence {
namespace {

constexpr uint64_t SlotSize = 8;
// struct __va_list_tag { unsigned gp_offset, fp_offset; void *overflow_arg_area, *reg_save_area; }
// with both offsets at the end of the register save area.
constexpr uint32_t GpOffsetEnd = 48;
constexpr uint32_t FpOffsetEnd = 176;
constexpr uint64_t VaListSize = 16;

FunctionType *fixedType(FunctionType *type, bool pointer) {
  SmallVector<Type *, 8> parameters(type->params());
  if (pointer)
    parameters.push_back(PointerType::get(type->getContext(), 0));
  return FunctionType::get(type->getReturnType(), parameters, false);
}

// Gives the variadic function its pointer; it is the last parameter of what is returned.
Function *replaceDefinition(Function &old) {
  Module &module = *old.getParent();
  Function *function =
      Function::Create(fixedType(old.getFunctionType(), true), old.getLinkage(), old.getAddressSpace(), "");
  module.getFunctionList().insert(old.getIterator(), function);
  function->copyAttributesFrom(&old);
  function->setComdat(old.getComdat());
  function->copyMetadata(&old, 0);
  function->takeName(&old);
  // The variable arguments are memory of the caller now.
  function->removeFnAttr(Attribute::Memory);
  function->splice(function->begin(), &old);
  for (auto [from, to] : zip(old.args(), function->args())) {
    to.takeName(&from);
    from.replaceAllUsesWith(&to);
  }
  old.replaceAllUsesWith(function);
  old.eraseFromParent();
  return function;
}

void setVaList(IRBuilder<> &builder, Value *list, Value *arguments) {
  const auto set = [&](uint32_t offset, Value *value) {
    builder.CreateAlignedStore(value, builder.CreateConstInBoundsGEP1_32(builder.getInt8Ty(), list, offset),
                               Align(4));
  };
  set(0, builder.getInt32(GpOffsetEnd));
  set(4, builder.getInt32(FpOffsetEnd));
  set(8, arguments);
  set(12, ConstantPointerNull::get(builder.getPtrTy()));
}

// Lowers the va_* intrinsics of a function; true if there are any.
bool lowerVaLists(Function &function, Value *arguments) {
  bool changed = false;
  for (Instruction &instruction : make_early_inc_range(instructions(function))) {
    auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction);
    if (!intrinsic)
      continue;
    IRBuilder<> builder(intrinsic);
    switch (intrinsic->getIntrinsicID()) {
    case Intrinsic::vastart:
      setVaList(builder, intrinsic->getArgOperand(0), arguments);
      break;
    case Intrinsic::vacopy:
      builder.CreateMemCpy(intrinsic->getArgOperand(0), Align(4), intrinsic->getArgOperand(1), Align(4),
                           VaListSize);
      break;
    case Intrinsic::vaend:
      break;
    default:
      continue;
    }
    intrinsic->eraseFromParent();
    changed = true;
  }
  return changed;
}

// Where an argument lies in the buffer.
struct Slot {
  Value *value;
  Type *type;
  bool indirect; // `value` points to it
  Align align;
  uint64_t offset;
};

class CallSites {
public:
  explicit CallSites(Function &function) : function(function), layout(function.getDataLayout()) {}

  void lower() {
    for (Instruction &instruction : make_early_inc_range(instructions(function))) {
      auto *call = dyn_cast<CallInst>(&instruction);
      if (call && call->getFunctionType()->isVarArg() && !isa<IntrinsicInst>(call) && !call->isInlineAsm())
        lowerCall(*call);
    }
    if (buffer)
      buffer->setOperand(0, ConstantInt::get(Type::getInt32Ty(function.getContext()), size));
  }

private:
  Function &function;
  const DataLayout &layout;
  // One for all calls of the function: it is filled right before each.
  AllocaInst *buffer = nullptr;
  uint64_t size = 0;

  SmallVector<Slot, 8> slotsOf(const CallInst &call, uint64_t &bytes, Align &align) const {
    SmallVector<Slot, 8> slots;
    for (unsigned i = call.getFunctionType()->getNumParams(); i != call.arg_size(); i++) {
      const bool indirect = call.isByValArgument(i);
      Value *value = call.getArgOperand(i);
      Type *type = indirect ? call.getParamByValType(i) : value->getType();
      Align at = Align(SlotSize);
      if (indirect)
        at = std::max(at, call.getParamAlign(i).valueOrOne());
      else
        at = std::max(at, layout.getABITypeAlign(type));
      bytes = alignTo(bytes, at);
      slots.push_back({value, type, indirect, at, bytes});
      bytes += alignTo(layout.getTypeAllocSize(type).getFixedValue(), SlotSize);
      align = std::max(align, at);
    }
    return slots;
  }

  Value *fillBuffer(const CallInst &call, IRBuilder<> &builder) {
    uint64_t bytes = 0;
    Align align = Align(16);
    const SmallVector<Slot, 8> slots = slotsOf(call, bytes, align);
    if (slots.empty())
      return nullptr;
    if (!buffer)
      buffer = new AllocaInst(builder.getInt8Ty(), 0, builder.getInt32(0), align, "va",
                              function.getEntryBlock().getFirstInsertionPt());
    size = std::max(size, bytes);
    buffer->setAlignment(std::max(buffer->getAlign(), align));
    for (const Slot &slot : slots) {
      Value *address =
          builder.CreateConstInBoundsGEP1_32(builder.getInt8Ty(), buffer, static_cast<uint32_t>(slot.offset));
      if (slot.indirect)
        builder.CreateMemCpy(address, slot.align, slot.value, slot.align, layout.getTypeAllocSize(slot.type));
      else
        builder.CreateAlignedStore(slot.value, address, slot.align);
    }
    return buffer;
  }

  void lowerCall(CallInst &call) {
    IRBuilder<> builder(&call);
    FunctionType *type = call.getFunctionType();
    const unsigned fixed = type->getNumParams();
    // A thunk hands on the variable arguments that it was given itself.
    const bool forwards = call.isMustTailCall();
    Value *arguments = forwards ? &*std::prev(function.arg_end()) : fillBuffer(call, builder);

    SmallVector<Value *, 8> values(call.arg_begin(), call.arg_begin() + fixed);
    SmallVector<AttributeSet, 8> attributes;
    for (unsigned i = 0; i != fixed; i++)
      attributes.push_back(call.getAttributes().getParamAttrs(i));
    if (arguments) {
      values.push_back(arguments);
      attributes.push_back(AttributeSet());
    }
    SmallVector<OperandBundleDef, 1> bundles;
    call.getOperandBundlesAsDefs(bundles);
    CallInst *lowered =
        builder.CreateCall(fixedType(type, arguments != nullptr), call.getCalledOperand(), values, bundles);
    lowered->setCallingConv(call.getCallingConv());
    lowered->setAttributes(AttributeList::get(call.getContext(), call.getAttributes().getFnAttrs(),
                                              call.getAttributes().getRetAttrs(), attributes));
    lowered->copyMetadata(call);
    lowered->setTailCallKind(arguments && !forwards ? CallInst::TCK_None : call.getTailCallKind());
    if (isa<FPMathOperator>(lowered))
      lowered->copyFastMathFlags(&call);
    if (arguments)
      lowered->removeFnAttr(Attribute::Memory);
    lowered->takeName(&call);
    call.replaceAllUsesWith(lowered);
    call.eraseFromParent();
  }
};

} // namespace

void lowerVariadics(Module &module, ModuleAnalysisManager &analyses) {
  auto &functions = analyses.getResult<FunctionAnalysisManagerModuleProxy>(module).getManager();
  for (Function &old : make_early_inc_range(module)) {
    if (old.isIntrinsic())
      continue;
    Function *function = &old;
    if (old.isVarArg()) {
      functions.clear(old, old.getName());
      function = replaceDefinition(old);
    }
    if (function->isDeclaration())
      continue;
    Value *arguments = function->arg_empty() ? nullptr : &*std::prev(function->arg_end());
    if (!lowerVaLists(*function, arguments) || function->hasOptNone())
      continue;
    // The front end's va_arg asks each time whether registers are left: none are, so those parts go.
    functions.invalidate(*function, PreservedAnalyses::none());
    FunctionPassManager cleanup;
    cleanup.addPass(SROAPass(SROAOptions::ModifyCFG));
    cleanup.addPass(SCCPPass());
    cleanup.addPass(SimplifyCFGPass());
    cleanup.run(*function, functions);
  }
  for (Function &function : module)
    if (!function.isDeclaration())
      CallSites(function).lower();
}

} // namespace ringfence
