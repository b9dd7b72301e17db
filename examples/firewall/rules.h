/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall's rules: what a packet is reduced to, and the first rule that it matches. */
#ifndef FIREWALL_RULES_H
#define FIREWALL_RULES_H

#include <stdbool.h>
#include <stdint.h>

/* What rules look at. IPv4 addresses take the first word; all words in network byte order. */
struct key {
	uint32_t source[4];
	uint32_t destination[4];
	uint16_t source_port; /* host byte order */
	uint16_t destination_port;
	uint8_t protocol;
	uint8_t family; /* 4 or 6 */
	bool has_ports; /* TCP, UDP or SCTP, and the header is here */
};

/* Addresses that agree with `address` where `mask` has ones. */
struct prefix {
	uint32_t address[4];
	uint32_t mask[4];
};

/* Host byte order, both ends included. */
struct ports {
	uint16_t first;
	uint16_t last;
};

enum action {
	ACTION_DROP,
	ACTION_PASS,
};

#define ANY_PROTOCOL 0x100

struct rule {
	struct prefix source;
	struct prefix destination;
	struct ports source_ports;
	struct ports destination_ports;
	uint16_t protocol; /* or ANY_PROTOCOL */
	uint8_t family;    /* 4, 6, or 0 for both */
	bool needs_ports;
	enum action action;
	uint32_t hits;
};

enum fragment_policy {
	FRAGMENTS_MATCH, /* later fragments match rules without ports */
	FRAGMENTS_PASS,
	FRAGMENTS_DROP,
};

struct ruleset {
	struct rule *rules;
	uint32_t count;
	uint32_t room;
	enum action default_action;
	enum action other_action; /* for frames that are neither IPv4 nor IPv6 */
	enum fragment_policy fragments;
	uint32_t report_interval; /* packets between two reports of the counters; 0 for none */
};

/*
 * Reads a configuration; README.md describes it. Logs each error with its
 * line and returns false if there was one.
 */
bool parse_rules(struct ruleset *set, const char *text);

/* The first rule that matches, or NULL. */
struct rule *find_rule(const struct ruleset *set, const struct key *key);

#endif
