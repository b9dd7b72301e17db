// SPDX-License-Identifier: Apache-2.0
// Moves parameters that were passed on the stack and that the function changes
// into its own frame: a caller's frame is read-only to its callee.
//
//   movl $7, 16(%rsp)     ->  at entry: movl 40(%rsp), %eax; movl %eax, 8(%rsp)
//   (an incoming slot)        movl $7, 8(%rsp)
//
// Instruction selection uses the incoming slot itself for a parameter that
// lives in memory (at -O0, or volatile), and marks it as mutable.
#include "MachinePasses.h"
#include "X86Names.h"

#include "ringfence/contract.h"

#include "llvm/CodeGen/MachineFrameInfo.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstr.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

class ArgumentPass : public MachineFunctionPass {
public:
  static char ID;
  ArgumentPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence stack arguments"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    const MachineFrameInfo &MFI = MF.getFrameInfo();
    bool Changed = false;
    checkSize(MF);
    for (int Slot = MFI.getObjectIndexBegin(); Slot < 0; ++Slot) {
      if (MFI.isDeadObjectIndex(Slot) || MFI.isImmutableObjectIndex(Slot) || MFI.getObjectOffset(Slot) < 0)
        continue;
      move(MF, Slot);
      Changed = true;
    }
    return Changed;
  }

private:
  static void checkSize(const MachineFunction &MF) {
    const MachineFrameInfo &MFI = MF.getFrameInfo();
    int64_t End = 0;
    for (int Slot = MFI.getObjectIndexBegin(); Slot < 0; ++Slot)
      if (!MFI.isDeadObjectIndex(Slot))
        End = std::max(End, MFI.getObjectOffset(Slot) + MFI.getObjectSize(Slot));
    End = alignTo(End, 8);
    if (End > RF_INCOMING_ARGS_MAX)
      unsupported(MF, functionLine(MF),
                  Twine(End) + " bytes of arguments on the stack exceed the limit of " +
                      Twine(RF_INCOMING_ARGS_MAX));
  }

  static const TargetRegisterClass *classOfSize(const X86Names &Names, int64_t Size) {
    switch (Size) {
    case 1:
      return Names.GR8;
    case 2:
      return Names.GR16;
    case 4:
      return Names.GR32;
    case 8:
      return Names.GR64;
    case 16:
      return Names.VR128;
    case 32:
      return Names.VR256;
    default:
      return nullptr;
    }
  }

  static void move(MachineFunction &MF, int Slot) {
    MachineFrameInfo &MFI = MF.getFrameInfo();
    const TargetRegisterClass *Class = classOfSize(X86Names::get(MF), MFI.getObjectSize(Slot));
    if (!Class)
      return unsupported(MF, functionLine(MF), "this kind of parameter on the stack");
    const int Own = MFI.CreateStackObject(MFI.getObjectSize(Slot), MFI.getObjectAlign(Slot), false);
    replaceSlot(MF, Slot, Own);
    copySlot(MF, *Class, Slot, Own);
    MFI.setIsImmutableObjectIndex(Slot, true);
  }

  static void replaceSlot(MachineFunction &MF, int Slot, int Own) {
    for (MachineBasicBlock &Block : MF)
      for (MachineInstr &MI : Block)
        for (MachineOperand &Operand : MI.operands())
          if (Operand.isFI() && Operand.getIndex() == Slot)
            Operand.setIndex(Own);
    for (auto &Variable : MF.getInStackSlotVariableDbgInfo())
      if (Variable.getStackSlot() == Slot)
        Variable.updateStackSlot(Own);
  }

  static void copySlot(MachineFunction &MF, const TargetRegisterClass &Class, int Slot, int Own) {
    const TargetInstrInfo &TII = *MF.getSubtarget().getInstrInfo();
    MachineBasicBlock &Entry = MF.front();
    const Register Value = MF.getRegInfo().createVirtualRegister(&Class);
    TII.storeRegToStackSlot(Entry, Entry.begin(), Value, /*isKill=*/true, Own, &Class, Register());
    MachineInstr &Store = Entry.front();
    TII.loadRegFromStackSlot(Entry, Entry.begin(), Value, Slot, &Class, Register());
    // Accesses by the variable's name are the same memory: claim nothing.
    Store.dropMemRefs(MF);
    Entry.front().dropMemRefs(MF);
  }
};

char ArgumentPass::ID;

} // namespace

MachineFunctionPass *createArgumentPass() { return new ArgumentPass; }

} // namespace ringfence
