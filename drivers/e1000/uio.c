/* SPDX-License-Identifier: Apache-2.0 */
/* The fallback without an IOMMU: uio_pci_generic, /sys and physical addresses (Linux:
 * admin-guide/mm/pagemap.rst). */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "e1000.h"

#define HUGE_PAGE_SHIFT 21
#define HUGE_PAGE_SIZE ((size_t)1 << HUGE_PAGE_SHIFT)
#define PAGEMAP_PRESENT ((uint64_t)1 << 63)
#define PAGEMAP_FRAME (((uint64_t)1 << 55) - 1)

struct uio_bus {
	struct e1000_bus bus;
	int config;    /* the configuration space in /sys */
	int interrupt; /* /dev/uioN */
	uint64_t *pages;
	uint8_t *registers;
};

static struct uio_bus *self(struct e1000_bus *bus)
{
	return (struct uio_bus *)bus;
}

static uint32_t read_register(struct e1000_bus *bus, uint32_t offset)
{
	return *(volatile uint32_t *)(void *)(self(bus)->registers + offset);
}

static void write_register(struct e1000_bus *bus, uint32_t offset, uint32_t value)
{
	/* x86 keeps stores in order, uncached ones too (Intel SDM 3A, 9.2.2): only the compiler must be told.
	 */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile uint32_t *)(void *)(self(bus)->registers + offset) = value;
}

static bool set_master(struct e1000_bus *bus, bool allow)
{
	return e1000_pci_command(self(bus)->config, 0, allow ? PCI_COMMAND_MASTER : 0,
	                         allow ? 0 : PCI_COMMAND_MASTER);
}

static int interrupt_fd(struct e1000_bus *bus)
{
	return self(bus)->interrupt;
}

/* The kernel's part masks INTx in the command register when it fires. */
static void interrupt_enable(struct e1000_bus *bus)
{
	uint32_t count;
	(void)!read(self(bus)->interrupt, &count, sizeof(count));
	(void)e1000_pci_command(self(bus)->config, 0, 0, PCI_COMMAND_INTX_OFF);
}

static bool wanted_back(struct e1000_bus *bus)
{
	uint16_t device_id;
	return !e1000_pci_device_id(self(bus)->config, 0, &device_id);
}

static void close_bus(struct e1000_bus *bus)
{
	struct uio_bus *uio = self(bus);
	if (uio->registers != NULL)
		munmap(uio->registers, E1000_BAR_SIZE);
	if (uio->interrupt >= 0)
		close(uio->interrupt);
	if (uio->config >= 0)
		close(uio->config);
	if (uio->bus.rings != NULL)
		munmap(uio->bus.rings, HUGE_PAGE_SIZE);
	free(uio->pages);
	free(uio);
}

static const struct e1000_bus_ops ops = {
    .read = read_register,
    .write = write_register,
    .set_master = set_master,
    .interrupt_fd = interrupt_fd,
    .interrupt_enable = interrupt_enable,
    .wanted_back = wanted_back,
    .close = close_bus,
};

/* ---- Opening ------------------------------------------------------------------ */

/* Only for hugepages: the kernel does not move those while they are mapped, 4 KiB pages it may. */
static bool physical_address(int pagemap, const void *memory, uint64_t *address)
{
	uint64_t entry;
	const uint64_t page = (uintptr_t)memory / RF_PAGE_SIZE;
	if (pread(pagemap, &entry, sizeof(entry), (off_t)(page * sizeof(entry))) != sizeof(entry))
		return false;
	*address = (entry & PAGEMAP_FRAME) * RF_PAGE_SIZE;
	return (entry & PAGEMAP_PRESENT) != 0 && *address != 0;
}

static enum rf_status find_pages(struct uio_bus *uio, const struct rf_pool *pool, struct rf_error *error)
{
	const size_t count = pool->length >> HUGE_PAGE_SHIFT;
	const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uio->pages = calloc(count, sizeof(uio->pages[0]));
	bool found = pagemap >= 0 && uio->pages != NULL &&
	             physical_address(pagemap, uio->bus.rings, &uio->bus.rings_dma);
	for (size_t i = 0; found && i < count; i++)
		found = physical_address(pagemap, pool->memory + (i << HUGE_PAGE_SHIFT), &uio->pages[i]);
	if (pagemap >= 0)
		close(pagemap);
	if (!found)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: /proc/self/pagemap does not tell physical addresses: run as root "
		               "(CAP_SYS_ADMIN)",
		               uio->bus.name);
	uio->bus.pool_dma = uio->pages;
	uio->bus.pool_shift = HUGE_PAGE_SHIFT;
	return RF_OK;
}

static enum rf_status share_memory(struct uio_bus *uio, const struct rf_pool *pool, struct rf_error *error)
{
	void *rings = MAP_FAILED;
	if (pool->page_size == HUGE_PAGE_SIZE)
		rings = mmap(NULL, HUGE_PAGE_SIZE, PROT_READ | PROT_WRITE,
		             MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE | MAP_LOCKED |
		                 HUGE_PAGE_SHIFT << MAP_HUGE_SHIFT,
		             -1, 0);
	if (rings == MAP_FAILED)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: without an IOMMU the packets must be in 2 MiB hugepages, and there "
		               "are too few: "
		               "echo %zu > /proc/sys/vm/nr_hugepages",
		               uio->bus.name, pool->length / HUGE_PAGE_SIZE + 8);
	uio->bus.rings = rings;
	return find_pages(uio, pool, error);
}

static enum rf_status open_registers(struct uio_bus *uio, struct rf_error *error)
{
	char path[SYS_PATH_MAX];
	e1000_sys_path(path, uio->bus.name, "config");
	uio->config = open(path, O_RDWR | O_CLOEXEC);
	if (uio->config < 0)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot open %s: %s", uio->bus.name, path,
		               strerror(errno));
	if (!e1000_pci_device_id(uio->config, 0, &uio->bus.device_id))
		return rf_fail(error, RF_ERR_USAGE, "e1000:%s: not an Intel device", uio->bus.name);
	if (!e1000_pci_command(uio->config, 0, PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER))
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot write the device's configuration",
		               uio->bus.name);
	e1000_sys_path(path, uio->bus.name, "resource0");
	const int fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	void *registers =
	    fd < 0 ? MAP_FAILED : mmap(NULL, E1000_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	const int cause = errno;
	if (fd >= 0)
		close(fd);
	if (registers == MAP_FAILED)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot map %s: %s", uio->bus.name, path,
		               strerror(cause));
	uio->registers = registers;
	return RF_OK;
}

/* The one entry of the device's folder uio/ names its character device. -1 if it cannot be opened. */
static int open_interrupt(const char *address)
{
	char path[SYS_PATH_MAX], name[32] = "";
	e1000_sys_path(path, address, "uio");
	DIR *directory = opendir(path);
	if (directory == NULL)
		return -1;
	for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
		if (strncmp(entry->d_name, "uio", 3) == 0)
			snprintf(name, sizeof(name), "%.20s", entry->d_name);
	closedir(directory);
	snprintf(path, sizeof(path), "/dev/%s", name);
	return name[0] != '\0' ? open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK) : -1;
}

enum rf_status e1000_uio_open(const char *address, const struct rf_pool *pool, struct e1000_bus **bus,
                              struct rf_error *error)
{
	struct uio_bus *uio = calloc(1, sizeof(*uio));
	if (uio == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: no memory", address);
	uio->bus.ops = &ops;
	uio->config = -1;
	snprintf(uio->bus.name, sizeof(uio->bus.name), "%s", address);
	/* Opening it is also what allows bus mastering later: the kernel clears it when the last user closes
	 * it. */
	uio->interrupt = open_interrupt(address);
	enum rf_status status = open_registers(uio, error);
	if (status == RF_OK)
		status = share_memory(uio, pool, error);
	if (status != RF_OK) {
		close_bus(&uio->bus);
		return status;
	}
	fprintf(stderr,
	        "e1000:%s: warning: no IOMMU (uio_pci_generic): the device can read and write all memory of "
	        "this machine, and "
	        "a process that is killed leaves it running until the next start or \"rf-bind unbind\"\n",
	        address);
	*bus = &uio->bus;
	return RF_OK;
}
