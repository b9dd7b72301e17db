// SPDX-License-Identifier: Apache-2.0
// Around a jump table, what leads back to the loop's top and from there to the jump lies on one cache line.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
unsigned run(const unsigned char *code, unsigned *s, unsigned steps)
{
	unsigned pc = 0, a = 1;
	while (steps--) {
		if (a > 100000)
			return 0;
		switch (code[pc++]) {
		case 0:
			a += s[pc & 7];
			break;
		case 1:
			a *= s[a & 7];
			break;
		case 2:
			s[a & 7] = a;
			break;
		case 3:
			a ^= pc << 3;
			break;
		case 4:
			s[pc & 7] = a;
			pc = a & 15;
			break;
		case 5:
			a = ~a;
			break;
		case 6:
			a >>= 3;
			break;
		default:
			return a;
		}
	}
	return a;
}
// CHECK-LABEL: run:
// CHECK: .p2align 6, , {{[3-5][0-9]$}}
// CHECK-NEXT: .LBB0_[[BACK:[0-9]+]]:
// CHECK-NOT: .p2align {{[1-9], ,}}
// CHECK: decl
// CHECK-NOT: .p2align {{[1-9], ,}}
// CHECK: jmpq *
// CHECK: jmp .LBB0_[[BACK]]{{$}}
