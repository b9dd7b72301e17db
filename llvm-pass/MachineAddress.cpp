// SPDX-License-Identifier: Apache-2.0
// Puts every memory operand onto r15 (the cell's memory) or r14 (the packet).
//
//   movl 4(%edi), %eax         ->  movl 4(%r15,%rdi), %eax
//   movl (%edi,%ecx,4), %eax   ->  leaq (%r15,%rdi), %rp      (where edi is made)
//                                  movl (%rp,%rcx,4), %eax
//   ... 3 or more at %edi      ->  leaq (%r15,%rdi), %rp;  movl 4(%rp), %eax
//   movl g(%rip), %eax         ->  movl g(%r15), %eax
//   movzwl %fs:12, %eax        ->  movzwl 12(%r14), %eax
//   movzwl %fs:2(%edi), %eax   ->  leal 256(%rdi), %ei; andl $2047, %ei
//                                  movzwl -254(%r14,%rei), %eax
//
// %rdi here is edi zero-extended: for free where the instruction that makes it
// clears the upper half. Frame slots stay as they are: they become rsp-relative.
// Runs on SSA form right after instruction selection, so that everything that
// is added is hoisted, shared and allocated like any other code.
#include "MachinePasses.h"
#include "MachineReserve.h"
#include "MachineWiden.h"

#include "ringfence/contract.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineLoopInfo.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

// Symbols lie in [64 KiB, 2 GiB): one with an offset that is not below this
// stays clear of the control block.
constexpr int64_t SymbolOffsetMin = -0x40000000;
// A packet displacement in [0, this) is exact together with a masked index.
constexpr int64_t PacketDispMax = 128;
constexpr int64_t LargestAccess = 64;
constexpr unsigned LoadLatency = 5;
// Fewer of them do not make up for the lea.
constexpr unsigned ManyAccesses = 3;
// How many instructions a search for a recurrence looks at.
constexpr size_t FeedLimit = 64;

class Rewriter {
public:
  Rewriter(MachineFunction &MF, const MachineLoopInfo &Loops)
      : MF(MF), MRI(MF.getRegInfo()), Names(X86Names::get(MF)), Loops(Loops), Wide(MF) {}

  void rewrite(MachineInstr &MI, unsigned First);
  void checkLea(MachineInstr &MI);

private:
  void rewriteOwn(MachineInstr &MI, unsigned First);
  void rewritePacket(MachineInstr &MI, unsigned First);
  void foldConstant(MachineOperand &Operand, unsigned Scale, MachineOperand &Disp) const;
  void foldFarDisplacement(MachineInstr &MI, unsigned First);
  unsigned loopDepth(Register Reg) const;
  bool isInvariant(Register Reg, const MachineInstr &MI) const;
  bool feeds(const MachineInstr &MI, Register Reg) const;
  using IndexSet = SmallSet<std::pair<Register, int64_t>, 4>;
  IndexSet indicesWith(Register Reg) const;
  bool pointerPays(Register Reg) const;
  bool isWholeAddress(const MachineOperand &Use) const;
  bool servesMany(Register Reg);
  bool isDifference(Register Reg) const;
  bool isLate(Register Base, Register Index, const MachineInstr &MI) const;
  unsigned readyAt(Register Reg, const MachineBasicBlock &Block, unsigned Steps = 5) const;
  bool isBetterPointer(Register Reg, Register Than) const;
  void set(MachineInstr &MI, unsigned First, Register Base, unsigned Scale, Register Index);

  MachineFunction &MF;
  MachineRegisterInfo &MRI;
  const X86Names &Names;
  const MachineLoopInfo &Loops;
  Widener Wide;
  DenseMap<Register, bool> Serves;
};

void Rewriter::set(MachineInstr &MI, unsigned First, Register Base, unsigned Scale, Register Index) {
  MI.getOperand(First + MemBase).ChangeToRegister(Base, /*isDef=*/false);
  MI.getOperand(First + MemScale).setImm(Scale);
  MI.getOperand(First + MemIndex).ChangeToRegister(Index, /*isDef=*/false);
  MI.getOperand(First + MemSegment).ChangeToRegister(Register(), /*isDef=*/false);
}

// Displacements that would reach the control block go into a register.
void Rewriter::foldFarDisplacement(MachineInstr &MI, unsigned First) {
  MachineOperand &Disp = MI.getOperand(First + MemDisp);
  bool Far = false;
  if (Disp.isImm()) {
    Disp.setImm(static_cast<int32_t>(static_cast<uint32_t>(Disp.getImm())));
    Far = Disp.getImm() < RF_DATA_OFFSET_MIN;
  } else if (Disp.isGlobal() || Disp.isCPI() || Disp.isSymbol() || Disp.isMCSymbol()) {
    Far = Disp.getOffset() < SymbolOffsetMin;
  }
  if (!Far)
    return;
  const Register Base = Wide.address32(MI.getOperand(First + MemBase).getReg(), 1, Register(), Disp, MI);
  MI.getOperand(First + MemBase).setReg(Base);
  Disp.ChangeToImmediate(0);
}

unsigned Rewriter::loopDepth(Register Reg) const {
  const MachineInstr *Def = Reg.isVirtual() ? MRI.getUniqueVRegDef(Reg) : nullptr;
  return Def ? Loops.getLoopDepth(Def->getParent()) : ~0u;
}

bool Rewriter::isInvariant(Register Reg, const MachineInstr &MI) const {
  return loopDepth(Reg) < Loops.getLoopDepth(MI.getParent());
}

// Whether `Reg` depends on what `MI` produced in an earlier turn of its loop.
bool Rewriter::feeds(const MachineInstr &MI, Register Reg) const {
  const MachineLoop *Loop = Loops.getLoopFor(MI.getParent());
  SmallPtrSet<const MachineInstr *, 16> Seen;
  SmallVector<Register, 8> Pending = {Reg};
  while (Loop && !Pending.empty() && Seen.size() < FeedLimit) {
    const Register Next = Pending.pop_back_val();
    const MachineInstr *Def = Next.isVirtual() ? MRI.getUniqueVRegDef(Next) : nullptr;
    if (!Def || !Loop->contains(Def) || !Seen.insert(Def).second)
      continue;
    if (Def == &MI)
      return true;
    for (const MachineOperand &Use : Def->all_uses())
      Pending.push_back(Use.getReg());
  }
  return false;
}

// The different indices, with their scales, with which `Reg` is the base of
// memory operands that are still to be rewritten.
Rewriter::IndexSet Rewriter::indicesWith(Register Reg) const {
  IndexSet Indices;
  for (const MachineOperand &Use : MRI.use_nodbg_operands(Reg)) {
    const MachineInstr &MI = *Use.getParent();
    for (const unsigned First : memoryOperands(MI)) {
      const MachineOperand &Base = MI.getOperand(First + MemBase);
      const Register Index = MI.getOperand(First + MemIndex).getReg();
      const int64_t Scale = MI.getOperand(First + MemScale).getImm();
      if (MI.getOperand(First + MemSegment).getReg().isValid() || !Base.isReg() || !Base.getReg().isValid() ||
          !Index.isValid())
        continue;
      if (Base.getReg() == Reg)
        Indices.insert({Index, Scale});
      else if (Scale == 1 && Index == Reg)
        Indices.insert({Base.getReg(), Scale});
    }
  }
  return Indices;
}

// Whether a pointer, for which all registers need clear upper halves, takes
// fewer instructions than a sum for each index.
bool Rewriter::pointerPays(Register Reg) const {
  const IndexSet Indices = indicesWith(Reg);
  unsigned Cost = 1 + !Wide.isClear(Reg);
  for (const auto &Index : Indices)
    Cost += !Wide.isClear(Index.first);
  return Cost < Indices.size();
}

// The base of a memory operand that has no index and is still to be rewritten.
bool Rewriter::isWholeAddress(const MachineOperand &Use) const {
  const MachineInstr &MI = *Use.getParent();
  return any_of(memoryOperands(MI), [&](unsigned First) {
    return &MI.getOperand(First + MemBase) == &Use && !MI.getOperand(First + MemIndex).getReg().isValid() &&
           !MI.getOperand(First + MemSegment).getReg().isValid();
  });
}

// Whether a pointer to what is at `Reg` pays: each access is a byte shorter, and
// the processor adds one register less. What a loop steps keeps its form: there
// PointersPass makes a pointer without another register. PHIs would get copies.
bool Rewriter::servesMany(Register Reg) {
  if (!Reg.isVirtual())
    return false;
  if (Wide.hasCellPointer(Reg))
    return true;
  const auto [Known, New] = Serves.try_emplace(Reg, false);
  const MachineInstr *Def = MRI.getUniqueVRegDef(Reg);
  if (!New || !Def || Def->isTerminator() || isDifference(Reg) || Wide.isInduction(Reg))
    return Known->second;
  unsigned Accesses = 0;
  for (const MachineOperand &Use : MRI.use_nodbg_operands(Reg)) {
    if (Use.getParent()->isPHI())
      return false;
    const bool Rare = Loops.getLoopDepth(Use.getParent()->getParent()) < loopDepth(Reg);
    Accesses += !Rare && isWholeAddress(Use);
  }
  return Known->second = Accesses >= ManyAccesses;
}

// What is subtracted from a constant is hardly an address, but may be below zero:
// on r15 it would be a pointer to what lies above the cell, the mirror.
bool Rewriter::isDifference(Register Reg) const {
  const MachineInstr *Def = Reg.isVirtual() ? MRI.getUniqueVRegDef(Reg) : nullptr;
  if (!Def || Def->getOpcode() != Names.Sub32rr)
    return Def && Def->getOpcode() == Names.Neg32r;
  const Register From = Def->getOperand(1).getReg();
  const MachineInstr *Constant = From.isVirtual() ? MRI.getUniqueVRegDef(From) : nullptr;
  return Constant && (Constant->getOpcode() == Names.Mov32ri || Constant->getOpcode() == Names.Mov32r0);
}

// How many cycles after the block's beginning the value is there, roughly.
unsigned Rewriter::readyAt(Register Reg, const MachineBasicBlock &Block, unsigned Steps) const {
  const MachineInstr *Def = Reg.isVirtual() ? MRI.getUniqueVRegDef(Reg) : nullptr;
  if (!Def || Def->getParent() != &Block || Def->isPHI() || Steps == 0)
    return 0;
  unsigned Ready = 0;
  for (const MachineOperand &Use : Def->all_uses())
    Ready = std::max(Ready, readyAt(Use.getReg(), Block, Steps - 1));
  return Ready + (Def->mayLoad() ? LoadLatency : !Def->isCopyLike());
}

// Whether `MI` would wait for `Base` longer than for `Index`: then nothing should
// be added to it.
bool Rewriter::isLate(Register Base, Register Index, const MachineInstr &MI) const {
  const bool Feeds = feeds(MI, Base);
  if (Feeds != feeds(MI, Index))
    return Feeds;
  const MachineBasicBlock &Block = *MI.getParent();
  return Wide.isClear(Base) && readyAt(Index, Block) < readyAt(Base, Block);
}

// The pointer is computed where its register is: take the one further out, or
// the one that serves more operands.
bool Rewriter::isBetterPointer(Register Reg, Register Than) const {
  if (isDifference(Reg) != isDifference(Than))
    return isDifference(Than);
  const unsigned Depth = loopDepth(Reg), OtherDepth = loopDepth(Than);
  if (Depth != OtherDepth)
    return Depth < OtherDepth;
  if (Wide.hasCellPointer(Reg) != Wide.hasCellPointer(Than))
    return Wide.hasCellPointer(Reg);
  return indicesWith(Reg).size() > indicesWith(Than).size();
}

void Rewriter::rewriteOwn(MachineInstr &MI, unsigned First) {
  foldFarDisplacement(MI, First);
  Register Base = MI.getOperand(First + MemBase).getReg();
  Register Index = MI.getOperand(First + MemIndex).getReg();
  const unsigned Scale = static_cast<unsigned>(MI.getOperand(First + MemScale).getImm());
  if (!Base.isValid() && !Index.isValid())
    return set(MI, First, Names.R15, 1, Register());
  if (Base.isValid() && !Index.isValid() && servesMany(Base))
    return set(MI, First, Wide.cellPointer(Base, MI), 1, Register());
  if (!Base.isValid() || !Index.isValid())
    return set(MI, First, Names.R15, Base.isValid() ? 1 : Scale,
               Wide.zeroExtended(Base.isValid() ? Base : Index, MI));
  Base = Wide.current(Base);
  Index = Wide.current(Index);
  if (Base == Index && Scale == 1)
    return set(MI, First, Names.R15, 2, Wide.zeroExtended(Index, MI));
  if (Scale == 1 && isBetterPointer(Index, Base))
    std::swap(Base, Index);
  if (Wide.hasCellPointer(Base) || (isInvariant(Base, MI) && !isDifference(Base)) || pointerPays(Base))
    return set(MI, First, Wide.cellPointer(Base, MI), Scale, Wide.zeroExtended(Index, MI));
  if (Wide.fitsScaled(Index, Scale) && isLate(Base, Index, MI))
    return set(MI, First, Wide.scaledPointer(Index, Scale, MI), 1, Wide.zeroExtended(Base, MI));
  const Register Sum = Wide.address32(Base, Scale, Index, MachineOperand::CreateImm(0), MI);
  set(MI, First, Names.R15, 1, Wide.zeroExtended(Sum, MI));
}

int64_t accessSize(const MachineInstr &MI) {
  int64_t Size = 0;
  for (const MachineMemOperand *Access : MI.memoperands()) {
    if (!Access->getSize().hasValue() || Access->getSize().isScalable())
      return LargestAccess;
    Size = std::max(Size, static_cast<int64_t>(Access->getSize().getValue().getFixedValue()));
  }
  return Size == 0 ? LargestAccess : Size;
}

// A register that holds a constant becomes part of the displacement.
void Rewriter::foldConstant(MachineOperand &Operand, unsigned Scale, MachineOperand &Disp) const {
  const Register Reg = Operand.getReg();
  const MachineInstr *Def = Reg.isVirtual() ? MRI.getUniqueVRegDef(Reg) : nullptr;
  if (!Def || !Disp.isImm())
    return;
  uint32_t Value = 0;
  if (Def->getOpcode() == Names.Mov32ri && Def->getOperand(1).isImm())
    Value = static_cast<uint32_t>(Def->getOperand(1).getImm());
  else if (Def->getOpcode() != Names.Mov32r0)
    return;
  Disp.setImm(static_cast<int32_t>(static_cast<uint32_t>(Disp.getImm()) + Value * Scale));
  Operand.setReg(Register());
}

void Rewriter::rewritePacket(MachineInstr &MI, unsigned First) {
  MachineOperand &Disp = MI.getOperand(First + MemDisp);
  const unsigned Scale = static_cast<unsigned>(MI.getOperand(First + MemScale).getImm());
  foldConstant(MI.getOperand(First + MemBase), 1, Disp);
  foldConstant(MI.getOperand(First + MemIndex), Scale, Disp);
  Register Base = MI.getOperand(First + MemBase).getReg();
  Register Index = MI.getOperand(First + MemIndex).getReg();
  if (!Disp.isImm()) {
    Base = Wide.address32(Base, Scale, Index, Disp, MI);
    Index = Register();
    Disp.ChangeToImmediate(0);
  }
  const int64_t Offset = static_cast<int32_t>(static_cast<uint32_t>(Disp.getImm()));
  if (!Base.isValid() && !Index.isValid() && Offset >= RF_WINDOW_LOW &&
      Offset + accessSize(MI) <= RF_WINDOW_HIGH) {
    Disp.setImm(Offset);
    return set(MI, First, Names.R14, 1, Register());
  }
  const bool Constant = !Base.isValid() && !Index.isValid();
  const bool Near = !Constant && Offset >= 0 && Offset < PacketDispMax;
  const int32_t Folded = Near ? 0 : static_cast<int32_t>(Offset);
  const bool Sum = Index.isValid() && (Base.isValid() || Scale != 1);
  const Register Masked = Sum ? Wide.packetIndex(Base, Scale, Index, Folded, MI)
                              : Wide.packetIndex(Base.isValid() ? Base : Index, Folded, MI);
  Disp.setImm((Near ? Offset : 0) - RF_PACKET_INDEX_BIAS);
  set(MI, First, Names.R14, 1, Masked);
}

void Rewriter::rewrite(MachineInstr &MI, unsigned First) {
  MachineOperand &Base = MI.getOperand(First + MemBase);
  const MachineOperand &Disp = MI.getOperand(First + MemDisp);
  const Register Segment = MI.getOperand(First + MemSegment).getReg();
  const Register Index = MI.getOperand(First + MemIndex).getReg();
  if (Segment.isValid() && Segment != Names.FS)
    return unsupported(MF, MI.getDebugLoc(), "address spaces 256 and 258 do not exist in a network function");
  if (Disp.getTargetFlags() != 0)
    return unsupported(MF, MI.getDebugLoc(),
                       "thread-local or dynamically linked variable in a network function");
  if (Base.isFI() || isStackPointer(MF, Base.getReg())) {
    if (Index.isValid() || Segment.isValid())
      return unsupported(MF, MI.getDebugLoc(), "variable offset into the control stack");
    if (Base.isReg())
      Base.setReg(Names.RSP);
    return;
  }
  if (Base.getReg() == Names.R14 || Base.getReg() == Names.R15)
    return; // made by an earlier pass
  if (Base.getReg() == Names.RIP)
    Base.setReg(Register());
  if (Segment.isValid())
    rewritePacket(MI, First);
  else
    rewriteOwn(MI, First);
}

// An address is a number: text-relative ones would be those of the wrong
// place, and control-stack ones mean nothing to r15.
void Rewriter::checkLea(MachineInstr &MI) {
  MachineOperand &Base = MI.getOperand(1 + MemBase);
  if (Base.isFI())
    unsupported(MF, MI.getDebugLoc(), "address of a variable on the control stack");
  else if (Base.getReg() == Names.RIP)
    Base.setReg(Register());
}

class AddressPass : public MachineFunctionPass {
public:
  static char ID;
  AddressPass() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "Ringfence memory operands"; }

  void getAnalysisUsage(AnalysisUsage &AU) const override {
    AU.addRequired<MachineLoopInfoWrapperPass>();
    AU.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(AU);
  }

  bool runOnMachineFunction(MachineFunction &MF) override {
    reserveContractRegisters(MF);
    forgetKills(MF);
    Rewriter Rewrite(MF, getAnalysis<MachineLoopInfoWrapperPass>().getLI());
    const X86Names &Names = X86Names::get(MF);
    for (MachineBasicBlock &Block : MF) {
      for (MachineInstr &MI : make_early_inc_range(Block)) {
        if (Names.isLea(MI.getOpcode()))
          Rewrite.checkLea(MI);
        for (const unsigned First : memoryOperands(MI))
          Rewrite.rewrite(MI, First);
      }
    }
    removeStackPointerCopies(MF);
    setPointerWidth(MF, PointerWidth::Wide);
    return true;
  }

private:
  // Registers get users behind what was their last one.
  static void forgetKills(MachineFunction &MF) {
    for (MachineBasicBlock &Block : MF)
      for (MachineInstr &MI : Block)
        for (MachineOperand &Operand : MI.operands())
          if (Operand.isReg() && Operand.isUse() && Operand.getReg().isVirtual())
            Operand.setIsKill(false);
  }

  static void removeStackPointerCopies(MachineFunction &MF) {
    const X86Names &Names = X86Names::get(MF);
    MachineRegisterInfo &MRI = MF.getRegInfo();
    for (MachineBasicBlock &Block : MF)
      for (MachineInstr &MI : make_early_inc_range(Block))
        if (MI.isCopy() && MI.getOperand(1).getReg() == Names.ESP && MI.getOperand(0).getReg().isVirtual() &&
            MRI.use_empty(MI.getOperand(0).getReg()))
          MI.eraseFromParent();
  }
};

char AddressPass::ID;

} // namespace

MachineFunctionPass *createAddressPass() { return new AddressPass; }

} // namespace ringfence
