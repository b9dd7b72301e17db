// SPDX-License-Identifier: Apache-2.0
// Replaces byte moves that may name a high-byte register (ah ... dh). They
// must not have a REX prefix, so they cannot address memory through r14 or r15.
//
//   MOV8mr_NOREX mem, %h   ->  %w = MOVZX32rr8_NOREX %h; MOV8mr mem, %w.sub_8bit
//   %h = MOV8rm_NOREX mem  ->  %b = MOV8rm mem; %h = COPY %b
//   MOVZX32rm8_NOREX       ->  MOVZX32rm8   (and MOVSX)
#include "MachinePasses.h"
#include "X86Names.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

class NoRexPass : public MachineFunctionPass {
public:
  static char ID;
  NoRexPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence high-byte moves"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    bool Changed = false;
    for (MachineBasicBlock &Block : MF)
      for (MachineInstr &MI : make_early_inc_range(Block))
        Changed |= replace(MI);
    return Changed;
  }

private:
  static bool replace(MachineInstr &MI) {
    MachineFunction &MF = *MI.getMF();
    const X86Names &Names = X86Names::get(MF);
    const TargetInstrInfo &TII = *MF.getSubtarget().getInstrInfo();
    MachineRegisterInfo &MRI = MF.getRegInfo();
    MachineBasicBlock &Block = *MI.getParent();
    const unsigned Opcode = MI.getOpcode();
    if (Opcode == Names.Movzx32rm8NoRex || Opcode == Names.Movsx32rm8NoRex) {
      MI.setDesc(TII.get(Opcode == Names.Movzx32rm8NoRex ? Names.Movzx32rm8 : Names.Movsx32rm8));
      return true;
    }
    if (Opcode == Names.Mov8rmNoRex) {
      const Register Byte = MRI.createVirtualRegister(Names.GR8);
      BuildMI(Block, std::next(MI.getIterator()), MI.getDebugLoc(), TII.get(TargetOpcode::COPY),
              MI.getOperand(0).getReg())
          .addReg(Byte);
      MI.getOperand(0).setReg(Byte);
      MI.setDesc(TII.get(Names.Mov8rm));
      return true;
    }
    if (Opcode != Names.Mov8mrNoRex)
      return false;
    MachineOperand &Source = MI.getOperand(MemOperands);
    const MCInstrDesc &Extend = TII.get(Names.Movzx32rr8NoRex);
    const Register Word = MRI.createVirtualRegister(TII.getRegClass(Extend, 0));
    const Register Byte = MRI.createVirtualRegister(Names.GR8);
    BuildMI(Block, MI, MI.getDebugLoc(), Extend, Word).addReg(Source.getReg(), 0, Source.getSubReg());
    BuildMI(Block, MI, MI.getDebugLoc(), TII.get(TargetOpcode::COPY), Byte).addReg(Word, 0, Names.Sub8);
    Source.setReg(Byte);
    Source.setSubReg(0);
    MI.setDesc(TII.get(Names.Mov8mr));
    return true;
  }
};

char NoRexPass::ID;

} // namespace

MachineFunctionPass *createNoRexPass() { return new NoRexPass; }

} // namespace ringfence
