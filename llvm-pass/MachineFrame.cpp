// SPDX-License-Identifier: Apache-2.0
// Makes frame code 64-bit. An x32 frame works on esp, since its stack is in the
// low 4 GiB; the control stack is not.
//
//   subl $40, %esp        ->  subq $40, %rsp
//   movl 8(%esp), %eax    ->  movl 8(%rsp), %eax
//   leal 40(%rsp), %esp   ->  leaq 40(%rsp), %rsp
//
// Runs right after prologue and epilogue insertion, and also moves the constants
// that were folded into operands since then onto r15.
#include "MachinePasses.h"
#include "X86Names.h"

#include "ringfence/contract.h"

#include "llvm/CodeGen/MachineFrameInfo.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstr.h"
#include "llvm/CodeGen/TargetFrameLowering.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

class FramePass : public MachineFunctionPass {
public:
  static char ID;
  FramePass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence 64-bit frames"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    checkFrame(MF);
    for (MachineBasicBlock &Block : MF)
      for (MachineInstr &MI : Block)
        widen(MI);
    return true;
  }

private:
  static void checkFrame(const MachineFunction &MF) {
    const uint64_t Size = MF.getFrameInfo().getStackSize();
    if (Size > RF_FRAME_MAX)
      unsupported(MF, functionLine(MF),
                  "frame of " + Twine(Size) + " bytes exceeds the limit of " + Twine(RF_FRAME_MAX));
    if (MF.getSubtarget().getFrameLowering()->hasFP(MF))
      unsupported(MF, functionLine(MF), "function that needs a frame pointer");
  }

  static void widenOperands(MachineInstr &MI, const X86Names &Names) {
    for (MachineOperand &Operand : MI.operands())
      if (Operand.isReg() && Operand.getReg() == Names.ESP)
        Operand.setReg(Names.RSP);
    for (const unsigned First : memoryOperands(MI))
      if (MI.getOperand(First + MemBase).getReg() == Names.RIP)
        MI.getOperand(First + MemBase).setReg(Names.R15);
  }

  static void widen(MachineInstr &MI) {
    MachineFunction &MF = *MI.getMF();
    const X86Names &Names = X86Names::get(MF);
    const bool WritesEsp = MI.getNumExplicitDefs() == 1 && MI.getOperand(0).getReg() == Names.ESP;
    if (Names.unalignedMove(MI.getOpcode()) && accessesStack(MI))
      unsupported(MF, MI.getDebugLoc(), "aligned access to the control stack");
    widenOperands(MI, Names);
    if (!WritesEsp)
      return;
    unsigned Wide = 0;
    if (MI.getOpcode() == Names.Add32ri)
      Wide = Names.Add64ri;
    else if (MI.getOpcode() == Names.Sub32ri)
      Wide = Names.Sub64ri;
    else if (MI.getOpcode() == Names.Lea32 && MI.getOperand(1 + MemBase).getReg() == Names.RSP)
      Wide = Names.Lea64;
    else
      return unsupported(MF, MI.getDebugLoc(), "computed stack pointer in a network function");
    MI.setDesc(MF.getSubtarget().getInstrInfo()->get(Wide));
  }
};

char FramePass::ID;

} // namespace

MachineFunctionPass *createFramePass() { return new FramePass; }

} // namespace ringfence
