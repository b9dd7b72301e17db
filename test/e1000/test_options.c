/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "../../drivers/e1000/e1000.h"

Test(e1000_options, defaults)
{
	struct e1000_options options;
	struct rf_error error;
	cr_assert_eq(e1000_parse_options("0000:00:03.0", &options, &error), RF_OK);
	cr_assert_str_eq(options.address, "0000:00:03.0");
	cr_assert_eq(options.ring, 512);
	cr_assert(options.promiscuous);
	cr_assert_not(options.all_multicast || options.strip_vlan);
	cr_assert_eq(options.access, E1000_ACCESS_AUTO);
}

Test(e1000_options, all_of_them)
{
	struct e1000_options options;
	struct rf_error error;
	cr_assert_eq(
	    e1000_parse_options(
	        "0000:0a:1f.7,access=uio,ring=4096,promisc=off,vlan=strip,multicast=01:00:5e:00:00:fb",
	        &options, &error),
	    RF_OK, "%s", error.text);
	cr_assert_eq(options.access, E1000_ACCESS_UIO);
	cr_assert_eq(options.ring, 4096);
	cr_assert_not(options.promiscuous);
	cr_assert(options.strip_vlan);
	cr_assert_eq(options.multicast_count, 1);
	cr_assert_eq(memcmp(options.multicast[0], "\x01\x00\x5e\x00\x00\xfb", 6), 0);
}

Test(e1000_options, refusals)
{
	static const char *const bad[] = {"",
	                                  "eth0",
	                                  "00:03.0",
	                                  "0000:00:03.0x",
	                                  "../../etc/pass",
	                                  "0000:00:03.0,ring=63",
	                                  "0000:00:03.0,ring=100",
	                                  "0000:00:03.0,ring=8192",
	                                  "0000:00:03.0,ring=",
	                                  "0000:00:03.0,ring=64x",
	                                  "0000:00:03.0,ring",
	                                  "0000:00:03.0,promisc=yes",
	                                  "0000:00:03.0,vlan=",
	                                  "0000:00:03.0,access=dma",
	                                  "0000:00:03.0,multicast=02:00:00:00:00:01",
	                                  "0000:00:03.0,multicast=01:00",
	                                  "0000:00:03.0,colour=red"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct e1000_options options;
		struct rf_error error = {""};
		cr_assert_eq(e1000_parse_options(bad[i], &options, &error), RF_ERR_USAGE,
		             "\"%s\" is accepted", bad[i]);
		cr_assert(strstr(error.text, "e1000:") != NULL);
	}
}
