/* SPDX-License-Identifier: Apache-2.0 */
/* What test_gdb.py looks at: a list on the heap, variables of each kind, a packet. */
#include <stdlib.h>

#include <ringfence/nf.h>

struct rule {
	uint32_t id;
	uint16_t port;
	struct rule *next;
};

static struct rule *rules;
static volatile uint32_t totals[2] = {11, 22};

__attribute__((noinline)) static uint32_t sum(const struct rule *rule, uint32_t limit)
{
	uint32_t result = 0;

	while (rule && result < limit) {
		result += rule->id;
		rule = rule->next; /* first stop */
	}
	totals[limit % 2] += result;
	return result;
}

RF_EXPORT uint32_t go(uint32_t x)
{
	uint32_t values[3] = {x, x + 1, x + 2};

	for (uint32_t i = 0; i < 3; i++) {
		struct rule *rule = malloc(sizeof(*rule));

		*rule = (struct rule){.id = values[i], .port = 80, .next = rules};
		rules = rule;
	}
	__asm__ volatile("" : : "r"(values) : "memory");
	return sum(rules, 1000) + totals[0] + values[x % 3];
}

RF_EXPORT void process(struct rf_burst *burst)
{
	RF_FOR_EACH_PACKET (burst, i, packet) {
		const struct rf_ethernet RF_PKT *frame = RF_HEADER(const struct rf_ethernet, packet, 0);

		totals[0] += frame->type; /* second stop */
		rf_next(&burst->desc[i]);
	}
}

RF_EXPORT uint32_t crash(uint32_t x)
{
	return *(volatile uint32_t *)(x - 4096); /* third stop */
}
