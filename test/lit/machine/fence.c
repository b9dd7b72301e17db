// SPDX-License-Identifier: Apache-2.0
// A fence is no locked store to the top of the stack, where the return address or a saved register is.
// RUN: %rf_cc -O2 -S -o - %s | %FileCheck %s
// RUN: %rf_cc -O0 -S -o - %s | %FileCheck %s
// CHECK-LABEL: fence:
// CHECK-NOT: (%rsp)
// CHECK: mfence
// CHECK-NOT: (%rsp)
// CHECK: retq
void fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// CHECK-LABEL: idle:
// CHECK-NOT: orl $0, (%rsp)
// CHECK: retq
int idle(int *p)
{
	return __atomic_fetch_or(p, 0, __ATOMIC_SEQ_CST);
}
