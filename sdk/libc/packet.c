/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies between the selected packet and memory, and inside the packet.
 * The compiler also calls these for memcpy and the like on packet pointers
 * (docs/compiler.md).
 *
 * The last 16 bytes are loaded first and stored last, so that no loop need
 * end exactly and overlap with a destination below the source does no harm.
 * Displacements stay below 128: they share one reduced packet offset.
 * Compiled with -fno-builtin, as no loop here may become a call of memcpy.
 */
#include <emmintrin.h>

#include <ringfence/byteorder.h>
#include <ringfence/packet.h>

#define MEM /* the address space of ordinary pointers */

typedef __m128i_u vector;

#define VALUE(type, space, pointer, at) (((type space *)((pointer) + (at)))->value)
#define VECTOR(space, pointer, at) (*(vector space *)((pointer) + (at)))

/* Defines a copy of fewer than 16 bytes: two words that may overlap. */
#define DEFINE_COPY_SHORT(name, TO, FROM)                                                                    \
	static inline void name(uint8_t TO *to, const uint8_t FROM *from, uint32_t length)                   \
	{                                                                                                    \
		if (length >= 8) {                                                                           \
			const uint64_t first = VALUE(const struct rf_unaligned64, FROM, from, 0);            \
			const uint64_t last = VALUE(const struct rf_unaligned64, FROM, from, length - 8);    \
                                                                                                             \
			VALUE(struct rf_unaligned64, TO, to, 0) = first;                                     \
			VALUE(struct rf_unaligned64, TO, to, length - 8) = last;                             \
		} else if (length >= 4) {                                                                    \
			const uint32_t first = VALUE(const struct rf_unaligned32, FROM, from, 0);            \
			const uint32_t last = VALUE(const struct rf_unaligned32, FROM, from, length - 4);    \
                                                                                                             \
			VALUE(struct rf_unaligned32, TO, to, 0) = first;                                     \
			VALUE(struct rf_unaligned32, TO, to, length - 4) = last;                             \
		} else if (length >= 2) {                                                                    \
			const uint16_t first = VALUE(const struct rf_unaligned16, FROM, from, 0);            \
			const uint16_t last = VALUE(const struct rf_unaligned16, FROM, from, length - 2);    \
                                                                                                             \
			VALUE(struct rf_unaligned16, TO, to, 0) = first;                                     \
			VALUE(struct rf_unaligned16, TO, to, length - 2) = last;                             \
		} else if (length == 1) {                                                                    \
			*to = *from;                                                                         \
		}                                                                                            \
	}

/* Defines a copy from low to high offsets; the destination may overlap the source from below. */
#define DEFINE_COPY_UP(name, copy_short, TO, FROM)                                                           \
	DEFINE_COPY_SHORT(copy_short, TO, FROM)                                                              \
	static inline void name(uint8_t TO *to, const uint8_t FROM *from, uint32_t length)                   \
	{                                                                                                    \
		if (length < 16) {                                                                           \
			copy_short(to, from, length);                                                        \
			return;                                                                              \
		}                                                                                            \
		const vector tail = VECTOR(const FROM, from, length - 16);                                   \
		uint8_t TO *const tail_to = to + (length - 16);                                              \
                                                                                                             \
		for (; length > 64; length -= 64, to += 64, from += 64) {                                    \
			const vector a = VECTOR(const FROM, from, 0), b = VECTOR(const FROM, from, 16);      \
			const vector c = VECTOR(const FROM, from, 32), d = VECTOR(const FROM, from, 48);     \
                                                                                                             \
			VECTOR(TO, to, 0) = a;                                                               \
			VECTOR(TO, to, 16) = b;                                                              \
			VECTOR(TO, to, 32) = c;                                                              \
			VECTOR(TO, to, 48) = d;                                                              \
		}                                                                                            \
		for (; length > 16; length -= 16, to += 16, from += 16)                                      \
			VECTOR(TO, to, 0) = VECTOR(const FROM, from, 0);                                     \
		VECTOR(TO, tail_to, 0) = tail;                                                               \
	}

DEFINE_COPY_UP(copy_from_packet, copy_short_from_packet, MEM, RF_PKT)
DEFINE_COPY_UP(copy_to_packet, copy_short_to_packet, RF_PKT, MEM)
DEFINE_COPY_UP(copy_up_packet, copy_short_packet, RF_PKT, RF_PKT)

/* 16 bytes or more from high to low offsets; the destination may overlap the source from above. */
static void copy_down_packet(rf_pkt to, rf_cpkt from, uint32_t length)
{
	const vector head = VECTOR(const RF_PKT, from, 0);

	for (; length > 16; length -= 16)
		VECTOR(RF_PKT, to, length - 16) = VECTOR(const RF_PKT, from, length - 16);
	VECTOR(RF_PKT, to, 0) = head;
}

void __rf_memcpy_from_packet(void *to, rf_cpkt from, uint32_t length)
{
	copy_from_packet(to, from, length);
}

void __rf_memcpy_to_packet(rf_pkt to, const void *from, uint32_t length)
{
	copy_to_packet(to, from, length);
}

void __rf_memmove_packet(rf_pkt to, rf_cpkt from, uint32_t length)
{
	/* The distance modulo 2^32 (2^64 natively): below `length` only if `to` is inside the source. */
	if ((uintptr_t)to - (uintptr_t)from >= length || length < 16)
		copy_up_packet(to, from, length);
	else
		copy_down_packet(to, from, length);
}

void __rf_memset_packet(rf_pkt to, int value, uint32_t length)
{
	const vector pattern = _mm_set1_epi8((char)value);

	if (length < 16) {
		for (uint32_t i = 0; i < length; i++)
			to[i] = (uint8_t)value;
		return;
	}
	for (; length > 16; length -= 16, to += 16)
		VECTOR(RF_PKT, to, 0) = pattern;
	VECTOR(RF_PKT, rf_pkt_at(to, (int32_t)length - 16), 0) = pattern;
}

int rf_pkt_compare(rf_cpkt pkt, const void *memory, uint32_t length)
{
	const uint8_t *other = memory;
	uint32_t i = 0;

	for (; length - i >= 16; i += 16) {
		const vector same = _mm_cmpeq_epi8(VECTOR(const RF_PKT, pkt, i), VECTOR(const MEM, other, i));

		if (_mm_movemask_epi8(same) != 0xffff)
			break;
	}
	for (; i < length; i++) {
		if (pkt[i] != other[i])
			return pkt[i] - other[i];
	}
	return 0;
}
