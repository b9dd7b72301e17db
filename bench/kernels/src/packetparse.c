/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet, VLAN, IPv4, IPv6 with extension headers, TCP options, UDP: from frames in memory to a flow key.
 */
#include "kernel.h"

enum { FRAMES = 512, SPACE = 256, PASSES = 200 };

struct frame {
	uint16_t length;
	uint8_t bytes[SPACE];
};

struct parsed {
	uint32_t source[4], destination[4];
	uint16_t source_port, destination_port, mss;
	uint16_t vlan;
	uint8_t protocol, version, ttl, flags, window_scale, fragment;
};

static struct frame frames[FRAMES];

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static void parse_options(const uint8_t *p, uint32_t length, struct parsed *out)
{
	while (length > 0 && p[0] != 0) {
		if (p[0] == 1) {
			p++;
			length--;
			continue;
		}
		if (length < 2 || p[1] < 2 || p[1] > length)
			return;
		if (p[0] == 2 && p[1] == 4)
			out->mss = (uint16_t)be16(p + 2);
		else if (p[0] == 3 && p[1] == 3)
			out->window_scale = p[2];
		length -= p[1];
		p += p[1];
	}
}

static int parse_transport(const uint8_t *p, uint32_t length, struct parsed *out)
{
	if (out->fragment)
		return 1;
	switch (out->protocol) {
	case 6: {
		if (length < 20)
			return 0;
		uint32_t header = (uint32_t)(p[12] >> 4) * 4;
		if (header < 20 || header > length)
			return 0;
		out->flags = p[13];
		parse_options(p + 20, header - 20, out);
		break;
	}
	case 17:
	case 136:
		if (length < 8 || be16(p + 4) < 8)
			return 0;
		break;
	case 132:
		if (length < 12)
			return 0;
		break;
	default:
		return 1;
	}
	out->source_port = (uint16_t)be16(p);
	out->destination_port = (uint16_t)be16(p + 2);
	return 1;
}

static int parse_ipv4(const uint8_t *p, uint32_t length, struct parsed *out)
{
	if (length < 20 || p[0] >> 4 != 4)
		return 0;
	uint32_t header = (p[0] & 15u) * 4, total = be16(p + 2);
	if (header < 20 || total < header || total > length)
		return 0;
	out->version = 4;
	out->ttl = p[8];
	out->protocol = p[9];
	out->fragment = (be16(p + 6) & 0x1fff) != 0;
	out->source[0] = be32(p + 12);
	out->destination[0] = be32(p + 16);
	return parse_transport(p + header, total - header, out);
}

static int parse_ipv6(const uint8_t *p, uint32_t length, struct parsed *out)
{
	if (length < 40 || p[0] >> 4 != 6 || be16(p + 4) > length - 40)
		return 0;
	out->version = 6;
	out->ttl = p[7];
	for (int i = 0; i < 4; i++) {
		out->source[i] = be32(p + 8 + 4 * i);
		out->destination[i] = be32(p + 24 + 4 * i);
	}
	uint32_t next = p[6], rest = be16(p + 4);
	p += 40;
	for (int headers = 0; headers < 8; headers++) {
		uint32_t size;
		switch (next) {
		case 0:
		case 43:
		case 60:
			if (rest < 8)
				return 0;
			size = (p[1] + 1u) * 8;
			break;
		case 44:
			if (rest < 8)
				return 0;
			out->fragment = (be16(p + 2) & 0xfff8) != 0;
			size = 8;
			break;
		default:
			out->protocol = (uint8_t)next;
			return parse_transport(p, rest, out);
		}
		if (size > rest)
			return 0;
		next = p[0];
		p += size;
		rest -= size;
	}
	return 0;
}

static int parse(const uint8_t *p, uint32_t length, struct parsed *out)
{
	*out = (struct parsed){0};
	if (length < 14)
		return 0;
	uint32_t type = be16(p + 12), at = 14;
	for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); tags++) {
		if (length < at + 4)
			return 0;
		out->vlan = (uint16_t)(be16(p + at) & 0xfff);
		type = be16(p + at + 2);
		at += 4;
	}
	if (type == 0x0800)
		return parse_ipv4(p + at, length - at, out);
	if (type == 0x86dd)
		return parse_ipv6(p + at, length - at, out);
	return 0;
}

static uint32_t put16(uint8_t *p, uint32_t at, uint32_t value)
{
	p[at] = (uint8_t)(value >> 8);
	p[at + 1] = (uint8_t)value;
	return at + 2;
}

static uint32_t put_tcp(uint8_t *p, uint32_t at, uint32_t r)
{
	static const uint8_t options[12] = {2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 0, 0};
	at = put16(p, at, 1024 + r % 60000);
	at = put16(p, at, 443);
	for (int i = 0; i < 8; i++)
		p[at++] = (uint8_t)(r >> i);
	p[at++] = 8 << 4;
	p[at++] = 0x02;
	at += 6;
	for (int i = 0; i < 12; i++)
		p[at++] = options[i];
	return at;
}

static uint32_t put_udp(uint8_t *p, uint32_t at, uint32_t r)
{
	at = put16(p, at, 1024 + r % 60000);
	at = put16(p, at, 53);
	at = put16(p, at, 8);
	return put16(p, at, 0);
}

static void make_frame(struct frame *frame, uint32_t r)
{
	uint8_t *p = frame->bytes;
	uint32_t at = 12;
	for (uint32_t i = 0; i < SPACE; i++)
		p[i] = 0;
	if (r & 1) {
		at = put16(p, at, 0x8100);
		at = put16(p, at, r >> 20);
	}
	at = put16(p, at, r & 2 ? 0x86dd : 0x0800);
	uint32_t ip = at, tcp = r & 4;
	if (r & 2) {
		p[at] = 0x60;
		p[at + 6] = r & 8 ? 60 : tcp ? 6 : 17;
		p[at + 7] = 64;
		for (uint32_t i = 8; i < 40; i++)
			p[at + i] = (uint8_t)(r >> (i & 15));
		at += 40;
		if (r & 8) {
			p[at] = tcp ? 6 : 17;
			at += 8;
		}
	} else {
		p[at] = 0x45;
		p[at + 8] = (uint8_t)(r >> 8);
		p[at + 9] = tcp ? 6 : 17;
		for (uint32_t i = 12; i < 20; i++)
			p[at + i] = (uint8_t)(r >> i);
		at += 20;
	}
	at = tcp ? put_tcp(p, at, r) : put_udp(p, at, r);
	if (r & 2)
		put16(p, ip + 4, at - ip - 40);
	else
		put16(p, ip + 2, at - ip);
	frame->length = (uint16_t)((r & 0xf0) == 0xf0 ? at - 5 : at); /* one in sixteen is cut short */
}

static int right(void)
{
	struct frame frame;
	struct parsed out;
	make_frame(&frame, 0x12300000 | 1 | 2 | 4 | 8);
	if (!parse(frame.bytes, frame.length, &out) || out.version != 6 || out.vlan != 0x123 ||
	    out.protocol != 6 || out.mss != 1460 || out.window_scale != 7 || out.destination_port != 443)
		return 0;
	make_frame(&frame, 0xf0);
	if (parse(frame.bytes, frame.length, &out))
		return 0;
	make_frame(&frame, 0);
	return parse(frame.bytes, frame.length, &out) && out.version == 4 && out.protocol == 17 &&
	       out.destination_port == 53;
}

RF_EXPORT uint32_t packetparse(uint32_t n)
{
	if (n == 0) {
		uint32_t state = 17;
		for (uint32_t i = 0; i < FRAMES; i++)
			make_frame(&frames[i], next_random(&state));
		return (uint32_t)right();
	}
	uint32_t digest = n;
	for (uint32_t pass = 0; pass < PASSES; pass++)
		for (uint32_t i = 0; i < FRAMES; i++) {
			struct parsed out;
			uint32_t ok = (uint32_t)parse(frames[i].bytes, frames[i].length, &out);
			digest += ok;
			if (ok)
				digest = mix(digest, out.source[0] ^ out.destination[3] ^ out.source_port ^
				                         out.vlan ^ out.mss);
		}
	return digest;
}
