/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a network function needs; docs/sdk.md is a tour.
 *
 *	#include <ringfence/nf.h>
 *
 *	RF_EXPORT void process(struct rf_burst *burst)
 *	{
 *		RF_FOR_EACH_PACKET(burst, i, pkt)
 *			rf_next(&burst->desc[i]);
 *	}
 *
 * The runtime calls, by name:
 *	int32_t init(const char *configuration)   optional; 0 is success
 *	void process(struct rf_burst *burst)      once a burst
 *	uint32_t name(uint32_t)                   any other export, on request
 * A cell runs one call at a time: a network function needs no locks.
 */
#ifndef RINGFENCE_NF_H
#define RINGFENCE_NF_H

#include <ringfence/nf_abi.h>

#include <ringfence/address.h>
#include <ringfence/burst.h>
#include <ringfence/byteorder.h>
#include <ringfence/checksum.h>
#include <ringfence/ethernet.h>
#include <ringfence/host.h>
#include <ringfence/ip.h>
#include <ringfence/packet.h>
#include <ringfence/transport.h>

/* Makes a function callable by the runtime, under its C name. */
#ifdef __cplusplus
#define RF_EXPORT extern "C" __attribute__((used, annotate("rf_export")))
#else
#define RF_EXPORT __attribute__((used, annotate("rf_export")))
#endif

#endif
