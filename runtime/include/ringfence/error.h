/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the runtime and its ports report what went wrong: a status that the
 * caller can act on, and one sentence for a human.
 */
#ifndef RINGFENCE_ERROR_H
#define RINGFENCE_ERROR_H

/* The values are the exit codes of the tools. */
enum rf_status {
	RF_OK = 0,
	RF_ERR_REJECTED = 1, /* the NF was rejected, or failed at what it was asked */
	RF_ERR_USAGE = 2,    /* the caller asked for something that makes no sense */
	RF_ERR_SYSTEM = 3,   /* unreadable file, missing device, no memory, no permission */
};

/* Says what failed, where, and what to do; no newline at the end. */
struct rf_error {
	char text[512];
};

/* Writes the sentence (cut to fit) and returns `status`, for `return rf_fail(…)`. `error` may be null. */
enum rf_status rf_fail(struct rf_error *error, enum rf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
