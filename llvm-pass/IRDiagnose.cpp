// SPDX-License-Identifier: Apache-2.0
// Reports what has no form in the sandbox, as clang errors at the source line.
//
//   if (setjmp(state)) ...
// gives
//   fw.c:7:6: error: ...: setjmp and longjmp are not supported
#include "IR.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"

#include <ringfence/contract.h>

using namespace llvm;

namespace ringfence {
namespace {

bool isJump(StringRef name) {
  return StringSwitch<bool>(name)
      .Cases({"setjmp", "_setjmp", "__setjmp", "sigsetjmp", "__sigsetjmp", "savectx", "getcontext"}, true)
      .Cases({"longjmp", "_longjmp", "__longjmp", "siglongjmp", "setcontext", "swapcontext"}, true)
      .Default(false);
}

bool isConvention(CallingConv::ID convention) {
  return is_contained({CallingConv::C, CallingConv::Fast, CallingConv::Cold, CallingConv::X86_64_SysV},
                      convention);
}

// Whether inline assembly has an operand in a register of x87 or MMX.
bool usesX87(const InlineAsm &assembly) {
  return any_of(assembly.ParseConstraints(), [](const InlineAsm::ConstraintInfo &operand) {
    return operand.Type != InlineAsm::isClobber && any_of(operand.Codes, [](StringRef code) {
             return is_contained({"f", "t", "u", "y"}, code) || code.starts_with("{st") ||
                    code.starts_with("{mm");
           });
  });
}

// Why an intrinsic cannot be used, or nothing.
StringRef refuseIntrinsic(const IntrinsicInst &intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case Intrinsic::eh_sjlj_setjmp:
  case Intrinsic::eh_sjlj_longjmp:
    return "setjmp and longjmp are not supported";
  case Intrinsic::init_trampoline:
  case Intrinsic::adjust_trampoline:
    return "trampolines are not supported: code cannot be made at run time";
  case Intrinsic::readcyclecounter:
  case Intrinsic::readsteadycounter:
    return "the cycle counter cannot be read; rf_time_ns() gives the time";
  case Intrinsic::addressofreturnaddress:
  case Intrinsic::sponentry:
  case Intrinsic::read_register:
  case Intrinsic::read_volatile_register:
  case Intrinsic::write_register:
  case Intrinsic::localescape:
    return "the stack pointer and other named registers cannot be used";
  default:
    break;
  }
  const StringRef name = intrinsic.getCalledFunction()->getName();
  for (const char *prefix : {"llvm.x86.rd",
                             "llvm.x86.wr",
                             "llvm.x86.sse.ldmxcsr",
                             "llvm.x86.sse.stmxcsr",
                             "llvm.x86.sse2.clflush",
                             "llvm.x86.clflush",
                             "llvm.x86.clwb",
                             "llvm.x86.clzero",
                             "llvm.x86.cldemote",
                             "llvm.x86.xsave",
                             "llvm.x86.xrstor",
                             "llvm.x86.xget",
                             "llvm.x86.xset",
                             "llvm.x86.fx",
                             "llvm.x86.sse2.maskmov",
                             "llvm.x86.mmx.",
                             "llvm.x86.avx.maskload",
                             "llvm.x86.avx.maskstore",
                             "llvm.x86.avx2.maskload",
                             "llvm.x86.avx2.maskstore",
                             "llvm.x86.avx2.gather",
                             "llvm.x86.umwait",
                             "llvm.x86.tpause",
                             "llvm.x86.umonitor",
                             "llvm.x86.xbegin",
                             "llvm.x86.xend",
                             "llvm.x86.xabort",
                             "llvm.x86.xtest",
                             "llvm.x86.avx512",
                             "llvm.x86.avx10",
                             "llvm.x86.amx",
                             "llvm.x86.xop",
                             "llvm.x86.fma4",
                             "llvm.x86.tbm",
                             "llvm.x86.lwp",
                             "llvm.x86.vgf2p8",
                             "llvm.x86.vsha512",
                             "llvm.x86.vsm3",
                             "llvm.x86.vsm4",
                             "llvm.x86.avx2.vpdp",
                             "llvm.x86.tile",
                             "llvm.x86.flags",
                             "llvm.x86.int",
                             "llvm.x86.directstore",
                             "llvm.x86.movdir64b",
                             "llvm.x86.enqcmd",
                             "llvm.x86.monitor",
                             "llvm.x86.mwait",
                             "llvm.x86.senduipi",
                             "llvm.x86.clui",
                             "llvm.x86.stui",
                             "llvm.x86.invpcid"})
    if (name.starts_with(prefix))
      return "this instruction is not available in the sandbox";
  return "";
}

class Diagnosis {
public:
  explicit Diagnosis(Function &function) : function(function) {
    const StringRef features = function.getFnAttribute("target-features").getValueAsString();
    const bool soft = function.getFnAttribute("use-soft-float").getValueAsBool();
    noSse = !soft && is_contained(split(features, ','), "-sse");
    noSse2 = !soft && is_contained(split(features, ','), "-sse2");
  }

  bool run() {
    if (!isConvention(function.getCallingConv()))
      report("this calling convention is not supported");
    checkMitigations();
    for (const Argument &argument : function.args())
      if (argument.hasInAllocaAttr() || argument.hasPreallocatedAttr())
        report("arguments passed by inalloca or preallocated are not supported");
    checkType(function.getReturnType());
    for (const Type *parameter : function.getFunctionType()->params())
      checkType(parameter);
    for (const BasicBlock &block : function) {
      labels |= block.hasAddressTaken();
      for (const Instruction &instruction : block)
        check(instruction);
    }
    if (labels && !found)
      report("the address of a label is not supported");
    return found;
  }

private:
  Function &function;
  bool found = false, labels = false, typeRefused = false, exceptions = false, noSse = false, noSse2 = false;

  void report(const Twine &message) {
    reportError(function, message);
    found = true;
  }

  void report(const Instruction &at, const Twine &message) {
    reportError(at, message);
    found = true;
  }

  // Against speculation in the processor: their forms of branches and loads are not the contract's.
  void checkMitigations() {
    const StringRef features = function.getFnAttribute("target-features").getValueAsString();
    const bool asked =
        any_of(split(features, ','),
               [](StringRef feature) {
                 return is_contained({"+lvi-cfi", "+lvi-load-hardening", "+seses", "+retpoline",
                                      "+retpoline-indirect-calls", "+retpoline-indirect-branches",
                                      "+retpoline-external-thunk", "+harden-sls-ret", "+harden-sls-ijmp"},
                                     feature);
               }) ||
        function.hasFnAttribute(Attribute::SpeculativeLoadHardening) ||
        function.hasFnAttribute(Attribute::FnRetThunkExtern);
    if (asked)
      report("-mretpoline, -mspeculative-load-hardening, -mlvi-…, -mseses, -mharden-sls and "
             "-mfunction-return are not "
             "supported");
  }

  // Why there are no registers for a type, or nothing. Without SSE, code generation takes those of x87.
  StringRef refuseType(const Type *type) const {
    if (type->isX86_FP80Ty())
      return "80-bit floating point (x87) is not supported; long double is double";
    if (type->isFloatingPointTy() && (noSse || (noSse2 && !type->isFloatTy())))
      return "floating point needs SSE2; do without -mno-sse, -mno-sse2 and -mgeneral-regs-only";
    return "";
  }

  // Once a function: every line of it would say the same.
  void checkType(const Type *type, const Instruction *at = nullptr) {
    const StringRef reason = typeRefused ? "" : refuseType(type->getScalarType());
    if (reason.empty())
      return;
    typeRefused = true;
    at ? report(*at, reason) : report(reason);
  }

  void checkAddressSpace(const Instruction &at, const Value *pointer) {
    if (!pointer || !pointer->getType()->isPtrOrPtrVectorTy())
      return;
    const unsigned space = pointer->getType()->getPointerAddressSpace();
    if (space != 0 && space != RF_PACKET_ADDRESS_SPACE)
      report(at, "address space " + Twine(space) + " is not supported");
  }

  void checkCast(const Instruction &at, const Value *value) {
    if (value != &at && isa<Instruction>(value))
      return;
    const auto *cast = dyn_cast<AddrSpaceCastOperator>(value);
    if (cast && cast->getSrcAddressSpace() != cast->getDestAddressSpace())
      report(at, "a packet pointer and an ordinary pointer cannot be converted into each other");
  }

  // Once a function, too.
  void checkException(const Instruction &at) {
    if (!exceptions)
      report(at, "exceptions are not supported; compile with -fno-exceptions");
    exceptions = true;
  }

  void checkCall(const CallBase &call) {
    if (const auto *intrinsic = dyn_cast<IntrinsicInst>(&call)) {
      const StringRef reason = refuseIntrinsic(*intrinsic);
      if (!reason.empty())
        report(call, reason);
      if (const auto *memory = dyn_cast<MemIntrinsic>(intrinsic)) {
        checkAddressSpace(call, memory->getRawDest());
        if (const auto *transfer = dyn_cast<MemTransferInst>(memory))
          checkAddressSpace(call, transfer->getRawSource());
      }
      return;
    }
    const auto *assembly = dyn_cast<InlineAsm>(call.getCalledOperand());
    if (assembly && usesX87(*assembly))
      report(call, "registers of x87 and MMX are not supported");
    const Function *callee = call.getCalledFunction();
    if (!isConvention(call.getCallingConv()) && (!callee || callee->isDeclaration()))
      report(call, "this calling convention is not supported");
    if (call.hasFnAttr(Attribute::ReturnsTwice) ||
        (callee && callee->isDeclaration() && isJump(callee->getName())))
      report(call, "setjmp and longjmp are not supported");
    if (call.hasInAllocaArgument())
      report(call, "arguments passed by inalloca are not supported");
  }

  void check(const Instruction &instruction) {
    checkType(instruction.getType(), &instruction);
    for (const Value *operand : instruction.operand_values()) {
      checkType(operand->getType(), &instruction);
      checkCast(instruction, operand);
    }
    checkCast(instruction, &instruction);
    if (isa<LoadInst>(instruction) || isa<StoreInst>(instruction))
      checkAddressSpace(instruction, getLoadStorePointerOperand(&instruction));
    else if (const auto *update = dyn_cast<AtomicRMWInst>(&instruction))
      checkAddressSpace(instruction, update->getPointerOperand());
    else if (const auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
      checkAddressSpace(instruction, exchange->getPointerOperand());
    else if (isa<IndirectBrInst>(instruction))
      report(instruction, "computed goto is not supported; use a switch");
    else if (isa<InvokeInst>(instruction) || isa<ResumeInst>(instruction) || instruction.isEHPad())
      checkException(instruction);
    else if (const auto *call = dyn_cast<CallBase>(&instruction))
      checkCall(*call);
  }
};

} // namespace

// Reports the sanitizer once a module, at its first function that has a line.
static void refuseSanitizer(Module &module, const Twine &message) {
  if (module.getModuleFlag(Refused))
    return;
  module.addModuleFlag(Module::Override, Refused, 1u);
  // Functions that clang made, those that call constructors for instance, have no line.
  const auto hasLine = [](const Function &function) {
    return !function.isDeclaration() && function.getSubprogram() && function.getSubprogram()->getLine() != 0;
  };
  const auto at = find_if(module, hasLine);
  if (at != module.end())
    reportError(*at, message);
  else if (any_of(module, [](const Function &function) { return !function.isDeclaration(); }))
    module.getContext().emitError("'" + module.getSourceFileName() + "': " + message);
}

static constexpr const char *NeedsLibrary = "this -fsanitize= needs a library that cells do not have; "
                                            "-fsanitize=undefined -fsanitize-trap=undefined works";

bool diagnoseSanitizers(Module &module) {
  // With this flag, clang calls functions by tables of branches that it makes when it links.
  if (module.getModuleFlag("CFI Canonical Jump Tables"))
    refuseSanitizer(
        module, "-fsanitize=cfi-icall is not supported: indirect calls reach nothing but functions anyway; "
                "-fno-sanitize=cfi-icall keeps the rest of -fsanitize=cfi");
  const Attribute::AttrKind kinds[] = {Attribute::SanitizeAddress, Attribute::SanitizeHWAddress,
                                       Attribute::SanitizeMemTag,  Attribute::SanitizeMemory,
                                       Attribute::SanitizeThread,  Attribute::SanitizeType,
                                       Attribute::SanitizeRealtime};
  for (Function &function : module) {
    if (function.isDeclaration() || none_of(kinds, [&](auto kind) { return function.hasFnAttribute(kind); }))
      continue;
    refuseSanitizer(module, NeedsLibrary);
    for (const Attribute::AttrKind kind : kinds)
      function.removeFnAttr(kind); // some of their passes crash on targets that they do not know
  }
  return module.getModuleFlag(Refused);
}

void diagnoseSanitizerPass(StringRef pass, Module &module) {
  const StringRef flag = StringSwitch<StringRef>(pass)
                             .Case("MemorySanitizerPass", "nosanitize_memory")
                             .Case("DataFlowSanitizerPass", "nosanitize_dataflow")
                             .Case("NumericalStabilitySanitizerPass", Refused)
                             .Default("");
  if (flag.empty())
    return;
  refuseSanitizer(module, NeedsLibrary);
  module.setModuleFlag(Module::Override, flag, 1u);
}

bool diagnose(Module &module) {
  bool found = false;
  for (const GlobalIFunc &indirect : module.ifuncs()) {
    module.getContext().emitError("'" + indirect.getName() + "': ifunc and target_clones are not supported");
    found = true;
  }
  for (Function &function : module)
    if (!function.isDeclaration())
      found |= Diagnosis(function).run();
  return found;
}

} // namespace ringfence
