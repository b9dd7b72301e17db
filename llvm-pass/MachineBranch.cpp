// SPDX-License-Identifier: Apache-2.0
// Indirect calls, tail calls and jump tables in the only forms that the
// contract has.
//
//   callq *%rax         ->  andl $0xfff8, %eax; callq *FUNCTION_TABLE(%r15,%rax)
//   jmpq *%rax          ->  the same with a jump, for a tail call
//   movl .LJTI(,%eax,4), %ecx; jmpq *%rcx
//                       ->  andl $2^n-1, %eax; jmpq *.LJTI(%r15,%rax,8)
//
// The mask of a jump table is its size rounded up to a power of two: the
// validator does not see the bounds check. FinishPass emits as many entries.
#include "MachinePasses.h"
#include "MachineWiden.h"

#include "ringfence/contract.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineJumpTableInfo.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace ringfence {
namespace {

class BranchPass : public MachineFunctionPass {
public:
  static char ID;
  BranchPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence indirect branches"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    const X86Names &Names = X86Names::get(MF);
    Widener Wide(MF);
    bool Changed = false;
    for (MachineBasicBlock &Block : MF) {
      for (MachineInstr &MI : make_early_inc_range(Block)) {
        const unsigned Opcode = MI.getOpcode();
        if (Opcode == Names.Call64r)
          replaceCall(MI, Names.Call64m, Wide);
        else if (Opcode == Names.TailCall64r)
          replaceCall(MI, Names.TailCall64m, Wide);
        else if (Opcode == Names.Jump64r)
          replaceJump(MI, Wide);
        else if (MI.isIndirectBranch() || (MI.isCall() && !memoryOperands(MI).empty()))
          unsupported(MF, MI.getDebugLoc(), "this kind of indirect branch in a network function");
        else
          continue;
        Changed = true;
      }
    }
    return Changed;
  }

private:
  static void replaceCall(MachineInstr &MI, unsigned Opcode, Widener &Wide) {
    MachineFunction &MF = *MI.getMF();
    const X86Names &Names = X86Names::get(MF);
    const Register Entry = Wide.masked(MI.getOperand(0).getReg(), RF_FUNCTION_TABLE_MASK, MI);
    if (Opcode == Names.TailCall64m) // no callee-saved register: those are restored before the jump
      MF.getRegInfo().constrainRegClass(Entry, Names.GR64Tail);
    const MachineInstrBuilder Call =
        BuildMI(*MI.getParent(), MI, MI.getDebugLoc(), MF.getSubtarget().getInstrInfo()->get(Opcode))
            .addReg(Names.R15)
            .addImm(1)
            .addReg(Entry)
            .addImm(RF_FUNCTION_TABLE_OFFSET)
            .addReg(0);
    for (const MachineOperand &Operand : drop_begin(MI.operands()))
      Call.add(Operand);
    if (MI.shouldUpdateAdditionalCallInfo())
      MF.moveAdditionalCallInfo(&MI, Call);
    MI.eraseFromParent();
  }

  // The load of a jump table's entry whose result `MI` jumps to.
  static MachineInstr *tableLoad(const MachineInstr &MI) {
    const MachineRegisterInfo &MRI = MI.getMF()->getRegInfo();
    const X86Names &Names = X86Names::get(*MI.getMF());
    Register Reg = MI.getOperand(0).getReg();
    while (Reg.isVirtual()) {
      MachineInstr *Def = MRI.getUniqueVRegDef(Reg);
      if (!Def)
        return nullptr;
      if (Def->isSubregToReg())
        Reg = Def->getOperand(2).getReg();
      else if (Def->isCopy())
        Reg = Def->getOperand(1).getReg();
      else if (Def->getOpcode() == Names.Mov32rm && Def->getOperand(1 + MemDisp).isJTI())
        return Def;
      else
        return nullptr;
    }
    return nullptr;
  }

  static void eraseIfUnused(Register Reg, MachineRegisterInfo &MRI) {
    while (Reg.isVirtual() && MRI.use_nodbg_empty(Reg)) {
      MachineInstr *Def = MRI.getUniqueVRegDef(Reg);
      MRI.markUsesInDebugValueAsUndef(Reg);
      Reg = Def->isSubregToReg() ? Def->getOperand(2).getReg()
                                 : (Def->isCopy() ? Def->getOperand(1).getReg() : Register());
      Def->eraseFromParent();
    }
  }

  static void replaceJump(MachineInstr &MI, Widener &Wide) {
    MachineFunction &MF = *MI.getMF();
    const X86Names &Names = X86Names::get(MF);
    MachineInstr *Load = tableLoad(MI);
    if (!Load)
      return unsupported(MF, MI.getDebugLoc(), "computed goto in a network function");
    const unsigned Table = Load->getOperand(1 + MemDisp).getIndex();
    const size_t Targets = MF.getJumpTableInfo()->getJumpTables()[Table].MBBs.size();
    const uint32_t Mask = static_cast<uint32_t>(PowerOf2Ceil(Targets) - 1);
    // The load's index counts units of Scale bytes of 4-byte entries; the
    // entries are now 8 bytes, so the same index goes with twice the scale.
    const Register Base = Load->getOperand(1 + MemBase).getReg();
    Register Index = Load->getOperand(1 + MemIndex).getReg();
    unsigned Scale = static_cast<unsigned>(Load->getOperand(1 + MemScale).getImm());
    if (Base.isValid() || Scale > 4) {
      Index = Wide.address32(Base, Scale, Index, MachineOperand::CreateImm(0), MI);
      Scale = 1;
    }
    Index = Wide.masked(Index, Mask * (4 / Scale), MI);
    BuildMI(*MI.getParent(), MI, MI.getDebugLoc(), MF.getSubtarget().getInstrInfo()->get(Names.Jump64m))
        .addReg(Names.R15)
        .addImm(2 * Scale)
        .addReg(Index)
        .addJumpTableIndex(Table)
        .addReg(0);
    const Register Old = MI.getOperand(0).getReg();
    MI.eraseFromParent();
    eraseIfUnused(Old, MF.getRegInfo());
  }
};

char BranchPass::ID;

} // namespace

MachineFunctionPass *createBranchPass() { return new BranchPass; }

} // namespace ringfence
