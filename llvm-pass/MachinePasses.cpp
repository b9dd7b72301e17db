// SPDX-License-Identifier: Apache-2.0
// Where the machine passes go in clang's code generator, and what they share.
#include "MachinePasses.h"
#include "Passes.h"
#include "X86Names.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Pass.h"
#include "llvm/Target/RegisterTargetPassConfigCallback.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Scalar.h"

#include <memory>

using namespace llvm;

namespace ringfence {

void addMachinePasses(TargetPassConfig &Config) {
  const std::unique_ptr<Pass> StrengthReduction(createLoopStrengthReducePass());
  Config.insertPass(StrengthReduction->getPassID(), createCounterPass());
  // insertPass appends: those with one anchor run in this order.
  Config.insertPass(&FinalizeISelID, createUnsupportedPass());
  Config.insertPass(&FinalizeISelID, createArgumentPass());
  Config.insertPass(&FinalizeISelID, createStackPass());
  Config.insertPass(&FinalizeISelID, createNoRexPass());
  Config.insertPass(&FinalizeISelID, createFencePass());
  Config.insertPass(&FinalizeISelID, createBranchPass());
  Config.insertPass(&FinalizeISelID, createAddressPass());
  Config.insertPass(&PrologEpilogCodeInserterID, createFramePass());
  // Runs at every level, after the target's last rewriting of instructions.
  Config.insertPass(&StackMapLivenessID, createPointersPass());
  Config.insertPass(&StackMapLivenessID, createLoopsPass());
  Config.insertPass(&StackMapLivenessID, createFinishPass());
}

void unsupported(const MachineFunction &MF, const DebugLoc &Where, const Twine &What) {
  const Function &F = MF.getFunction();
  // What clang made itself has no line.
  const std::string Place = Where ? "" : (" '" + F.getName() + "'").str();
  F.getContext().diagnose(DiagnosticInfoUnsupported(F, What + Place, Where));
}

DebugLoc functionLine(const MachineFunction &MF) {
  DISubprogram *Function = MF.getFunction().getSubprogram();
  if (!Function)
    return DebugLoc();
  return DILocation::get(MF.getFunction().getContext(), Function->getLine(), 0, Function);
}

bool isStackPointer(const MachineFunction &MF, Register Reg) {
  const X86Names &Names = X86Names::get(MF);
  if (Reg.isPhysical())
    return Reg == Names.ESP || Reg == Names.RSP;
  const MachineInstr *Def = Reg.isVirtual() ? MF.getRegInfo().getUniqueVRegDef(Reg) : nullptr;
  return Def && Def->isCopy() && Def->getOperand(1).getReg().isPhysical() &&
         isStackPointer(MF, Def->getOperand(1).getReg());
}

SmallVector<unsigned, 1> memoryOperands(const MachineInstr &MI) {
  SmallVector<unsigned, 1> Found;
  if (MI.isInlineAsm()) {
    for (unsigned I = InlineAsm::MIOp_FirstOperand; I < MI.getNumOperands();) {
      if (!MI.getOperand(I).isImm())
        break; // the implicit operands and the source location have begun
      const InlineAsm::Flag Flag(static_cast<uint32_t>(MI.getOperand(I).getImm()));
      if (Flag.isMemKind() && Flag.getNumOperandRegisters() == MemOperands)
        Found.push_back(I + 1);
      I += 1 + Flag.getNumOperandRegisters();
    }
    return Found;
  }
  const X86Names &Names = X86Names::get(*MI.getMF());
  if (Names.isLea(MI.getOpcode()))
    return Found;
  const ArrayRef<MCOperandInfo> Infos = MI.getDesc().operands();
  for (unsigned I = 0; I < Infos.size(); ++I) {
    if (Infos[I].OperandType != MCOI::OPERAND_MEMORY)
      continue;
    Found.push_back(I);
    break;
  }
  return Found;
}

void insertCellPointer(MachineInstr &MI, Register Pointer, Register Index) {
  const X86Names &Names = X86Names::get(*MI.getMF());
  const MCInstrDesc &Lea = MI.getMF()->getSubtarget().getInstrInfo()->get(Names.Lea64);
  BuildMI(*MI.getParent(), MI, MI.getDebugLoc(), Lea, Pointer)
      .addReg(Names.R15)
      .addImm(1)
      .addReg(Index)
      .addImm(0)
      .addReg(0);
}

bool accessesStack(const MachineInstr &MI) {
  return any_of(memoryOperands(MI), [&](unsigned First) {
    const MachineOperand &Base = MI.getOperand(First + MemBase);
    return Base.isFI() || isStackPointer(*MI.getMF(), Base.getReg());
  });
}

namespace {

// clang and the linker build the code generator after they have loaded their plugins.
const RegisterTargetPassConfigCallback Registration([](TargetMachine &TM, PassManagerBase &Passes,
                                                       TargetPassConfig *Config) {
  if (!TM.getTargetTriple().isX32())
    return;
  TM.setCodeModel(CodeModel::Small); // all there is in 32 bits, and x32 knows no other
  Passes.add(createIRPass(TM));
  addMachinePasses(*Config);
});

} // namespace
} // namespace ringfence
