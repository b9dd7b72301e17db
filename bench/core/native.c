/* SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "burst.h"

void pass_process(struct rf_burst *burst);
void cost_process(struct rf_burst *burst);
void firewall_process(struct rf_burst *burst);
int32_t firewall_init(const char *configuration);

/* What <ringfence/packet.h> asks a host program to define. */
uint8_t *rf_native_window[RF_WINDOW_ENTRIES];
uint8_t *rf_native_packet;
extern uint8_t *rf_native_window[RF_WINDOW_ENTRIES];
extern uint8_t *rf_native_packet;

const char native_firewall_config[] = "drop tcp from 192.0.2.0/24 to any port 1-1023\n"
                                      "drop udp from 198.51.100.0/24 to any\n"
                                      "drop tcp from 203.0.113.0/24 port 80 to 10.0.0.0/8\n"
                                      "drop udp from 10.80.0.0/16 to 10.78.0.0/16 port 53\n"
                                      "drop tcp from any to any port 22\n"
                                      "drop tcp from any to any port 23\n"
                                      "drop udp from any to any port 69\n"
                                      "drop udp from any port 19 to any\n"
                                      "drop udp from 10.77.128.0/17 to any\n"
                                      "drop icmp from 192.0.2.1 to any\n"
                                      "drop tcp from 10.77.0.0/16 to 10.78.0.0/16 port 8000-8999\n"
                                      "drop udp from any to 10.78.1.0/24\n"
                                      "drop udp from any to any port 123\n"
                                      "drop udp from any to any port 161-162\n"
                                      "drop udp from any to any port 1900\n"
                                      "pass udp from 10.77.0.0/16 to 10.78.0.2 port 53\n"
                                      "default drop\n";

static struct rf_burst burst;

bool native_process(void *user, struct rf_pool *pool, uint32_t output_count, struct rf_packet *packets,
                    uint32_t count, uint8_t *verdicts, uint8_t *ports, uint64_t *cycles)
{
	const struct native *native = user;
	for (uint32_t i = 0; i < count; i++) {
		rf_native_window[i] = rf_pool_slot(pool, packets[i].slot) + packets[i].head;
		rf_desc_fill(&burst.desc[i], &packets[i]);
	}
	burst.count = count;
	const uint64_t start = __rdtsc();
	native->process(&burst);
	*cycles += __rdtsc() - start;
	for (uint32_t i = 0; i < count; i++)
		verdicts[i] = rf_desc_take(&burst.desc[i], output_count, &packets[i], &ports[i]);
	return true;
}

struct native native_pass = {pass_process}, native_firewall = {firewall_process},
              native_cost = {cost_process};

int native_start(void)
{
	return firewall_init(native_firewall_config);
}

/* Host calls of the native NFs. */
void rf_vlogf(const char *format, va_list arguments);
void rf_logf(const char *format, ...);
void rf_log(const char *text);

void rf_vlogf(const char *format, va_list arguments)
{
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void rf_logf(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	rf_vlogf(format, arguments);
	va_end(arguments);
}

void rf_log(const char *text)
{
	rf_logf("%s", text);
}
