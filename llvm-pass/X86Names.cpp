// SPDX-License-Identifier: Apache-2.0
#include "X86Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace ringfence {
namespace {

[[noreturn]] void missing(StringRef Kind, StringRef Name) {
  report_fatal_error(Twine("ringfence: this LLVM has no X86 ") + Kind + " '" + Name +
                         "'; the plugin needs clang " LLVM_VERSION_STRING,
                     /*gen_crash_diag=*/false);
}

unsigned number(const StringMap<unsigned> &Map, StringRef Kind, StringRef Name) {
  const auto It = Map.find(Name);
  if (It == Map.end())
    missing(Kind, Name);
  return It->second;
}

const TargetRegisterClass *registerClass(const TargetRegisterInfo &TRI, StringRef Name) {
  for (const TargetRegisterClass *Class : TRI.regclasses())
    if (Name == TRI.getRegClassName(Class))
      return Class;
  missing("register class", Name);
}

unsigned subRegister(const TargetRegisterInfo &TRI, StringRef Name) {
  for (unsigned Index = 1; Index < TRI.getNumSubRegIndices(); ++Index)
    if (Name == TRI.getSubRegIndexName(Index))
      return Index;
  missing("sub-register", Name);
}

} // namespace

X86Names::X86Names(const TargetInstrInfo &TII, const TargetRegisterInfo &TRI) {
  StringMap<unsigned> Opcodes, Registers;
  for (unsigned Opcode = 0; Opcode < TII.getNumOpcodes(); ++Opcode)
    Opcodes[TII.getName(Opcode)] = Opcode;
  for (unsigned Reg = 1; Reg < TRI.getNumRegs(); ++Reg)
    Registers[TRI.getName(Reg)] = Reg;
  const auto Op = [&](StringRef Name) { return number(Opcodes, "instruction", Name); };
  const auto Reg = [&](StringRef Name) { return MCRegister(number(Registers, "register", Name)); };

  RSP = Reg("RSP");
  ESP = Reg("ESP");
  RIP = Reg("RIP");
  R14 = Reg("R14");
  R15 = Reg("R15");
  FS = Reg("FS");
  EFLAGS = Reg("EFLAGS");
  Sub32 = subRegister(TRI, "sub_32bit");
  Sub8 = subRegister(TRI, "sub_8bit");
  GR8 = registerClass(TRI, "GR8");
  GR16 = registerClass(TRI, "GR16");
  GR32 = registerClass(TRI, "GR32");
  GR64 = registerClass(TRI, "GR64");
  GR64NoSp = registerClass(TRI, "GR64_NOSP");
  GR64Tail = registerClass(TRI, "GR64_TC");
  VR128 = registerClass(TRI, "VR128");
  VR256 = registerClass(TRI, "VR256");

  Mov32rr = Op("MOV32rr");
  Mov32ri = Op("MOV32ri");
  Mov32r0 = Op("MOV32r0");
  Mov32rm = Op("MOV32rm");
  Lea32 = Op("LEA64_32r");
  Lea64 = Op("LEA64r");
  Lea16 = Op("LEA16r");
  Lea32r = Op("LEA32r");
  And32ri = Op("AND32ri");
  Nop = Op("NOOP");
  Add32ri = Op("ADD32ri");
  Sub32ri = Op("SUB32ri");
  Sub32rr = Op("SUB32rr");
  Neg32r = Op("NEG32r");
  Add64ri = Op("ADD64ri32");
  Sub64ri = Op("SUB64ri32");
  Add64rr = Op("ADD64rr");
  Call64r = Op("CALL64r");
  Call64m = Op("CALL64m");
  TailCall64r = Op("TCRETURNri64");
  TailCall64m = Op("TCRETURNmi64");
  Jump64r = Op("JMP64r");
  Jump64m = Op("JMP64m");
  Mov8mrNoRex = Op("MOV8mr_NOREX");
  Mov8rmNoRex = Op("MOV8rm_NOREX");
  Movzx32rm8NoRex = Op("MOVZX32rm8_NOREX");
  Movsx32rm8NoRex = Op("MOVSX32rm8_NOREX");
  Movzx32rr8NoRex = Op("MOVZX32rr8_NOREX");
  Mov8mr = Op("MOV8mr");
  Mov8rm = Op("MOV8rm");
  Movzx32rm8 = Op("MOVZX32rm8");
  Movsx32rm8 = Op("MOVSX32rm8");
  Or32mi8Locked = Op("OR32mi8Locked");
  MFence = Op("MFENCE");
  for (const StringRef Prefix : {"", "V"})
    for (const auto &[Aligned, Unaligned] :
         {std::pair("MOVAPS", "MOVUPS"), {"MOVAPD", "MOVUPD"}, {"MOVDQA", "MOVDQU"}})
      for (const StringRef Form : {"rm", "mr", "Yrm", "Ymr"})
        if (!Prefix.empty() || !Form.starts_with("Y"))
          UnalignedMoves[Op((Prefix + Aligned + Form).str())] = Op((Prefix + Unaligned + Form).str());
}

bool X86Names::isUnalignedMove(unsigned Opcode) const {
  return any_of(UnalignedMoves, [&](const auto &Move) { return Move.second == Opcode; });
}

const X86Names &X86Names::get(const MachineFunction &MF) {
  const TargetSubtargetInfo &STI = MF.getSubtarget();
  static const X86Names Names(*STI.getInstrInfo(), *STI.getRegisterInfo());
  return Names;
}

} // namespace ringfence
