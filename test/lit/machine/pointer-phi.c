// SPDX-License-Identifier: Apache-2.0
// A pointer stays one from turn to turn where few ways through a loop change it: it is made where it is
// loaded, not in each turn. RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
struct machine {
	unsigned *registers;
};
void grow(struct machine *m);
unsigned run(struct machine *m, const unsigned char *code, unsigned n)
{
	unsigned *registers = m->registers, sum = 0;
	for (unsigned i = 0; i < n; i++)
		switch (code[i] & 7) {
		case 0:
			sum += registers[sum & 15];
			break;
		case 1:
			registers[sum & 15] = i;
			break;
		case 2:
			grow(m);
			registers = m->registers;
			break;
		case 3:
			sum = sum * 5 + 1;
			break;
		default:
			sum ^= registers[1];
		}
	return sum + (unsigned)registers;
}
// CHECK-LABEL: run:
// CHECK: leaq (%r15,%r{{[a-z0-9]+}}), %[[P:r[a-z0-9]+]]
// CHECK: callq grow
// CHECK: movl (%r15,%r{{[a-z0-9]+}}), %e[[NEW:[a-z0-9]+]]
// CHECK-NEXT: leaq (%r15,%r[[NEW]]), %[[P]]
// CHECK-NOT: leaq
// CHECK: jmpq *
// CHECK: addl (%[[P]],%r{{[a-z0-9]+}},4)
// CHECK-NOT: leaq
// CHECK: retq

// What turns add to stays a number.
unsigned walk(struct machine *m, const unsigned *p, unsigned n, const unsigned *k)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < n; i++) {
		sum = sum * 3 ^ p[k[0]] ^ p[k[1]] ^ p[k[2]] ^ p[k[3]];
		if (sum & 1) {
			grow(m);
			p++;
		}
	}
	return sum;
}
// CHECK-LABEL: walk:
// CHECK: jmp
// CHECK: leaq (%r15,%r[[N:[a-z0-9]+]]), %r[[Q:[a-z0-9]+]]
// CHECK: callq grow
// CHECK: leal 4(%r[[Q]]), %e[[N]]
// CHECK: retq
