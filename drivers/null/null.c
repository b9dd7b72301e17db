/* SPDX-License-Identifier: Apache-2.0 */
/* A port that needs no device: sends into nothing, and makes up UDP frames to receive. */
#include <ringfence/drivers.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/inet.h>
#include <ringfence/offload.h>

#define HEADERS 42 /* Ethernet, IPv4, UDP */
#define LENGTH_DEFAULT 64

struct null_port {
	struct rf_port port;
	struct rf_port_config config;
	uint64_t left; /* frames still to make up */
	uint16_t length;
	uint8_t frame[RF_FRAME_LEN_MAX];
	uint64_t received, sent, sent_bytes;
};

static struct null_port *self(struct rf_port *port)
{
	return (struct null_port *)port;
}

/* A UDP datagram 198.18.0.1 -> 198.19.0.1 (RFC 2544's test networks), port 1024 … 2047 to 53. */
static void make_frame(struct null_port *port)
{
	static const uint8_t headers[HEADERS] = {
	    0x02, 0,  0,    0, 0,   2,  0x02, 0, 0,  0,
	    0,    1,  0x08, 0, /* Ethernet */
	    0x45, 0,  0,    0, 0,   0,  0x40, 0, 64, RF_PROTOCOL_UDP,
	    0,    0, /* IPv4 */
	    198,  18, 0,    1, 198, 19, 0,    1, 4,  0,
	    0,    53, 0,    0, 0,   0, /* addresses; UDP without checksum */
	};
	memcpy(port->frame, headers, HEADERS);
	rf_put_be16(port->frame + 16, (uint16_t)(port->length - 14));
	rf_put_be16(port->frame + 38, (uint16_t)(port->length - 34));
	rf_put_be16(port->frame + 24, rf_inet_finish(rf_inet_add(0, port->frame + 14, 20)));
}

static bool parse(const char *argument, uint64_t *count, uint64_t *length)
{
	char end;
	*count = 0;
	*length = LENGTH_DEFAULT;
	if (argument[0] == '\0')
		return true;
	if (strchr(argument, '-') != NULL)
		return false;
	if (sscanf(argument, "%" SCNu64 ",%" SCNu64 "%c", count, length, &end) != 2 &&
	    sscanf(argument, "%" SCNu64 "%c", count, &end) != 1)
		return false;
	return *length >= HEADERS && *length <= RF_FRAME_LEN_MAX;
}

static enum rf_status null_open(const struct rf_port_config *config, struct rf_port **result,
                                struct rf_error *error)
{
	uint64_t count, length;
	if (!parse(config->argument, &count, &length))
		return rf_fail(error, RF_ERR_USAGE,
		               "null:%s: say null, null:COUNT or null:COUNT,LENGTH with a length of %d to %d",
		               config->argument, HEADERS, RF_FRAME_LEN_MAX);
	struct null_port *port = calloc(1, sizeof(*port));
	if (port == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "null: no memory");
	port->port.ops = &rf_port_null;
	port->config = *config;
	port->left = count;
	port->length = (uint16_t)length;
	make_frame(port);
	*result = &port->port;
	return RF_OK;
}

static enum rf_status null_start(struct rf_port *base, struct rf_error *error)
{
	(void)base;
	(void)error;
	return RF_OK;
}

static int32_t null_rx(struct rf_port *base, struct rf_packet *packets, uint32_t max)
{
	struct null_port *port = self(base);
	uint32_t slots[RF_BURST_MAX];
	if (port->left == 0)
		return RF_PORT_END;
	const uint32_t wanted = port->left < max ? (uint32_t)port->left : max;
	const uint32_t count = rf_slot_take(port->config.slots, slots, wanted);
	for (uint32_t i = 0; i < count; i++) {
		const uint16_t head = rf_slot_head(slots[i]);
		uint8_t *frame = rf_pool_slot(port->config.pool, slots[i]) + head;
		memcpy(frame, port->frame, port->length);
		rf_put_be16(frame + 34, (uint16_t)(1024 + ((port->received + i) & 1023)));
		packets[i] = (struct rf_packet){
		    .slot = slots[i], .head = head, .length = port->length, .wire_length = port->length};
	}
	port->left -= count;
	port->received += count;
	return (int32_t)count;
}

static uint32_t null_tx(struct rf_port *base, const struct rf_packet *packets, uint32_t count)
{
	struct null_port *port = self(base);
	for (uint32_t i = 0; i < count; i++) {
		port->sent_bytes += packets[i].length;
		rf_slot_give(port->config.slots, packets[i].slot);
	}
	port->sent += count;
	return count;
}

static uint32_t null_counters(struct rf_port *base, struct rf_counter *counters, uint32_t max)
{
	const struct null_port *port = self(base);
	const struct rf_counter all[] = {
	    {"rx_packets", port->received},
	    {"rx_bytes", port->received * port->length},
	    {"tx_packets", port->sent},
	    {"tx_bytes", port->sent_bytes},
	};
	const uint32_t n = max < 4 ? max : 4;
	memcpy(counters, all, n * sizeof(all[0]));
	return n;
}

static const char *null_error(const struct rf_port *base)
{
	(void)base;
	return NULL;
}

static enum rf_status null_stop(struct rf_port *base, struct rf_error *error)
{
	(void)base;
	(void)error;
	return RF_OK;
}

static void null_close(struct rf_port *base)
{
	free(self(base));
}

const struct rf_port_ops rf_port_null = {
    .kind = "null",
    .usage = "null[:COUNT[,LENGTH]]  sends into nothing; receives COUNT (none) made-up UDP frames of LENGTH "
             "(64) bytes",
    .open = null_open,
    .start = null_start,
    .rx_burst = null_rx,
    .prepare = rf_offload_prepare,
    .tx_burst = null_tx,
    .counters = null_counters,
    .error = null_error,
    .stop = null_stop,
    .close = null_close,
};
