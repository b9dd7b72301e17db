/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <string.h>

#include <ringfence/drivers.h>

#define LINK_TYPE_ETHERNET 1

/* The one place that knows which ports there are. */
static const struct rf_port_ops *const kinds[] = {
    &rf_port_pcap,
    &rf_port_af_packet,
    &rf_port_null,
    &rf_port_e1000,
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

void ports_print_usage(FILE *file)
{
	for (size_t i = 0; i < KINDS; i++)
		fprintf(file, "  %s\n", kinds[i]->usage);
}

static const struct rf_port_ops *find_kind(const char *spec, const char **argument)
{
	const size_t length = strcspn(spec, ":");
	*argument = spec[length] == ':' ? spec + length + 1 : spec + length;
	for (size_t i = 0; i < KINDS; i++)
		if (strlen(kinds[i]->kind) == length && memcmp(kinds[i]->kind, spec, length) == 0)
			return kinds[i];
	return NULL;
}

/* The port of that name, whose roles grow; a new one if there is none. pcap:- is two files under one name. */
static struct open_port *name_port(struct ports *ports, const char *spec, unsigned roles)
{
	const bool streams = strcmp(spec, "pcap:-") == 0;
	for (uint32_t i = 0; i < ports->count; i++) {
		if (strcmp(ports->open[i].spec, spec) != 0 || (streams && ports->open[i].roles != roles))
			continue;
		ports->open[i].roles |= roles;
		return &ports->open[i];
	}
	struct open_port *port = &ports->open[ports->count++];
	*port = (struct open_port){.spec = spec, .roles = roles};
	return port;
}

static void name_ports(struct ports *ports, const struct options *options)
{
	const unsigned both = options->bidirectional ? RF_PORT_RX | RF_PORT_TX : 0;
	for (uint32_t i = 0; i < options->input_count; i++)
		ports->inputs[ports->input_count++] = name_port(ports, options->inputs[i], both | RF_PORT_RX);
	for (uint32_t i = 0; i < options->output_count; i++)
		ports->outputs[ports->output_count++] =
		    name_port(ports, options->outputs[i], both | RF_PORT_TX);
	if (!options->bidirectional)
		return;
	/* Numbers 0 and 1 mean the same port in both directions. */
	ports->inputs[1] = ports->outputs[0];
	ports->outputs[1] = ports->outputs[0];
	ports->outputs[0] = ports->inputs[0];
	ports->input_count = ports->output_count = 2;
}

static enum rf_status open_one(struct open_port *port, int link_type, struct rf_pool *pool,
                               struct rf_slot_cache *slots, struct rf_error *error)
{
	struct rf_port_config config = {
	    .roles = port->roles, .link_type = link_type, .pool = pool, .slots = slots};
	const struct rf_port_ops *ops = find_kind(port->spec, &config.argument);
	if (ops == NULL)
		return rf_fail(error, RF_ERR_USAGE, "%s: no such kind of port; rf-run --help lists them",
		               port->spec);
	return ops->open(&config, &port->port, error);
}

/* Inputs first: an output file has frames of the kind that the first input has. */
static enum rf_status open_all(struct ports *ports, struct rf_pool *pool, struct rf_slot_cache *slots,
                               struct rf_error *error)
{
	int link_type = LINK_TYPE_ETHERNET;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < ports->count; i++) {
			struct open_port *port = &ports->open[i];
			if (((port->roles & RF_PORT_RX) != 0) != (pass == 0))
				continue;
			const enum rf_status status = open_one(port, link_type, pool, slots, error);
			if (status != RF_OK)
				return status;
		}
		const struct rf_port *first = ports->inputs[0]->port;
		if (first->has_link_type)
			link_type = first->link_type;
	}
	return RF_OK;
}

enum rf_status ports_open(struct ports *ports, const struct options *options, struct rf_pool *pool,
                          struct rf_slot_cache *slots, struct rf_error *error)
{
	*ports = (struct ports){0};
	name_ports(ports, options);
	enum rf_status status = open_all(ports, pool, slots, error);
	for (uint32_t i = 0; status == RF_OK && i < ports->count; i++) {
		struct open_port *port = &ports->open[i];
		status = port->port->ops->start(port->port, error);
		port->started = status == RF_OK;
	}
	return status;
}

bool ports_use_stdout(const struct ports *ports)
{
	for (uint32_t i = 0; i < ports->output_count; i++)
		if (strcmp(ports->outputs[i]->spec, "pcap:-") == 0)
			return true;
	return false;
}

enum rf_status ports_stop(struct ports *ports)
{
	enum rf_status worst = RF_OK;
	for (uint32_t i = 0; i < ports->count; i++) {
		struct open_port *port = &ports->open[i];
		if (!port->started)
			continue;
		port->started = false;
		struct rf_error error;
		const enum rf_status status = port->port->ops->stop(port->port, &error);
		if (status != RF_OK)
			fprintf(stderr, "rf-run: %s\n", error.text);
		const char *trouble = port->port->ops->error(port->port);
		if (trouble != NULL)
			fprintf(stderr, "rf-run: %s: %s\n", port->spec, trouble);
		if (status != RF_OK || trouble != NULL)
			worst = RF_ERR_SYSTEM;
	}
	return worst;
}

void ports_close(struct ports *ports)
{
	ports_stop(ports);
	for (uint32_t i = 0; i < ports->count; i++)
		if (ports->open[i].port != NULL)
			ports->open[i].port->ops->close(ports->open[i].port);
	ports->count = 0;
}
