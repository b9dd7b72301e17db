// SPDX-License-Identifier: Apache-2.0
// What instruction selection would lower by way of a stack object whose
// address it computes, or by an instruction that the contract forbids.
//
//   %e = extractelement <4 x i32> %v, i32 %i
// becomes
//   %slot = alloca <4 x i32>
//   store <4 x i32> %v, ptr %slot
//   %e = load i32, ptr (%slot + 4 * (%i & 3))
//
// Likewise insertelement; masked and gathering vector accesses, one element
// at a time; frame addresses (the data stack's) and return addresses (null).
// A trap of -ftrapv and -fsanitize-trap is like any other.
// Atomic accesses of more than 8 bytes or without alignment are plain ones: a cell has one thread.
// sin and cos of one value stay two calls, non-temporal accesses are plain ones.
#include "IR.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/LowerAtomic.h"

using namespace llvm;

namespace ringfence {
namespace {

AllocaInst *makeSlot(Function &function, Type *type) {
  return new AllocaInst(type, 0, nullptr, Align(16), "slot", function.getEntryBlock().getFirstInsertionPt());
}

// Address of the element; an index beyond the vector gives any element (LangRef: the result is poison).
Value *elementAddress(IRBuilder<> &builder, Value *slot, FixedVectorType *type, Value *index) {
  Value *i = builder.CreateZExtOrTrunc(index, builder.getInt32Ty());
  i = builder.CreateAnd(i, static_cast<uint32_t>(PowerOf2Ceil(type->getNumElements()) - 1));
  return builder.CreateGEP(type->getElementType(), slot, i);
}

// Elements of less than a byte have no address: they are widened first.
FixedVectorType *addressable(FixedVectorType *type) {
  const unsigned bits = type->getScalarSizeInBits();
  if (bits % 8 == 0)
    return type;
  return FixedVectorType::get(IntegerType::get(type->getContext(), alignTo(bits, 8)), type->getNumElements());
}

// A slot has room for the index rounded up to a power of two.
Type *slotType(FixedVectorType *type) {
  return ArrayType::get(type->getElementType(), PowerOf2Ceil(type->getNumElements()));
}

void lowerExtract(ExtractElementInst &extract) {
  auto *type = dyn_cast<FixedVectorType>(extract.getVectorOperandType());
  if (!type || isa<ConstantInt>(extract.getIndexOperand()))
    return;
  IRBuilder<> builder(&extract);
  FixedVectorType *wide = addressable(type);
  AllocaInst *slot = makeSlot(*extract.getFunction(), slotType(wide));
  Value *vector = extract.getVectorOperand();
  builder.CreateAlignedStore(wide == type ? vector : builder.CreateZExt(vector, wide), slot,
                             slot->getAlign());
  Value *element = builder.CreateLoad(wide->getElementType(),
                                      elementAddress(builder, slot, wide, extract.getIndexOperand()));
  extract.replaceAllUsesWith(wide == type ? element : builder.CreateTrunc(element, type->getElementType()));
  extract.eraseFromParent();
}

void lowerInsert(InsertElementInst &insert) {
  auto *type = dyn_cast<FixedVectorType>(insert.getType());
  if (!type || isa<ConstantInt>(insert.getOperand(2)))
    return;
  IRBuilder<> builder(&insert);
  FixedVectorType *wide = addressable(type);
  AllocaInst *slot = makeSlot(*insert.getFunction(), slotType(wide));
  Value *vector = insert.getOperand(0), *element = insert.getOperand(1);
  builder.CreateAlignedStore(wide == type ? vector : builder.CreateZExt(vector, wide), slot,
                             slot->getAlign());
  builder.CreateStore(wide == type ? element : builder.CreateZExt(element, wide->getElementType()),
                      elementAddress(builder, slot, wide, insert.getOperand(2)));
  Value *result = builder.CreateAlignedLoad(wide, slot, slot->getAlign());
  insert.replaceAllUsesWith(wide == type ? result : builder.CreateTrunc(result, type));
  insert.eraseFromParent();
}

// A masked access by elements: one that is masked out goes to a slot that nobody reads.
void lowerMasked(IntrinsicInst &access) {
  const Intrinsic::ID id = access.getIntrinsicID();
  const bool loads = id == Intrinsic::masked_load || id == Intrinsic::masked_gather;
  const bool scattered = id == Intrinsic::masked_gather || id == Intrinsic::masked_scatter;
  Value *pointers = access.getArgOperand(loads ? 0 : 1);
  Value *mask = access.getArgOperand(loads ? 1 : 2);
  Value *result = loads ? access.getArgOperand(2) : nullptr;
  auto *type = cast<FixedVectorType>(loads ? access.getType() : access.getArgOperand(0)->getType());
  Type *element = type->getElementType();
  const DataLayout &layout = access.getFunction()->getDataLayout();
  const Align vectorAlign = access.getParamAlign(loads ? 0 : 1).valueOrOne();
  const Align align =
      scattered ? vectorAlign : commonAlignment(vectorAlign, layout.getTypeStoreSize(element));

  IRBuilder<> builder(&access);
  // An address space cannot be left, so a masked-out packet access goes to the packet's first byte: a
  // load does no harm there, a store must put back what it finds.
  const bool packet = pointers->getType()->getPointerAddressSpace() != 0;
  Value *slot = packet ? nullptr : makeSlot(*access.getFunction(), element);
  for (uint64_t i = 0; i != type->getNumElements(); i++) {
    Value *address = scattered ? builder.CreateExtractElement(pointers, i)
                               : builder.CreateConstGEP1_32(element, pointers, static_cast<unsigned>(i));
    Value *on = builder.CreateExtractElement(mask, i);
    Value *idle = packet ? ConstantPointerNull::get(cast<PointerType>(address->getType())) : slot;
    address = builder.CreateSelect(on, address, idle);
    if (loads) {
      Value *loaded = builder.CreateAlignedLoad(element, address, packet ? Align(1) : align);
      Value *value = builder.CreateSelect(on, loaded, builder.CreateExtractElement(result, i));
      result = builder.CreateInsertElement(result, value, i);
      continue;
    }
    Value *value = builder.CreateExtractElement(access.getArgOperand(0), i);
    if (packet)
      value = builder.CreateSelect(on, value, builder.CreateAlignedLoad(element, address, Align(1)));
    builder.CreateAlignedStore(value, address, packet ? Align(1) : align);
  }
  if (loads)
    access.replaceAllUsesWith(result);
  access.eraseFromParent();
}

// A call of the C library's function that instruction selection takes for nothing else.
void callLibrary(IntrinsicInst &intrinsic, StringRef base) {
  Type *type = intrinsic.getType();
  if (!type->isDoubleTy() && !type->isFloatTy())
    return;
  IRBuilder<> builder(&intrinsic);
  const std::string name = type->isFloatTy() ? (base + "f").str() : base.str();
  FunctionCallee callee = intrinsic.getModule()->getOrInsertFunction(name, type, type);
  CallInst *call = builder.CreateCall(callee, {intrinsic.getArgOperand(0)});
  call->addFnAttr(Attribute::NoBuiltin);
  intrinsic.replaceAllUsesWith(call);
  intrinsic.eraseFromParent();
}

void lowerIntrinsic(IntrinsicInst &intrinsic) {
  IRBuilder<> builder(&intrinsic);
  switch (intrinsic.getIntrinsicID()) {
  case Intrinsic::masked_load:
  case Intrinsic::masked_store:
  case Intrinsic::masked_gather:
  case Intrinsic::masked_scatter:
    return lowerMasked(intrinsic);
  case Intrinsic::sin:
    return callLibrary(intrinsic, "sin");
  case Intrinsic::cos:
    return callLibrary(intrinsic, "cos");
  case Intrinsic::frameaddress:
    intrinsic.replaceAllUsesWith(builder.CreateLoad(
        builder.getPtrTy(), intrinsic.getModule()->getOrInsertGlobal("__rf_dsp", builder.getPtrTy())));
    break;
  case Intrinsic::returnaddress:
    intrinsic.replaceAllUsesWith(Constant::getNullValue(intrinsic.getType()));
    break;
  case Intrinsic::clear_cache:
    break;
  case Intrinsic::ubsantrap: // would be ud1, which the contract lacks
    builder.CreateIntrinsic(Intrinsic::trap, {});
    break;
  default:
    return;
  }
  intrinsic.eraseFromParent();
}

// The backend would merge two calls into one of sincos, which returns through stack slots.
void keepApart(CallInst &call) {
  const Function *callee = call.getCalledFunction();
  if (!callee || callee->isIntrinsic())
    return;
  for (const char *name : {"sin", "sinf", "cos", "cosf"})
    if (callee->getName() == name)
      call.addFnAttr(Attribute::NoBuiltin);
}

// Without cmpxchg16b, and where they may cross a cache line, these would become calls whose arguments stand
// on the control stack.
void lowerWideAtomic(Instruction &instruction) {
  const DataLayout &layout = instruction.getDataLayout();
  const auto hasNoInstruction = [&](Type *type, Align align) {
    const uint64_t size = layout.getTypeStoreSize(type).getKnownMinValue();
    return size > 8 || align.value() < size;
  };
  if (auto *load = dyn_cast<LoadInst>(&instruction)) {
    if (load->isAtomic() && hasNoInstruction(load->getType(), load->getAlign()))
      load->setAtomic(AtomicOrdering::NotAtomic);
  } else if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    if (store->isAtomic() && hasNoInstruction(store->getValueOperand()->getType(), store->getAlign()))
      store->setAtomic(AtomicOrdering::NotAtomic);
  } else if (auto *update = dyn_cast<AtomicRMWInst>(&instruction)) {
    if (hasNoInstruction(update->getType(), update->getAlign()))
      lowerAtomicRMWInst(update);
  } else if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction)) {
    if (hasNoInstruction(exchange->getNewValOperand()->getType(), exchange->getAlign()))
      lowerAtomicCmpXchgInst(exchange);
  }
}

} // namespace

void lowerIntrinsics(Module &module) {
  for (Function &function : module) {
    for (Instruction &instruction : make_early_inc_range(instructions(function))) {
      instruction.setMetadata(LLVMContext::MD_nontemporal, nullptr);
      if (instruction.isAtomic())
        lowerWideAtomic(instruction);
      else if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction))
        lowerIntrinsic(*intrinsic);
      else if (auto *call = dyn_cast<CallInst>(&instruction))
        keepApart(*call);
    }
    // After the vector accesses, which leave variable element numbers behind in none but their own way.
    for (Instruction &instruction : make_early_inc_range(instructions(function))) {
      if (auto *extract = dyn_cast<ExtractElementInst>(&instruction))
        lowerExtract(*extract);
      else if (auto *insert = dyn_cast<InsertElementInst>(&instruction))
        lowerInsert(*insert);
    }
  }
}

} // namespace ringfence
