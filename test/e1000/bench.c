/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "bench.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Guest-physical layout: low memory with the rings above the first MiB (the VGA hole is no memory), then the
 * pool. */
#define LOW_LENGTH ((size_t)4 << 20)
#define RINGS_AT ((size_t)2 << 20)
#define BIOS_LENGTH ((size_t)64 << 10)
#define BAR_AT 0xe0000000u
#define PCI_SLOT 3
#define ANSWER_TIMEOUT_MS 10000
#define UNANSWERED_MAX 32

/* Descriptors in the child. */
enum { FD_LOW = 10, FD_POOL, FD_BIOS, FD_QTEST, FD_CABLE, FD_MONITOR };

struct bench_bus {
	struct e1000_bus bus;
	struct bench *bench;
	uint64_t pool_at;
};

void bench_sleep_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- qtest: one line a command, one line an answer ---------------------------- */

static void read_line(struct bench *bench, char *line, size_t size)
{
	for (;;) {
		char *end = memchr(bench->input, '\n', bench->input_used);
		if (end != NULL) {
			const size_t length = (size_t)(end - bench->input);
			cr_assert_lt(length, size, "qtest: an answer of %zu bytes", length);
			memcpy(line, bench->input, length);
			line[length] = '\0';
			bench->input_used -= length + 1;
			memmove(bench->input, end + 1, bench->input_used);
			return;
		}
		struct pollfd poll_fd = {.fd = bench->qtest, .events = POLLIN};
		cr_assert_eq(poll(&poll_fd, 1, ANSWER_TIMEOUT_MS), 1, "qtest: QEMU does not answer");
		const ssize_t got = read(bench->qtest, bench->input + bench->input_used,
		                         sizeof(bench->input) - bench->input_used);
		cr_assert_gt(got, 0, "qtest: QEMU has ended");
		bench->input_used += (size_t)got;
	}
}

static uint64_t read_answer(struct bench *bench)
{
	char line[128];
	read_line(bench, line, sizeof(line));
	cr_assert_eq(strncmp(line, "OK", 2), 0, "qtest: %s", line);
	return strtoull(line + 2, NULL, 0);
}

static void settle(struct bench *bench)
{
	for (; bench->unanswered > 0; bench->unanswered--)
		(void)read_answer(bench);
}

__attribute__((format(printf, 2, 3))) static void command(struct bench *bench, const char *format, ...)
{
	char line[128];
	va_list arguments;
	va_start(arguments, format);
	const int length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	cr_assert_eq(write(bench->qtest, line, (size_t)length), length, "qtest: QEMU has ended");
	if (++bench->unanswered >= UNANSWERED_MAX)
		settle(bench);
}

/* The same, for a command that has a result. */
static uint64_t ask(struct bench *bench, const char *name, uint32_t address)
{
	settle(bench);
	command(bench, "%s 0x%x\n", name, address);
	bench->unanswered--;
	return read_answer(bench);
}

/* PCI configuration mechanism 1 (PCI 3.0, 3.2.2.3.2). */
static void select_config(struct bench *bench, uint32_t offset)
{
	command(bench, "outl 0xcf8 0x%x\n", 0x80000000u | PCI_SLOT << 11 | (offset & 0xfc));
}

static uint32_t read_config(struct bench *bench, uint32_t offset)
{
	select_config(bench, offset);
	return (uint32_t)ask(bench, "inl", 0xcfc);
}

static void write_config(struct bench *bench, uint32_t offset, uint32_t value)
{
	select_config(bench, offset);
	command(bench, "outl 0xcfc 0x%x\n", value);
}

uint16_t bench_pci_command(struct bench *bench)
{
	return (uint16_t)read_config(bench, 4);
}

uint32_t bench_peek(struct bench *bench, uint32_t offset)
{
	return (uint32_t)ask(bench, "readl", BAR_AT + offset);
}

void bench_poke(struct bench *bench, uint32_t offset, uint32_t value)
{
	command(bench, "writel 0x%x 0x%x\n", BAR_AT + offset, value);
}

/* ---- The bus that the driver is given -------------------------------------------- */

static struct bench *of(struct e1000_bus *bus)
{
	return ((struct bench_bus *)bus)->bench;
}

static uint32_t bus_read(struct e1000_bus *bus, uint32_t offset)
{
	return bench_peek(of(bus), offset);
}

static void bus_write(struct e1000_bus *bus, uint32_t offset, uint32_t value)
{
	bench_poke(of(bus), offset, value);
}

static bool bus_set_master(struct e1000_bus *bus, bool allow)
{
	write_config(of(bus), 4, allow ? 6 : 2);
	settle(of(bus));
	return true;
}

static int bus_interrupt_fd(struct e1000_bus *bus)
{
	return of(bus)->qtest; /* any that is open: the tests look at the mask register */
}

static void bus_interrupt_enable(struct e1000_bus *bus)
{
	(void)bus;
}

static bool bus_wanted_back(struct e1000_bus *bus)
{
	(void)bus;
	return false;
}

static void bus_close(struct e1000_bus *bus)
{
	free(bus);
}

static const struct e1000_bus_ops bus_ops = {
    .read = bus_read,
    .write = bus_write,
    .set_master = bus_set_master,
    .interrupt_fd = bus_interrupt_fd,
    .interrupt_enable = bus_interrupt_enable,
    .wanted_back = bus_wanted_back,
    .close = bus_close,
};

/* ---- QEMU -------------------------------------------------------------------------- */

static void run_qemu(const struct bench *bench, const char *device, const int fds[6])
{
	char low[160], pool[160], nic[128], memory[32];
	/* First out of the way of their new numbers; the copies close by themselves. */
	int away[6];
	for (int i = 0; i < 6; i++)
		away[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < 6; i++)
		if (away[i] < 0 || dup2(away[i], FD_LOW + i) < 0)
			_exit(126);
	snprintf(low, sizeof(low), "memory-backend-file,id=low,size=%zu,share=on,mem-path=/proc/self/fd/%d",
	         LOW_LENGTH, FD_LOW);
	snprintf(pool, sizeof(pool),
	         "memory-backend-file,id=pool,size=%zu,share=on,mem-path=/proc/self/fd/%d",
	         bench->pool->length, FD_POOL);
	snprintf(nic, sizeof(nic), "%s,id=nic,netdev=cable,addr=%d,mac=" BENCH_MAC ",romfile=", device,
	         PCI_SLOT);
	snprintf(memory, sizeof(memory), "%zuk", (LOW_LENGTH + bench->pool->length) >> 10);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The virtual clock jumps from timer to timer, so that the model's delays take no time. */
	execlp("qemu-system-x86_64", "qemu-system-x86_64", "-nodefaults", "-display", "none", "-machine",
	       "pc,accel=tcg,usb=off", "-icount", "shift=0,sleep=off", "-m", memory, "-object", low,
	       "-object", pool, "-numa", "node,memdev=low", "-numa", "node,memdev=pool", "-bios",
	       "/proc/self/fd/12", "-chardev", "socket,id=qtest,fd=13", "-qtest", "chardev:qtest",
	       "-qtest-log", "/dev/null", "-netdev", "dgram,id=cable,local.type=fd,local.str=14", "-device",
	       nic, "-chardev", "socket,id=monitor,fd=15", "-mon", "chardev=monitor,mode=readline", NULL);
	_exit(127);
}

static int make_memory(const char *name, size_t length, void **memory)
{
	const int fd = memfd_create(name, 0);
	cr_assert(fd >= 0 && ftruncate(fd, (off_t)length) == 0, "no memory for %s", name);
	*memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq(*memory, MAP_FAILED);
	return fd;
}

static int make_bios(void)
{
	uint8_t *bios;
	const int fd = make_memory("bios", BIOS_LENGTH, (void **)&bios);
	const uint8_t halt[] = {0xfa, 0xf4, 0xeb, 0xfd}; /* cli; again: hlt; jmp again */
	memcpy(bios + BIOS_LENGTH - 16, halt, sizeof(halt));
	munmap(bios, BIOS_LENGTH);
	return fd;
}

/* The monitor's prompt follows each command's end. */
static void wait_for_prompt(struct bench *bench)
{
	char text[4096] = "";
	size_t used = 0;
	while (strstr(text, "(qemu) ") == NULL) {
		struct pollfd poll_fd = {.fd = bench->monitor, .events = POLLIN};
		cr_assert_eq(poll(&poll_fd, 1, ANSWER_TIMEOUT_MS), 1, "monitor: QEMU does not answer");
		const ssize_t got = read(bench->monitor, text + used, sizeof(text) - 1 - used);
		cr_assert_gt(got, 0, "monitor: QEMU has ended");
		used += (size_t)got;
		text[used] = '\0';
	}
}

void bench_start(struct bench *bench, const char *device)
{
	*bench = (struct bench){0};
	struct rf_error error;
	cr_assert_eq(rf_pool_create(BENCH_SLOTS, &bench->pool, &error), RF_OK, "%s", error.text);
	rf_slot_cache_init(&bench->slots, bench->pool);
	int qtest[2], cable[2], monitor[2];
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, qtest) == 0 &&
	          socketpair(AF_UNIX, SOCK_DGRAM, 0, cable) == 0 &&
	          socketpair(AF_UNIX, SOCK_STREAM, 0, monitor) == 0);
	const int low = make_memory("low", LOW_LENGTH, &bench->low), bios = make_bios();
	const int fds[6] = {low, bench->pool->fd, bios, qtest[1], cable[1], monitor[1]};
	bench->qemu = fork();
	cr_assert_geq(bench->qemu, 0);
	if (bench->qemu == 0)
		run_qemu(bench, device, fds);
	for (int i = 0; i < 6; i++)
		if (fds[i] != bench->pool->fd)
			close(fds[i]);
	bench->qtest = qtest[0];
	bench->cable = cable[0];
	bench->monitor = monitor[0];
	wait_for_prompt(bench);
	write_config(bench, 0x10, BAR_AT);
	write_config(bench, 4, 2);
	cr_assert_eq((uint16_t)read_config(bench, 0), 0x8086, "QEMU has no NIC in slot %d", PCI_SLOT);
}

void bench_end(struct bench *bench)
{
	struct rf_error error;
	if (bench->port != NULL) {
		if (bench->nic->started)
			cr_expect_eq(bench->port->ops->stop(bench->port, &error), RF_OK, "%s", error.text);
		bench->port->ops->close(bench->port);
	}
	kill(bench->qemu, SIGKILL);
	waitpid(bench->qemu, NULL, 0);
	cr_expect_eq(bench_free_slots(bench), BENCH_SLOTS, "%u of %u slots came back",
	             bench_free_slots(bench), BENCH_SLOTS);
	rf_slot_cache_drain(&bench->slots);
	rf_pool_destroy(bench->pool);
	munmap(bench->low, LOW_LENGTH);
	close(bench->qtest);
	close(bench->cable);
	close(bench->monitor);
}

void bench_link(struct bench *bench, bool up)
{
	const char *line = up ? "set_link nic on\n" : "set_link nic off\n";
	cr_assert_eq(write(bench->monitor, line, strlen(line)), (ssize_t)strlen(line));
	wait_for_prompt(bench);
}

/* ---- The port ------------------------------------------------------------------------ */

enum rf_status bench_try_open(struct bench *bench, unsigned roles, const char *options,
                              struct rf_error *error)
{
	char argument[128];
	snprintf(argument, sizeof(argument), "0000:00:03.0,ring=%d%s", BENCH_RING, options);
	struct rf_port_config config = {.argument = argument,
	                                .roles = roles,
	                                .link_type = 1,
	                                .pool = bench->pool,
	                                .slots = &bench->slots};
	struct e1000_options parsed;
	enum rf_status status = e1000_parse_options(argument, &parsed, error);
	if (status != RF_OK)
		return status;
	struct bench_bus *bus = calloc(1, sizeof(*bus));
	cr_assert_not_null(bus);
	bus->bench = bench;
	bus->pool_at = LOW_LENGTH;
	bus->bus = (struct e1000_bus){.ops = &bus_ops,
	                              .device_id = (uint16_t)(read_config(bench, 0) >> 16),
	                              .name = "0000:00:03.0",
	                              .rings = (uint8_t *)bench->low + RINGS_AT,
	                              .rings_dma = RINGS_AT,
	                              .pool_dma = &bus->pool_at,
	                              .pool_shift = 63};
	status = e1000_open_on(&bus->bus, &parsed, &config, &bench->port, error);
	bench->nic = (struct e1000 *)bench->port;
	return status;
}

void bench_open(struct bench *bench, unsigned roles, const char *options)
{
	struct rf_error error;
	cr_assert_eq(bench_try_open(bench, roles, options, &error), RF_OK, "%s", error.text);
	cr_assert_eq(bench->port->ops->start(bench->port, &error), RF_OK, "%s", error.text);
	/* Auto-negotiation; the driver looks every 100 ms. */
	const int64_t end = now_ms() + ANSWER_TIMEOUT_MS;
	struct rf_packet packet;
	while (!bench->nic->link_up && now_ms() < end) {
		cr_assert_eq(bench->port->ops->rx_burst(bench->port, &packet, 1), 0);
		bench_sleep_ms(5);
	}
	cr_assert(bench->nic->link_up, "the link does not come up");
}

void bench_send(struct bench *bench, const void *frame, size_t length)
{
	cr_assert_eq(send(bench->cable, frame, length, 0), (ssize_t)length);
}

size_t bench_receive(struct bench *bench, void *frame, size_t size, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = bench->cable, .events = POLLIN};
	if (poll(&poll_fd, 1, timeout_ms) != 1)
		return 0;
	const ssize_t length = recv(bench->cable, frame, size, 0);
	cr_assert_gt(length, 0);
	return (size_t)length;
}

uint32_t bench_rx(struct bench *bench, struct rf_packet *packets, uint32_t count, int timeout_ms)
{
	const int64_t end = now_ms() + timeout_ms;
	uint32_t got = 0;
	do {
		const uint32_t wanted = count - got < RF_BURST_MAX ? count - got : RF_BURST_MAX;
		const int32_t now = bench->port->ops->rx_burst(bench->port, packets + got, wanted);
		cr_assert_geq(now, 0, "rx_burst: %s", bench->port->ops->error(bench->port));
		got += (uint32_t)now;
	} while (got < count && now_ms() < end);
	return got;
}

bool bench_tx(struct bench *bench, const void *frame, size_t length, uint8_t flags, uint16_t vlan_tci)
{
	uint32_t slot;
	if (rf_slot_take(&bench->slots, &slot, 1) != 1)
		return false;
	const struct rf_packet packet = {.slot = slot,
	                                 .head = rf_slot_head(slot),
	                                 .length = (uint16_t)length,
	                                 .wire_length = (uint32_t)length,
	                                 .flags = flags,
	                                 .vlan_tci = vlan_tci};
	/* What an earlier frame left must not go out with this one. */
	memset(rf_pool_slot(bench->pool, slot), 0xee, RF_SLOT_SIZE);
	memcpy(bench_frame(bench, &packet), frame, length);
	if (bench->port->ops->tx_burst(bench->port, &packet, 1) == 1)
		return true;
	rf_slot_give(&bench->slots, slot);
	return false;
}

void bench_give(struct bench *bench, const struct rf_packet *packets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		rf_slot_give(&bench->slots, packets[i].slot);
}

uint8_t *bench_frame(struct bench *bench, const struct rf_packet *packet)
{
	return rf_pool_slot(bench->pool, packet->slot) + packet->head;
}

uint64_t bench_counter(struct bench *bench, const char *name)
{
	struct rf_counter counters[RF_PORT_COUNTERS_MAX];
	const uint32_t count = bench->port->ops->counters(bench->port, counters, RF_PORT_COUNTERS_MAX);
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(counters[i].name, name) == 0)
			return counters[i].value;
	cr_assert_fail("no counter %s", name);
	return 0;
}

uint32_t bench_free_slots(const struct bench *bench)
{
	return rf_pool_free(bench->pool) + bench->slots.count;
}
