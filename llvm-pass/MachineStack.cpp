// SPDX-License-Identifier: Apache-2.0
// The control stack is a multiple of 8 bytes, not of 16 (docs/compiler.md, "The
// ABI inside a cell"). LLVM knows when it spills, but takes vectors that are
// parameters, locals or its own temporaries for aligned all the same:
//
//   movaps %stack.0, %xmm0      ->  movups %stack.0, %xmm0
//   mulps  %stack.1, %xmm0      ->  movups %stack.1, %xmm1; mulps %xmm1, %xmm0
//   vmovaps %ymm0, 32(%esp)     ->  vmovups %ymm0, 32(%esp)
//
// Instructions with a VEX prefix other than moves need no alignment. Runs before
// register allocation, so that no later pass rests on what LLVM had assumed.
#include "MachinePasses.h"
#include "Passes.h"
#include "X86Names.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetFrameLowering.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

constexpr uint64_t VectorSize = 16;

class StackPass : public MachineFunctionPass {
public:
  static char ID;
  StackPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence unaligned stack"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    if (MF.getSubtarget().getFrameLowering()->getStackAlign() != ControlStackAlign)
      unsupported(MF, functionLine(MF), "code that another version of this compiler has prepared");
    bool Changed = false;
    for (MachineBasicBlock &Block : MF)
      for (MachineInstr &MI : make_early_inc_range(Block))
        if (!MI.isInlineAsm() && accessesStack(MI))
          Changed |= forgetAlignment(MI);
    return Changed;
  }

private:
  static bool forgetAlignment(MachineInstr &MI) {
    MachineFunction &MF = *MI.getMF();
    bool Changed = lowerClaims(MI);
    if (const unsigned Unaligned = X86Names::get(MF).unalignedMove(MI.getOpcode())) {
      MI.setDesc(MF.getSubtarget().getInstrInfo()->get(Unaligned));
      return true;
    }
    return needsAlignment(MI) ? unfold(MI) : Changed;
  }

  // What the memory operands say is taken for the truth when they are combined with others.
  static bool lowerClaims(MachineInstr &MI) {
    MachineFunction &MF = *MI.getMF();
    SmallVector<MachineMemOperand *, 2> Accesses;
    bool Changed = false;
    for (MachineMemOperand *Access : MI.memoperands()) {
      if (Access->getBaseAlign() > ControlStackAlign) {
        Access = MF.getMachineMemOperand(Access->getPointerInfo(), Access->getFlags(), Access->getSize(),
                                         Align(ControlStackAlign), Access->getAAInfo(), Access->getRanges(),
                                         Access->getSyncScopeID(), Access->getSuccessOrdering(),
                                         Access->getFailureOrdering());
        Changed = true;
      }
      Accesses.push_back(Access);
    }
    if (Changed)
      MI.setMemRefs(MF, Accesses);
    return Changed;
  }

  // Whether this may be an SSE instruction that takes a whole vector from memory.
  static bool needsAlignment(const MachineInstr &MI) {
    const MachineFunction &MF = *MI.getMF();
    const StringRef Name = MF.getSubtarget().getInstrInfo()->getName(MI.getOpcode());
    if (!MI.mayLoad() || Name.starts_with("V") || X86Names::get(MF).isUnalignedMove(MI.getOpcode()))
      return false;
    return MI.memoperands_empty() || any_of(MI.memoperands(), [](const MachineMemOperand *Access) {
             return !Access->getSize().hasValue() || Access->getSize().getValue() == VectorSize;
           });
  }

  // Loads in an instruction of its own; nothing where this instruction has no such form.
  static bool unfold(MachineInstr &MI) {
    MachineFunction &MF = *MI.getMF();
    const TargetInstrInfo &TII = *MF.getSubtarget().getInstrInfo();
    const TargetRegisterInfo &TRI = *MF.getSubtarget().getRegisterInfo();
    unsigned Operand = 0;
    const unsigned Opcode = TII.getOpcodeAfterMemoryUnfold(MI.getOpcode(), true, false, &Operand);
    if (!Opcode)
      return false;
    const TargetRegisterClass *Class = TII.getRegClass(TII.get(Opcode), Operand);
    if (!Class || TRI.getSpillSize(*Class) != VectorSize)
      return false;
    SmallVector<MachineInstr *, 2> New;
    const Register Loaded = MF.getRegInfo().createVirtualRegister(Class);
    if (!TII.unfoldMemoryOperand(MF, MI, Loaded, /*UnfoldLoad=*/true, /*UnfoldStore=*/false, New))
      return false;
    for (MachineInstr *Part : New)
      MI.getParent()->insert(MI.getIterator(), Part);
    MI.eraseFromParent();
    return true;
  }
};

char StackPass::ID;

} // namespace

MachineFunctionPass *createStackPass() { return new StackPass; }

} // namespace ringfence
