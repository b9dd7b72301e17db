/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel leaves to a network card, done in software: checksums and
 * the cutting of large TCP segments. A virtual Ethernet peer on the same
 * machine sends such frames; a network function must see what would be on a
 * wire.
 */
#ifndef RF_SEGMENT_H
#define RF_SEGMENT_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills in the checksum that `header` says is missing. False if it says nonsense. */
bool rf_complete_checksum(const struct virtio_net_hdr *header, uint8_t *frame, size_t length);

/* A TCP frame to be cut into segments. */
struct rf_segmenter {
	const uint8_t *frame; /* Ethernet, IPv4 or IPv6, TCP: not VLAN-tagged */
	size_t length;
	size_t ip, tcp, payload; /* offsets */
	size_t segment_size;     /* bytes of payload in each but the last */
	size_t done;             /* bytes of payload cut so far */
	uint32_t index;          /* of the next segment */
	bool ipv6;
};

/* False if the frame is not one that can be cut, or its segments would exceed `max` bytes. */
bool rf_segment_begin(struct rf_segmenter *segmenter, const struct virtio_net_hdr *header,
                      const uint8_t *frame, size_t length, size_t max);

/* Writes the next segment as a whole frame with right lengths and checksums; returns its bytes, 0 at the end.
 */
size_t rf_segment_next(struct rf_segmenter *segmenter, uint8_t *to);

#endif
