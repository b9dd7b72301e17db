/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums and VLAN tags in software, for ports whose device does not do them. */
#ifndef RINGFENCE_OFFLOAD_H
#define RINGFENCE_OFFLOAD_H

#include <ringfence/port.h>

/*
 * The `prepare` of every port of this distribution: does what the packet's
 * RF_TX_* flags ask for beyond port->tx_offloads, puts a tag back that
 * RF_RX_VLAN says was taken out, and leaves only flags that are for the
 * device. False if a tag does not fit.
 */
bool rf_offload_prepare(const struct rf_port *port, const struct rf_pool *pool, struct rf_packet *packet);

#endif
