/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of this distribution, each behind the interface of port.h. */
#ifndef RINGFENCE_DRIVERS_H
#define RINGFENCE_DRIVERS_H

#include <ringfence/port.h>

extern const struct rf_port_ops rf_port_pcap;
extern const struct rf_port_ops rf_port_af_packet;
extern const struct rf_port_ops rf_port_e1000;
extern const struct rf_port_ops rf_port_null;

#endif
