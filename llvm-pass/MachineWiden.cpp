// SPDX-License-Identifier: Apache-2.0
#include "MachineWiden.h"
#include "MachinePasses.h"

#include "ringfence/contract.h"

#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace ringfence {
namespace {

// X86 instructions whose 32-bit result may leave the upper half as it was, or
// that become something else later (MOV32ImmSExti8 is a push and a pop).
constexpr StringLiteral KeepsUpperHalf[] = {"BSF",     "BSR", "TZCNT", "LZCNT", "SHLD",          "SHRD",
                                            "CMPXCHG", "RCL", "RCR",   "POP32", "MOV32ImmSExti8"};

// How many PHIs are looked at to find out what enters one.
constexpr size_t WebLimit = 16;

} // namespace

Widener::Widener(MachineFunction &MF)
    : MF(MF), MRI(MF.getRegInfo()), TII(*MF.getSubtarget().getInstrInfo()),
      TRI(*MF.getSubtarget().getRegisterInfo()), Names(X86Names::get(MF)) {}

MachineInstrBuilder Widener::build(const Place &Where, unsigned Opcode, Register Def) {
  // No source line of its own: it may serve many users.
  return BuildMI(*Where.Block, Where.Before, DebugLoc(), TII.get(Opcode), Def);
}

// Where a value that needs `Def` can be computed first. A value that a
// terminator defines cannot be used in its own block.
Widener::Place Widener::after(MachineInstr &Def) const {
  MachineBasicBlock &Block = *Def.getParent();
  if (Def.isPHI())
    return {&Block, Block.SkipPHIsLabelsAndDebug(Block.begin())};
  return {&Block, std::next(Def.getIterator())};
}

// Whether the machine instruction that will hold `Reg` is certain to have
// cleared bits 63:32. `Assumed` are PHIs that are being looked at: a cycle of
// PHIs is as good as what enters it.
bool Widener::clearsUpperHalf(Register Reg, SmallPtrSetImpl<MachineInstr *> &Assumed) const {
  if (!Reg.isVirtual() || TRI.getRegSizeInBits(*MRI.getRegClass(Reg)) != 32)
    return false;
  MachineInstr *Def = MRI.getUniqueVRegDef(Reg);
  if (!Def)
    return false;
  if (Def->isPHI()) {
    if (!Assumed.insert(Def).second)
      return true;
    for (unsigned I = 1; I < Def->getNumOperands(); I += 2)
      if (Def->getOperand(I).getSubReg() != 0 || !clearsUpperHalf(Def->getOperand(I).getReg(), Assumed))
        return false;
    return true;
  }
  if (Def->isCopy()) {
    const MachineOperand &Source = Def->getOperand(1);
    return Source.getSubReg() == 0 && clearsUpperHalf(Source.getReg(), Assumed);
  }
  if (Def->getOpcode() <= TargetOpcode::GENERIC_OP_END || Def->isCall())
    return false;
  const StringRef Name = TII.getName(Def->getOpcode());
  return none_of(KeepsUpperHalf, [&](StringRef Prefix) { return Name.starts_with(Prefix); });
}

// The lower half of any register, as an ordinary 32-bit virtual one.
Register Widener::low32(Register Reg, const Place &Where) {
  unsigned Sub = 0;
  if (Reg.isPhysical()) {
    Reg = Names.GR64->contains(Reg) ? Register(TRI.getSubReg(Reg, Names.Sub32)) : Reg;
  } else {
    const TargetRegisterClass *Class = MRI.getRegClass(Reg);
    if (Names.GR32->hasSubClassEq(Class))
      return Reg;
    Sub = TRI.getRegSizeInBits(*Class) == 64 ? Names.Sub32 : 0;
  }
  const Register Result = MRI.createVirtualRegister(Names.GR32);
  build(Where, TargetOpcode::COPY, Result).addReg(Reg, 0, Sub);
  return Result;
}

Register Widener::subregToReg(Register Reg, const Place &Where) {
  const Register Low = low32(Reg, Where);
  const Register Wide = MRI.createVirtualRegister(Names.GR64NoSp);
  build(Where, TargetOpcode::SUBREG_TO_REG, Wide).addImm(0).addReg(Low).addImm(Names.Sub32);
  return Wide;
}

// The same value, by an instruction that clears the upper half.
Register Widener::cleared(Register Reg, const Place &Where) {
  const Register Low = low32(Reg, Where);
  const Register Result = MRI.createVirtualRegister(Names.GR32);
  build(Where, Names.Mov32rr, Result).addReg(Low);
  return Result;
}

// Clears the upper half right where `Reg` is made, and has all users take the
// result.
Register Widener::clear(Register Reg) {
  const auto Known = Replaced.find(Reg);
  if (Known != Replaced.end())
    return Known->second;
  const TargetRegisterClass *Class = MRI.getRegClass(Reg);
  SmallVector<MachineOperand *, 8> Users;
  for (MachineOperand &User : MRI.use_nodbg_operands(Reg))
    Users.push_back(&User);
  const Register Clear = cleared(Reg, after(*MRI.getUniqueVRegDef(Reg)));
  if (MRI.constrainRegClass(Clear, Class))
    for (MachineOperand *User : Users)
      User->setReg(Clear);
  return Replaced[Reg] = Clear;
}

// Makes every value that enters a web of PHIs one with a clear upper half, so
// that the PHIs need no instruction: entering a loop is rarer than turning it.
bool Widener::clearInputs(MachineInstr &Phi) {
  SmallVector<MachineInstr *, 4> Pending = {&Phi};
  SmallPtrSet<MachineInstr *, 4> Seen = {&Phi};
  SmallVector<Register, 8> Inputs;
  while (!Pending.empty()) {
    MachineInstr *Current = Pending.pop_back_val();
    for (unsigned I = 1; I < Current->getNumOperands(); I += 2) {
      MachineOperand &Input = Current->getOperand(I);
      if (Input.getSubReg() != 0 || !Input.getReg().isVirtual())
        return false;
      MachineInstr *Def = MRI.getUniqueVRegDef(Input.getReg());
      if (!Def || Def->isTerminator())
        return false;
      SmallPtrSet<MachineInstr *, 4> Assumed;
      if (Def->isPHI()) {
        if (Seen.insert(Def).second)
          Pending.push_back(Def);
      } else if (!clearsUpperHalf(Input.getReg(), Assumed)) {
        Inputs.push_back(Input.getReg());
      }
    }
  }
  for (const Register Input : Inputs)
    clear(Input);
  return true;
}

Register Widener::zeroExtended(Register Reg, MachineInstr &User) {
  const Place BeforeUser = {User.getParent(), User.getIterator()};
  if (Reg.isPhysical())
    return subregToReg(cleared(Reg, BeforeUser), BeforeUser);
  Reg = current(Reg);
  const auto Known = Extended.find(Reg);
  if (Known != Extended.end())
    return Known->second;
  MachineInstr *Def = MRI.getUniqueVRegDef(Reg);
  if (!Def || Def->isTerminator())
    return subregToReg(cleared(Reg, BeforeUser), BeforeUser);
  if (Def->isPHI())
    clearInputs(*Def);
  SmallPtrSet<MachineInstr *, 4> Assumed;
  if (!clearsUpperHalf(Reg, Assumed))
    Reg = clear(Reg);
  return Extended[Reg] = subregToReg(Reg, after(*MRI.getUniqueVRegDef(Reg)));
}

bool Widener::isClear(Register Reg) const {
  SmallPtrSet<MachineInstr *, 4> Assumed;
  return Extended.contains(current(Reg)) || clearsUpperHalf(current(Reg), Assumed);
}

Register Widener::current(Register Reg) const {
  for (auto Next = Replaced.find(Reg); Next != Replaced.end(); Next = Replaced.find(Reg))
    Reg = Next->second;
  return Reg;
}

// A pointer to it must not become part of that recurrence.
bool Widener::isInduction(Register Reg) const {
  const MachineInstr *Phi = MRI.getUniqueVRegDef(Reg);
  if (!Phi->isPHI())
    return false;
  for (unsigned I = 1; I < Phi->getNumOperands(); I += 2) {
    const Register Input = Phi->getOperand(I).getReg();
    const MachineInstr *Step = Input.isVirtual() ? MRI.getUniqueVRegDef(Input) : nullptr;
    if (Step && !Step->isPHI() && !Step->mayLoad() && !Step->isCopy() && Step->readsRegister(Reg, &TRI))
      return true;
  }
  return false;
}

// Has the users of `Reg` take the lower half of a cell pointer to it. Not those
// that rely on its clear upper half: a PHI may be such a user and gets a copy.
void Widener::replaceUsers(Register Reg, Register Pointer) {
  MachineInstr *Def = MRI.getUniqueVRegDef(Pointer);
  const TargetRegisterClass *Class = TRI.getCommonSubClass(Names.GR32, MRI.getRegClass(Reg));
  SmallVector<MachineOperand *, 8> Users;
  for (MachineOperand &User : MRI.use_nodbg_operands(Reg))
    if (!User.getParent()->isSubregToReg() &&
        !(User.getParent()->isCopy() && User.getParent()->getOperand(0).getReg().isVirtual()))
      Users.push_back(&User);
  if (Users.empty() || !Class)
    return;
  const Register Low = MRI.createVirtualRegister(Class);
  build(after(*Def), TargetOpcode::COPY, Low).addReg(Pointer, 0, Names.Sub32);
  for (MachineOperand *User : Users) {
    MachineInstr &MI = *User->getParent();
    if (!MI.isPHI()) {
      User->setReg(Low);
      continue;
    }
    MachineBasicBlock &From = *MI.getOperand(MI.getOperandNo(User) + 1).getMBB();
    User->setReg(cleared(Low, {&From, From.getFirstTerminator()}));
  }
  if (const Register Wide = Extended.lookup(Reg); Wide.isValid())
    Extended[Low] = Wide;
  Replaced[Reg] = Low;
}

// Has memory operands that are r15 + Index use the pointer instead.
void Widener::addressByPointer(Register Index, Register Pointer) {
  SmallVector<MachineOperand *, 8> Users;
  for (MachineOperand &User : MRI.use_nodbg_operands(Index))
    Users.push_back(&User);
  for (MachineOperand *User : Users) {
    MachineInstr &MI = *User->getParent();
    for (const unsigned First : memoryOperands(MI)) {
      MachineOperand &Base = MI.getOperand(First + MemBase);
      if (&MI.getOperand(First + MemIndex) != User || Base.getReg() != Names.R15 ||
          MI.getOperand(First + MemScale).getImm() != 1)
        continue;
      Base.setReg(Pointer);
      User->setReg(Register());
      break;
    }
  }
}

// The PHIs that `Phi` gets its value from, it included, and what enters them from elsewhere. False where a
// pointer cannot take that way, or should not.
bool Widener::findWeb(MachineInstr &Phi, SmallVectorImpl<MachineInstr *> &Web,
                      SmallSetVector<Register, 4> &Entering) const {
  unsigned Inner = 0, Outer = 0;
  Web.push_back(&Phi);
  for (size_t Next = 0; Next < Web.size(); ++Next) {
    const MachineInstr &Current = *Web[Next];
    if (isInduction(Current.getOperand(0).getReg()) || Web.size() > WebLimit)
      return false;
    for (unsigned I = 1; I < Current.getNumOperands(); I += 2) {
      const MachineOperand &Input = Current.getOperand(I);
      if (Input.getSubReg() != 0 || !Input.getReg().isVirtual() ||
          !Names.GR32->hasSubClassEq(MRI.getRegClass(Input.getReg())))
        return false;
      MachineInstr *Def = MRI.getUniqueVRegDef(Input.getReg());
      if (!Def || Def->isTerminator())
        return false;
      if (!Def->isPHI()) {
        ++Outer;
        Entering.insert(Input.getReg());
        continue;
      }
      ++Inner;
      if (!is_contained(Web, Def))
        Web.push_back(Def);
    }
  }
  return Inner >= Outer && none_of(Entering, [&](Register Reg) {
           return any_of(MRI.getUniqueVRegDef(Reg)->all_uses(), [&](const MachineOperand &Use) {
             return Use.getReg().isVirtual() && is_contained(Web, MRI.getUniqueVRegDef(Use.getReg()));
           });
         });
}

// Makes a web of PHIs one of pointers: where few values enter it, few pointers are made. What was in the
// PHIs is there still, with a clear upper half, for those that rely on it.
bool Widener::carryPointers(MachineInstr &Phi) {
  SmallVector<MachineInstr *, 8> Web;
  SmallSetVector<Register, 4> Entering;
  if (!findWeb(Phi, Web, Entering))
    return false;
  // The web as it is now: what enters it gets other users below.
  SmallVector<SmallVector<Register, 4>, 8> Values;
  for (const MachineInstr *Each : Web) {
    Values.push_back({Each->getOperand(0).getReg()});
    for (unsigned I = 1; I < Each->getNumOperands(); I += 2)
      Values.back().push_back(Each->getOperand(I).getReg());
  }
  DenseMap<Register, Register> Pointers;
  for (const Register Reg : Entering)
    Pointers[Reg] = cellPointer(Reg, Phi);
  for (const auto &Each : Values)
    Pointers[Each.front()] = MRI.createVirtualRegister(Names.GR64);
  for (const auto [Each, Registers] : zip(Web, Values)) {
    Each->getOperand(0).setReg(Pointers[Registers.front()]);
    for (unsigned I = 1; I < Registers.size(); ++I)
      Each->getOperand(2 * I - 1).setReg(Pointers[Registers[I]]);
    const Place Where = after(*Each);
    const Register Low = MRI.createVirtualRegister(Names.GR32);
    build(Where, TargetOpcode::COPY, Low).addReg(Pointers[Registers.front()], 0, Names.Sub32);
    build(Where, Names.Mov32rr, Registers.front()).addReg(Low);
  }
  for (const auto &Each : Values) {
    const Register Reg = Each.front(), Pointer = Pointers[Reg];
    if (const auto Index = Extended.find(Reg); Index != Extended.end())
      addressByPointer(Index->second, Pointer);
    replaceUsers(Reg, Pointer);
    CellPointers[Reg] = CellPointers[current(Reg)] = Pointer;
  }
  return true;
}

Register Widener::cellPointer(Register Reg, MachineInstr &User) {
  if (Reg.isVirtual() && hasCellPointer(Reg))
    return CellPointers[current(Reg)];
  MachineInstr *Phi = Reg.isVirtual() ? MRI.getUniqueVRegDef(current(Reg)) : nullptr;
  if (Phi && Phi->isPHI() && carryPointers(*Phi))
    return CellPointers[current(Reg)];
  const Register Index = zeroExtended(Reg, User);
  const Register Pointer = MRI.createVirtualRegister(Names.GR64);
  MachineInstr *Def = MRI.getUniqueVRegDef(Index);
  build(after(*Def), Names.Lea64, Pointer).addReg(Names.R15).addImm(1).addReg(Index).addImm(0).addReg(0);
  Reg = Reg.isVirtual() ? current(Reg) : Reg;
  const auto Shared = Extended.find(Reg);
  if (Shared == Extended.end() || Shared->second != Index)
    return Pointer;
  CellPointers[Reg] = Pointer;
  addressByPointer(Index, Pointer);
  if (!isInduction(Reg))
    replaceUsers(Reg, Pointer);
  return CellPointers[current(Reg)] = Pointer;
}

// What the instruction that makes a value says about its size. The validator
// reads the same off the final code.
bool Widener::fitsScaled(Register Reg, unsigned Scale) const {
  const MachineInstr *Def = Reg.isVirtual() ? MRI.getUniqueVRegDef(Reg) : nullptr;
  if (!Def || Def->getOpcode() <= TargetOpcode::GENERIC_OP_END)
    return false;
  uint64_t Largest = UINT32_MAX;
  const StringRef Name = TII.getName(Def->getOpcode());
  if (Name.starts_with("MOVZX32r") && Name.contains("8"))
    Largest = UINT8_MAX;
  else if (Name.starts_with("MOVZX32r") && Name.ends_with("16"))
    Largest = UINT16_MAX;
  else if (Name == "AND32ri" && Def->getOperand(2).isImm() && Def->getOperand(2).getImm() >= 0)
    Largest = static_cast<uint64_t>(Def->getOperand(2).getImm());
  else if (Name == "SHR32ri" && Def->getOperand(2).isImm())
    Largest = UINT32_MAX >> (Def->getOperand(2).getImm() & 31);
  return Largest * Scale <= UINT32_MAX;
}

Register Widener::scaledPointer(Register Reg, unsigned Scale, MachineInstr &User) {
  const Register Index = zeroExtended(Reg, User);
  Register &Pointer = ScaledPointers[{Index, Scale}];
  if (Pointer.isValid())
    return Pointer;
  Pointer = MRI.createVirtualRegister(Names.GR64);
  build(after(*MRI.getUniqueVRegDef(Index)), Names.Lea64, Pointer)
      .addReg(Names.R15)
      .addImm(Scale)
      .addReg(Index)
      .addImm(0)
      .addReg(0);
  return Pointer;
}

// A 64-bit register whose lower half is `Reg`.
Register Widener::anyUpperHalf(Register Reg, MachineInstr &User) {
  if (!Reg.isVirtual())
    return zeroExtended(Reg, User);
  Reg = current(Reg);
  if (const auto Known = CellPointers.find(Reg); Known != CellPointers.end())
    return Known->second;
  if (const auto Known = Extended.find(Reg); Known != Extended.end())
    return Known->second;
  MachineInstr *Def = MRI.getUniqueVRegDef(Reg);
  if (!Def || Def->isTerminator() || TRI.getRegSizeInBits(*MRI.getRegClass(Reg)) != 32)
    return zeroExtended(Reg, User);
  Register &Known = Loose[Reg];
  if (Known.isValid())
    return Known;
  const Place Where = after(*Def);
  const Register Undefined = MRI.createVirtualRegister(Names.GR64NoSp);
  build(Where, TargetOpcode::IMPLICIT_DEF, Undefined);
  Known = MRI.createVirtualRegister(Names.GR64NoSp);
  build(Where, TargetOpcode::INSERT_SUBREG, Known).addReg(Undefined).addReg(Reg).addImm(Names.Sub32);
  return Known;
}

bool Widener::flagsLive(const Place &Where) const {
  for (auto I = Where.Before; I != Where.Block->end(); ++I) {
    if (I->readsRegister(Names.EFLAGS, &TRI))
      return true;
    if (I->modifiesRegister(Names.EFLAGS, &TRI))
      return false;
  }
  return any_of(Where.Block->successors(),
                [&](const MachineBasicBlock *Next) { return Next->isLiveIn(Names.EFLAGS); });
}

Register Widener::arithmetic(unsigned Opcode, Register Reg, int64_t Immediate, bool FlagsDead,
                             const Place &Where) {
  const Register Result = MRI.createVirtualRegister(Names.GR32);
  MachineInstr *MI = build(Where, Opcode, Result).addReg(Reg).addImm(Immediate);
  MI->findRegisterDefOperand(Names.EFLAGS, &TRI)->setIsDead(FlagsDead);
  return Result;
}

// (Reg + Add) & Mask. `and` changes the flags: where they are live they are
// kept in a register, which X86's own flag-copy lowering makes real.
Register Widener::mask(Register Reg, int64_t Add, uint32_t Mask, const Place &Where) {
  Reg = low32(Reg, Where);
  Register Flags;
  if (flagsLive(Where)) {
    Flags = MRI.createVirtualRegister(Names.GR64);
    build(Where, TargetOpcode::COPY, Flags).addReg(Names.EFLAGS);
  }
  if (Add != 0)
    Reg = arithmetic(Names.Add32ri, Reg, Add, /*FlagsDead=*/true, Where);
  const Register Result = arithmetic(Names.And32ri, Reg, Mask, /*FlagsDead=*/!Flags.isValid(), Where);
  if (Flags.isValid())
    build(Where, TargetOpcode::COPY, Names.EFLAGS).addReg(Flags);
  return subregToReg(Result, Where);
}

Register Widener::masked(Register Reg, uint32_t Mask, MachineInstr &User) {
  // What the mask would clear may be clear already.
  const MachineInstr *Def = Reg.isVirtual() ? MRI.getUniqueVRegDef(current(Reg)) : nullptr;
  if (Def && Def->getOpcode() == Names.And32ri && Def->getOperand(2).isImm() &&
      (static_cast<uint32_t>(Def->getOperand(2).getImm()) & ~Mask) == 0)
    return zeroExtended(Reg, User);
  const Place Where = {User.getParent(), User.getIterator()};
  return mask(Reg, 0, Mask, Where);
}

Register Widener::packetIndex(Register Reg, int32_t Disp, MachineInstr &User) {
  const Place BeforeUser = {User.getParent(), User.getIterator()};
  const int64_t Add = static_cast<int32_t>(static_cast<uint32_t>(Disp) + RF_PACKET_INDEX_BIAS);
  if (!Reg.isValid()) {
    const Register Constant = MRI.createVirtualRegister(Names.GR32);
    build(BeforeUser, Names.Mov32ri, Constant).addImm(Add & RF_PACKET_INDEX_MASK);
    return subregToReg(Constant, BeforeUser);
  }
  Reg = current(Reg);
  MachineInstr *Def = Reg.isVirtual() ? MRI.getUniqueVRegDef(Reg) : nullptr;
  if (!Def || Def->isTerminator())
    return mask(Reg, Add, RF_PACKET_INDEX_MASK, BeforeUser);
  // One index serves all later users, unless it could only be computed behind
  // this user's place because the flags were live before.
  for (const Register Index : PacketIndices[{Reg.id(), Disp}]) {
    MachineInstr *IndexDef = MRI.getUniqueVRegDef(Index);
    if (IndexDef->getParent() != User.getParent())
      return Index;
    for (auto I = IndexDef->getIterator(); I != User.getParent()->end(); ++I)
      if (&*I == &User)
        return Index;
  }
  Place Where = after(*Def);
  while (Where.Before != Where.Block->end() && &*Where.Before != &User && flagsLive(Where) &&
         !Where.Before->isTerminator())
    ++Where.Before;
  if (flagsLive(Where))
    return mask(Reg, Add, RF_PACKET_INDEX_MASK, BeforeUser);
  const Register Index = mask(Reg, Add, RF_PACKET_INDEX_MASK, Where);
  PacketIndices[{Reg.id(), Disp}].push_back(Index);
  return Index;
}

Register Widener::packetIndex(Register Base, unsigned Scale, Register Index, int32_t Disp,
                              MachineInstr &User) {
  const int32_t Biased = static_cast<int32_t>(static_cast<uint32_t>(Disp) + RF_PACKET_INDEX_BIAS);
  const Register Sum = address32(Base, Scale, Index, MachineOperand::CreateImm(Biased), User);
  return mask(Sum, 0, RF_PACKET_INDEX_MASK, {User.getParent(), User.getIterator()});
}

Register Widener::address32(Register Base, unsigned Scale, Register Index, const MachineOperand &Disp,
                            MachineInstr &User) {
  const Place Where = {User.getParent(), User.getIterator()};
  const auto Wide = [&](Register Reg) { return Reg.isValid() ? anyUpperHalf(Reg, User) : Reg; };
  const Register WideBase = Wide(Base), WideIndex = Wide(Index);
  const Register Result = MRI.createVirtualRegister(Names.GR32);
  build(Where, Names.Lea32, Result).addReg(WideBase).addImm(Scale).addReg(WideIndex).add(Disp).addReg(0);
  return Result;
}

} // namespace ringfence
