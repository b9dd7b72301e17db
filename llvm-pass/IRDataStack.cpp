// SPDX-License-Identifier: Apache-2.0
// The control stack has no address, so locals whose address escapes live on
// the data stack, in the cell's memory; @__rf_dsp holds its pointer.
//
//   define void @f() {
//     %a = alloca [16 x i8]
//     call void @g(ptr %a)
//     ret void
//   }
// becomes
//   define void @f() {
//     %dsp = load ptr, ptr @__rf_dsp
//     %frame = getelementptr i8, ptr %dsp, i32 -16
//     store ptr %frame, ptr @__rf_dsp
//     call void @g(ptr %frame)
//     %low = load ptr, ptr @__rf_dsp
//     %high = getelementptr i8, ptr %low, i32 16
//     store ptr %high, ptr @__rf_dsp
//     ret void
//   }
//
// A function that calls nothing need not move the pointer. What is only
// loaded and stored as a whole stays on the control stack.
// Variable-length arrays move the pointer when they come to life.
#include "IR.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DIBuilder.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

namespace ringfence {

bool mayBecomeCall(const Instruction &instruction) {
  const auto isSoft = [](const Type *type) {
    type = type->getScalarType();
    return type->isHalfTy() || type->isBFloatTy() || type->isFP128Ty();
  };
  const auto isWide = [](const Type *type) {
    return type->isIntOrIntVectorTy() && type->getScalarSizeInBits() > 64;
  };

  if (const auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction)) {
    if (intrinsic->isAssumeLikeIntrinsic() || isa<DbgInfoIntrinsic>(intrinsic))
      return false;
    if (const auto *memory = dyn_cast<MemIntrinsic>(intrinsic)) {
      const auto *length = dyn_cast<ConstantInt>(memory->getLength());
      return !length || length->getValue().ugt(64);
    }
    if (isWide(intrinsic->getType()) || isSoft(intrinsic->getType()))
      return true;
    switch (intrinsic->getIntrinsicID()) {
    case Intrinsic::abs:
    case Intrinsic::bitreverse:
    case Intrinsic::bswap:
    case Intrinsic::copysign:
    case Intrinsic::ctlz:
    case Intrinsic::ctpop:
    case Intrinsic::cttz:
    case Intrinsic::fabs:
    case Intrinsic::fshl:
    case Intrinsic::fshr:
    case Intrinsic::prefetch:
    case Intrinsic::ptrmask:
    case Intrinsic::sadd_sat:
    case Intrinsic::smax:
    case Intrinsic::smin:
    case Intrinsic::sqrt:
    case Intrinsic::ssub_sat:
    case Intrinsic::stackrestore:
    case Intrinsic::stacksave:
    case Intrinsic::trap:
    case Intrinsic::uadd_sat:
    case Intrinsic::umax:
    case Intrinsic::umin:
    case Intrinsic::usub_sat:
    case Intrinsic::vector_reduce_add:
    case Intrinsic::vector_reduce_and:
    case Intrinsic::vector_reduce_or:
    case Intrinsic::vector_reduce_smax:
    case Intrinsic::vector_reduce_smin:
    case Intrinsic::vector_reduce_umax:
    case Intrinsic::vector_reduce_umin:
    case Intrinsic::vector_reduce_xor:
      return false;
    case Intrinsic::sadd_with_overflow:
    case Intrinsic::smul_with_overflow:
    case Intrinsic::ssub_with_overflow:
    case Intrinsic::uadd_with_overflow:
    case Intrinsic::umul_with_overflow:
    case Intrinsic::usub_with_overflow:
      return isWide(intrinsic->getArgOperand(0)->getType());
    default:
      return !intrinsic->getCalledFunction()->isTargetIntrinsic();
    }
  }
  if (const auto *call = dyn_cast<CallBase>(&instruction)) {
    const auto *assembly = dyn_cast<InlineAsm>(call->getCalledOperand());
    return !assembly || StringRef(assembly->getAsmString()).contains("call");
  }
  if (isa<LoadInst>(instruction) || isa<StoreInst>(instruction) || isa<PHINode>(instruction) ||
      isa<SelectInst>(instruction) || isa<ReturnInst>(instruction))
    return instruction.isAtomic() && isWide(getLoadStoreType(const_cast<Instruction *>(&instruction)));
  if (isSoft(instruction.getType()) ||
      any_of(instruction.operand_values(), [&](const Value *operand) { return isSoft(operand->getType()); }))
    return true;
  switch (instruction.getOpcode()) {
  case Instruction::FRem:
    return true;
  case Instruction::Mul:
  case Instruction::UDiv:
  case Instruction::SDiv:
  case Instruction::URem:
  case Instruction::SRem:
  case Instruction::FPToSI:
  case Instruction::FPToUI:
  case Instruction::AtomicCmpXchg:
  case Instruction::AtomicRMW:
  case Instruction::SIToFP:
  case Instruction::UIToFP:
    return isWide(instruction.getType()) || any_of(instruction.operand_values(), [&](const Value *operand) {
             return isWide(operand->getType());
           });
  default:
    return false;
  }
}

namespace {

// The data stack pointer is always a multiple of it.
constexpr uint64_t StackAlign = 16;
// What stays on the control stack is small: the frame there is limited.
constexpr uint64_t ScalarMax = 256;
constexpr uint64_t ScalarsMax = 0x8000;
constexpr uint64_t FrameMax = 0x40000000;

// Whether the local is only loaded from and stored to. An element's address would do as well where it is
// folded into the access, but unoptimised code computes it on its own.
bool isOnlyAccessed(const AllocaInst &local, uint64_t size, const DataLayout &layout) {
  const auto fits = [&](Type *type) {
    const TypeSize bytes = layout.getTypeStoreSize(type);
    return !bytes.isScalable() && bytes.getFixedValue() <= size;
  };
  for (const Use &use : local.uses()) {
    const auto *user = cast<Instruction>(use.getUser());
    if (const auto *load = dyn_cast<LoadInst>(user)) {
      if (load->isAtomic() || !fits(load->getType()))
        return false;
    } else if (const auto *store = dyn_cast<StoreInst>(user)) {
      if (store->isAtomic() || use.getOperandNo() != StoreInst::getPointerOperandIndex() ||
          !fits(store->getValueOperand()->getType()))
        return false;
    } else if (!user->isLifetimeStartOrEnd()) {
      return false;
    }
  }
  return true;
}

// 0 for what has no constant size.
uint64_t sizeOf(const AllocaInst &local, const DataLayout &layout) {
  const std::optional<TypeSize> size = local.getAllocationSize(layout);
  return size && !size->isScalable() ? size->getFixedValue() : 0;
}

bool staysOnControlStack(const AllocaInst &local, const DataLayout &layout) {
  const uint64_t size = sizeOf(local, layout);
  return local.isStaticAlloca() && size <= ScalarMax && local.getAlign() <= StackAlign &&
         isOnlyAccessed(local, size, layout);
}

class DataStackFrame {
public:
  explicit DataStackFrame(Function &function)
      : function(function), layout(function.getDataLayout()),
        pointer(PointerType::get(function.getContext(), 0)), i8(Type::getInt8Ty(function.getContext())),
        i32(Type::getInt32Ty(function.getContext())) {}

  void build() {
    collect();
    if (fixed.empty() && dynamic.empty() && saves.empty())
      return;
    stackPointer = function.getParent()->getOrInsertGlobal("__rf_dsp", pointer);
    for (Instruction &instruction : instructions(function))
      calls |= mayBecomeCall(instruction);
    const bool varies = !dynamic.empty() || !saves.empty();
    if (!enter(varies))
      return;
    for (AllocaInst *local : dynamic)
      lowerDynamic(*local);
    for (IntrinsicInst *save : saves)
      lowerSave(*save);
    if (calls || varies)
      leave(varies);
  }

private:
  Function &function;
  const DataLayout &layout;
  PointerType *pointer;
  Type *i8, *i32;
  Constant *stackPointer = nullptr;
  bool calls = false;
  SmallVector<AllocaInst *, 16> fixed, dynamic;
  SmallVector<IntrinsicInst *, 4> saves;
  uint64_t size = 0;
  Align alignment = Align(StackAlign);
  // The pointer on entry, for where it is not `size` above the one on exit.
  Value *saved = nullptr;

  void collect() {
    uint64_t scalars = 0;
    for (Instruction &instruction : instructions(function)) {
      if (auto *local = dyn_cast<AllocaInst>(&instruction)) {
        const uint64_t bytes = sizeOf(*local, layout);
        if (staysOnControlStack(*local, layout) && scalars + bytes <= ScalarsMax)
          scalars += bytes;
        else if (local->isStaticAlloca())
          fixed.push_back(local);
        else
          dynamic.push_back(local);
      }
      auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction);
      if (intrinsic && (intrinsic->getIntrinsicID() == Intrinsic::stacksave ||
                        intrinsic->getIntrinsicID() == Intrinsic::stackrestore))
        saves.push_back(intrinsic);
    }
  }

  Value *add(IRBuilder<> &builder, Value *address, int64_t offset, const Twine &name = "") {
    return builder.CreatePtrAdd(address, ConstantInt::getSigned(i32, offset), name);
  }

  Value *alignDown(IRBuilder<> &builder, Value *address, Align to) {
    Constant *mask = ConstantInt::getSigned(i32, -static_cast<int64_t>(to.value()));
    return builder.CreateIntrinsic(Intrinsic::ptrmask, {pointer, i32}, {address, mask});
  }

  static void eraseLifetime(AllocaInst &local) {
    for (User *user : make_early_inc_range(local.users()))
      if (auto *marker = dyn_cast<IntrinsicInst>(user); marker && marker->isLifetimeStartOrEnd())
        marker->eraseFromParent();
  }

  // Sets the frame up; false (and reported) where it is too large.
  bool enter(bool varies) {
    // The most aligned first, so that there are no holes.
    stable_sort(fixed,
                [](const AllocaInst *a, const AllocaInst *b) { return a->getAlign() > b->getAlign(); });
    SmallVector<uint64_t, 16> offsets;
    for (const AllocaInst *local : fixed) {
      alignment = std::max(alignment, local->getAlign());
      size = alignTo(size, local->getAlign());
      offsets.push_back(size);
      const uint64_t bytes = sizeOf(*local, layout);
      size = bytes > FrameMax ? bytes : size + bytes;
      if (size > FrameMax) {
        reportError(function, "local variables of more than 1 GiB");
        return false;
      }
    }
    size = alignTo(size, StackAlign);

    IRBuilder<> builder(&*function.getEntryBlock().getFirstInsertionPt());
    builder.SetCurrentDebugLocation(DebugLoc());
    Value *entry = builder.CreateLoad(pointer, stackPointer, "rf.dsp");
    Value *frame = size ? add(builder, entry, -static_cast<int64_t>(size), "rf.frame") : entry;
    if (alignment > StackAlign)
      frame = alignDown(builder, frame, alignment);
    if (varies || alignment > StackAlign)
      saved = entry;
    if (size && (calls || varies))
      builder.CreateStore(frame, stackPointer);
    if (!fixed.empty())
      place(builder, frame, offsets);
    return true;
  }

  void place(IRBuilder<> &builder, Value *frame, ArrayRef<uint64_t> offsets) {
    DIBuilder debug(*function.getParent(), false);
    // Unoptimised code gets a slot from which a debugger finds the frame at any point.
    AllocaInst *anchor = nullptr;
    const DISubprogram *program = function.getSubprogram();
    if (function.hasOptNone() && program && program->getUnit()->getEmissionKind() != DICompileUnit::NoDebug) {
      anchor = builder.CreateAlloca(pointer, nullptr, "rf.anchor");
      builder.CreateStore(frame, anchor, true);
    }
    for (const auto &[local, offset] : zip_equal(fixed, offsets)) {
      Value *address = offset ? add(builder, frame, static_cast<int64_t>(offset)) : frame;
      if (offset)
        address->takeName(local);
      eraseLifetime(*local);
      replaceDbgDeclare(local, anchor ? anchor : frame, debug,
                        anchor ? DIExpression::DerefBefore : DIExpression::ApplyOffset,
                        static_cast<int>(offset));
      local->replaceAllUsesWith(address);
    }
    // Only now, as the builder stands before the first of them.
    for (AllocaInst *local : fixed)
      local->eraseFromParent();
  }

  void lowerDynamic(AllocaInst &local) {
    IRBuilder<> builder(&local);
    Value *count = builder.CreateZExtOrTrunc(local.getArraySize(), i32);
    const TypeSize element = layout.getTypeAllocSize(local.getAllocatedType());
    Value *bytes = builder.CreateMul(count, ConstantInt::get(i32, element.getFixedValue()));
    bytes = builder.CreateAnd(builder.CreateAdd(bytes, ConstantInt::get(i32, StackAlign - 1)),
                              ConstantInt::getSigned(i32, -static_cast<int64_t>(StackAlign)));
    Value *top = builder.CreateLoad(pointer, stackPointer);
    Value *address = builder.CreatePtrAdd(top, builder.CreateNeg(bytes));
    if (local.getAlign() > StackAlign)
      address = alignDown(builder, address, local.getAlign());
    builder.CreateStore(address, stackPointer);
    eraseLifetime(local);
    address->takeName(&local);
    local.replaceAllUsesWith(address);
    local.eraseFromParent();
  }

  void lowerSave(IntrinsicInst &save) {
    IRBuilder<> builder(&save);
    if (save.getIntrinsicID() == Intrinsic::stacksave)
      save.replaceAllUsesWith(builder.CreateLoad(pointer, stackPointer));
    else
      builder.CreateStore(save.getArgOperand(0), stackPointer);
    save.eraseFromParent();
  }

  // Where the frame goes: before the return, or before a call that takes the return's place. A call
  // marked tail does not use the caller's locals.
  static Instruction *leavePoint(ReturnInst &exit) {
    if (CallInst *call = exit.getParent()->getTerminatingMustTailCall())
      return call;
    Instruction *before = exit.getPrevNode();
    while (before && (before->isDebugOrPseudoInst() || before->isLifetimeStartOrEnd()))
      before = before->getPrevNode();
    auto *call = dyn_cast_or_null<CallInst>(before);
    if (call && call->getTailCallKind() == CallInst::TCK_Tail && mayBecomeCall(*call) &&
        (!exit.getReturnValue() || exit.getReturnValue() == call))
      return call;
    return &exit;
  }

  void leave(bool) {
    for (BasicBlock &block : function) {
      auto *exit = dyn_cast<ReturnInst>(block.getTerminator());
      if (!exit)
        continue;
      IRBuilder<> builder(leavePoint(*exit));
      if (saved) {
        builder.CreateStore(saved, stackPointer);
        continue;
      }
      Value *frame = builder.CreateLoad(pointer, stackPointer);
      builder.CreateStore(add(builder, frame, static_cast<int64_t>(size)), stackPointer);
    }
  }
};

} // namespace

void moveToDataStack(Module &module) {
  for (Function &function : module)
    if (!function.isDeclaration())
      DataStackFrame(function).build();
}

} // namespace ringfence
