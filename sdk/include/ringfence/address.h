/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as text, for configurations and logs. Parsers take the whole
 * string or nothing: false, with the result untouched, for anything else.
 * Results are in network byte order, as in a header.
 */
#ifndef RINGFENCE_ADDRESS_H
#define RINGFENCE_ADDRESS_H

#include <ringfence/ethernet.h>
#include <ringfence/ip.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Six pairs of hexadecimal digits with ':' or '-' between them. */
bool rf_parse_mac(const char *text, uint8_t mac[RF_ETH_ADDR_LEN]);

/* Four decimal numbers without leading zeros, "192.0.2.1". */
bool rf_parse_ipv4(const char *text, rf_be32 *address);

/* RFC 4291 section 2.2, all three forms: "2001:db8::1", "::ffff:192.0.2.1". */
bool rf_parse_ipv6(const char *text, struct rf_ipv6_addr *address);

/* What the longest text needs, its NUL included. */
#define RF_IPV4_TEXT 16
#define RF_IPV6_TEXT 46

/* Writes the address' text to `text` and returns it. IPv6 as RFC 5952 recommends. */
char *rf_format_ipv4(char text[RF_IPV4_TEXT], rf_be32 address);
char *rf_format_ipv6(char text[RF_IPV6_TEXT], const struct rf_ipv6_addr *address);

#ifdef __cplusplus
}
#endif

#endif
