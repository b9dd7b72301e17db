/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RF_NF_H
#define RF_NF_H

#include <stdatomic.h>

#include <ringfence/cell.h>
#include <ringfence/validator.h>

#include "context.h"

/* The fixed part of the control block that is a cell's own: host vector and window table, a page each. */
#define RF_CONTROL_PRIVATE 0x2000
/* Where the part that all cells of an NF share begins. */
#define RF_CONTROL_TABLES RF_IN_CONTROL(RF_FUNCTION_TABLE_OFFSET)

struct rf_nf {
	atomic_uint references;
	char name[64];
	uint8_t *bytes; /* the validated file, private memory */
	size_t size;
	struct rfv_image image; /* of `bytes` */
	uint8_t *text;          /* executable; one page of traps follows the text's pages */
	size_t text_length;     /* of the mapping, the trap page included */
	uint64_t trap;          /* host address in the trap page */
	int tables_fd;          /* function table and jump tables with host addresses */
	size_t tables_length;   /* whole pages */
};

/* The address at which an instruction of the NF is mapped, or its trap for anything that is not in the text.
 */
uint64_t rf_nf_text(const struct rf_nf *nf, uint32_t text_address);

void rf_nf_retain(struct rf_nf *nf);

#endif
