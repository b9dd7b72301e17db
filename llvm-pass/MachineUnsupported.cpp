// SPDX-License-Identifier: Apache-2.0
// Diagnoses, with the source line, what instruction selection may leave behind
// that no later pass can bring into a form that the contract has.
#include "MachinePasses.h"
#include "X86Names.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/CodeGen/MachineFrameInfo.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

bool isStringInstruction(StringRef Name) {
  static const StringSet<> Names = {"MOVSB", "MOVSW", "MOVSL", "MOVSQ", "STOSB", "STOSW", "STOSL",
                                    "STOSQ", "LODSB", "LODSW", "LODSL", "LODSQ", "SCASB", "SCASW",
                                    "SCASL", "SCASQ", "CMPSB", "CMPSW", "CMPSL", "CMPSQ"};
  return Name.starts_with("REP_") || Names.contains(Name);
}

class UnsupportedPass : public MachineFunctionPass {
public:
  static char ID;
  UnsupportedPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence unsupported code"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    checkFrame(MF);
    bool SawX87 = false;
    for (const MachineBasicBlock &Block : MF)
      for (const MachineInstr &MI : Block)
        SawX87 = check(MF, MI, SawX87);
    return false;
  }

private:
  static void checkFrame(const MachineFunction &MF) {
    const MachineFrameInfo &MFI = MF.getFrameInfo();
    const DebugLoc Where = functionLine(MF);
    if (MFI.hasVarSizedObjects())
      unsupported(MF, Where, "variable-size object on the control stack");
    if (MFI.isFrameAddressTaken())
      unsupported(MF, Where, "__builtin_frame_address in a network function");
    if (MFI.isReturnAddressTaken())
      unsupported(MF, Where, "__builtin_return_address in a network function");
  }

  // Returns whether x87 or MMX code was seen so far: one report a function.
  static bool check(const MachineFunction &MF, const MachineInstr &MI, bool SawX87) {
    if (MI.isDebugInstr() || MI.getOpcode() <= TargetOpcode::GENERIC_OP_END)
      return SawX87;
    const StringRef Name = MF.getSubtarget().getInstrInfo()->getName(MI.getOpcode());
    if (isStringInstruction(Name))
      unsupported(MF, MI.getDebugLoc(), "string instruction in a network function");
    if (Name.starts_with("EH_SjLj"))
      unsupported(MF, MI.getDebugLoc(), "setjmp or longjmp in a network function");
    if (SawX87 || !usesX87(MF, MI))
      return SawX87;
    unsupported(MF, MI.getDebugLoc(), "x87 (long double) or MMX code in a network function");
    return true;
  }

  static bool usesX87(const MachineFunction &MF, const MachineInstr &MI) {
    const MachineRegisterInfo &MRI = MF.getRegInfo();
    const TargetRegisterInfo &TRI = *MF.getSubtarget().getRegisterInfo();
    return any_of(MI.operands(), [&](const MachineOperand &Operand) {
      if (!Operand.isReg() || !Operand.getReg().isValid() || Operand.isImplicit())
        return false;
      const Register Reg = Operand.getReg();
      const StringRef Name = Reg.isVirtual() ? TRI.getRegClassName(MRI.getRegClass(Reg)) : TRI.getName(Reg);
      return Name.starts_with("RFP") || Name == "VR64" || Name.starts_with("FP") || Name.starts_with("MM");
    });
  }
};

char UnsupportedPass::ID;

} // namespace

MachineFunctionPass *createUnsupportedPass() { return new UnsupportedPass; }

} // namespace ringfence
