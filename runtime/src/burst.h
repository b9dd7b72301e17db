/* SPDX-License-Identifier: Apache-2.0 */
/* Handing packets to an NF and taking back what it decided. */
#ifndef RF_BURST_H
#define RF_BURST_H

#include <ringfence/port.h>

#include "cell_impl.h"

/* Beside enum rf_verdict: the NF's answer was out of range. */
#define RF_REFUSED 255

/* Describes a packet to the NF; every byte of the descriptor is set, so nothing of an earlier burst stays. */
void rf_desc_fill(struct rf_desc *desc, const struct rf_packet *packet);

/*
 * Judges what the NF left in a descriptor: volatile, so that what is checked
 * is what is used, each field read once. Returns the verdict, or RF_REFUSED;
 * `packet` changes only for RF_NEXT and RF_TX.
 */
uint8_t rf_desc_take(const volatile struct rf_desc *desc, uint32_t output_count, struct rf_packet *packet,
                     uint8_t *port);

/*
 * Makes the slot's bytes outside the frame zero if another tenant may have
 * written them, and remembers the new tenant.
 */
void rf_slot_hand_over(struct rf_pool *pool, const struct rf_packet *packet, uint16_t tenant);

/*
 * Lets the cell process packets[0 … count), count <= RF_BURST_MAX. On success
 * verdicts and ports are set and the packets changed as decided. False if the
 * cell failed: packets and verdicts are as before, frames as the cell left
 * them. Adds the time-stamp counter's ticks inside the cell to *cycles.
 */
bool rf_cell_process(struct rf_cell *cell, struct rf_pool *pool, uint32_t output_count,
                     struct rf_packet *packets, uint32_t count, uint8_t *verdicts, uint8_t *ports,
                     uint64_t *cycles);

#endif
