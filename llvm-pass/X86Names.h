// SPDX-License-Identifier: Apache-2.0
// LLVM's X86 enumerations (opcodes, registers, ...) are not installed with
// LLVM, their names are: this looks numbers up by name.
#ifndef RINGFENCE_LLVM_PASS_X86NAMES_H
#define RINGFENCE_LLVM_PASS_X86NAMES_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/CodeGen/Register.h"

namespace llvm {
class MachineFunction;
class TargetInstrInfo;
class TargetRegisterClass;
class TargetRegisterInfo;
} // namespace llvm

namespace ringfence {

// The five operands of an x86 memory reference, relative to the first.
enum MemOperand : unsigned { MemBase, MemScale, MemIndex, MemDisp, MemSegment, MemOperands };

// Every number that the machine passes need. A name that this LLVM does not
// know ends the compilation: the plugin is for another release then.
struct X86Names {
  X86Names(const llvm::TargetInstrInfo &TII, const llvm::TargetRegisterInfo &TRI);

  // The one instance: the names are a property of LLVM, not of a function.
  static const X86Names &get(const llvm::MachineFunction &MF);

  llvm::MCRegister RSP, ESP, RIP, R14, R15, FS, EFLAGS;
  unsigned Sub32, Sub8;
  const llvm::TargetRegisterClass *GR8, *GR16, *GR32, *GR64, *GR64NoSp, *GR64Tail, *VR128, *VR256;

  bool isLea(unsigned Opcode) const {
    return Opcode == Lea32 || Opcode == Lea64 || Opcode == Lea16 || Opcode == Lea32r;
  }

  unsigned Lea16, Lea32r;
  unsigned Mov32rr, Mov32ri, Mov32r0, Lea32, Lea64, And32ri, Nop;
  unsigned Add32ri, Sub32ri, Sub32rr, Neg32r, Add64ri, Sub64ri, Add64rr;
  unsigned Call64r, Call64m, TailCall64r, TailCall64m, Jump64r, Jump64m, Mov32rm;
  unsigned Mov8mrNoRex, Mov8rmNoRex, Movzx32rm8NoRex, Movsx32rm8NoRex, Movzx32rr8NoRex;
  unsigned Mov8mr, Mov8rm, Movzx32rm8, Movsx32rm8;
  unsigned Or32mi8Locked, MFence;

  // The same move of a vector from or to memory without a demand for alignment; 0 for other instructions.
  unsigned unalignedMove(unsigned Aligned) const { return UnalignedMoves.lookup(Aligned); }
  bool isUnalignedMove(unsigned Opcode) const;

private:
  llvm::SmallDenseMap<unsigned, unsigned, 32> UnalignedMoves;
};

} // namespace ringfence

#endif
