// SPDX-License-Identifier: Apache-2.0
// Last pass before assembly is printed: writes out jump tables, undoes what
// the target's own late passes do to cell pointers, and checks the result.
//
//   jmpq *.LJTI0_0(%r15,%rax,8)   ->  .pushsection .rf.jumptables.0.0,"a"
//                                     .Lrf.jumptable.0.0: .long .LBB0_2, 0, ...
//                                     .popsection
//                                     jmpq *.Lrf.jumptable.0.0-0x80000000(%r15,%rax,8)
//   addq %r15, %rbx               ->  leaq (%r15,%rbx), %rbx
//
// The check is for the programmer's sake, who learns of a mistake with a
// source line here and by an address from the validator.
#include "MachinePasses.h"
#include "MachineReserve.h"
#include "X86Names.h"

#include "ringfence/contract.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/MachineJumpTableInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/Comdat.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCSymbol.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace ringfence {
namespace {

class FinishPass : public MachineFunctionPass {
public:
  static char ID;
  FinishPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence finish"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    DenseMap<unsigned, MCSymbol *> Tables;
    for (MachineBasicBlock &Block : MF) {
      for (MachineInstr &MI : make_early_inc_range(Block)) {
        if (MI.isDebugInstr() || restorePointer(MI))
          continue;
        for (const unsigned First : memoryOperands(MI)) {
          MachineOperand &Disp = MI.getOperand(First + MemDisp);
          if (Disp.isJTI())
            placeTable(MI, Disp, Tables);
          checkReference(MI, First);
        }
        checkReserved(MI);
      }
    }
    for (const auto &Table : Tables) // or the printer writes it out once more
      MF.getJumpTableInfo()->RemoveJumpTable(Table.first);
    setPointerWidth(MF, PointerWidth::Narrow);
    return true;
  }

private:
  static void placeTable(MachineInstr &MI, MachineOperand &Disp, DenseMap<unsigned, MCSymbol *> &Tables) {
    MachineFunction &MF = *MI.getMF();
    const unsigned Index = static_cast<unsigned>(Disp.getIndex());
    MCSymbol *&Symbol = Tables[Index];
    if (!Symbol) {
      const std::string Name = (Twine(MF.getFunctionNumber()) + "." + Twine(Index)).str();
      Symbol = MF.getContext().getOrCreateSymbol(".Lrf.jumptable." + Name);
      emitTable(MI, Name, *Symbol, MF.getJumpTableInfo()->getJumpTables()[Index].MBBs);
    }
    Disp.ChangeToMCSymbol(Symbol);
    Disp.setOffset(RF_JUMP_TABLE_OFFSET - RF_JUMP_TABLE_ADDR);
  }

  // A section of its own lets the linker drop the table with the function.
  static void emitTable(MachineInstr &MI, const std::string &Name, const MCSymbol &Symbol,
                        ArrayRef<MachineBasicBlock *> Targets) {
    MachineFunction &MF = *MI.getMF();
    std::string Text = "\t.pushsection\t.rf.jumptables." + Name + ",\"a";
    const Comdat *Group = MF.getFunction().getComdat();
    Text += Group ? "G\",@progbits,\"" + escaped(Group->getName()) + "\",comdat\n" : "\",@progbits\n";
    Text += "\t.p2align\t3\n" + Symbol.getName().str() + ":\n";
    const size_t Entries = PowerOf2Ceil(Targets.size());
    for (size_t I = 0; I < Entries; ++I) {
      MachineBasicBlock *Target = Targets[I < Targets.size() ? I : 0];
      Target->setLabelMustBeEmitted();
      Text += "\t.long\t" + escaped(Target->getSymbol()->getName()) + ", 0\n";
    }
    Text += "\t.popsection";
    BuildMI(*MI.getParent(), MI, DebugLoc(), MF.getSubtarget().getInstrInfo()->get(TargetOpcode::INLINEASM))
        .addExternalSymbol(MF.createExternalSymbolName(Text))
        .addImm(InlineAsm::Extra_HasSideEffects);
  }

  // `$`, `{`, `|` and `}` mean something in the text of inline assembly.
  static std::string escaped(StringRef Name) {
    std::string Text;
    for (const char Character : Name) {
      if (StringRef("${|}").contains(Character))
        Text += '$';
      Text += Character;
    }
    return Text;
  }

  static bool restorePointer(MachineInstr &MI) {
    const X86Names &Names = X86Names::get(*MI.getMF());
    if (MI.getOpcode() != Names.Add64rr || MI.getOperand(2).getReg() != Names.R15)
      return false;
    insertCellPointer(MI, MI.getOperand(0).getReg(), MI.getOperand(1).getReg());
    MI.eraseFromParent();
    return true;
  }

  static void checkReference(const MachineInstr &MI, unsigned First) {
    const MachineFunction &MF = *MI.getMF();
    const X86Names &Names = X86Names::get(MF);
    const Register Base = MI.getOperand(First + MemBase).getReg();
    const Register Segment = MI.getOperand(First + MemSegment).getReg();
    if (Segment.isValid() || !Base.isValid() || !Names.GR64->contains(Base) || Base == Names.RIP)
      unsupported(MF, MI.getDebugLoc(), "memory operand outside the network function's memory");
  }

  static void checkReserved(const MachineInstr &MI) {
    const MachineFunction &MF = *MI.getMF();
    const X86Names &Names = X86Names::get(MF);
    const TargetRegisterInfo &TRI = *MF.getSubtarget().getRegisterInfo();
    if (MI.isInlineAsm())
      return; // the validator knows the one form that selects a packet
    for (const MachineOperand &Operand : MI.operands())
      if (Operand.isReg() && Operand.isDef() && Operand.getReg().isValid() &&
          (TRI.regsOverlap(Operand.getReg(), Names.R14) || TRI.regsOverlap(Operand.getReg(), Names.R15)))
        unsupported(MF, MI.getDebugLoc(), "register r14 or r15 is changed");
  }
};

char FinishPass::ID;

} // namespace

MachineFunctionPass *createFinishPass() { return new FinishPass; }

} // namespace ringfence
