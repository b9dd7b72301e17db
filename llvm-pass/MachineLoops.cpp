// SPDX-License-Identifier: Apache-2.0
// Places short loops so that they do not cross a cache line, and of a loop around
// a jump table the two pieces that every turn runs through: from its top to the
// jump, and back to the top.
//
//   .p2align 4            ->   .p2align 6, , N      # the loop has about N + 1 bytes
//   .LBB0_1: ...               .LBB0_1: ...
//
// The processor's cache of decoded instructions holds them by lines: a loop
// that would fit one line but lies on two can take up to 1.4 times as long, an
// interpreter 1.2 times.
// The assembler pads only where that would happen; elsewhere it now pads less
// than LLVM's alignment of all loops did.
#include "MachinePasses.h"
#include "X86Names.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstr.h"
#include "llvm/CodeGen/MachineLoopInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace ringfence {
namespace {

constexpr unsigned Line = 64;
// With more predecessors a block runs mostly after one from which it was jumped to.
constexpr unsigned ManyWays = 3;

class LoopsPass : public MachineFunctionPass {
public:
  static char ID;
  LoopsPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence short loops"; }

  void getAnalysisUsage(AnalysisUsage &AU) const override {
    AU.addRequired<MachineLoopInfoWrapperPass>();
    AU.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(AU);
  }

  bool runOnMachineFunction(MachineFunction &MF) override {
    if (MF.getFunction().hasOptNone() || MF.getFunction().hasOptSize())
      return false;
    bool Changed = false;
    for (MachineBasicBlock &Block : MF) {
      if (Block.getAlignment() == Align(1)) // not the top of a loop that LLVM takes for a frequent one
        continue;
      const unsigned Bytes = loopBytes(Block);
      if (Bytes == 0)
        continue;
      Block.setAlignment(Align(Line), Bytes - 1);
      Changed = true;
    }
    return placeDispatchers(MF, getAnalysis<MachineLoopInfoWrapperPass>().getLI()) || Changed;
  }

private:
  static bool placeDispatchers(MachineFunction &MF, const MachineLoopInfo &Loops) {
    bool Changed = false;
    for (MachineBasicBlock &Block : MF) {
      const MachineLoop *Loop = Loops.getLoopFor(&Block);
      if (!Loop || Block.empty() || !Block.back().isIndirectBranch() || Block.back().isCall())
        continue;
      Changed |= keepOnLine(Block, *Loop);
      MachineBasicBlock *Latch = Loop->getLoopLatch();
      if (Latch && Latch->getNextNode() != Loop->getHeader())
        Changed |= keepOnLine(*Latch, *Loop);
    }
    return Changed;
  }

  // `Block` with what always falls into it, also from one turn into the next. Nothing
  // is put between two blocks of which the second hardly runs without the first.
  static bool keepOnLine(MachineBasicBlock &Block, const MachineLoop &Loop) {
    MachineBasicBlock *Start = &Block;
    unsigned Bytes = bytes(Block, /*FarBranches=*/true);
    while (Bytes <= Line) {
      MachineBasicBlock *Previous = Start->getPrevNode();
      if (!Previous || !Loop.contains(Previous) || !Previous->canFallThrough() ||
          Start->pred_size() > ManyWays) {
        for (auto Between = std::next(Start->getIterator()); Between != std::next(Block.getIterator());
             ++Between)
          Between->setAlignment(Align(1));
        Start->setAlignment(Align(Line), Bytes - 1);
        return true;
      }
      Start = Previous;
      Bytes += bytes(*Previous, /*FarBranches=*/true);
    }
    return false;
  }

  // From the loop's top to its last branch back; 0 if that is more than a line.
  static unsigned loopBytes(const MachineBasicBlock &Top) {
    unsigned Bytes = 0, Result = 0;
    for (auto Block = Top.getIterator(); Block != Top.getParent()->end(); ++Block) {
      if ((Bytes += bytes(*Block, /*FarBranches=*/false)) > Line)
        return Result;
      if (Block->isSuccessor(&Top))
        Result = Bytes;
    }
    return Result;
  }

  static unsigned bytesOf(int64_t Value) {
    return isInt<8>(Value) ? 1 : isInt<32>(Value) || isUInt<32>(Value) ? 4 : 8;
  }

  static unsigned bytes(const MachineBasicBlock &Block, bool FarBranches) {
    unsigned Bytes = 0;
    for (const MachineInstr &MI : Block)
      Bytes += MI.isBranch() && FarBranches ? branchBytes(MI) : bytes(MI);
    return Bytes;
  }

  // With a displacement of four bytes.
  static unsigned branchBytes(const MachineInstr &MI) {
    return MI.isIndirectBranch() ? 8 : MI.isConditionalBranch() ? 6 : 5;
  }

  // About, and rather too many than too few: the exact length is only known when
  // the assembler has chosen an encoding.
  static unsigned bytes(const MachineInstr &MI) {
    if (MI.isMetaInstruction())
      return 0;
    if (MI.isInlineAsm() || MI.isCall())
      return Line;
    if (MI.isBranch())
      return 2;
    const X86Names &Names = X86Names::get(*MI.getMF());
    const StringRef Name = MI.getMF()->getSubtarget().getInstrInfo()->getName(MI.getOpcode());
    bool LongOpcode = any_of(ArrayRef<StringRef>({"MOVZX", "MOVSX", "CMOV", "IMUL", "SETCC", "BT"}),
                             [&](StringRef Prefix) { return Name.starts_with(Prefix); });
    unsigned Bytes = 3;
    const auto First = memoryOperands(MI);
    const unsigned Memory = !First.empty()                ? First.front()
                            : Names.isLea(MI.getOpcode()) ? 1
                                                          : MI.getNumOperands();
    for (unsigned I = 0; I < MI.getNumExplicitOperands(); ++I) {
      const MachineOperand &Operand = MI.getOperand(I);
      if (I == Memory) {
        const MachineOperand &Disp = MI.getOperand(I + MemDisp);
        Bytes += MI.getOperand(I + MemIndex).getReg().isValid();
        Bytes += Disp.isImm() ? (Disp.getImm() == 0 ? 0 : bytesOf(Disp.getImm())) : 4;
        I += MemOperands - 1;
      } else if (Operand.isImm()) {
        Bytes += bytesOf(Operand.getImm());
      } else if (Operand.isReg()) {
        LongOpcode |= Names.VR128->contains(Operand.getReg()) || Names.VR256->contains(Operand.getReg());
      } else {
        Bytes += 4;
      }
    }
    return Bytes + LongOpcode;
  }
};

char LoopsPass::ID;

} // namespace

MachineFunctionPass *createLoopsPass() { return new LoopsPass; }

} // namespace ringfence
