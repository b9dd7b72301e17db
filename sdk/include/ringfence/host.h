/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host calls: the only ways out of the cell besides returning.
 *
 * A call leaves the cell and comes back in some tens of nanoseconds; logging
 * does far more work on the host's side and is rate-limited there.
 */
#ifndef RINGFENCE_HOST_H
#define RINGFENCE_HOST_H

#include <stdarg.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Longest log line and abort text, in bytes; the host cuts what is longer. */
#define RF_LOG_MAX 1024

#define RF_NORETURN __attribute__((noreturn))

/*
 * The calls as docs/contract.md numbers them. `text` need not end in a NUL;
 * it must lie in the cell's memory, or the cell fails.
 */
void rf_host_log(const char *text, uint32_t length);
RF_NORETURN void rf_host_abort(const char *text, uint32_t length);
uint64_t rf_host_time(void);

/* Logs the string `text` as one line. */
void rf_log(const char *text);

/* Logs one line made from a printf format; more than RF_LOG_MAX - 1 bytes are cut. */
void rf_logf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void rf_vlogf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/*
 * Ends the cell as a fault with `reason` in the host's report. The packets of
 * the burst follow the host's policy for faults. Does not return.
 */
RF_NORETURN void rf_abort(const char *reason);

/* Nanoseconds since the Unix epoch. A packet's own arrival is rf_desc.timestamp_ns. */
uint64_t rf_time_ns(void);

#ifdef __cplusplus
}
#endif

#endif
