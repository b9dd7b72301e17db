// SPDX-License-Identifier: Apache-2.0
#include "MachineReserve.h"
#include "X86Names.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Target/TargetMachine.h"

#include <cstdint>
#include <cstring>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;

namespace ringfence {
namespace {

[[noreturn]] void fatal(const char *What) { report_fatal_error(What, /*gen_crash_diag=*/false); }

// ---- Reserved registers -----------------------------------------------------
//
// X86 has no -ffixed-r15, and what MachineRegisterInfo::reserveReg adds is
// forgotten when the register allocator asks the target again. So the answer of
// the target is extended: the slot of getReservedRegs in X86RegisterInfo's
// virtual table is made to point to reservedRegs below. The layout of virtual
// tables and of pointers to member functions is that of the Itanium C++ ABI,
// which clang's own binary interface on Linux rests on.

using GetReservedRegs = BitVector (*)(const TargetRegisterInfo *, const MachineFunction &);
GetReservedRegs TargetsReservedRegs;

BitVector reservedRegs(const TargetRegisterInfo *TRI, const MachineFunction &MF) {
  BitVector Reserved = TargetsReservedRegs(TRI, MF);
  if (!MF.getTarget().getTargetTriple().isX32())
    return Reserved;
  const X86Names &Names = X86Names::get(MF);
  for (const MCRegister Reg : {Names.R14, Names.R15})
    for (MCRegAliasIterator Alias(Reg, TRI, /*IncludeSelf=*/true); Alias.isValid(); ++Alias)
      Reserved.set((*Alias).id());
  return Reserved;
}

// A pointer to a virtual member function is 1 + its offset in the table.
size_t virtualTableOffset() {
  const auto Member = &TargetRegisterInfo::getReservedRegs;
  uintptr_t Words[2];
  static_assert(sizeof(Member) == sizeof(Words), "Itanium C++ ABI");
  std::memcpy(Words, &Member, sizeof(Words));
  if ((Words[0] & 1) == 0)
    fatal("ringfence: TargetRegisterInfo::getReservedRegs is not virtual");
  return Words[0] - 1;
}

void extendReservedRegs(const TargetRegisterInfo &TRI) {
  uintptr_t Table;
  std::memcpy(&Table, static_cast<const void *>(&TRI), sizeof(Table));
  const uintptr_t Slot = Table + virtualTableOffset();
  const uintptr_t PageSize = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  void *const Page = reinterpret_cast<void *>(Slot & ~(PageSize - 1));
  if (mprotect(Page, PageSize, PROT_READ | PROT_WRITE) != 0)
    fatal("ringfence: cannot extend LLVM's set of reserved registers");
  std::memcpy(&TargetsReservedRegs, reinterpret_cast<const void *>(Slot), sizeof(Slot));
  const GetReservedRegs Replacement = reservedRegs;
  std::memcpy(reinterpret_cast<void *>(Slot), &Replacement, sizeof(Slot));
  (void)mprotect(Page, PageSize, PROT_READ);
}

// ---- Pointer width ----------------------------------------------------------

// Reaches the protected member that says which register class "a pointer" is.
struct PointerClasses : TargetInstrInfo {
  static constexpr auto table() { return &PointerClasses::RegClassByHwMode; }
};

int16_t baseClass(const TargetInstrInfo &TII, const X86Names &Names, const int16_t *Table) {
  const MCOperandInfo &Base = TII.get(Names.Mov32rm).operands()[1 + MemBase];
  if (!Base.isLookupRegClassByHwMode())
    fatal("ringfence: this LLVM fixes pointer classes in another way");
  return Table[Base.RegClass];
}

// Modes are numbered from 0; the x32 one is known to be among them, and the
// ordinary 64-bit one to come before it.
const int16_t *wideTable(const TargetInstrInfo &TII, const X86Names &Names, const int16_t *Narrow) {
  for (unsigned Mode = 0;; ++Mode) {
    const int16_t *Table = TII.getRegClassByHwModeTable(Mode);
    if (Table == Narrow)
      fatal("ringfence: this LLVM has no 64-bit pointer class");
    if (baseClass(TII, Names, Table) == static_cast<int16_t>(Names.GR64->getID()))
      return Table;
  }
}

} // namespace

void reserveContractRegisters(MachineFunction &MF) {
  static std::once_flag Once;
  std::call_once(Once, [&] { extendReservedRegs(*MF.getSubtarget().getRegisterInfo()); });
  MF.getRegInfo().freezeReservedRegs();
}

void setPointerWidth(const MachineFunction &MF, PointerWidth Width) {
  static const int16_t *Narrow;
  const TargetInstrInfo &TII = *MF.getSubtarget().getInstrInfo();
  const X86Names &Names = X86Names::get(MF);
  const int16_t *&Table = const_cast<const int16_t *&>(TII.*PointerClasses::table());
  const bool IsWide = baseClass(TII, Names, Table) == static_cast<int16_t>(Names.GR64->getID());
  if (IsWide == (Width == PointerWidth::Wide))
    return;
  if (!IsWide)
    Narrow = Table;
  Table = IsWide ? Narrow : wideTable(TII, Names, Narrow);
}

} // namespace ringfence
