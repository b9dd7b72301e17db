// SPDX-License-Identifier: Apache-2.0
// Starts a loop's counter at zero where it would count up from below.
//
//   %i = phi i32 [ -1024, %entry ], [ %next, %loop ]
//   %p = getelementptr i8, ptr @table, i32 %i
//   %q = getelementptr i8, ptr %p, i32 1024
//   %next = add i32 %i, 4
//   %done = icmp eq i32 %next, 0
// becomes
//   %i = phi i32 [ 0, %entry ], [ %next, %loop ]
//   %p = getelementptr i8, ptr @table, i32 %i
//   %next = add i32 %i, 4
//   %done = icmp eq i32 %next, 1024
//
// LLVM's strength reduction makes the first to save the comparison. As an index
// such a counter is 2^32 - 1024: table + 1024 + index lies in the mirror above
// the cell, which is right, but has its own entries in the page tables, page
// faults and the processor's translation buffers. Runs right after that pass.
#include "Passes.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Pass.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

namespace ringfence {
namespace {

// A PHI that starts at a negative constant, and everything that is computed with it.
class Counter {
public:
  explicit Counter(PHINode &phi) : phi(phi) {}
  bool find();
  void startAtZero();

private:
  bool addValue(Instruction &value);
  void rebaseIndex(GetElementPtrInst &address) const;
  static void rebaseDebugUsers(Instruction &value, Instruction &old);

  PHINode &phi;
  const ConstantInt *start = nullptr;
  SmallSetVector<Instruction *, 4> values; // the PHI and sums of it and constants
  SmallVector<GetElementPtrInst *, 8> addresses;
  SmallVector<ICmpInst *, 2> ends;
};

bool Counter::addValue(Instruction &value) {
  values.insert(&value);
  for (Use &use : value.uses()) {
    auto *user = cast<Instruction>(use.getUser());
    if (auto *address = dyn_cast<GetElementPtrInst>(user)) {
      if (address->getNumIndices() != 1 || address->getType()->isVectorTy() ||
          address->getAddressSpace() != 0)
        return false;
      addresses.push_back(address);
    } else if (auto *end = dyn_cast<ICmpInst>(user)) {
      if (!end->isEquality() || !isa<ConstantInt>(end->getOperand(1)))
        return false;
      ends.push_back(end);
    } else if (user->getOpcode() == Instruction::Add && isa<ConstantInt>(user->getOperand(1))) {
      if (!values.contains(user) && !addValue(*user))
        return false;
    } else if (user != &phi) {
      return false;
    }
  }
  return true;
}

bool Counter::find() {
  if (!phi.getType()->isIntegerTy(32) || !addValue(phi) || addresses.empty())
    return false;
  for (const Value *input : phi.incoming_values()) {
    if (const auto *constant = dyn_cast<ConstantInt>(input)) {
      if (start && start != constant)
        return false;
      start = constant;
    } else if (!is_contained(values, input)) {
      return false;
    }
  }
  return start && start->isNegative();
}

// Has debuggers see `old`, which is computed from `value`, where they saw that.
void Counter::rebaseDebugUsers(Instruction &value, Instruction &old) {
  SmallVector<DbgVariableRecord *, 4> users;
  findDbgUsers(&value, users);
  for (DbgVariableRecord *user : users)
    user->replaceVariableLocationOp(&value, &old);
  salvageDebugInfo(old);
}

// base + (index + start) * size, with the constants of sums behind it in one.
void Counter::rebaseIndex(GetElementPtrInst &address) const {
  const DataLayout &layout = address.getDataLayout();
  const APInt size(32, layout.getTypeAllocSize(address.getSourceElementType()).getFixedValue());
  const APInt moved = start->getValue() * size;
  address.setNoWrapFlags(GEPNoWrapFlags::none());
  const auto displaced = [&](const APInt &offset, BasicBlock::iterator place) {
    return GetElementPtrInst::Create(Type::getInt8Ty(address.getContext()), &address,
                                     ConstantInt::get(address.getContext(), offset), "", place);
  };
  SmallVector<Use *, 4> uses;
  for (Use &use : address.uses())
    uses.push_back(&use);
  GetElementPtrInst *old = displaced(moved, std::next(address.getIterator()));
  for (Use *use : uses) {
    auto *sum = dyn_cast<GetElementPtrInst>(use->getUser());
    APInt offset(32, 0);
    if (!sum || use->getOperandNo() != 0 || !sum->accumulateConstantOffset(layout, offset)) {
      use->set(old);
      continue;
    }
    offset += moved;
    sum->replaceAllUsesWith(offset.isZero() ? &address : displaced(offset, sum->getIterator()));
    sum->eraseFromParent();
  }
  rebaseDebugUsers(address, *old);
  if (old->use_empty())
    old->eraseFromParent();
}

void Counter::startAtZero() {
  LLVMContext &context = phi.getContext();
  for (Instruction *value : values) {
    const auto next =
        value == &phi ? phi.getParent()->getFirstInsertionPt() : std::next(value->getIterator());
    auto *old = BinaryOperator::CreateAdd(value, ConstantInt::get(context, start->getValue()), "", next);
    rebaseDebugUsers(*value, *old);
    old->eraseFromParent();
    if (value != &phi)
      value->dropPoisonGeneratingFlags();
  }
  for (ICmpInst *end : ends) {
    const APInt &last = cast<ConstantInt>(end->getOperand(1))->getValue();
    end->setOperand(1, ConstantInt::get(context, last - start->getValue()));
  }
  for (GetElementPtrInst *address : addresses)
    rebaseIndex(*address);
  for (Use &input : phi.incoming_values())
    if (input == start)
      input.set(ConstantInt::get(phi.getType(), 0));
}

class CounterPass : public FunctionPass {
public:
  static char ID;
  CounterPass() : FunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence counters"; }

  void getAnalysisUsage(AnalysisUsage &analyses) const override { analyses.setPreservesCFG(); }

  bool runOnFunction(Function &function) override {
    bool changed = false;
    for (BasicBlock &block : function)
      for (PHINode &phi : block.phis()) {
        Counter counter(phi);
        if (!counter.find())
          continue;
        counter.startAtZero();
        changed = true;
      }
    return changed;
  }
};

char CounterPass::ID;

} // namespace

FunctionPass *createCounterPass() { return new CounterPass; }

} // namespace ringfence
