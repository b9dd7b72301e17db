// SPDX-License-Identifier: Apache-2.0
// Two things that LLVM fixes per target and that sandboxed code needs changed:
// which registers are reserved, and what a pointer register is.
#ifndef RINGFENCE_LLVM_PASS_MACHINERESERVE_H
#define RINGFENCE_LLVM_PASS_MACHINERESERVE_H

namespace llvm {
class MachineFunction;
} // namespace llvm

namespace ringfence {

// Takes r14 and r15 out of allocation, for this function and all later ones
// with the x32 target. To be called before register allocation.
void reserveContractRegisters(llvm::MachineFunction &MF);

// The x32 subtarget allows only 32-bit registers in addresses; sandboxed code
// has 64-bit ones. Wide is in force from the rewriting of memory operands to
// the end of a function, Narrow for the next function's instruction selection.
enum class PointerWidth { Narrow, Wide };
void setPointerWidth(const llvm::MachineFunction &MF, PointerWidth Width);

} // namespace ringfence

#endif
