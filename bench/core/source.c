/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#define HEADERS (14 + 20 + 8)

struct source {
	struct rf_port port;
	struct source_config config;
	uint64_t made;
	uint64_t swallowed;
	uint8_t headers[HEADERS];
};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static int32_t source_rx(struct rf_port *port, struct rf_packet *packets, uint32_t max)
{
	struct source *source = (struct source *)port;
	const uint64_t left = source->config.packets - source->made;
	uint32_t slots[RF_BURST_MAX];

	if (left == 0)
		return RF_PORT_END;
	const uint32_t count = rf_slot_take(source->config.slots, slots, left < max ? (uint32_t)left : max);
	for (uint32_t i = 0; i < count; i++) {
		const uint16_t head = rf_slot_head(slots[i]);
		uint8_t *frame = rf_pool_slot(source->config.pool, slots[i]) + head;
		const uint16_t flow = (uint16_t)((source->made + i) & (source->config.flows - 1));

		memcpy(frame, source->headers, HEADERS);
		put16(frame + 28, flow);                    /* low half of the source address */
		put16(frame + 34, (uint16_t)(1024 + flow)); /* source port */
		packets[i] = (struct rf_packet){.slot = slots[i],
		                                .head = head,
		                                .length = source->config.length,
		                                .wire_length = source->config.length};
	}
	source->made += count;
	return (int32_t)count;
}

static uint32_t source_tx(struct rf_port *port, const struct rf_packet *packets, uint32_t count)
{
	struct source *source = (struct source *)port;

	for (uint32_t i = 0; i < count; i++)
		rf_slot_give(source->config.slots, packets[i].slot);
	source->swallowed += count;
	return count;
}

static uint32_t source_counters(struct rf_port *port, struct rf_counter *counters, uint32_t max)
{
	const struct source *source = (const struct source *)port;

	if (max < 2)
		return 0;
	counters[0] = (struct rf_counter){"rx_packets", source->made};
	counters[1] = (struct rf_counter){"tx_packets", source->swallowed};
	return 2;
}

static enum rf_status source_start(struct rf_port *port, struct rf_error *error)
{
	(void)port;
	(void)error;
	return RF_OK;
}

static const char *source_error(const struct rf_port *port)
{
	(void)port;
	return NULL;
}

static void source_close(struct rf_port *port)
{
	free(port);
}

static const struct rf_port_ops source_ops = {
    .kind = "source",
    .usage = "",
    .start = source_start,
    .rx_burst = source_rx,
    .tx_burst = source_tx,
    .counters = source_counters,
    .error = source_error,
    .stop = source_start,
    .close = source_close,
};

struct rf_port *source_open(const struct source_config *config)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->port.ops = &source_ops;
	source->config = *config;
	uint8_t *h = source->headers;
	memcpy(h, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0", 14);
	h[14] = 0x45;
	put16(h + 16, (uint16_t)(config->length - 14));
	h[22] = 64;
	h[23] = 17;
	memcpy(h + 26, "\x0a\x4d\0\0\x0a\x4e\0\x02", 8);
	put16(h + 36, 53);
	put16(h + 38, (uint16_t)(config->length - 34));
	return &source->port;
}
