/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host made of one network function: answers ARP, neighbour solicitations
 * and echo requests to its own addresses, in place, on the port that they came
 * from. README.md describes the configuration.
 */
#include <string.h>

#include <ringfence/nf.h>

#define HOP_LIMIT 64
#define ND_HOP_LIMIT 255 /* RFC 4861 section 7.1.1: proves that no router passed it on */

/* RFC 4861 sections 4.3 and 4.4: solicitation and advertisement have one layout. */
struct nd {
	uint8_t type;
	uint8_t code;
	rf_be16 checksum;
	rf_be32 flags;
	struct rf_ipv6_addr target;
} __attribute__((packed, may_alias));

/* RFC 4861 section 4.6.1, behind struct nd. */
struct nd_link_address {
	uint8_t type;
	uint8_t length; /* in 8 bytes */
	uint8_t mac[RF_ETH_ADDR_LEN];
} __attribute__((packed, may_alias));

#define ND_TARGET_LINK_ADDRESS 2
#define ND_SOLICITED_OVERRIDE 0x60000000
#define ND_ANSWER_LEN (sizeof(struct nd) + sizeof(struct nd_link_address))

static struct {
	uint8_t mac[RF_ETH_ADDR_LEN];
	rf_be32 ipv4;
	struct rf_ipv6_addr ipv6;
	bool has_mac, has_ipv4, has_ipv6;
	bool pass_others;
} self;

enum kind {
	KIND_ARP,
	KIND_ICMP,
	KIND_ICMPV6,
	KIND_NEIGHBOR,
	KINDS,
};

static uint32_t answers[KINDS];

/* ---- Ethernet and ARP -------------------------------------------------------- */

static bool to_self(rf_cpkt pkt)
{
	return rf_pkt_compare(pkt, self.mac, RF_ETH_ADDR_LEN) == 0;
}

/* Sends the frame back to where it came from. */
static void reverse(rf_pkt pkt)
{
	struct rf_ethernet RF_PKT *const ethernet = RF_HEADER(struct rf_ethernet, pkt, 0);

	rf_pkt_move(ethernet->destination, ethernet->source, RF_ETH_ADDR_LEN);
	rf_pkt_write(ethernet->source, self.mac, RF_ETH_ADDR_LEN);
}

static bool answer_arp(rf_pkt pkt, uint32_t length, uint32_t offset)
{
	struct rf_arp RF_PKT *const arp = RF_HEADER(struct rf_arp, pkt, offset);

	if (!self.has_ipv4 || !rf_fits(length, offset, sizeof(*arp)))
		return false;
	if (arp->hardware != RF_BE16(1) || arp->protocol != RF_BE16(RF_ETH_IPV4) ||
	    arp->hardware_length != RF_ETH_ADDR_LEN || arp->protocol_length != 4 ||
	    arp->operation != RF_BE16(RF_ARP_REQUEST) || arp->target_ip != self.ipv4)
		return false;
	reverse(pkt);
	arp->operation = RF_BE16(RF_ARP_REPLY);
	rf_pkt_move(arp->target_mac, arp->sender_mac, RF_ETH_ADDR_LEN);
	arp->target_ip = arp->sender_ip;
	rf_pkt_write(arp->sender_mac, self.mac, RF_ETH_ADDR_LEN);
	arp->sender_ip = self.ipv4;
	answers[KIND_ARP]++;
	return true;
}

/* ---- Echo --------------------------------------------------------------------- */

/*
 * Turns a request into a reply. The checksum is updated and not computed, so
 * that a message that was damaged on its way stays recognisable as damaged.
 */
static void answer_echo(struct rf_icmp RF_PKT *icmp, uint8_t request, uint8_t reply)
{
	icmp->type = reply;
	icmp->checksum = rf_checksum_update16(icmp->checksum, RF_BE16(request << 8), RF_BE16(reply << 8));
}

static bool answer_ipv4(rf_pkt pkt, uint32_t length, uint32_t offset)
{
	struct rf_ipv4 RF_PKT *const ip = RF_HEADER(struct rf_ipv4, pkt, offset);
	struct rf_ip_payload payload;

	if (!self.has_ipv4 || !to_self(pkt) || !rf_ipv4_payload(pkt, length, offset, &payload))
		return false;
	if (ip->destination != self.ipv4 || payload.fragment || payload.protocol != RF_IP_ICMP ||
	    payload.length < RF_ICMP_HEADER_LEN || !rf_ipv4_checksum_ok(ip))
		return false;
	struct rf_icmp RF_PKT *const icmp = RF_HEADER(struct rf_icmp, pkt, payload.offset);

	if (icmp->type != RF_ICMP_ECHO_REQUEST || icmp->code != 0)
		return false;
	reverse(pkt);
	answer_echo(icmp, RF_ICMP_ECHO_REQUEST, RF_ICMP_ECHO_REPLY);
	ip->destination = ip->source;
	ip->source = self.ipv4;
	ip->ttl = HOP_LIMIT;
	ip->checksum = rf_ipv4_checksum(ip);
	answers[KIND_ICMP]++;
	return true;
}

static void answer_from_self(struct rf_ipv6 RF_PKT *ip, uint8_t hop_limit)
{
	rf_pkt_move(ip->destination.byte, ip->source.byte, sizeof(ip->source));
	rf_pkt_write(ip->source.byte, &self.ipv6, sizeof(self.ipv6));
	ip->hop_limit = hop_limit;
}

static bool answer_echo_ipv6(rf_pkt pkt, struct rf_ipv6 RF_PKT *ip, const struct rf_ip_payload *payload)
{
	struct rf_icmp RF_PKT *const icmp = RF_HEADER(struct rf_icmp, pkt, payload->offset);

	if (!to_self(pkt) || rf_pkt_compare(ip->destination.byte, &self.ipv6, sizeof(self.ipv6)) != 0)
		return false;
	reverse(pkt);
	/* Source and destination change places, so the pseudo-header's sum stays. */
	answer_echo(icmp, RF_ICMPV6_ECHO_REQUEST, RF_ICMPV6_ECHO_REPLY);
	answer_from_self(ip, HOP_LIMIT);
	answers[KIND_ICMPV6]++;
	return true;
}

/* ---- Neighbour discovery (RFC 4861 section 7.2) ---------------------------------- */

static bool is_solicitation(const struct rf_ipv6 RF_PKT *ip, const struct nd RF_PKT *nd, uint32_t length)
{
	static const struct rf_ipv6_addr unspecified;
	uint64_t sum;

	/* From the unspecified address, someone asks whether this address is free: no answer in place can
	 * say. */
	if (length < sizeof(*nd) || ip->hop_limit != ND_HOP_LIMIT || nd->code != 0 ||
	    ip->next_header != RF_IP_ICMPV6 ||
	    rf_pkt_compare(ip->source.byte, &unspecified, sizeof(unspecified)) == 0 ||
	    rf_pkt_compare(nd->target.byte, &self.ipv6, sizeof(self.ipv6)) != 0)
		return false;
	sum = rf_sum_pseudo_ipv6(ip, RF_IP_ICMPV6, length);
	return rf_sum_finish(rf_sum_packet(sum, (rf_cpkt)nd, length)) == 0;
}

/* Makes the frame end where the advertisement does. */
static bool resize(struct rf_desc *desc, uint32_t length)
{
	if (length > desc->length)
		return rf_append(desc, length - desc->length);
	return rf_trim(desc, desc->length - length);
}

static bool answer_neighbor(struct rf_desc *desc, rf_pkt pkt, struct rf_ipv6 RF_PKT *ip,
                            const struct rf_ip_payload *payload)
{
	struct nd RF_PKT *const nd = RF_HEADER(struct nd, pkt, payload->offset);
	struct nd_link_address RF_PKT *const option = (struct nd_link_address RF_PKT *)(nd + 1);

	if (!is_solicitation(ip, nd, payload->length) || !resize(desc, payload->offset + ND_ANSWER_LEN))
		return false;
	reverse(pkt);
	answer_from_self(ip, ND_HOP_LIMIT);
	ip->payload_length = RF_BE16(ND_ANSWER_LEN);
	nd->type = RF_ICMPV6_NEIGHBOR_ADVERTISEMENT;
	nd->flags = RF_BE32(ND_SOLICITED_OVERRIDE);
	option->type = ND_TARGET_LINK_ADDRESS;
	option->length = 1;
	rf_pkt_write(option->mac, self.mac, RF_ETH_ADDR_LEN);
	nd->checksum = 0;
	nd->checksum = rf_sum_finish(
	    rf_sum_packet(rf_sum_pseudo_ipv6(ip, RF_IP_ICMPV6, ND_ANSWER_LEN), (rf_cpkt)nd, ND_ANSWER_LEN));
	answers[KIND_NEIGHBOR]++;
	return true;
}

static bool answer_ipv6(struct rf_desc *desc, rf_pkt pkt, uint32_t offset)
{
	struct rf_ipv6 RF_PKT *const ip = RF_HEADER(struct rf_ipv6, pkt, offset);
	struct rf_ip_payload payload;

	if (!self.has_ipv6 || !rf_ipv6_payload(pkt, desc->length, offset, &payload))
		return false;
	if (payload.fragment || payload.protocol != RF_IP_ICMPV6 || payload.length < RF_ICMP_HEADER_LEN)
		return false;
	const struct rf_icmpv6 RF_PKT *const icmp = RF_HEADER(const struct rf_icmpv6, pkt, payload.offset);

	if (icmp->type == RF_ICMPV6_ECHO_REQUEST && icmp->code == 0)
		return answer_echo_ipv6(pkt, ip, &payload);
	if (icmp->type == RF_ICMPV6_NEIGHBOR_SOLICITATION)
		return answer_neighbor(desc, pkt, ip, &payload);
	return false;
}

/* Whether the packet was one to answer, and was turned into its answer. */
static bool answer(struct rf_desc *desc, rf_pkt pkt)
{
	uint16_t type;
	const uint32_t offset = rf_ethernet_payload(pkt, desc->length, &type);

	if (!offset)
		return false;
	switch (type) {
	case RF_ETH_ARP:
		return answer_arp(pkt, desc->length, offset);
	case RF_ETH_IPV4:
		return answer_ipv4(pkt, desc->length, offset);
	case RF_ETH_IPV6:
		return answer_ipv6(desc, pkt, offset);
	default:
		return false;
	}
}

RF_EXPORT void process(struct rf_burst *burst)
{
	RF_FOR_EACH_PACKET (burst, i, pkt) {
		struct rf_desc *const desc = &burst->desc[i];

		if (answer(desc, pkt))
			rf_transmit(desc, desc->in_port);
		else if (self.pass_others)
			rf_next(desc);
		else
			rf_drop(desc);
	}
}

/* Answers given: 0 ARP, 1 ICMP echo, 2 ICMPv6 echo, 3 neighbour solicitations. */
RF_EXPORT uint32_t answered(uint32_t kind)
{
	return kind < KINDS ? answers[kind] : 0;
}

/* ---- Configuration --------------------------------------------------------------- */

static bool configure(const char *name, const char *value)
{
	if (strcmp(name, "mac") == 0)
		return self.has_mac = rf_parse_mac(value, self.mac);
	if (strcmp(name, "ipv4") == 0)
		return self.has_ipv4 = rf_parse_ipv4(value, &self.ipv4);
	if (strcmp(name, "ipv6") == 0)
		return self.has_ipv6 = rf_parse_ipv6(value, &self.ipv6);
	if (strcmp(name, "others") != 0)
		return false;
	self.pass_others = strcmp(value, "pass") == 0;
	return self.pass_others || strcmp(value, "drop") == 0;
}

RF_EXPORT int32_t init(const char *configuration)
{
	char *const text = strdup(configuration);
	char *rest = text, *line;

	if (!text)
		return 1;
	for (uint32_t number = 1; (line = strsep(&rest, "\n")); number++) {
		char *words;
		line[strcspn(line, "#")] = '\0';
		const char *const name = strtok_r(line, " \t\r", &words);
		const char *const value = name ? strtok_r(NULL, " \t\r", &words) : NULL;

		if (!name)
			continue;
		if (!value || strtok_r(NULL, " \t\r", &words) || !configure(name, value)) {
			rf_logf("configuration line %u: expected mac, ipv4, ipv6 or others with its value",
			        (unsigned int)number);
			return 1;
		}
	}
	if (!self.has_mac || !(self.has_ipv4 || self.has_ipv6)) {
		rf_log("configuration: \"mac\" and at least one of \"ipv4\" and \"ipv6\" are needed");
		return 1;
	}
	return 0;
}
