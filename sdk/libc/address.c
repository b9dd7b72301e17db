/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/address.h>

#define GROUPS 8 /* of 16 bits in an IPv6 address */

static int hex_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	if (isxdigit((unsigned char)c))
		return (c | 0x20) - 'a' + 10;
	return -1;
}

bool rf_parse_mac(const char *text, uint8_t mac[RF_ETH_ADDR_LEN])
{
	uint8_t bytes[RF_ETH_ADDR_LEN];

	for (size_t i = 0; i < RF_ETH_ADDR_LEN; i++) {
		if (i && *text != ':' && *text != '-')
			return false;
		text += i != 0;
		const int high = hex_value(text[0]);
		const int low = high < 0 ? -1 : hex_value(text[1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return false;
	memcpy(mac, bytes, sizeof(bytes));
	return true;
}

bool rf_parse_ipv4(const char *text, rf_be32 *address)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 4; i++) {
		uint32_t part = 0;
		size_t digits = 0;

		if (i && *text++ != '.')
			return false;
		for (; isdigit((unsigned char)*text); text++, digits++) {
			if (digits && !part) /* a leading zero means octal to some readers */
				return false;
			part = part * 10 + (uint32_t)(*text - '0');
			if (part > 255)
				return false;
		}
		if (!digits)
			return false;
		value = value << 8 | part;
	}
	if (*text)
		return false;
	*address = rf_to_be32(value);
	return true;
}

/* Up to four hexadecimal digits; returns how many there were. */
static size_t parse_group(const char *text, uint16_t *group)
{
	size_t digits = 0;
	uint32_t value = 0;

	for (; digits < 4 && hex_value(text[digits]) >= 0; digits++)
		value = value << 4 | (uint32_t)hex_value(text[digits]);
	*group = (uint16_t)value;
	return digits;
}

/*
 * Groups up to the end of `text` or a "::"; *rest is what stands behind that,
 * or NULL at the end. Returns how many groups there were, or -1.
 */
static int parse_groups(const char *text, uint16_t *groups, int limit, const char **rest)
{
	int count = 0;

	*rest = NULL;
	if (text[0] == ':' && text[1] == ':') {
		*rest = text + 2;
		return 0;
	}
	while (count < limit) {
		rf_be32 last;
		const size_t digits = parse_group(text, &groups[count]);

		if (!digits)
			return -1;
		if (text[digits] == '.') { /* an IPv4 address ends it */
			if (count + 2 > limit || !rf_parse_ipv4(text, &last))
				return -1;
			groups[count++] = (uint16_t)(rf_from_be32(last) >> 16);
			groups[count++] = (uint16_t)rf_from_be32(last);
			return count;
		}
		count++;
		text += digits;
		if (!*text)
			return count;
		if (*text++ != ':')
			return -1;
		if (*text == ':') {
			*rest = text + 1;
			return count;
		}
	}
	return -1;
}

bool rf_parse_ipv6(const char *text, struct rf_ipv6_addr *address)
{
	uint16_t groups[GROUPS] = {0}, tail[GROUPS];
	const char *rest, *end;
	const int head_count = parse_groups(text, groups, GROUPS, &rest);

	if (head_count < 0 || (!rest && head_count != GROUPS))
		return false;
	if (rest && *rest) {
		const int tail_count = parse_groups(rest, tail, GROUPS - head_count, &end);

		/* "::" stands for at least one group, and stands once. */
		if (tail_count < 0 || end || head_count + tail_count >= GROUPS)
			return false;
		memcpy(groups + GROUPS - tail_count, tail, (size_t)tail_count * sizeof(tail[0]));
	} else if (rest && head_count >= GROUPS) {
		return false;
	}
	for (size_t i = 0; i < GROUPS; i++) {
		address->byte[2 * i] = (uint8_t)(groups[i] >> 8);
		address->byte[2 * i + 1] = (uint8_t)groups[i];
	}
	return true;
}

char *rf_format_ipv4(char text[RF_IPV4_TEXT], rf_be32 address)
{
	const uint32_t value = rf_from_be32(address);

	snprintf(text, RF_IPV4_TEXT, "%u.%u.%u.%u", (unsigned int)(value >> 24),
	         (unsigned int)(value >> 16 & 255), (unsigned int)(value >> 8 & 255),
	         (unsigned int)(value & 255));
	return text;
}

/* The longest run of two or more zero groups, the first of equals; *length 0 if there is none. */
static size_t longest_zeros(const uint16_t *groups, size_t *length)
{
	size_t best = 0, run = 0;

	*length = 0;
	for (size_t i = 0; i < GROUPS; i++) {
		run = groups[i] ? 0 : run + 1;
		if (run > 1 && run > *length) {
			*length = run;
			best = i + 1 - run;
		}
	}
	return best;
}

char *rf_format_ipv6(char text[RF_IPV6_TEXT], const struct rf_ipv6_addr *address)
{
	uint16_t groups[GROUPS];
	size_t zeros, used = 0;

	for (size_t i = 0; i < GROUPS; i++)
		groups[i] = (uint16_t)(address->byte[2 * i] << 8 | address->byte[2 * i + 1]);
	const size_t first_zero = longest_zeros(groups, &zeros);

	for (size_t i = 0; i < GROUPS; i++) {
		if (zeros && i == first_zero) {
			text[used++] = ':';
			i += zeros - 1;
			if (i == GROUPS - 1)
				text[used++] = ':';
			continue;
		}
		if (i)
			text[used++] = ':';
		used += (size_t)snprintf(text + used, RF_IPV6_TEXT - used, "%x", (unsigned int)groups[i]);
	}
	text[used] = '\0';
	return text;
}
