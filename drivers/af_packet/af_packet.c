/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Linux network interface as a port, through a raw packet socket (packet(7)).
 *
 * Frames are received straight into slots and sent straight out of them, a
 * burst with one system call. PACKET_VNET_HDR tells which frames lack their
 * checksum or are still to be cut into segments (segment.h); a VLAN tag that
 * the kernel took out is put back.
 */
#define _GNU_SOURCE
#include <ringfence/drivers.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <ringfence/inet.h>
#include <ringfence/offload.h>

#include "segment.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define LINK_TYPE_ETHERNET 1

/* Frames asked for with one system call. Each may turn out to be a large one, of up to 64 KiB. */
#define RX_BATCH 32
#define LARGE_MAX (65536 + 64)
#define SOCKET_BUFFER (8 << 20)
/* Segments of the smallest useful size of all large frames of a batch, roughly. */
#define PENDING_MAX 4096

union control {
	char bytes[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct cmsghdr align;
};

/* Everything that one frame of a batch needs. */
struct rx_place {
	struct virtio_net_hdr header;
	struct iovec parts[3]; /* header, slot, what does not fit the slot */
	union control control;
	uint32_t slot;
};

struct tx_place {
	struct iovec parts[2];
};

struct af_packet_port {
	struct rf_port port;
	struct rf_port_config config;
	int fd;
	int interface;
	char name[IF_NAMESIZE];
	char error[128];
	bool failed;
	struct rx_place places[RX_BATCH];
	struct mmsghdr messages[RX_BATCH];
	uint8_t *rest;  /* RX_BATCH times LARGE_MAX bytes */
	uint8_t *large; /* one large frame in one piece */
	/* Received and not yet delivered: a large frame becomes more packets than were asked for. */
	struct rf_packet pending[PENDING_MAX];
	uint32_t pending_first, pending_count;
	struct tx_place tx_places[RF_BURST_MAX];
	struct mmsghdr tx_messages[RF_BURST_MAX];
	uint64_t rx_packets, rx_bytes, rx_too_long, rx_no_slot, rx_kernel_dropped, rx_cut;
	uint64_t tx_packets, tx_bytes, tx_refused, tx_full;
};

static struct af_packet_port *self(struct rf_port *port)
{
	return (struct af_packet_port *)port;
}

/* ---- Opening ------------------------------------------------------------ */

static void af_packet_close(struct rf_port *base)
{
	struct af_packet_port *port = self(base);
	if (port->fd >= 0)
		close(port->fd);
	free(port->rest);
	free(port->large);
	free(port);
}

static bool set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static bool set_options(struct af_packet_port *port)
{
	/* More room for bursts, where we may: not vital. */
	if (!set_option(port->fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER))
		set_option(port->fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	if (!set_option(port->fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER))
		set_option(port->fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	/* All frames of the interface, whoever they are for, until the socket is closed. */
	const struct packet_mreq promiscuous = {.mr_ifindex = port->interface, .mr_type = PACKET_MR_PROMISC};
	return setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) ==
	           0 &&
	       set_option(port->fd, SOL_PACKET, PACKET_VNET_HDR, 1) &&
	       set_option(port->fd, SOL_PACKET, PACKET_AUXDATA, 1) &&
	       set_option(port->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) &&
	       set_option(port->fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
}

static enum rf_status open_socket(struct af_packet_port *port, struct rf_error *error)
{
	port->interface = (int)if_nametoindex(port->name);
	if (port->interface == 0)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "af_packet:%s: there is no such interface (ip link shows them)", port->name);
	if (port->config.link_type != LINK_TYPE_ETHERNET && (port->config.roles & RF_PORT_TX) != 0)
		return rf_fail(
		    error, RF_ERR_USAGE,
		    "af_packet:%s: sends Ethernet frames only, not link type %d, which the input has",
		    port->name, port->config.link_type);
	/* Protocol 0: receives nothing before it is bound. */
	port->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (port->fd < 0 && errno == EPERM)
		return rf_fail(error, RF_ERR_SYSTEM, "af_packet:%s: needs root or the capability CAP_NET_RAW",
		               port->name);
	struct ifreq request = {0};
	memcpy(request.ifr_name, port->name, sizeof(request.ifr_name));
	if (port->fd < 0 || ioctl(port->fd, SIOCGIFHWADDR, &request) != 0 || !set_options(port))
		return rf_fail(error, RF_ERR_SYSTEM, "af_packet:%s: cannot set up a packet socket: %s",
		               port->name, strerror(errno));
	/* The loopback device's frames have an Ethernet header, too. */
	const int hardware = request.ifr_hwaddr.sa_family;
	if (hardware != ARPHRD_ETHER && hardware != ARPHRD_LOOPBACK)
		return rf_fail(error, RF_ERR_USAGE,
		               "af_packet:%s: the interface has no Ethernet frames (its ARPHRD type is %d)",
		               port->name, hardware);
	return RF_OK;
}

static enum rf_status af_packet_open(const struct rf_port_config *config, struct rf_port **result,
                                     struct rf_error *error)
{
	if (config->argument[0] == '\0' || strlen(config->argument) >= IF_NAMESIZE)
		return rf_fail(error, RF_ERR_USAGE, "af_packet:%s: say af_packet:INTERFACE",
		               config->argument);
	struct af_packet_port *port = calloc(1, sizeof(*port));
	if (port == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "af_packet: no memory");
	port->port.ops = &rf_port_af_packet;
	port->config = *config;
	port->fd = -1;
	memcpy(port->name, config->argument, strlen(config->argument) + 1);
	port->rest = calloc(RX_BATCH, LARGE_MAX);
	port->large = malloc(RF_FRAME_LEN_MAX + LARGE_MAX);
	enum rf_status status = RF_OK;
	if (port->rest == NULL || port->large == NULL)
		status = rf_fail(error, RF_ERR_SYSTEM, "af_packet: no memory");
	else
		status = open_socket(port, error);
	if (status != RF_OK) {
		af_packet_close(&port->port);
		return status;
	}
	*result = &port->port;
	return RF_OK;
}

static enum rf_status af_packet_start(struct rf_port *base, struct rf_error *error)
{
	struct af_packet_port *port = self(base);
	const struct sockaddr_ll address = {
	    .sll_family = AF_PACKET,
	    /* One that only sends need not be given any frame. */
	    .sll_protocol = port->config.roles & RF_PORT_RX ? htons(ETH_P_ALL) : 0,
	    .sll_ifindex = port->interface,
	};
	if (bind(port->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return rf_fail(error, RF_ERR_SYSTEM, "af_packet:%s: cannot bind: %s", port->name,
		               strerror(errno));
	return RF_OK;
}

/* ---- Receiving ------------------------------------------------------------- */

static void insert_tag(uint8_t *frame, const struct tpacket_auxdata *data)
{
	memmove(frame - 4, frame, RF_ETHER_ADDRESSES);
	const bool known = (data->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
	rf_put_be16(frame + RF_ETHER_ADDRESSES - 4, known ? data->tp_vlan_tpid : RF_ETHERTYPE_VLAN);
	rf_put_be16(frame + RF_ETHER_ADDRESSES - 2, data->tp_vlan_tci);
}

/* What the kernel says beside the frame. */
struct about {
	uint64_t timestamp_ns;
	struct tpacket_auxdata auxiliary;
};

static struct about read_control(struct msghdr *message)
{
	struct about about = {0};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec time;
			memcpy(&time, CMSG_DATA(c), sizeof(time));
			about.timestamp_ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
		} else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&about.auxiliary, CMSG_DATA(c), sizeof(about.auxiliary));
		}
	}
	return about;
}

/* Makes a packet of a whole frame in a slot; takes the slot. */
static void queue_packet(struct af_packet_port *port, uint32_t slot, size_t length, const struct about *about,
                         uint8_t flags)
{
	uint16_t head = rf_slot_head(slot);
	if ((about->auxiliary.tp_status & TP_STATUS_VLAN_VALID) && length >= RF_ETHER_HEADER) {
		insert_tag(rf_pool_slot(port->config.pool, slot) + head, &about->auxiliary);
		head = (uint16_t)(head - 4);
		length += 4;
	}
	const uint32_t at = (port->pending_first + port->pending_count) % PENDING_MAX;
	if (length == 0 || length > RF_FRAME_LEN_MAX || port->pending_count == PENDING_MAX) {
		if (length > RF_FRAME_LEN_MAX)
			port->rx_too_long++;
		else
			port->rx_no_slot++;
		rf_slot_give(port->config.slots, slot);
		return;
	}
	port->pending[at] = (struct rf_packet){
	    .slot = slot,
	    .head = head,
	    .length = (uint16_t)length,
	    .wire_length = (uint32_t)length,
	    .timestamp_ns = about->timestamp_ns,
	    .flags = flags,
	};
	port->pending_count++;
	port->rx_packets++;
	port->rx_bytes += length;
}

/* A frame for a card that cuts segments: we are the card. */
static void queue_segments(struct af_packet_port *port, struct rx_place *place, size_t length,
                           const struct about *about)
{
	const size_t first = length < RF_FRAME_LEN_MAX ? length : RF_FRAME_LEN_MAX;
	memcpy(port->large, place->parts[1].iov_base, first);
	memcpy(port->large + first, place->parts[2].iov_base, length - first);
	rf_slot_give(port->config.slots, place->slot);

	struct rf_segmenter segmenter;
	if (!rf_segment_begin(&segmenter, &place->header, port->large, length, RF_FRAME_LEN_MAX - 4)) {
		port->rx_too_long++;
		return;
	}
	port->rx_cut++;
	uint32_t slot;
	while (rf_slot_take(port->config.slots, &slot, 1) == 1) {
		uint8_t *frame = rf_pool_slot(port->config.pool, slot) + rf_slot_head(slot);
		const size_t bytes = rf_segment_next(&segmenter, frame);
		if (bytes == 0) {
			rf_slot_give(port->config.slots, slot);
			return;
		}
		queue_packet(port, slot, bytes, about, RF_RX_IP_CSUM_OK | RF_RX_L4_CSUM_OK);
	}
	port->rx_no_slot++;
}

static void queue_frame(struct af_packet_port *port, struct rx_place *place, struct mmsghdr *message)
{
	const struct about about = read_control(&message->msg_hdr);
	const size_t length =
	    message->msg_len > sizeof(place->header) ? message->msg_len - sizeof(place->header) : 0;
	if (message->msg_hdr.msg_flags & MSG_TRUNC) {
		port->rx_too_long++;
		rf_slot_give(port->config.slots, place->slot);
		return;
	}
	if (place->header.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		queue_segments(port, place, length, &about);
		return;
	}
	uint8_t flags = place->header.flags & VIRTIO_NET_HDR_F_DATA_VALID ? RF_RX_L4_CSUM_OK : 0;
	/* Too long: queue_packet counts it. */
	if ((place->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && length <= RF_FRAME_LEN_MAX &&
	    rf_complete_checksum(&place->header, place->parts[1].iov_base, length))
		flags = RF_RX_L4_CSUM_OK;
	queue_packet(port, place->slot, length, &about, flags);
}

static uint32_t prepare_places(struct af_packet_port *port, uint32_t wanted)
{
	uint32_t slots[RX_BATCH];
	const uint32_t count = rf_slot_take(port->config.slots, slots, wanted < RX_BATCH ? wanted : RX_BATCH);
	for (uint32_t i = 0; i < count; i++) {
		struct rx_place *place = &port->places[i];
		uint8_t *frame = rf_pool_slot(port->config.pool, slots[i]) + rf_slot_head(slots[i]);
		place->slot = slots[i];
		place->parts[0] = (struct iovec){&place->header, sizeof(place->header)};
		place->parts[1] = (struct iovec){frame, RF_FRAME_LEN_MAX};
		place->parts[2] = (struct iovec){port->rest + (size_t)i * LARGE_MAX, LARGE_MAX};
		port->messages[i].msg_hdr = (struct msghdr){
		    .msg_iov = place->parts,
		    .msg_iovlen = 3,
		    .msg_control = &place->control,
		    .msg_controllen = sizeof(place->control),
		};
	}
	return count;
}

/* After an error: is the interface merely down, or is it gone? */
static void note_error(struct af_packet_port *port, int cause)
{
	char name[IF_NAMESIZE];
	if (cause == EAGAIN || cause == EINTR || cause == ENOBUFS)
		return;
	if (cause == ENETDOWN && if_indextoname((unsigned)port->interface, name) != NULL)
		return;
	port->failed = true;
	snprintf(port->error, sizeof(port->error), "the interface is gone or broken: %s", strerror(cause));
}

static void receive(struct af_packet_port *port, uint32_t wanted)
{
	const uint32_t count = prepare_places(port, wanted);
	if (count == 0)
		return;
	const int received = recvmmsg(port->fd, port->messages, count, MSG_DONTWAIT, NULL);
	if (received < 0)
		note_error(port, errno);
	const uint32_t filled = received > 0 ? (uint32_t)received : 0;
	for (uint32_t i = filled; i < count; i++)
		rf_slot_give(port->config.slots, port->places[i].slot);
	for (uint32_t i = 0; i < filled; i++)
		queue_frame(port, &port->places[i], &port->messages[i]);
}

static int32_t af_packet_rx(struct rf_port *base, struct rf_packet *packets, uint32_t max)
{
	struct af_packet_port *port = self(base);
	if (port->pending_count == 0 && !port->failed)
		receive(port, max);
	uint32_t count = 0;
	while (count < max && port->pending_count > 0) {
		packets[count++] = port->pending[port->pending_first];
		port->pending_first = (port->pending_first + 1) % PENDING_MAX;
		port->pending_count--;
	}
	return count == 0 && port->failed ? RF_PORT_FAILED : (int32_t)count;
}

/* ---- Sending ------------------------------------------------------------------ */

/* Frames leave whole and with their checksums: nothing is left to the card. */
static const struct virtio_net_hdr nothing_to_do;

static void prepare_sending(struct af_packet_port *port, const struct rf_packet *packets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *frame = rf_pool_slot(port->config.pool, packets[i].slot) + packets[i].head;
		struct iovec *parts = port->tx_places[i].parts;
		parts[0] = (struct iovec){(void *)(uintptr_t)&nothing_to_do, sizeof(nothing_to_do)};
		parts[1] = (struct iovec){frame, packets[i].length};
		port->tx_messages[i].msg_hdr = (struct msghdr){.msg_iov = parts, .msg_iovlen = 2};
	}
}

static uint32_t af_packet_tx(struct rf_port *base, const struct rf_packet *packets, uint32_t count)
{
	struct af_packet_port *port = self(base);
	uint32_t done = 0;
	prepare_sending(port, packets, count);
	while (done < count) {
		const int sent = sendmmsg(port->fd, port->tx_messages + done, count - done, MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			port->tx_full += count - done;
			break;
		}
		/* Longer than the interface takes, or it is down: this one cannot go out. */
		const uint32_t taken = sent > 0 ? (uint32_t)sent : 1;
		for (uint32_t i = done; i < done + taken; i++) {
			port->tx_bytes += sent > 0 ? packets[i].length : 0;
			rf_slot_give(port->config.slots, packets[i].slot);
		}
		port->tx_packets += sent > 0 ? taken : 0;
		port->tx_refused += sent > 0 ? 0 : 1;
		done += taken;
	}
	return done;
}

/* ---- The rest -------------------------------------------------------------------- */

static uint32_t af_packet_counters(struct rf_port *base, struct rf_counter *counters, uint32_t max)
{
	struct af_packet_port *port = self(base);
	/* Reading sets the kernel's counter to 0. */
	struct tpacket_stats kernel = {0};
	socklen_t length = sizeof(kernel);
	if (getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &kernel, &length) == 0)
		port->rx_kernel_dropped += kernel.tp_drops;
	const struct rf_counter all[] = {
	    {"rx_packets", port->rx_packets},
	    {"rx_bytes", port->rx_bytes},
	    {"rx_too_long", port->rx_too_long},
	    {"rx_no_slot", port->rx_no_slot},
	    {"rx_kernel_dropped", port->rx_kernel_dropped},
	    {"rx_large_frames_cut", port->rx_cut},
	    {"tx_packets", port->tx_packets},
	    {"tx_bytes", port->tx_bytes},
	    {"tx_refused", port->tx_refused},
	    {"tx_full", port->tx_full},
	};
	const uint32_t count = sizeof(all) / sizeof(all[0]);
	const uint32_t n = count < max ? count : max;
	memcpy(counters, all, n * sizeof(all[0]));
	return n;
}

static int af_packet_arm(struct rf_port *base)
{
	return self(base)->fd;
}

static const char *af_packet_error(const struct rf_port *base)
{
	const struct af_packet_port *port = (const struct af_packet_port *)base;
	return port->error[0] != '\0' ? port->error : NULL;
}

static enum rf_status af_packet_stop(struct rf_port *base, struct rf_error *error)
{
	(void)error;
	struct af_packet_port *port = self(base);
	for (; port->pending_count > 0; port->pending_count--) {
		rf_slot_give(port->config.slots, port->pending[port->pending_first].slot);
		port->pending_first = (port->pending_first + 1) % PENDING_MAX;
	}
	return RF_OK;
}

const struct rf_port_ops rf_port_af_packet = {
    .kind = "af_packet",
    .usage = "af_packet:INTERFACE    a Linux network interface, through a packet socket (needs CAP_NET_RAW)",
    .open = af_packet_open,
    .start = af_packet_start,
    .rx_burst = af_packet_rx,
    .prepare = rf_offload_prepare,
    .tx_burst = af_packet_tx,
    .counters = af_packet_counters,
    .arm = af_packet_arm,
    .error = af_packet_error,
    .stop = af_packet_stop,
    .close = af_packet_close,
};
