// SPDX-License-Identifier: Apache-2.0
// Memory intrinsics for which instruction selection has no permitted form.
//
//   call void @llvm.memcpy(ptr %d, ptr addrspace(257) %p, i32 6)
// becomes
//   %a = load i32, ptr addrspace(257) %p
//   %b = load i16, ptr addrspace(257) (%p + 4)
//   store i32 %a, ptr %d
//   store i16 %b, ptr (%d + 4)
// and with a longer or unknown length
//   call void @__rf_memcpy_from_packet(ptr %d, ptr addrspace(257) %p, i32 %n)
//
// Packets are address space 257. The SDK's libc has the helpers:
//   void __rf_memcpy_from_packet(void *, const packet *, uint32_t)
//   void __rf_memcpy_to_packet(packet *, const void *, uint32_t)
//   void __rf_memmove_packet(packet *, const packet *, uint32_t)
//   void __rf_memset_packet(packet *, int, uint32_t)
//
// Between ordinary addresses the backend expands short ones. Where it would take
// too many moves for that, it might choose a string instruction: those are
// expanded here too, or become calls of the library.
#include "IR.h"

#include "llvm/ADT/bit.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

#include <ringfence/contract.h>

using namespace llvm;

namespace ringfence {
namespace {

// What is expanded here.
constexpr uint64_t InlineMax = 64;
// What the backend is left with at most.
constexpr uint64_t BackendMax = 128;
// memcpy.inline must not become a call, whatever its length.
constexpr uint64_t ForcedInlineMax = 4096;

bool isPacket(const Value *pointer) {
  return pointer->getType()->getPointerAddressSpace() == RF_PACKET_ADDRESS_SPACE;
}

// The types, widest first, that a block of `size` bytes is moved by: calls `move(type, offset)`.
template <typename Callback> void split(LLVMContext &context, uint64_t size, Callback move) {
  auto *i64 = Type::getInt64Ty(context);
  Type *const types[] = {FixedVectorType::get(i64, 2), i64, Type::getInt32Ty(context),
                         Type::getInt16Ty(context), Type::getInt8Ty(context)};
  uint64_t offset = 0, width = 16;
  for (Type *type : types) {
    for (; size - offset >= width; offset += width)
      move(type, offset);
    width /= 2;
  }
}

Value *at(IRBuilder<> &builder, Value *pointer, uint64_t offset) {
  return offset ? builder.CreatePtrAdd(pointer, builder.getInt32(static_cast<uint32_t>(offset))) : pointer;
}

// All loads come before the first store, so the two blocks may overlap.
void expandTransfer(MemTransferInst &transfer, uint64_t size) {
  IRBuilder<> builder(&transfer);
  const Align from = transfer.getSourceAlign().valueOrOne(), to = transfer.getDestAlign().valueOrOne();
  SmallVector<std::pair<Value *, uint64_t>, 8> parts;
  split(transfer.getContext(), size, [&](Type *type, uint64_t offset) {
    Value *part = builder.CreateAlignedLoad(type, at(builder, transfer.getRawSource(), offset),
                                            commonAlignment(from, offset), transfer.isVolatile());
    parts.emplace_back(part, offset);
  });
  for (const auto &[part, offset] : parts)
    builder.CreateAlignedStore(part, at(builder, transfer.getRawDest(), offset), commonAlignment(to, offset),
                               transfer.isVolatile());
  transfer.eraseFromParent();
}

void expandSet(MemSetInst &set, uint64_t size) {
  IRBuilder<> builder(&set);
  Value *word = builder.CreateMul(builder.CreateZExt(set.getValue(), builder.getInt64Ty()),
                                  builder.getInt64(0x0101010101010101));
  split(set.getContext(), size, [&](Type *type, uint64_t offset) {
    Value *part = type->isVectorTy() ? builder.CreateVectorSplat(2, word) : builder.CreateTrunc(word, type);
    builder.CreateAlignedStore(part, at(builder, set.getRawDest(), offset),
                               commonAlignment(set.getDestAlign().valueOrOne(), offset), set.isVolatile());
  });
  set.eraseFromParent();
}

void callInstead(MemIntrinsic &intrinsic, StringRef name) {
  IRBuilder<> builder(&intrinsic);
  Value *second = nullptr;
  if (auto *set = dyn_cast<MemSetInst>(&intrinsic))
    second = builder.CreateZExt(set->getValue(), builder.getInt32Ty());
  else
    second = cast<MemTransferInst>(intrinsic).getRawSource();
  Value *arguments[] = {intrinsic.getRawDest(), second,
                        builder.CreateZExtOrTrunc(intrinsic.getLength(), builder.getInt32Ty())};
  // The C library's functions return their first argument, the packet helpers nothing.
  Type *result = name.starts_with("__rf_") ? builder.getVoidTy() : arguments[0]->getType();
  auto *type = FunctionType::get(
      result, {arguments[0]->getType(), arguments[1]->getType(), arguments[2]->getType()}, false);
  FunctionCallee callee = intrinsic.getModule()->getOrInsertFunction(name, type);
  CallInst *call = builder.CreateCall(type, callee.getCallee(), arguments);
  call->setTailCallKind(cast<CallInst>(intrinsic).getTailCallKind());
  intrinsic.eraseFromParent();
}

StringRef packetHelper(const MemIntrinsic &intrinsic) {
  const auto *transfer = dyn_cast<MemTransferInst>(&intrinsic);
  if (!transfer)
    return "__rf_memset_packet";
  if (!isPacket(transfer->getRawDest()))
    return "__rf_memcpy_from_packet";
  return isPacket(transfer->getRawSource()) ? "__rf_memmove_packet" : "__rf_memcpy_to_packet";
}

StringRef libraryFunction(const MemIntrinsic &intrinsic) {
  if (isa<MemSetInst>(intrinsic))
    return "memset";
  return isa<MemMoveInst>(intrinsic) ? "memmove" : "memcpy";
}

void expand(MemIntrinsic &intrinsic, uint64_t size) {
  if (auto *set = dyn_cast<MemSetInst>(&intrinsic))
    expandSet(*set, size);
  else
    expandTransfer(cast<MemTransferInst>(intrinsic), size);
}

// The moves that the backend takes for `size` bytes with registers of `width` bytes for as long as they fit.
uint64_t moves(const MemIntrinsic &intrinsic, const TargetTransformInfo &target, uint64_t size,
               unsigned width) {
  const auto *transfer = dyn_cast<MemTransferInst>(&intrinsic);
  Align align = intrinsic.getDestAlign().valueOrOne();
  if (transfer)
    align = std::min(align, transfer->getSourceAlign().valueOrOne());
  const auto fast = [&](unsigned bytes) {
    unsigned isFast = 0;
    return target.allowsMisalignedMemoryAccesses(intrinsic.getContext(), bytes * 8, 0, Align(1), &isFast) &&
           isFast;
  };
  if (width > 8 && align < width && !fast(width))
    width = 8;
  const uint64_t rest = size % width;
  // The last two moves may overlap, unless each byte counts.
  if (rest > 0 && size > width && !intrinsic.isVolatile() && fast(width))
    return size / width + 1;
  return size / width + rest / 8 + static_cast<uint64_t>(popcount(rest % 8));
}

// Whether the backend surely takes moves. Above its limit (TargetLowering::getMaxStoresPerMemcpy and its
// like, as the X86 backend sets them) it prefers a string instruction to a call.
bool backendMoves(const MemIntrinsic &intrinsic, const TargetTransformInfo &target, uint64_t size) {
  const Function &function = *intrinsic.getFunction();
  // With a profile it optimises cold blocks for size.
  const bool small =
      function.hasOptSize() || function.getParent()->getProfileSummary(/*IsCS=*/false) != nullptr;
  const uint64_t limit = isa<MemSetInst>(intrinsic) ? (small ? 8 : 16) : (small ? 4 : 8);
  const bool vectors = !function.hasFnAttribute(Attribute::NoImplicitFloat) &&
                       target.getRegisterBitWidth(TargetTransformInfo::RGK_FixedWidthVector) >= 128;
  const auto fits = [&](unsigned width) { return moves(intrinsic, target, size, width) <= limit; };
  return vectors ? fits(16) && fits(32) : fits(8);
}

void lower(MemIntrinsic &intrinsic, const TargetTransformInfo &target) {
  const auto *transfer = dyn_cast<MemTransferInst>(&intrinsic);
  const bool packet = isPacket(intrinsic.getRawDest()) || (transfer && isPacket(transfer->getRawSource()));
  const auto *constant = dyn_cast<ConstantInt>(intrinsic.getLength());
  const uint64_t size = constant ? constant->getLimitedValue() : UINT64_MAX;

  const Intrinsic::ID id = intrinsic.getIntrinsicID();
  const bool forced = id == Intrinsic::memcpy_inline || id == Intrinsic::memset_inline;
  if (size <= (forced ? ForcedInlineMax : packet ? InlineMax : 0))
    return expand(intrinsic, size);
  if (packet)
    return callInstead(intrinsic, packetHelper(intrinsic));
  if (forced)
    return callInstead(intrinsic, libraryFunction(intrinsic));
  if (size <= BackendMax && backendMoves(intrinsic, target, size))
    return;
  if (size <= InlineMax)
    return expand(intrinsic, size);
  callInstead(intrinsic, libraryFunction(intrinsic));
}

} // namespace

void lowerMemoryIntrinsics(Module &module, ModuleAnalysisManager &analyses) {
  auto &functions = analyses.getResult<FunctionAnalysisManagerModuleProxy>(module).getManager();
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    const auto &target = functions.getResult<TargetIRAnalysis>(function);
    for (Instruction &instruction : make_early_inc_range(instructions(function)))
      if (auto *intrinsic = dyn_cast<MemIntrinsic>(&instruction))
        lower(*intrinsic, target);
  }
}

} // namespace ringfence
