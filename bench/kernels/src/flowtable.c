/* SPDX-License-Identifier: Apache-2.0 */
/* A 5-tuple flow table: buckets of tags, then entries; look up, insert, expire. */
#include "kernel.h"

enum { BUCKETS = 4096, WAYS = 8, PACKETS = 60000, FLOWS = 24000 };

struct tuple {
	uint32_t source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol, pad[3];
};

struct flow {
	struct tuple key;
	uint32_t packets, bytes, last_seen;
};

struct bucket {
	uint16_t tag[WAYS]; /* 0: free */
	struct flow flow[WAYS];
};

static struct bucket table[BUCKETS];

static uint32_t hash_tuple(const struct tuple *key)
{
	uint32_t words[4];
	__builtin_memcpy(words, key, sizeof words);
	uint32_t h = 0x9e3779b9;
	for (int i = 0; i < 4; i++) {
		h ^= words[i] * 0xcc9e2d51u;
		h = (h << 13 | h >> 19) * 5 + 0xe6546b64u;
	}
	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	h *= 0xc2b2ae35u;
	return h ^ h >> 16;
}

static int same_tuple(const struct tuple *a, const struct tuple *b)
{
	return a->source == b->source && a->destination == b->destination &&
	       a->source_port == b->source_port && a->destination_port == b->destination_port &&
	       a->protocol == b->protocol;
}

static struct flow *find(const struct tuple *key, uint32_t hash)
{
	struct bucket *bucket = &table[hash % BUCKETS];
	uint16_t tag = (uint16_t)(hash >> 16 | 1);
	for (int way = 0; way < WAYS; way++)
		if (bucket->tag[way] == tag && same_tuple(&bucket->flow[way].key, key))
			return &bucket->flow[way];
	return NULL;
}

/* Takes a free entry, or else the one that has been silent longest. */
static struct flow *insert(const struct tuple *key, uint32_t hash)
{
	struct bucket *bucket = &table[hash % BUCKETS];
	int victim = 0;
	for (int way = 0; way < WAYS; way++) {
		if (bucket->tag[way] == 0) {
			victim = way;
			break;
		}
		if (bucket->flow[way].last_seen < bucket->flow[victim].last_seen)
			victim = way;
	}
	bucket->tag[victim] = (uint16_t)(hash >> 16 | 1);
	struct flow *flow = &bucket->flow[victim];
	*flow = (struct flow){.key = *key};
	return flow;
}

static uint32_t process(const struct tuple *key, uint32_t length, uint32_t now)
{
	uint32_t hash = hash_tuple(key);
	struct flow *flow = find(key, hash);
	if (!flow)
		flow = insert(key, hash);
	flow->packets++;
	flow->bytes += length;
	flow->last_seen = now;
	return flow->packets;
}

static struct tuple make_tuple(uint32_t flow)
{
	struct tuple key = {0};
	key.source = 0x0a000000 + flow * 7;
	key.destination = 0xc0a80000 + flow % 251;
	key.source_port = (uint16_t)(1024 + flow % 50000);
	key.destination_port = (uint16_t)(flow % 3 ? 443 : 53);
	key.protocol = flow % 3 ? 6 : 17;
	return key;
}

static void clear(void)
{
	for (uint32_t i = 0; i < BUCKETS; i++)
		for (int way = 0; way < WAYS; way++)
			table[i].tag[way] = 0;
}

static int right(void)
{
	clear();
	struct tuple a = make_tuple(1), b = make_tuple(2);
	return process(&a, 10, 1) == 1 && process(&b, 10, 2) == 1 && process(&a, 20, 3) == 2 &&
	       find(&a, hash_tuple(&a))->bytes == 30 && !find(&(struct tuple){0}, 0);
}

RF_EXPORT uint32_t flowtable(uint32_t n)
{
	if (n == 0)
		return (uint32_t)right();
	clear();
	uint32_t state = n, digest = n;
	for (uint32_t i = 0; i < PACKETS; i++) {
		uint32_t r = next_random(&state);
		/* Half of the packets belong to 1/16 of the flows. */
		struct tuple key = make_tuple(r & 1 ? (r >> 1) % FLOWS : (r >> 1) % (FLOWS / 16));
		digest = mix(digest, process(&key, 64 + (r & 1023), i));
	}
	return digest;
}
