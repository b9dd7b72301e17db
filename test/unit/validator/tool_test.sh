#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rf-validate's exit codes, formats and behaviour on files that are not NFs. Usage: tool_test.sh RF_VALIDATE CLANG LD INCLUDE
set -u
tool=$1 clang=$2 linker=$3 include=$4
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 3
failures=0

# expect NAME CODE PATTERN COMMAND...: the exit code, and a pattern in standard output or error
expect() {
	name=$1 code=$2 pattern=$3
	shift 3
	"$@" >out 2>&1
	got=$?
	if [ "$got" -ne "$code" ] || ! grep -q -e "$pattern" out; then
		echo "FAIL $name: exit code $got, not $code; or no '$pattern' in:"
		head -20 out
		failures=$((failures + 1))
	fi
}

# A whole NF by hand: f at its start; the second word of the text is given by the caller.
make_nf() {
	cat >nf.S <<END
#include <ringfence/contract.h>
	.section .note.ringfence, "a", @note
	.long 10, 52, RF_NOTE_TYPE
	.asciz RF_NOTE_NAME
	.balign 4
	.long RF_CONTRACT_VERSION, 0, 0, 0, 0, 0, 0, exports, exports + 8
	.long 0x200000, 0x210000, info, burst
	.section .rodata, "a", @progbits
exports: .long name, f
name:	.asciz "f"
	.data
	.balign 8
info:	.space 32
burst:	.space 8224
	.text
	.type f, @function
f:	$1
	ret
END
	cat >nf.ld <<END
PHDRS { r PT_LOAD FLAGS(4); w PT_LOAD FLAGS(6); x PT_LOAD FLAGS(5); n PT_NOTE FLAGS(4); }
SECTIONS {
	. = 0x100000; .note.ringfence : { *(.note.ringfence) } :r :n .rodata : { *(.rodata) } :r
	. = 0x300000; .data : { *(.data) } :w
	. = 0x70000000; .text : { *(.text) } :x
}
END
	"$clang" --target=x86_64-linux-gnux32 -I"$include" -g -c nf.S -o nf.o && "$linker" -m elf32_x86_64 -T nf.ld --entry=0 nf.o -o "$2"
}

make_nf 'movl %edi, %eax' good.nf || exit 3
make_nf 'movl (%rdi), %eax' bad.nf || exit 3

expect help 0 'Usage: rf-validate' "$tool" --help
expect version 0 'contract 1' "$tool" --version
expect rules 0 '^memory-base ' "$tool" --list-rules
expect no_file 2 'no file given' "$tool"
expect unknown_option 2 'Try' "$tool" --unknown x
expect unknown_format 2 "unknown format 'xml'" "$tool" --format=xml x
expect bad_count 2 'max-errors' "$tool" --max-errors=-1 x
expect missing_file 3 'cannot read nowhere.nf' "$tool" nowhere.nf
expect directory 3 'cannot read' "$tool" .
expect accepted 0 'good.nf: accepted' "$tool" good.nf
expect statistics 0 'text_bytes=3 instructions=2 functions=1' "$tool" --stats good.nf
expect rejected 1 'bad.nf:0x70000000: error\[memory-base\]: base rdi' "$tool" bad.nf
expect rejected_bytes 1 '8b 07  mov (%rdi), %eax' "$tool" bad.nf
expect rejected_symbol 1 'in f+0x0' "$tool" bad.nf
expect rejected_line 1 'at .*nf.S:17' "$tool" bad.nf
expect quiet_still_says_why 1 'error\[memory-base\]' "$tool" -q bad.nf
expect no_findings_shown 1 'rejected, 1 finding (0 shown)' "$tool" --max-errors=0 bad.nf
expect worst_of_several 1 'good.nf: accepted' "$tool" bad.nf good.nf
expect unreadable_is_worst 3 'bad.nf: rejected' "$tool" bad.nf nowhere.nf good.nf
: >empty.nf
expect empty 1 'error\[elf-header\]' "$tool" empty.nf
expect itself 1 'error\[elf-header\]: not an ELF32' "$tool" "$tool"
head -c 100 good.nf >cut.nf
expect truncated 1 'error\[elf-' "$tool" cut.nf
expect endless 1 'error\[elf-header\]' "$tool" /dev/zero
expect json_accepted 0 '"verdict": "accepted"' "$tool" --format=json good.nf
expect json_rule 1 '"rule": "memory-base"' "$tool" --format=json bad.nf
expect json_line 1 '"line": 17' "$tool" --format=json --stats bad.nf
expect json_unreadable 3 '"verdict": "unreadable"' "$tool" --format=json nowhere.nf
"$tool" -q good.nf >out 2>&1
if [ -s out ]; then
	echo "FAIL quiet: writes something about an accepted file"
	failures=$((failures + 1))
fi
"$tool" good.nf >/dev/full 2>out
if [ $? -ne 3 ]; then
	echo "FAIL full: a full disk is not noticed"
	failures=$((failures + 1))
fi
[ "$failures" -eq 0 ]
