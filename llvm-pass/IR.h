// SPDX-License-Identifier: Apache-2.0
// The IR passes, in the order in which IR.cpp runs them. Each stands in a file
// of its own, whose head shows the code before and after.
#ifndef RINGFENCE_LLVM_PASS_IR_H
#define RINGFENCE_LLVM_PASS_IR_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/PassManager.h"

namespace llvm {
class CallBase;
class Function;
class Instruction;
class Module;
class PassBuilder;
class Twine;
} // namespace llvm

namespace ringfence {

// Reports `message` as a clang error at `at`, or at the function where `at` has no line.
void reportError(const llvm::Instruction &at, const llvm::Twine &message);
void reportError(const llvm::Function &function, const llvm::Twine &message);

// Whether `function` has anything that the sandbox has no form for; each is reported.
bool diagnose(llvm::Module &module);
// Reports sanitizers that a module's attributes and flags tell of, before their passes run.
bool diagnoseSanitizers(llvm::Module &module);
// The others, when their pass is about to run. Some passes give up on systems that they do not know: those
// are made to think that they have run.
void diagnoseSanitizerPass(llvm::StringRef pass, llvm::Module &module);
// Module flag: an error has been reported, code generation must see no function.
inline constexpr const char *Refused = "ringfence-refused";

// Intrinsics and instructions for which instruction selection would take the address of a stack object.
void lowerIntrinsics(llvm::Module &module);
// memcpy, memmove and memset: of packets, and where a string instruction would be selected.
void lowerMemoryIntrinsics(llvm::Module &module, llvm::ModuleAnalysisManager &analyses);
// byval arguments become pointers to a copy that the caller makes.
void lowerByvalArguments(llvm::Module &module);
// f(a, ...) becomes f(a, pointer to the variable arguments).
void lowerVariadics(llvm::Module &module, llvm::ModuleAnalysisManager &analyses);
// Calls with arguments on the stack are no tail calls. False where one must be (reported).
bool limitTailCalls(llvm::Module &module);
// Locals whose address escapes move onto the data stack.
void moveToDataStack(llvm::Module &module);
// The value of a function pointer becomes the address of its entry in the function table.
void lowerFunctionPointers(llvm::Module &module);
// Takes the functions marked RF_EXPORT out of the list of annotations.
llvm::SmallVector<llvm::Function *, 0> takeExports(llvm::Module &module);
// Tables of exported functions and of function entries.
void emitExports(llvm::Module &module, llvm::ArrayRef<llvm::Function *> exports);
// Chains of an associative operation, so that a loop's recurrence enters them last.
void shortenChains(llvm::Module &module);
// Linkage and attributes that the machine passes rely on.
void setLinkage(llvm::Module &module);
void setAttributes(llvm::Module &module);
// Of the control stack, whatever the command line says; before anything asks for the code generator's view.
void setStackAlignment(llvm::Module &module);

// A pass of its own, in the middle of LLVM's: inlines small functions into themselves.
void registerRecursionPass(llvm::PassBuilder &builder);

// Whether code generation may turn the instruction into a call (of the C library or compiler-rt).
bool mayBecomeCall(const llvm::Instruction &instruction);

} // namespace ringfence

#endif
