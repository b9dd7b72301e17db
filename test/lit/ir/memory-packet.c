// SPDX-License-Identifier: Apache-2.0
// Copies from and to packets: a few loads and stores, or a helper of the SDK's.
// RUN: %emit_ir -O2 %s | %FileCheck %s
// RUN: %clang_nf -O0 -c %s -o %t.o

#define PACKET __attribute__((address_space(257)))
struct address {
	unsigned char byte[14];
} local;
struct large {
	unsigned char byte[100];
} large;

// CHECK-NOT: call void @llvm.mem
// CHECK-LABEL: @read(
// CHECK: load i64, ptr addrspace(257) %0, align 1
// CHECK: load i32, ptr addrspace(257) %{{.*}}, align 1
// CHECK: load i16, ptr addrspace(257) %{{.*}}, align 1
// CHECK: store i64 %{{.*}}, ptr @local
void read(PACKET const struct address *p) { local = *p; }

// CHECK-LABEL: @read_large(
// CHECK: call void @__rf_memcpy_from_packet(ptr {{.*}}@large, ptr addrspace(257) {{.*}}, i32 100)
void read_large(PACKET const struct large *p) { large = *p; }

// CHECK-LABEL: @write_large(
// CHECK: call void @__rf_memcpy_to_packet(ptr addrspace(257) {{.*}}, ptr {{.*}}@large, i32 100)
void write_large(PACKET struct large *p) { *p = large; }

// CHECK-LABEL: @move(
// CHECK: call void @__rf_memmove_packet(ptr addrspace(257) {{.*}}, ptr addrspace(257) {{.*}}, i32 100)
void move(PACKET struct large *p, PACKET struct large *q) { *p = *q; }

// CHECK-LABEL: @fill(
// CHECK: call void @__rf_memset_packet(ptr addrspace(257) {{.*}}, i32 7, i32
void fill(PACKET char *p, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = 7;
}

// CHECK-LABEL: @clear(
// CHECK: store <2 x i64> zeroinitializer, ptr addrspace(257)
// CHECK: store i32 0, ptr addrspace(257)
void clear(PACKET char *p)
{
	for (int i = 0; i < 20; i++)
		p[i] = 0;
}
