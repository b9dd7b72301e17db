/* SPDX-License-Identifier: Apache-2.0 */
/* Longest prefix match for IPv4: a table for 16 bits, then groups of 256 entries for 8 bits each. */
#include "kernel.h"

enum { ROUTES = 4000, GROUPS = 4096, LOOKUPS = 200000 };

/* Bit 15: the rest is a group; else it is the next hop. */
#define IS_GROUP 0x8000u

struct route {
	uint32_t prefix;
	uint16_t next_hop;
	uint8_t length;
};

static struct route routes[ROUTES];
static uint16_t top[65536];
static uint16_t group[GROUPS][256];
static uint32_t groups_used;

static uint32_t prefix_mask(uint32_t length)
{
	return length ? ~0u << (32 - length) : 0;
}

/* The group below an entry, made on demand with the entry's next hop everywhere. */
static uint16_t *descend(uint16_t *entry)
{
	if (!(*entry & IS_GROUP)) {
		uint32_t index = groups_used++;
		for (int i = 0; i < 256; i++)
			group[index][i] = *entry;
		*entry = (uint16_t)(IS_GROUP | index);
	}
	return group[*entry & 0x7fff];
}

/* Routes arrive in order of length, so what is there already is less specific. */
static void add_route(const struct route *route)
{
	uint32_t high = route->prefix >> 16;
	if (route->length <= 16) {
		for (uint32_t i = 0; i < 1u << (16 - route->length); i++)
			top[high + i] = route->next_hop;
		return;
	}
	uint16_t *entries = descend(&top[high]);
	uint32_t index = route->prefix >> 8 & 0xff, rest = route->length - 16;
	if (rest > 8) {
		entries = descend(&entries[index]);
		index = route->prefix & 0xff;
		rest -= 8;
	}
	for (uint32_t i = 0; i < 1u << (8 - rest); i++)
		entries[index + i] = route->next_hop;
}

static uint32_t lookup(uint32_t address)
{
	uint32_t entry = top[address >> 16];
	if (entry & IS_GROUP) {
		entry = group[entry & 0x7fff][address >> 8 & 0xff];
		if (entry & IS_GROUP)
			entry = group[entry & 0x7fff][address & 0xff];
	}
	return entry;
}

static uint32_t linear_search(uint32_t address)
{
	uint32_t hop = 0;
	for (uint32_t i = 0; i < ROUTES; i++)
		if (((address ^ routes[i].prefix) & prefix_mask(routes[i].length)) == 0)
			hop = routes[i].next_hop;
	return hop;
}

static void build(void)
{
	uint32_t state = 77, count = 0;
	groups_used = 0;
	for (int i = 0; i < 65536; i++)
		top[i] = 0;
	for (uint32_t length = 8; length <= 32; length++)
		for (uint32_t i = 0; i < ROUTES / 25; i++) {
			struct route *route = &routes[count++];
			/* A third of the space, so that prefixes nest. */
			uint32_t address = next_random(&state) % 0x50000000u;
			route->length = (uint8_t)length;
			route->prefix = address & prefix_mask(length);
			route->next_hop = (uint16_t)(1 + next_random(&state) % 1000);
			add_route(route);
		}
}

static int right(void)
{
	uint32_t state = 5;
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t address =
		    i & 1 ? next_random(&state) : routes[next_random(&state) % ROUTES].prefix + (i & 3);
		if (lookup(address) != linear_search(address))
			return 0;
	}
	return groups_used <= GROUPS;
}

RF_EXPORT uint32_t lpm(uint32_t n)
{
	if (n == 0) {
		build();
		return (uint32_t)right();
	}
	uint32_t state = n, digest = n;
	for (uint32_t i = 0; i < LOOKUPS; i++)
		digest += lookup(next_random(&state)) ^ digest << 1;
	return digest;
}
