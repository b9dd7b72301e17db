/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall's configuration: one statement a line, words between blanks. */
#include <stdlib.h>
#include <string.h>

#include <ringfence/nf.h>

#include "rules.h"

#define RULES_MAX 65536
#define LINE_MAX 256

/* The line being read, and the next word in it. */
struct parser {
	struct ruleset *set;
	uint32_t line;
	uint32_t errors;
	char *rest;
	char buffer[LINE_MAX];
};

static bool fail(struct parser *parser, const char *what, const char *word)
{
	rf_logf("configuration line %u: %s%s%s%s", (unsigned int)parser->line, what, word ? " \"" : "",
	        word ? word : "", word ? "\"" : "");
	parser->errors++;
	return false;
}

/* The next word, or NULL at the line's end. */
static char *next_word(struct parser *parser)
{
	return strtok_r(NULL, " \t\r", &parser->rest);
}

static bool parse_number(const char *text, uint32_t limit, uint32_t *number)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || *text == '+' || value > limit)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool parse_action(const char *text, enum action *action)
{
	if (strcmp(text, "pass") == 0)
		*action = ACTION_PASS;
	else if (strcmp(text, "drop") == 0)
		*action = ACTION_DROP;
	else
		return false;
	return true;
}

static bool parse_protocol(const char *text, uint16_t *protocol)
{
	static const struct {
		const char *name;
		uint16_t protocol;
	} names[] = {{"any", ANY_PROTOCOL}, {"tcp", RF_IP_TCP},       {"udp", RF_IP_UDP},
	             {"icmp", RF_IP_ICMP},  {"icmpv6", RF_IP_ICMPV6}, {"sctp", RF_IP_SCTP}};
	uint32_t number;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*protocol = names[i].protocol;
			return true;
		}
	}
	if (!parse_number(text, 255, &number))
		return false;
	*protocol = (uint16_t)number;
	return true;
}

/* Network masks of `bits` ones over the words of an address. */
static void make_mask(struct prefix *prefix, uint32_t bits)
{
	for (uint32_t i = 0; i < 4; i++) {
		const uint32_t here = bits < 32 * i ? 0 : bits - 32 * i;

		prefix->mask[i] = here == 0    ? 0
		                  : here >= 32 ? 0xffffffff
		                               : rf_to_be32(~(0xffffffffu >> here));
		prefix->address[i] &= prefix->mask[i];
	}
}

/* "any", an address, or an address with "/length"; *family is 0, 4 or 6. */
static bool parse_prefix(char *text, struct prefix *prefix, uint8_t *family)
{
	char *const slash = strchr(text, '/');
	struct rf_ipv6_addr address;
	uint32_t bits, width;

	memset(prefix, 0, sizeof(*prefix));
	*family = 0;
	if (strcmp(text, "any") == 0)
		return true;
	if (slash)
		*slash = '\0';
	if (rf_parse_ipv4(text, &prefix->address[0])) {
		*family = 4;
		width = 32;
	} else if (rf_parse_ipv6(text, &address)) {
		memcpy(prefix->address, &address, sizeof(address));
		*family = 6;
		width = 128;
	} else {
		return false;
	}
	bits = width;
	if (slash) {
		*slash = '/';
		if (!parse_number(slash + 1, width, &bits))
			return false;
	}
	make_mask(prefix, bits);
	return true;
}

/* "N" or "N-M" */
static bool parse_ports(char *text, struct ports *ports)
{
	char *const dash = strchr(text, '-');
	uint32_t first, last;
	bool good;

	if (dash)
		*dash = '\0';
	good = parse_number(text, 65535, &first);
	last = first;
	if (dash) {
		*dash = '-';
		good = good && parse_number(dash + 1, 65535, &last);
	}
	if (!good || last < first)
		return false;
	*ports = (struct ports){(uint16_t)first, (uint16_t)last};
	return true;
}

static struct rule *add_rule(struct parser *parser)
{
	struct ruleset *const set = parser->set;

	if (set->count == set->room) {
		const uint32_t room = set->room ? 2 * set->room : 16;
		struct rule *const rules =
		    room > RULES_MAX ? NULL : reallocarray(set->rules, room, sizeof(*rules));

		if (!rules) {
			fail(parser, "no room for more rules", NULL);
			return NULL;
		}
		set->rules = rules;
		set->room = room;
	}
	return &set->rules[set->count];
}

/* What follows "from" or "to": a prefix and perhaps ports. *word is the first word behind that. */
static bool parse_end(struct parser *parser, struct rule *rule, bool source, char **word)
{
	struct prefix *const prefix = source ? &rule->source : &rule->destination;
	struct ports *const ports = source ? &rule->source_ports : &rule->destination_ports;
	uint8_t family;

	*word = next_word(parser);
	if (!*word)
		return fail(parser, "an address or \"any\" is missing", NULL);
	if (!parse_prefix(*word, prefix, &family))
		return fail(parser, "not an address or prefix:", *word);
	if (family && rule->family && family != rule->family)
		return fail(parser, "IPv4 and IPv6 in one rule:", *word);
	if (family)
		rule->family = family;
	*word = next_word(parser);
	if (!*word || strcmp(*word, "port") != 0)
		return true;
	*word = next_word(parser);
	if (!*word || !parse_ports(*word, ports))
		return fail(parser, "not a port or a range of ports:", *word ? *word : "");
	rule->needs_ports = true;
	*word = next_word(parser);
	return true;
}

/* PROTOCOL [from PREFIX [port PORTS]] [to PREFIX [port PORTS]] */
static bool parse_rule(struct parser *parser, enum action action)
{
	struct rule *const rule = add_rule(parser);
	char *word = next_word(parser);

	if (!rule)
		return false;
	*rule = (struct rule){.source_ports = {0, 65535}, .destination_ports = {0, 65535}, .action = action};
	if (!word || !parse_protocol(word, &rule->protocol))
		return fail(parser, "not a protocol:", word ? word : "");
	word = next_word(parser);
	if (word && strcmp(word, "from") == 0 && !parse_end(parser, rule, true, &word))
		return false;
	if (word && strcmp(word, "to") == 0 && !parse_end(parser, rule, false, &word))
		return false;
	if (word)
		return fail(parser, "did not expect", word);
	if (rule->needs_ports && rule->protocol != RF_IP_TCP && rule->protocol != RF_IP_UDP &&
	    rule->protocol != RF_IP_SCTP)
		return fail(parser, "ports need tcp, udp or sctp", NULL);
	parser->set->count++;
	return true;
}

static bool parse_fragments(struct parser *parser, const char *word)
{
	static const char *const names[] = {"match", "pass", "drop"};

	for (uint32_t i = 0; i < 3; i++) {
		if (word && strcmp(word, names[i]) == 0) {
			parser->set->fragments = (enum fragment_policy)i;
			return true;
		}
	}
	return fail(parser, "fragments are \"match\", \"pass\" or \"drop\", not", word ? word : "");
}

/* A statement with one word behind its name. */
static bool parse_setting(struct parser *parser, const char *name)
{
	char *const word = next_word(parser);
	enum action action;

	if (strcmp(name, "fragments") == 0) {
		if (!parse_fragments(parser, word))
			return false;
	} else if (strcmp(name, "report") == 0) {
		if (!word || !parse_number(word, 0xffffffff, &parser->set->report_interval))
			return fail(parser, "expected a number of packets, not", word ? word : "");
	} else if (!word || !parse_action(word, &action)) {
		return fail(parser, "expected \"pass\" or \"drop\", not", word ? word : "");
	} else if (strcmp(name, "default") == 0) {
		parser->set->default_action = action;
	} else {
		parser->set->other_action = action;
	}
	char *const more = next_word(parser);

	return more ? fail(parser, "did not expect", more) : true;
}

static bool is_setting(const char *word)
{
	static const char *const names[] = {"default", "other", "fragments", "report"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) == 0)
			return true;
	}
	return false;
}

static void parse_line(struct parser *parser)
{
	char *const comment = strchr(parser->buffer, '#');
	enum action action;
	char *word;

	if (comment)
		*comment = '\0';
	word = strtok_r(parser->buffer, " \t\r", &parser->rest);
	if (!word)
		return;
	if (is_setting(word))
		parse_setting(parser, word);
	else if (parse_action(word, &action))
		parse_rule(parser, action);
	else
		fail(parser, "expected pass, drop, default, other, fragments or report, not", word);
}

bool parse_rules(struct ruleset *set, const char *text)
{
	struct parser parser = {.set = set};

	*set = (struct ruleset){.default_action = ACTION_DROP, .other_action = ACTION_PASS};
	while (*text) {
		const size_t length = strcspn(text, "\n");

		parser.line++;
		if (length < sizeof(parser.buffer)) {
			memcpy(parser.buffer, text, length);
			parser.buffer[length] = '\0';
			parse_line(&parser);
		} else {
			fail(&parser, "longer than 255 bytes", NULL);
		}
		text += length + (text[length] == '\n');
	}
	return !parser.errors;
}
