// SPDX-License-Identifier: Apache-2.0
// Orders chains of one associative operation so that what a loop waits for
// enters last.
//
//   %a = xor i32 %late, %x      ; %late comes from the previous turn, %x and %y
//   %b = xor i32 %a, %y         ; are there long before
// becomes
//   %a = xor i32 %x, %y
//   %b = xor i32 %late, %a
//
// LLVM leaves such chains as the source has them: its own reassociation of
// machine code does not look through loads that are folded into operations.
#include "IR.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

namespace ringfence {
namespace {

constexpr unsigned LoadLatency = 5, MultiplyLatency = 3, CallLatency = 20;
constexpr size_t LeavesMax = 32;

// When a value is there, in cycles after a turn of the innermost loop around it
// has begun. Early: whole turns ahead, since it depends on nothing but
// counters and what does not change in the loop.
struct Ready {
  bool early;
  unsigned cycle;
};

class Chains {
public:
  Chains(const LoopInfo &loops) : loops(loops) {}
  void shorten(BasicBlock &block);

private:
  struct Leaf {
    Value *value;
    Ready ready;
  };
  using Leaves = SmallVector<Leaf, 8>;

  Ready ready(const Value *value) const;
  Ready compute(const Instruction &instruction) const;
  bool isCounter(const PHINode &phi) const;
  bool isInner(const Instruction &instruction) const;
  void collect(Value *value, const Instruction &root, Leaves &leaves) const;
  using Combine = function_ref<Value *(Value *, Value *)>;
  static Leaf reduce(Leaves leaves, Combine combine);
  void rebuild(BinaryOperator &root, const Leaves &leaves);

  const LoopInfo &loops;
  const Loop *loop = nullptr; // around the block at hand
  DenseMap<const Value *, Ready> known;
};

Ready Chains::ready(const Value *value) const {
  const auto *instruction = dyn_cast<Instruction>(value);
  if (!instruction || (loop && !loop->contains(instruction)))
    return {true, 0};
  const auto found = known.find(value);
  if (found == known.end() || loops.getLoopFor(instruction->getParent()) != loop)
    return {false, 0}; // from an inner loop, or from the turn before
  return found->second;
}

bool Chains::isCounter(const PHINode &phi) const {
  if (!loop || phi.getParent() != loop->getHeader() || !loop->getLoopLatch())
    return false;
  const auto *step = dyn_cast<Instruction>(phi.getIncomingValueForBlock(loop->getLoopLatch()));
  return step && (isa<BinaryOperator>(step) || isa<GetElementPtrInst>(step)) &&
         is_contained(step->operands(), &phi) && all_of(step->operands(), [&](const Use &use) {
           const auto *other = dyn_cast<Instruction>(use.get());
           return use.get() == &phi || !other || !loop->contains(other);
         });
}

Ready Chains::compute(const Instruction &instruction) const {
  if (const auto *phi = dyn_cast<PHINode>(&instruction))
    return {isCounter(*phi), 0};
  Ready result = {loop != nullptr, 0};
  for (const Use &use : instruction.operands()) {
    const Ready operand = ready(use.get());
    result.early &= operand.early;
    result.cycle = std::max(result.cycle, operand.early ? 0 : operand.cycle);
  }
  if (isa<CallBase>(instruction) && !isa<IntrinsicInst>(instruction))
    return {false, result.cycle + CallLatency};
  if (result.early)
    return {true, 0};
  if (isa<LoadInst>(instruction))
    return {false, result.cycle + LoadLatency};
  if (instruction.getOpcode() == Instruction::Mul)
    return {false, result.cycle + MultiplyLatency};
  const bool isFree = isa<CastInst>(instruction) || isa<GetElementPtrInst>(instruction);
  return {false, result.cycle + !isFree};
}

bool Chains::isInner(const Instruction &instruction) const {
  const auto *user = instruction.hasOneUse() ? dyn_cast<BinaryOperator>(instruction.user_back()) : nullptr;
  return user && user->getOpcode() == instruction.getOpcode() && user->getParent() == instruction.getParent();
}

void Chains::collect(Value *value, const Instruction &root, Leaves &leaves) const {
  auto *inner = dyn_cast<BinaryOperator>(value);
  const bool expand =
      inner && (inner == &root || (inner->getOpcode() == root.getOpcode() && isInner(*inner) &&
                                   inner->getParent() == root.getParent()));
  if (!expand || leaves.size() > LeavesMax)
    return leaves.push_back({value, ready(value)});
  collect(inner->getOperand(0), root, leaves);
  collect(inner->getOperand(1), root, leaves);
}

// Always combines the two that are ready first; what is early, in its order.
Chains::Leaf Chains::reduce(Leaves leaves, Combine combine) {
  const auto takeFirst = [&] {
    const auto first = min_element(leaves, [](const Leaf &a, const Leaf &b) {
      return a.ready.early != b.ready.early ? a.ready.early : a.ready.cycle < b.ready.cycle;
    });
    const Leaf taken = *first;
    leaves.erase(first);
    return taken;
  };
  while (leaves.size() > 1) {
    const Leaf a = takeFirst(), b = takeFirst();
    const bool early = a.ready.early && b.ready.early;
    const unsigned cycle = early ? 0 : std::max(a.ready.cycle, b.ready.cycle) + 1;
    leaves.insert(leaves.begin(), {combine(a.value, b.value), {early, cycle}});
  }
  return leaves.front();
}

// Each new operation stands behind the later of its operands, where they are
// of this block, so that registers are not held for long.
void Chains::rebuild(BinaryOperator &root, const Leaves &leaves) {
  const Leaf result = reduce(leaves, [&](Value *a, Value *b) {
    Instruction *after = nullptr;
    for (Value *value : {a, b}) {
      auto *instruction = dyn_cast<Instruction>(value);
      if (instruction && instruction->getParent() == root.getParent() && !isa<PHINode>(instruction) &&
          (!after || after->comesBefore(instruction)))
        after = instruction;
    }
    const auto place = after ? std::next(after->getIterator()) : root.getParent()->getFirstInsertionPt();
    auto *made = BinaryOperator::Create(root.getOpcode(), a, b, "", place);
    made->setDebugLoc(root.getDebugLoc());
    known[made] = compute(*made);
    return made;
  });
  result.value->takeName(&root);
  root.replaceAllUsesWith(result.value);
  RecursivelyDeleteTriviallyDeadInstructions(&root);
}

void Chains::shorten(BasicBlock &block) {
  loop = loops.getLoopFor(&block);
  for (Instruction &instruction : make_early_inc_range(block)) {
    known[&instruction] = compute(instruction);
    auto *root = dyn_cast<BinaryOperator>(&instruction);
    if (!root || !root->isAssociative() || !root->isCommutative() || !root->getType()->isIntegerTy() ||
        isInner(*root))
      continue;
    Leaves leaves;
    collect(root, *root, leaves);
    if (leaves.size() < 3 || leaves.size() > LeavesMax)
      continue;
    const Leaf best = reduce(leaves, [](Value *a, Value *) { return a; });
    if (best.ready.cycle < known[root].cycle)
      rebuild(*root, leaves);
  }
}

} // namespace

void shortenChains(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration() || function.hasOptNone() || function.hasMinSize())
      continue;
    const DominatorTree dominators(function);
    const LoopInfo loops(dominators);
    Chains chains(loops);
    for (BasicBlock *block : ReversePostOrderTraversal<Function *>(&function))
      chains.shorten(*block);
  }
}

} // namespace ringfence
