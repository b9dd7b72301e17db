/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files as ports, through libpcap: pcap and pcapng in, nanosecond pcap out. */
#include <ringfence/drivers.h>

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/offload.h>

/* The largest snapshot length that readers accept: MAXIMUM_SNAPLEN of libpcap. */
#define SNAPSHOT_LENGTH 262144
#define NS_PER_SECOND 1000000000u

struct pcap_port {
	struct rf_port port;
	struct rf_port_config config;
	char *path;
	pcap_t *handle;
	pcap_dumper_t *dumper; /* for an output */
	bool ended;
	bool failed;
	char error[PCAP_ERRBUF_SIZE + 64];
	uint64_t packets, bytes, too_long, empty;
};

static struct pcap_port *self(struct rf_port *port)
{
	return (struct pcap_port *)port;
}

static enum rf_status open_input(struct pcap_port *port, struct rf_error *error)
{
	char cause[PCAP_ERRBUF_SIZE] = "";
	port->handle = pcap_open_offline_with_tstamp_precision(port->path, PCAP_TSTAMP_PRECISION_NANO, cause);
	if (port->handle == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "pcap:%s: cannot read a capture: %s", port->path, cause);
	port->port.has_link_type = true;
	port->port.link_type = pcap_datalink(port->handle);
	return RF_OK;
}

static enum rf_status open_output(struct pcap_port *port, struct rf_error *error)
{
	port->handle = pcap_open_dead_with_tstamp_precision(port->config.link_type, SNAPSHOT_LENGTH,
	                                                    PCAP_TSTAMP_PRECISION_NANO);
	if (port->handle == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "pcap: no memory");
	/* Not "-" for pcap_dump_open: closing the dumper would close the whole program's stdout. */
	if (strcmp(port->path, "-") == 0) {
		FILE *file = fdopen(dup(STDOUT_FILENO), "w");
		port->dumper = file != NULL ? pcap_dump_fopen(port->handle, file) : NULL;
	} else {
		port->dumper = pcap_dump_open(port->handle, port->path);
	}
	if (port->dumper == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "pcap:%s: cannot write a capture: %s", port->path,
		               pcap_geterr(port->handle));
	return RF_OK;
}

static void pcap_port_close(struct rf_port *base)
{
	struct pcap_port *port = self(base);
	if (port->dumper != NULL)
		pcap_dump_close(port->dumper);
	if (port->handle != NULL)
		pcap_close(port->handle);
	free(port->path);
	free(port);
}

static enum rf_status pcap_port_open(const struct rf_port_config *config, struct rf_port **result,
                                     struct rf_error *error)
{
	if (config->argument[0] == '\0')
		return rf_fail(error, RF_ERR_USAGE, "pcap: which file? Say pcap:FILE");
	if (config->roles != RF_PORT_RX && config->roles != RF_PORT_TX)
		return rf_fail(error, RF_ERR_USAGE,
		               "pcap:%s: a capture file is an input or an output, not both",
		               config->argument);
	struct pcap_port *port = calloc(1, sizeof(*port));
	if (port == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "pcap: no memory");
	port->port.ops = &rf_port_pcap;
	port->config = *config;
	port->path = strdup(config->argument);
	enum rf_status status = RF_ERR_SYSTEM;
	if (port->path != NULL)
		status = config->roles == RF_PORT_RX ? open_input(port, error) : open_output(port, error);
	if (status != RF_OK) {
		pcap_port_close(&port->port);
		return status;
	}
	*result = &port->port;
	return RF_OK;
}

static enum rf_status pcap_port_start(struct rf_port *base, struct rf_error *error)
{
	(void)base;
	(void)error;
	return RF_OK;
}

static void deliver(struct pcap_port *port, const struct pcap_pkthdr *header, const uint8_t *frame,
                    uint32_t slot, struct rf_packet *packet)
{
	const uint16_t head = rf_slot_head(slot);
	memcpy(rf_pool_slot(port->config.pool, slot) + head, frame, header->caplen);
	*packet = (struct rf_packet){
	    .slot = slot,
	    .head = head,
	    .length = (uint16_t)header->caplen,
	    .wire_length = header->len,
	    /* With nanosecond precision, tv_usec counts nanoseconds. */
	    .timestamp_ns = (uint64_t)header->ts.tv_sec * NS_PER_SECOND + (uint64_t)header->ts.tv_usec,
	};
	port->packets++;
	port->bytes += header->caplen;
}

/* Whether the next record of the file was there and fits a slot; the end and errors are noted. */
static bool next_record(struct pcap_port *port, struct pcap_pkthdr **header, const uint8_t **frame)
{
	while (!port->ended) {
		const int result = pcap_next_ex(port->handle, header, frame);
		if (result != 1) {
			port->ended = true;
			port->failed = result != PCAP_ERROR_BREAK;
			if (port->failed)
				snprintf(port->error, sizeof(port->error),
				         "the capture is damaged after packet %llu: %s",
				         (unsigned long long)(port->packets + port->too_long + port->empty),
				         pcap_geterr(port->handle));
			return false;
		}
		if ((*header)->caplen > RF_FRAME_LEN_MAX)
			port->too_long++;
		else if ((*header)->caplen == 0)
			port->empty++;
		else
			return true;
	}
	return false;
}

static int32_t pcap_port_rx(struct rf_port *base, struct rf_packet *packets, uint32_t max)
{
	struct pcap_port *port = self(base);
	uint32_t slots[RF_BURST_MAX];
	struct pcap_pkthdr *header;
	const uint8_t *frame;
	uint32_t count = 0;

	const uint32_t taken = rf_slot_take(port->config.slots, slots, max);
	while (count < taken && next_record(port, &header, &frame)) {
		deliver(port, header, frame, slots[count], &packets[count]);
		count++;
	}
	for (uint32_t i = count; i < taken; i++)
		rf_slot_give(port->config.slots, slots[i]);
	if (count > 0 || !port->ended)
		return (int32_t)count;
	return port->failed ? RF_PORT_FAILED : RF_PORT_END;
}

static uint32_t pcap_port_tx(struct rf_port *base, const struct rf_packet *packets, uint32_t count)
{
	struct pcap_port *port = self(base);
	/* Idle: whoever reads along sees it all now. A failure shows again in `stop`. */
	if (count == 0)
		(void)pcap_dump_flush(port->dumper);
	for (uint32_t i = 0; i < count; i++) {
		const struct rf_packet *packet = &packets[i];
		const struct pcap_pkthdr header = {
		    .ts.tv_sec = (time_t)(packet->timestamp_ns / NS_PER_SECOND),
		    .ts.tv_usec = (suseconds_t)(packet->timestamp_ns % NS_PER_SECOND),
		    .caplen = packet->length,
		    .len = packet->wire_length,
		};
		pcap_dump((u_char *)port->dumper, &header,
		          rf_pool_slot(port->config.pool, packet->slot) + packet->head);
		port->packets++;
		port->bytes += packet->length;
		rf_slot_give(port->config.slots, packet->slot);
	}
	return count;
}

static uint32_t pcap_port_counters(struct rf_port *base, struct rf_counter *counters, uint32_t max)
{
	const struct pcap_port *port = self(base);
	const bool input = port->config.roles == RF_PORT_RX;
	const struct rf_counter all[] = {
	    {input ? "rx_packets" : "tx_packets", port->packets},
	    {input ? "rx_bytes" : "tx_bytes", port->bytes},
	    {"rx_too_long", port->too_long},
	    {"rx_empty", port->empty},
	};
	const uint32_t count = input ? 4 : 2;
	const uint32_t n = count < max ? count : max;
	memcpy(counters, all, n * sizeof(all[0]));
	return n;
}

static const char *pcap_port_error(const struct rf_port *base)
{
	const struct pcap_port *port = (const struct pcap_port *)base;
	return port->error[0] != '\0' ? port->error : NULL;
}

static enum rf_status pcap_port_stop(struct rf_port *base, struct rf_error *error)
{
	struct pcap_port *port = self(base);
	if (port->dumper == NULL)
		return RF_OK;
	/* Both: an earlier write may have failed unseen in the buffer. */
	if (pcap_dump_flush(port->dumper) != 0 || ferror(pcap_dump_file(port->dumper)))
		return rf_fail(error, RF_ERR_SYSTEM, "pcap:%s: cannot write all of it; is the disk full?",
		               port->path);
	return RF_OK;
}

const struct rf_port_ops rf_port_pcap = {
    .kind = "pcap",
    .usage = "pcap:FILE         a capture file (pcap or pcapng) to read, or a nanosecond pcap file to write; "
             "- is standard input or output",
    .open = pcap_port_open,
    .start = pcap_port_start,
    .rx_burst = pcap_port_rx,
    .prepare = rf_offload_prepare,
    .tx_burst = pcap_port_tx,
    .counters = pcap_port_counters,
    .error = pcap_port_error,
    .stop = pcap_port_stop,
    .close = pcap_port_close,
};
