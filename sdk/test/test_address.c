/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text against the host's inet_pton and inet_ntop. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "native.h"

bool rft_rf_parse_mac(const char *text, uint8_t *mac);
bool rft_rf_parse_ipv4(const char *text, uint32_t *address);
bool rft_rf_parse_ipv6(const char *text, uint8_t *address);
char *rft_rf_format_ipv4(char *text, uint32_t address);
char *rft_rf_format_ipv6(char *text, const uint8_t *address);

static void same(const char *text)
{
	uint8_t mine[16] = {0}, theirs[16] = {0};
	uint32_t mine4 = 0;
	const bool mine_ok = rft_rf_parse_ipv6(text, mine),
	           theirs_ok = inet_pton(AF_INET6, text, theirs) == 1;

	cr_assert(mine_ok == theirs_ok && (!mine_ok || memcmp(mine, theirs, 16) == 0), "\"%s\" as IPv6",
	          text);
	memset(theirs, 0, sizeof(theirs));
	const bool mine4_ok = rft_rf_parse_ipv4(text, &mine4),
	           theirs4_ok = inet_pton(AF_INET, text, theirs) == 1;

	cr_assert(mine4_ok == theirs4_ok && (!mine4_ok || memcmp(&mine4, theirs, 4) == 0), "\"%s\" as IPv4",
	          text);
}

Test(address, table)
{
	static const char *const texts[] = {
	    "::",
	    "::1",
	    "1::",
	    "1:2:3:4:5:6:7:8",
	    "1:2:3:4:5:6:7",
	    "1:2:3:4:5:6:7:8:9",
	    "1:2:3:4:5:6:7::",
	    "::2:3:4:5:6:7:8",
	    "1:2:3:4:5:6:7:8::",
	    "::1:2:3:4:5:6:7:8",
	    "1::2:3:4:5:6:7:8",
	    "2001:db8::1",
	    "2001:DB8::A",
	    "1:::2",
	    ":::",
	    ":",
	    "",
	    "1:",
	    ":1",
	    "::1:",
	    "1::2::3",
	    "12345::",
	    "g::",
	    "::ffff:192.0.2.1",
	    "::192.0.2.1",
	    "1:2:3:4:5:6:192.0.2.1",
	    "1:2:3:4:5:6:7:192.0.2.1",
	    "::192.0.2",
	    "::192.0.2.1:1",
	    "::192.0.2.256",
	    "1.2.3.4::",
	    "1.2.3.4",
	    "0.0.0.0",
	    "255.255.255.255",
	    "256.1.1.1",
	    "1.2.3",
	    "1.2.3.4.5",
	    "01.2.3.4",
	    "1.2.3.4 ",
	    " 1.2.3.4",
	    "1..2.3",
	    "1.2.3.",
	    "00.0.0.0",
	    "::1%eth0",
	    "fe80::1/64",
	    "0:0:0:0:0:0:0:0",
	    "1:2:3:4:5::6.7.8.9",
	    "1:2:3:4:5:6::7.8.9.10",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		same(texts[i]);
}

Test(address, random_text)
{
	static const char letters[] = "::::01a.9f2";
	char text[32];

	for (int round = 0; round < 300000; round++) {
		const size_t length = native_random() % 24;

		for (size_t i = 0; i < length; i++)
			text[i] = letters[native_random() % (sizeof(letters) - 1)];
		text[length] = '\0';
		same(text);
	}
}

Test(address, format)
{
	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[16];
		char mine[64], theirs[64];
		uint32_t address;

		for (size_t i = 0; i < 8; i++) {
			const bool zero = native_random() % 3 == 0;

			bytes[2 * i] = zero ? 0 : (uint8_t)native_random();
			bytes[2 * i + 1] = zero ? 0 : (uint8_t)native_random();
		}
		if (!(bytes[0] | bytes[1] | bytes[2] |
		      bytes[3])) /* the host writes these with an IPv4 tail */
			bytes[0] = 0x20;
		inet_ntop(AF_INET6, bytes, theirs, sizeof(theirs));
		cr_assert_str_eq(rft_rf_format_ipv6(mine, bytes), theirs);
		memcpy(&address, bytes, 4);
		inet_ntop(AF_INET, bytes, theirs, sizeof(theirs));
		cr_assert_str_eq(rft_rf_format_ipv4(mine, address), theirs);
	}
}

Test(address, mac)
{
	const uint8_t expected[] = {0x02, 0x00, 0xab, 0xCD, 0xef, 0x09};
	uint8_t mac[6] = {9};

	cr_assert(rft_rf_parse_mac("02:00:aB:Cd:ef:09", mac));
	cr_assert_arr_eq(mac, expected, 6);
	cr_assert(rft_rf_parse_mac("02-00-ab-cd-ef-09", mac));
	cr_assert_not(rft_rf_parse_mac("02:00:ab:cd:ef", mac));
	cr_assert_not(rft_rf_parse_mac("02:00:ab:cd:ef:09:", mac));
	cr_assert_not(rft_rf_parse_mac("02:00:ab:cd:ef:9", mac));
	cr_assert_not(rft_rf_parse_mac("0200abcdef09", mac));
	cr_assert_not(rft_rf_parse_mac("", mac));
	cr_assert_arr_eq(mac, expected, 6);
}
