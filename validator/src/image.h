/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the ELF file. Every field is checked before it is believed. */
#ifndef RFV_IMAGE_H
#define RFV_IMAGE_H

#include <ringfence/validator.h>

struct image_error {
	enum rfv_rule rule;
	uint32_t file_offset;
	char message[RFV_MESSAGE_MAX];
};

/* Fills the image; false, with the first fault, if the file is not an NF binary. */
bool rfv_image_parse(struct rfv_image *image, const uint8_t *bytes, size_t size, struct image_error *error);

#endif
