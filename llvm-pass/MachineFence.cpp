// SPDX-License-Identifier: Apache-2.0
// Replaces the fence that instruction selection prefers, a locked operation
// on the top of the stack: without a red zone that is the return address, or a
// saved register where the frame is smaller than the operand.
//
//   OR32mi8Locked (%rsp), 0   ->  MFENCE
#include "MachinePasses.h"
#include "X86Names.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

class FencePass : public MachineFunctionPass {
public:
  static char ID;
  FencePass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence fences"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    const X86Names &Names = X86Names::get(MF);
    const TargetInstrInfo &TII = *MF.getSubtarget().getInstrInfo();
    bool Changed = false;
    for (MachineBasicBlock &Block : MF)
      for (MachineInstr &MI : make_early_inc_range(Block)) {
        if (!isStackFence(MI, Names))
          continue;
        BuildMI(Block, MI, MI.getDebugLoc(), TII.get(Names.MFence));
        MI.eraseFromParent();
        Changed = true;
      }
    return Changed;
  }

private:
  static bool isStackFence(const MachineInstr &MI, const X86Names &Names) {
    if (MI.getOpcode() != Names.Or32mi8Locked)
      return false;
    const MachineOperand &Base = MI.getOperand(MemBase);
    return Base.isReg() && (Base.getReg() == Names.RSP || Base.getReg() == Names.ESP);
  }
};

char FencePass::ID;

} // namespace

MachineFunctionPass *createFencePass() { return new FencePass; }

} // namespace ringfence
