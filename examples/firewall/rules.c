/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <stddef.h>

static bool in_prefix(const struct prefix *prefix, const uint32_t address[4])
{
	uint32_t difference = 0;

	for (uint32_t i = 0; i < 4; i++)
		difference |= (address[i] ^ prefix->address[i]) & prefix->mask[i];
	return !difference;
}

static bool in_ports(const struct ports *ports, uint16_t port)
{
	return port >= ports->first && port <= ports->last;
}

static bool matches(const struct rule *rule, const struct key *key)
{
	if (rule->family && rule->family != key->family)
		return false;
	if (rule->protocol != ANY_PROTOCOL && rule->protocol != key->protocol)
		return false;
	if (!in_prefix(&rule->source, key->source) || !in_prefix(&rule->destination, key->destination))
		return false;
	if (!rule->needs_ports)
		return true;
	return key->has_ports && in_ports(&rule->source_ports, key->source_port) &&
	       in_ports(&rule->destination_ports, key->destination_port);
}

struct rule *find_rule(const struct ruleset *set, const struct key *key)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (matches(&set->rules[i], key))
			return &set->rules[i];
	}
	return NULL;
}
