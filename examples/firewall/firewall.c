/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stateless packet filter: the first rule that a packet matches decides.
 * README.md describes the configuration and what happens to malformed packets
 * and fragments.
 */
#include <ringfence/nf.h>

#include "rules.h"

static struct ruleset ruleset;

static struct {
	uint32_t default_hits;
	uint32_t other;     /* neither IPv4 nor IPv6 */
	uint32_t malformed; /* dropped */
	uint32_t fragments; /* later fragments, whatever became of them */
} counters;

enum outcome {
	OUTCOME_MALFORMED,
	OUTCOME_OTHER,
	OUTCOME_LATER_FRAGMENT,
	OUTCOME_KEY,
};

/* The shortest transport header with all that filters look at. */
static uint32_t transport_header_min(uint8_t protocol)
{
	switch (protocol) {
	case RF_IP_TCP:
		return RF_TCP_HEADER_LEN;
	case RF_IP_UDP:
		return RF_UDP_HEADER_LEN;
	case RF_IP_SCTP:
		return 12; /* RFC 9260 section 3.1 */
	case RF_IP_ICMP:
	case RF_IP_ICMPV6:
		return 4;
	default:
		return 0;
	}
}

/* Ports of a packet that holds its transport header. False if that is cut short, as in RFC 1858's tiny
 * fragments. */
static bool read_ports(rf_cpkt pkt, const struct rf_ip_payload *payload, struct key *key)
{
	if (payload->length < transport_header_min(payload->protocol))
		return false;
	key->has_ports = payload->protocol == RF_IP_TCP || payload->protocol == RF_IP_UDP ||
	                 payload->protocol == RF_IP_SCTP;
	if (key->has_ports) {
		key->source_port = rf_load_be16(rf_pkt_at(pkt, (int32_t)payload->offset));
		key->destination_port = rf_load_be16(rf_pkt_at(pkt, (int32_t)payload->offset + 2));
	}
	return true;
}

static enum outcome read_transport(rf_cpkt pkt, const struct rf_ip_payload *payload, struct key *key)
{
	key->protocol = payload->protocol;
	if (!payload->first)
		return OUTCOME_LATER_FRAGMENT;
	return read_ports(pkt, payload, key) ? OUTCOME_KEY : OUTCOME_MALFORMED;
}

static enum outcome read_ipv4(rf_cpkt pkt, uint32_t length, uint32_t offset, struct key *key)
{
	const struct rf_ipv4 RF_PKT *ip = RF_HEADER(const struct rf_ipv4, pkt, offset);
	struct rf_ip_payload payload;

	if (!rf_ipv4_payload(pkt, length, offset, &payload))
		return OUTCOME_MALFORMED;
	/* A fragment that starts inside the TCP header could rewrite its flags (RFC 3128). */
	if (payload.protocol == RF_IP_TCP && (ip->fragment & RF_BE16(RF_IPV4_OFFSET_MASK)) == RF_BE16(1))
		return OUTCOME_MALFORMED;
	key->family = 4;
	key->source[0] = ip->source;
	key->destination[0] = ip->destination;
	return read_transport(pkt, &payload, key);
}

static enum outcome read_ipv6(rf_cpkt pkt, uint32_t length, uint32_t offset, struct key *key)
{
	const struct rf_ipv6 RF_PKT *ip = RF_HEADER(const struct rf_ipv6, pkt, offset);
	struct rf_ip_payload payload;

	if (!rf_ipv6_payload(pkt, length, offset, &payload))
		return OUTCOME_MALFORMED;
	key->family = 6;
	rf_pkt_read(key->source, (rf_cpkt)&ip->source, sizeof(key->source));
	rf_pkt_read(key->destination, (rf_cpkt)&ip->destination, sizeof(key->destination));
	return read_transport(pkt, &payload, key);
}

static enum outcome read_key(rf_cpkt pkt, uint32_t length, struct key *key)
{
	uint16_t type;
	const uint32_t offset = rf_ethernet_payload(pkt, length, &type);

	if (!offset)
		return OUTCOME_MALFORMED;
	if (type == RF_ETH_IPV4)
		return read_ipv4(pkt, length, offset, key);
	if (type == RF_ETH_IPV6)
		return read_ipv6(pkt, length, offset, key);
	return OUTCOME_OTHER;
}

static enum action decide_by_rules(const struct key *key)
{
	struct rule *const rule = find_rule(&ruleset, key);

	if (!rule) {
		counters.default_hits++;
		return ruleset.default_action;
	}
	rule->hits++;
	return rule->action;
}

static enum action decide(rf_cpkt pkt, uint32_t length)
{
	struct key key = {0};

	switch (read_key(pkt, length, &key)) {
	case OUTCOME_OTHER:
		counters.other++;
		return ruleset.other_action;
	case OUTCOME_LATER_FRAGMENT:
		counters.fragments++;
		if (ruleset.fragments == FRAGMENTS_MATCH)
			return decide_by_rules(&key);
		return ruleset.fragments == FRAGMENTS_PASS ? ACTION_PASS : ACTION_DROP;
	case OUTCOME_KEY:
		return decide_by_rules(&key);
	default:
		counters.malformed++;
		return ACTION_DROP;
	}
}

static void report(void)
{
	for (uint32_t i = 0; i < ruleset.count; i++)
		rf_logf("rule %u: %u", (unsigned int)i, (unsigned int)ruleset.rules[i].hits);
	rf_logf("default: %u", (unsigned int)counters.default_hits);
	rf_logf("other: %u", (unsigned int)counters.other);
	rf_logf("malformed: %u", (unsigned int)counters.malformed);
	rf_logf("later fragments: %u", (unsigned int)counters.fragments);
}

/* Called once a burst, as logging costs more than many packets. */
static void report_if_due(uint32_t packets)
{
	static uint32_t since;

	since += packets;
	if (!ruleset.report_interval || since < ruleset.report_interval)
		return;
	since = 0;
	report();
}

RF_EXPORT int32_t init(const char *configuration)
{
	if (!parse_rules(&ruleset, configuration))
		return 1;
	rf_logf("%u rules, default %s", (unsigned int)ruleset.count,
	        ruleset.default_action == ACTION_PASS ? "pass" : "drop");
	return 0;
}

RF_EXPORT void process(struct rf_burst *burst)
{
	RF_FOR_EACH_PACKET (burst, i, pkt) {
		struct rf_desc *const desc = &burst->desc[i];

		if (decide(pkt, desc->length) == ACTION_PASS)
			rf_next(desc);
		else
			rf_drop(desc);
	}
	report_if_due(burst->count);
}

/* ---- Counters, for `rf-run --call` and control programs --------------------- */

RF_EXPORT uint32_t rule_count(uint32_t unused)
{
	(void)unused;
	return ruleset.count;
}

/* Packets that rule `index` decided, counted from 0; 0 for rules that are not there. */
RF_EXPORT uint32_t rule_hits(uint32_t index)
{
	return index < ruleset.count ? ruleset.rules[index].hits : 0;
}

RF_EXPORT uint32_t default_hits(uint32_t unused)
{
	(void)unused;
	return counters.default_hits;
}

RF_EXPORT uint32_t malformed(uint32_t unused)
{
	(void)unused;
	return counters.malformed;
}

/* Logs all counters, one line each; returns the number of rules. */
RF_EXPORT uint32_t log_counters(uint32_t unused)
{
	(void)unused;
	report();
	return ruleset.count;
}
