/* SPDX-License-Identifier: Apache-2.0 */
/* What stands after "e1000:" on the command line. */
#include "e1000.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "0000:00:03.0": fixed places, so that it can be used as a file name in /sys. */
static bool is_address(const char *text, size_t length)
{
	static const char shape[] = "xxxx:xx:xx.x";
	if (length != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < length; i++)
		if (shape[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	return true;
}

static bool parse_multicast(const char *text, struct e1000_options *options)
{
	while (options->multicast_count < E1000_MULTICAST_MAX) {
		uint8_t *mac = options->multicast[options->multicast_count];
		int used = 0;
		if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3],
		           &mac[4], &mac[5], &used) != 6 ||
		    (mac[0] & 1) == 0)
			return false;
		options->multicast_count++;
		text += used;
		if (*text == '\0')
			return true;
		if (*text++ != '+')
			return false;
	}
	return false;
}

static bool parse_ring(const char *text, struct e1000_options *options)
{
	char *end;
	const unsigned long size = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;
	if (size < E1000_RING_MIN || size > E1000_RING_MAX || (size & (size - 1)) != 0 || *end != '\0')
		return false;
	options->ring = (uint32_t)size;
	return true;
}

/* One of two words. */
static bool parse_choice(const char *text, const char *yes, const char *no, bool *value)
{
	*value = strcmp(text, yes) == 0;
	return *value || strcmp(text, no) == 0;
}

static bool parse_pair(char *text, struct e1000_options *options)
{
	char *value = strchr(text, '=');
	if (value == NULL)
		return false;
	*value++ = '\0';
	bool vfio;
	if (strcmp(text, "ring") == 0)
		return parse_ring(value, options);
	if (strcmp(text, "promisc") == 0)
		return parse_choice(value, "on", "off", &options->promiscuous);
	if (strcmp(text, "vlan") == 0)
		return parse_choice(value, "strip", "keep", &options->strip_vlan);
	if (strcmp(text, "multicast") == 0)
		return parse_choice(value, "all", "none", &options->all_multicast) ||
		       parse_multicast(value, options);
	if (strcmp(text, "access") != 0 || !parse_choice(value, "vfio", "uio", &vfio))
		return false;
	options->access = vfio ? E1000_ACCESS_VFIO : E1000_ACCESS_UIO;
	return true;
}

enum rf_status e1000_parse_options(const char *argument, struct e1000_options *options,
                                   struct rf_error *error)
{
	*options = (struct e1000_options){.ring = E1000_RING_DEFAULT, .promiscuous = true};
	char text[512];
	const size_t address_length = strcspn(argument, ",");
	if (!is_address(argument, address_length) || strlen(argument) >= sizeof(text))
		return rf_fail(error, RF_ERR_USAGE,
		               "e1000:%s: say e1000:ADDRESS with a PCI address like 0000:00:03.0; rf-bind "
		               "status lists them",
		               argument);
	memcpy(options->address, argument, address_length);
	options->address[address_length] = '\0';
	strcpy(text, argument + address_length);
	char *rest = NULL;
	for (char *pair = strtok_r(text, ",", &rest); pair != NULL; pair = strtok_r(NULL, ",", &rest))
		if (!parse_pair(pair, options))
			return rf_fail(
			    error, RF_ERR_USAGE,
			    "e1000:%s: after the address may come ,access=vfio|uio ,ring=N (a power of two, "
			    "%d to %d) "
			    ",promisc=on|off ,multicast=all|none|MAC[+MAC...] (up to %d) ,vlan=keep|strip",
			    argument, E1000_RING_MIN, E1000_RING_MAX, E1000_MULTICAST_MAX);
	return RF_OK;
}
