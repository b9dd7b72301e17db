// SPDX-License-Identifier: Apache-2.0
// Where a piece of straight code has many accesses at one address, makes the register a cell pointer in
// place.
//
//   movq 8(%r15,%rsi), %rax    ->   leaq (%r15,%rsi), %rsi
//   addq %rax, 16(%r15,%rsi)        movq 8(%rsi), %rax
//   ...                             addq %rax, 16(%rsi)
//   addl $64, %esi                  ...
//                                   addl $64, %esi
//
// Each access is a byte shorter, and the processor adds one register less. The
// lower half of a pointer is the value itself, so who only needs that may read
// the register still; no other register is taken. Runs when registers are
// assigned, block by block: the register must be written anew, or not be needed
// any more, before control goes elsewhere.
#include "MachinePasses.h"
#include "X86Names.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstr.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/Function.h"

using namespace llvm;

namespace ringfence {
namespace {

// Fewer accesses do not make up for the lea, which has four bytes.
constexpr size_t FewestAccesses = 5;

class PointersPass : public MachineFunctionPass {
public:
  static char ID;
  PointersPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence pointers in place"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    if (MF.getFunction().hasOptNone())
      return false;
    Names = &X86Names::get(MF);
    TRI = MF.getSubtarget().getRegisterInfo();
    bool Changed = false;
    for (MachineBasicBlock &Block : MF)
      Changed |= runOnBlock(Block);
    return Changed;
  }

private:
  struct Access {
    MachineInstr *MI;
    unsigned First;
  };
  // Accesses by a register that holds one zero-extended value from the first of
  // them to the last, and of which only the lower half is needed otherwise.
  using Accesses = SmallVector<Access, 16>;

  bool runOnBlock(MachineBasicBlock &Block) {
    DenseMap<MCRegister, Accesses> Runs;
    bool Changed = false;
    for (MachineInstr &MI : make_early_inc_range(Block)) {
      if (MI.isMetaInstruction()) // no code: what is in a register stays there
        continue;
      readBy(MI, Runs);
      Changed |= writtenBy(MI, Runs);
    }
    for (auto &[Reg, Run] : Runs)
      if (!isLiveOut(Block, Reg))
        Changed |= makePointer(Reg, Run);
    return Changed;
  }

  // The 64-bit register of which it is a part; none for other registers.
  MCRegister whole(Register Reg) const {
    if (!Reg.isPhysical())
      return MCRegister();
    for (const MCPhysReg Super : TRI->superregs_inclusive(Reg))
      if (Names->GR64->contains(Super) && Super != Names->RIP)
        return Super;
    return MCRegister();
  }

  // A 64-bit register, of which the upper half matters.
  bool readsWhole(const MachineInstr &MI, const MachineOperand &Operand) const {
    if (!Operand.isReg() || !Operand.readsReg() || !Operand.getReg().isPhysical() ||
        Operand.getReg() != Register(whole(Operand.getReg())) || MI.getOpcode() == Names->Lea32)
      return false;
    // Beyond what the instruction's description says, it is a note that the register is live.
    return !Operand.isImplicit() || MI.isCall() || MI.isReturn() || MI.isInlineAsm() ||
           is_contained(MI.getDesc().implicit_uses(), Operand.getReg().asMCReg().id());
  }

  // As an index on r15 that is not scaled. What calls and jumps read lies at r15 itself.
  bool isAccess(const MachineInstr &MI, unsigned First, const MachineOperand &Operand) const {
    return !MI.isCall() && !MI.isBranch() && &MI.getOperand(First + MemIndex) == &Operand &&
           MI.getOperand(First + MemBase).getReg() == Names->R15 &&
           MI.getOperand(First + MemScale).getImm() == 1;
  }

  void readBy(MachineInstr &MI, DenseMap<MCRegister, Accesses> &Runs) {
    SmallVector<std::pair<MCRegister, Access>, 1> New;
    SmallVector<MCRegister, 2> Needed; // besides the accesses
    for (const MachineOperand &Operand : MI.operands()) {
      if (!readsWhole(MI, Operand))
        continue;
      const MCRegister Reg = Operand.getReg().asMCReg();
      const auto Memory = memoryOperands(MI);
      const auto First = find_if(Memory, [&](unsigned Each) { return isAccess(MI, Each, Operand); });
      if (First == Memory.end())
        Needed.push_back(Reg);
      else
        New.push_back({Reg, {&MI, *First}});
    }
    for (const MCRegister Reg : Needed)
      Runs.erase(Reg);
    for (const auto &[Reg, Found] : New)
      if (!is_contained(Needed, Reg))
        Runs[Reg].push_back(Found);
  }

  bool writtenBy(const MachineInstr &MI, DenseMap<MCRegister, Accesses> &Runs) {
    bool Changed = false;
    SmallVector<MCRegister, 8> Ended;
    for (auto &[Reg, Run] : Runs) {
      bool Partly = false, Whole = false;
      for (const MachineOperand &Operand : MI.operands()) {
        if (Operand.isRegMask() && Operand.clobbersPhysReg(Reg))
          Whole = true;
        if (!Operand.isReg() || !Operand.isDef() || whole(Operand.getReg()) != Reg)
          continue;
        if (Operand.getReg() == Reg || Names->GR32->contains(Operand.getReg()))
          Whole = true;
        else
          Partly = true;
      }
      if (Whole)
        Changed |= makePointer(Reg, Run);
      if (Whole || Partly)
        Ended.push_back(Reg);
    }
    for (const MCRegister Reg : Ended)
      Runs.erase(Reg);
    return Changed;
  }

  bool isLiveOut(const MachineBasicBlock &Block, MCRegister Reg) const {
    return any_of(Block.successors(), [&](const MachineBasicBlock *Next) {
      return any_of(Next->liveins(), [&](const MachineBasicBlock::RegisterMaskPair &In) {
        return TRI->regsOverlap(In.PhysReg, Reg);
      });
    });
  }

  bool makePointer(MCRegister Reg, const Accesses &Run) {
    if (Run.size() < FewestAccesses)
      return false;
    insertCellPointer(*Run.front().MI, Reg, Reg);
    for (const Access &Each : Run) {
      MachineOperand &Index = Each.MI->getOperand(Each.First + MemIndex);
      MachineOperand &Base = Each.MI->getOperand(Each.First + MemBase);
      Base.setReg(Reg);
      Base.setIsKill(Index.isKill());
      Index.setReg(Register());
      Index.setIsKill(false);
    }
    return true;
  }

  const X86Names *Names = nullptr;
  const TargetRegisterInfo *TRI = nullptr;
};

char PointersPass::ID;

} // namespace

MachineFunctionPass *createPointersPass() { return new PointersPass; }

} // namespace ringfence
