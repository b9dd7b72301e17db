// SPDX-License-Identifier: Apache-2.0
// 64-bit registers that hold 32-bit values of SSA machine code, each made once
// and right after the value itself, so that a loop-invariant one is outside
// the loop and every user shares it. The users of the value itself take the new
// register, so that the two do not live side by side: a zero-extended value is
// still the value, and so is the lower half of a cell pointer, because r15 is a
// multiple of 4 GiB.
#ifndef RINGFENCE_LLVM_PASS_MACHINEWIDEN_H
#define RINGFENCE_LLVM_PASS_MACHINEWIDEN_H

#include "X86Names.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/CodeGen/MachineBasicBlock.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"

namespace llvm {
class MachineRegisterInfo;
} // namespace llvm

namespace ringfence {

class Widener {
public:
  explicit Widener(llvm::MachineFunction &MF);

  // `Reg` zero-extended, as a 64-bit register that can be an index. A physical
  // register is read right before `User`.
  llvm::Register zeroExtended(llvm::Register Reg, llvm::MachineInstr &User);

  // r15 + zero-extended `Reg`: what the validator calls a cell pointer.
  llvm::Register cellPointer(llvm::Register Reg, llvm::MachineInstr &User);
  bool hasCellPointer(llvm::Register Reg) const { return CellPointers.contains(current(Reg)); }

  // A PHI that a loop steps by an addition.
  bool isInduction(llvm::Register Reg) const;

  // r15 + zero-extended `Reg` * Scale, for a register of which `fitsScaled`.
  llvm::Register scaledPointer(llvm::Register Reg, unsigned Scale, llvm::MachineInstr &User);
  bool fitsScaled(llvm::Register Reg, unsigned Scale) const;

  // Whether `Reg` can be an index without an instruction more.
  bool isClear(llvm::Register Reg) const;

  // The register that users of `Reg` have been given in its place.
  llvm::Register current(llvm::Register Reg) const;

  // ((Reg + Disp + RF_PACKET_INDEX_BIAS) & RF_PACKET_INDEX_MASK), as an index.
  // Reg may be no register: then it counts as 0.
  llvm::Register packetIndex(llvm::Register Reg, int32_t Disp, llvm::MachineInstr &User);

  // The same of the sum Base + Index * Scale + Disp, right before `User`.
  llvm::Register packetIndex(llvm::Register Base, unsigned Scale, llvm::Register Index, int32_t Disp,
                             llvm::MachineInstr &User);

  // `Reg & Mask` as an index, right before `User`.
  llvm::Register masked(llvm::Register Reg, uint32_t Mask, llvm::MachineInstr &User);

  // base + index * scale + disp modulo 2^32, right before `User`. Registers may
  // be none; the displacement is a copy of an operand.
  llvm::Register address32(llvm::Register Base, unsigned Scale, llvm::Register Index,
                           const llvm::MachineOperand &Disp, llvm::MachineInstr &User);

private:
  struct Place {
    llvm::MachineBasicBlock *Block;
    llvm::MachineBasicBlock::iterator Before;
  };
  llvm::MachineInstrBuilder build(const Place &Where, unsigned Opcode, llvm::Register Def);
  Place after(llvm::MachineInstr &Def) const;
  bool clearsUpperHalf(llvm::Register Reg, llvm::SmallPtrSetImpl<llvm::MachineInstr *> &Assumed) const;
  bool clearInputs(llvm::MachineInstr &Phi);
  llvm::Register cleared(llvm::Register Reg, const Place &Where);
  llvm::Register clear(llvm::Register Reg);
  llvm::Register anyUpperHalf(llvm::Register Reg, llvm::MachineInstr &User);
  bool findWeb(llvm::MachineInstr &Phi, llvm::SmallVectorImpl<llvm::MachineInstr *> &Web,
               llvm::SmallSetVector<llvm::Register, 4> &Entering) const;
  bool carryPointers(llvm::MachineInstr &Phi);
  void replaceUsers(llvm::Register Reg, llvm::Register Pointer);
  void addressByPointer(llvm::Register Index, llvm::Register Pointer);
  llvm::Register subregToReg(llvm::Register Reg, const Place &Where);
  llvm::Register low32(llvm::Register Reg, const Place &Where);
  llvm::Register mask(llvm::Register Reg, int64_t Add, uint32_t Mask, const Place &Where);
  llvm::Register arithmetic(unsigned Opcode, llvm::Register Reg, int64_t Immediate, bool FlagsDead,
                            const Place &Where);
  bool flagsLive(const Place &Where) const;

  llvm::MachineFunction &MF;
  llvm::MachineRegisterInfo &MRI;
  const llvm::TargetInstrInfo &TII;
  const llvm::TargetRegisterInfo &TRI;
  const X86Names &Names;
  llvm::DenseMap<llvm::Register, llvm::Register> Extended, CellPointers, Loose, Replaced;
  llvm::DenseMap<std::pair<llvm::Register, unsigned>, llvm::Register> ScaledPointers;
  llvm::DenseMap<std::pair<unsigned, int32_t>, llvm::SmallVector<llvm::Register, 1>> PacketIndices;
};

} // namespace ringfence

#endif
