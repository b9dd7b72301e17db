/* SPDX-License-Identifier: Apache-2.0 */
/* The driver as a port of the runtime. */
#include <ringfence/drivers.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ringfence/offload.h>

#include "e1000.h"

#define MILLISECOND ((uint64_t)1000000)
#define CHECK_EVERY (100 * MILLISECOND) /* link, unplugging, hang */
#define HANG_AFTER (2000 * MILLISECOND) /* nothing sent for that long, with the link up */
#define STATS_EVERY                                                                                          \
	(30000 * MILLISECOND) /* 32-bit registers last 48 minutes at line rate of 64-byte frames */
#define FLUSH_TRIES 200       /* of 1 ms, at `stop` */

#define WAKE_UP (E1000_INT_RXT0 | E1000_INT_RXO | E1000_INT_RXDMT0 | E1000_INT_LSC)

static struct e1000 *self(struct rf_port *port)
{
	return (struct e1000 *)port;
}

static bool has_role(const struct e1000 *nic, enum rf_port_role role)
{
	return (nic->config.roles & role) != 0;
}

/* ---- Opening and closing ----------------------------------------------------- */

static void free_nic(struct e1000 *nic)
{
	nic->bus->ops->close(nic->bus);
	free(nic->rx.ring.slot);
	free(nic->tx.ring.slot);
	free(nic->tx.report);
	free(nic);
}

static bool make_ring(struct e1000_ring *ring, void *descriptors, uint32_t size)
{
	ring->descriptor = descriptors;
	ring->size = size;
	ring->slot = malloc(size * sizeof(ring->slot[0]));
	for (uint32_t i = 0; ring->slot != NULL && i < size; i++)
		ring->slot[i] = RF_SLOT_NONE;
	return ring->slot != NULL;
}

static enum rf_status set_up(struct e1000 *nic, struct rf_error *error)
{
	const uint32_t size = nic->options.ring;
	struct e1000_descriptor *rings = nic->bus->rings;
	nic->model = e1000_find_model(nic->bus->device_id);
	if (nic->model == NULL)
		return rf_fail(error, RF_ERR_USAGE,
		               "e1000:%s: Intel device %04x is none that this driver knows (82540EM 100e, "
		               "82545EM 100f, 82574L 10d3)",
		               nic->bus->name, nic->bus->device_id);
	nic->tx.report = malloc(size * sizeof(nic->tx.report[0]));
	if (!make_ring(&nic->rx.ring, rings, size) ||
	    !make_ring(&nic->tx.ring, rings + E1000_RING_MAX, size) || nic->tx.report == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: no memory", nic->bus->name);
	/* Whatever an earlier owner left running ends before the device may reach memory. */
	const enum rf_status status = e1000_reset(nic, error);
	return status == RF_OK ? e1000_read_mac(nic, error) : status;
}

enum rf_status e1000_open_on(struct e1000_bus *bus, const struct e1000_options *options,
                             const struct rf_port_config *config, struct rf_port **port,
                             struct rf_error *error)
{
	struct e1000 *nic = calloc(1, sizeof(*nic));
	if (nic == NULL) {
		bus->ops->close(bus);
		return rf_fail(error, RF_ERR_SYSTEM, "e1000: no memory");
	}
	nic->port.ops = &rf_port_e1000;
	nic->port.tx_offloads = RF_TX_IP_CSUM | RF_TX_L4_CSUM;
	/* One bit of the device (CTRL.VME) switches insertion and stripping together. */
	if (options->strip_vlan)
		nic->port.tx_offloads |= RF_TX_VLAN;
	nic->options = *options;
	nic->config = *config;
	nic->bus = bus;
	const enum rf_status status = set_up(nic, error);
	if (status != RF_OK) {
		free_nic(nic);
		return status;
	}
	*port = &nic->port;
	return RF_OK;
}

static enum rf_status open_port(const struct rf_port_config *config, struct rf_port **port,
                                struct rf_error *error)
{
	struct e1000_options options;
	struct e1000_bus *bus;
	enum rf_status status = e1000_parse_options(config->argument, &options, error);
	if (status != RF_OK)
		return status;
	if (config->link_type != 1 && (config->roles & RF_PORT_TX) != 0)
		return rf_fail(error, RF_ERR_USAGE, "e1000:%s sends Ethernet frames only, not link type %d",
		               options.address, config->link_type);
	status = e1000_open_bus(&options, config->pool, &bus, error);
	return status == RF_OK ? e1000_open_on(bus, &options, config, port, error) : status;
}

static void close_port(struct rf_port *port)
{
	free_nic(self(port));
}

/* ---- Starting and stopping ---------------------------------------------------- */

static enum rf_status start_device(struct e1000 *nic, struct rf_error *error)
{
	e1000_configure(nic);
	if (!nic->bus->ops->set_master(nic->bus, true))
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot let the device use memory",
		               nic->bus->name);
	if (has_role(nic, RF_PORT_RX))
		e1000_rx_start(nic);
	if (has_role(nic, RF_PORT_TX))
		e1000_tx_start(nic);
	return RF_OK;
}

static enum rf_status start(struct rf_port *port, struct rf_error *error)
{
	struct e1000 *nic = self(port);
	const enum rf_status status = start_device(nic, error);
	if (status != RF_OK)
		return status;
	nic->started = true;
	nic->checked_ns = nic->stats_ns = e1000_now();
	nic->link_up = (e1000_read(nic, E1000_STATUS) & E1000_STATUS_LU) != 0;
	return RF_OK;
}

/* The device's slots are ours again only once it cannot do DMA: reset, and cut off from the bus as well. */
static enum rf_status silence(struct e1000 *nic, struct rf_error *error)
{
	const enum rf_status status = e1000_reset(nic, error);
	const bool cut_off = nic->bus->ops->set_master(nic->bus, false);
	e1000_rx_drain(nic);
	e1000_tx_drain(nic);
	if (status == RF_OK && !cut_off)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot forbid the device to use memory",
		               nic->bus->name);
	return status;
}

static void flush(struct e1000 *nic)
{
	for (unsigned i = 0; i < FLUSH_TRIES; i++) {
		e1000_tx_reclaim(nic);
		if (e1000_ring_used(&nic->tx.ring) == 0 || !e1000_check_link(nic) || !nic->link_up)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

static enum rf_status stop(struct rf_port *port, struct rf_error *error)
{
	struct e1000 *nic = self(port);
	e1000_write(nic, E1000_RCTL, 0);
	flush(nic);
	e1000_stats_update(nic);
	nic->started = nic->armed = false;
	return silence(nic, error);
}

/* ---- While traffic flows --------------------------------------------------------- */

static void break_down(struct e1000 *nic, const char *reason)
{
	if (nic->failure[0] == '\0')
		snprintf(nic->failure, sizeof(nic->failure), "e1000:%s: %s", nic->bus->name, reason);
}

/* After a hang: everything from the start, without what was waiting to be sent. */
static void restart(struct e1000 *nic)
{
	struct rf_error error;
	nic->resets++;
	e1000_stats_update(nic);
	if (silence(nic, &error) != RF_OK || start_device(nic, &error) != RF_OK)
		break_down(nic, "the device hung and does not come back from a reset");
	nic->armed = false;
}

static bool hangs(const struct e1000 *nic)
{
	return nic->link_up && e1000_ring_used(&nic->tx.ring) > 0 &&
	       nic->checked_ns - nic->tx.progress_ns > HANG_AFTER;
}

/* What must be looked at now and then; cheap enough to be called for every burst. */
static void look_after(struct e1000 *nic)
{
	const uint64_t now = e1000_now();
	if (now - nic->checked_ns < CHECK_EVERY || nic->failure[0] != '\0')
		return;
	nic->checked_ns = now;
	const bool was_up = nic->link_up;
	if (!e1000_check_link(nic)) {
		break_down(nic, "the device is gone");
		return;
	}
	if (nic->bus->ops->wanted_back(nic->bus)) {
		break_down(nic, "the system wants the device back: it is being unplugged or unbound");
		return;
	}
	/* Time without a link is no hang. */
	if (!was_up)
		nic->tx.progress_ns = now;
	e1000_tx_reclaim(nic);
	if (hangs(nic))
		restart(nic);
	if (now - nic->stats_ns < STATS_EVERY)
		return;
	nic->stats_ns = now;
	e1000_stats_update(nic);
}

static int32_t rx_burst(struct rf_port *port, struct rf_packet *packets, uint32_t max)
{
	struct e1000 *nic = self(port);
	look_after(nic);
	const uint32_t count = e1000_rx_take(nic, packets, max);
	if (count == 0 && nic->failure[0] != '\0')
		return RF_PORT_FAILED;
	if (nic->failure[0] == '\0')
		e1000_rx_refill(nic);
	/* Not if there is nothing: the worker looks once more between `arm` and its sleep. */
	if (count > 0 && nic->armed) {
		e1000_write(nic, E1000_IMC, WAKE_UP);
		nic->armed = false;
	}
	return (int32_t)count;
}

static uint32_t tx_burst(struct rf_port *port, const struct rf_packet *packets, uint32_t count)
{
	struct e1000 *nic = self(port);
	look_after(nic);
	e1000_tx_reclaim(nic);
	if (count == 0)
		return 0;
	if (!nic->link_up || nic->failure[0] != '\0') {
		nic->tx.link_down += count;
		return 0;
	}
	return e1000_tx_put(nic, packets, count);
}

static int arm(struct rf_port *port)
{
	struct e1000 *nic = self(port);
	const int fd = nic->bus->ops->interrupt_fd(nic->bus);
	if (fd < 0 || nic->failure[0] != '\0')
		return -1;
	/* Causes up to here are forgotten; a later one raises a fresh interrupt, masked until IMS is written.
	 */
	const uint32_t causes = e1000_read(nic, E1000_ICR);
	if (causes & E1000_INT_LSC)
		(void)e1000_check_link(nic);
	nic->bus->ops->interrupt_enable(nic->bus);
	e1000_write(nic, E1000_IMS, WAKE_UP);
	nic->wakeups++;
	nic->armed = true;
	return fd;
}

static const char *error_text(const struct rf_port *port)
{
	const struct e1000 *nic = (const struct e1000 *)port;
	return nic->failure[0] != '\0' ? nic->failure : NULL;
}

const struct rf_port_ops rf_port_e1000 = {
    .kind = "e1000",
    .usage = "e1000:ADDRESS[,OPTION=VALUE...]  an Intel 8254x or 82574 at a PCI address, by VFIO or UIO "
             "(docs/e1000.md)",
    .open = open_port,
    .start = start,
    .rx_burst = rx_burst,
    .prepare = rf_offload_prepare,
    .tx_burst = tx_burst,
    .counters = e1000_counters,
    .arm = arm,
    .error = error_text,
    .stop = stop,
    .close = close_port,
};
