/* SPDX-License-Identifier: Apache-2.0 */
/* Access through VFIO with a type 1 IOMMU (Linux: Documentation/driver-api/vfio.rst). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "e1000.h"

/* Where the device sees our memory. Clear of 0xfee00000, where writes are interrupts, and within 39 bits. */
#define RINGS_IOVA ((uint64_t)1 << 28)
#define POOL_IOVA ((uint64_t)1 << 32)

struct vfio_bus {
	struct e1000_bus bus;
	int container, group, device;
	int interrupt; /* eventfd */
	int request;   /* eventfd: the kernel wants the device back */
	bool is_intx;
	uint64_t config; /* offset of the configuration space in `device` */
	uint64_t pool_iova;
	uint8_t *registers;
};

static struct vfio_bus *self(struct e1000_bus *bus)
{
	return (struct vfio_bus *)bus;
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
	const struct vfio_bus *vfio = self(bus);
	return e1000_pci_command(vfio->device, vfio->config, allow ? PCI_COMMAND_MASTER : 0,
	                         allow ? 0 : PCI_COMMAND_MASTER);
}

static int interrupt_fd(struct e1000_bus *bus)
{
	return self(bus)->interrupt;
}

static bool take_event(int fd)
{
	uint64_t count;
	return fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count);
}

static void interrupt_enable(struct e1000_bus *bus)
{
	const struct vfio_bus *vfio = self(bus);
	/* VFIO masks INTx when it fires, since the line stays raised; MSI is an edge. */
	if (take_event(vfio->interrupt) && vfio->is_intx) {
		struct vfio_irq_set set = {.argsz = sizeof(set),
		                           .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		                           .index = VFIO_PCI_INTX_IRQ_INDEX,
		                           .count = 1};
		(void)ioctl(vfio->device, VFIO_DEVICE_SET_IRQS, &set);
	}
}

static bool wanted_back(struct e1000_bus *bus)
{
	return take_event(self(bus)->request);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Closing the container ends the mappings, closing the device resets it: in that order nothing is reachable
 * too long. */
static void close_bus(struct e1000_bus *bus)
{
	struct vfio_bus *vfio = self(bus);
	if (vfio->registers != NULL)
		munmap(vfio->registers, E1000_BAR_SIZE);
	close_fd(vfio->interrupt);
	close_fd(vfio->request);
	close_fd(vfio->device);
	close_fd(vfio->group);
	close_fd(vfio->container);
	if (vfio->bus.rings != NULL)
		munmap(vfio->bus.rings, E1000_RINGS_LENGTH);
	free(vfio);
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

static enum rf_status open_group(struct vfio_bus *vfio, const char *address, struct rf_error *error)
{
	char number[32], path[64];
	if (!e1000_sys_link(address, "iommu_group", number, sizeof(number)))
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: no IOMMU covers the device: switch it on in the firmware and by "
		               "the kernel argument "
		               "intel_iommu=on, or fall back on \"rf-bind bind --uio\"",
		               address);
	snprintf(path, sizeof(path), "/dev/vfio/%s", number);
	vfio->group = open(path, O_RDWR | O_CLOEXEC);
	if (vfio->group < 0 && errno == EBUSY)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: IOMMU group %s is in use, by another process or another device of "
		               "the same group on this "
		               "command line",
		               address, number);
	if (vfio->group < 0)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot open %s: %s", address, path,
		               strerror(errno));
	struct vfio_group_status status = {.argsz = sizeof(status)};
	if (ioctl(vfio->group, VFIO_GROUP_GET_STATUS, &status) == 0 && status.flags & VFIO_GROUP_FLAGS_VIABLE)
		return RF_OK;
	return rf_fail(error, RF_ERR_SYSTEM,
	               "e1000:%s: other devices of IOMMU group %s belong to the kernel's drivers: unbind "
	               "them all (rf-bind status)",
	               address, number);
}

static enum rf_status open_container(struct vfio_bus *vfio, const char *address, struct rf_error *error)
{
	vfio->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vfio->container < 0)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: cannot open /dev/vfio/vfio: %s; \"modprobe vfio-pci\" makes it",
		               address, strerror(errno));
	if (ioctl(vfio->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(vfio->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1_IOMMU) != 1)
		return rf_fail(
		    error, RF_ERR_SYSTEM,
		    "e1000:%s: this kernel's VFIO has no type 1 IOMMU; \"modprobe vfio_iommu_type1\"",
		    address);
	if (ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container) != 0 ||
	    ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) != 0)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: the IOMMU cannot be set up: %s", address,
		               strerror(errno));
	return RF_OK;
}

static enum rf_status map(const struct vfio_bus *vfio, const char *what, void *memory, uint64_t length,
                          uint64_t iova, struct rf_error *error)
{
	struct vfio_iommu_type1_dma_map request = {
	    .argsz = sizeof(request),
	    .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	    .vaddr = (uintptr_t)memory,
	    .iova = iova,
	    .size = length,
	};
	if (ioctl(vfio->container, VFIO_IOMMU_MAP_DMA, &request) == 0)
		return RF_OK;
	return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot pin the %s (%llu KiB) for the device: %s%s",
	               vfio->bus.name, what, (unsigned long long)length >> 10, strerror(errno),
	               errno == ENOMEM ? "; raise the limit of locked memory (ulimit -l)" : "");
}

static enum rf_status share_memory(struct vfio_bus *vfio, const struct rf_pool *pool, struct rf_error *error)
{
	void *rings = mmap(NULL, E1000_RINGS_LENGTH, PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (rings == MAP_FAILED)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: no memory for the rings", vfio->bus.name);
	vfio->bus.rings = rings;
	vfio->bus.rings_dma = RINGS_IOVA;
	vfio->pool_iova = POOL_IOVA;
	vfio->bus.pool_dma = &vfio->pool_iova;
	vfio->bus.pool_shift = 63;
	const enum rf_status status = map(vfio, "rings", rings, E1000_RINGS_LENGTH, RINGS_IOVA, error);
	if (status != RF_OK)
		return status;
	return map(vfio, "packet slots", pool->memory, pool->length, POOL_IOVA, error);
}

static bool find_region(const struct vfio_bus *vfio, uint32_t index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){.argsz = sizeof(*info), .index = index};
	return ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, info) == 0;
}

static enum rf_status open_device(struct vfio_bus *vfio, const char *address, struct rf_error *error)
{
	struct vfio_region_info config, bar;
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (vfio->device < 0)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: VFIO does not hand out the device: %s",
		               address, strerror(errno));
	if (!find_region(vfio, VFIO_PCI_CONFIG_REGION_INDEX, &config) ||
	    !find_region(vfio, VFIO_PCI_BAR0_REGION_INDEX, &bar) || bar.size < E1000_BAR_SIZE)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: the device has no registers of the expected size", address);
	vfio->config = config.offset;
	if (!e1000_pci_device_id(vfio->device, vfio->config, &vfio->bus.device_id))
		return rf_fail(error, RF_ERR_USAGE, "e1000:%s: not an Intel device", address);
	/* No DMA until the driver has reset the device and says so. */
	if (!e1000_pci_command(vfio->device, vfio->config, PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER))
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot write the device's configuration",
		               address);
	void *registers =
	    mmap(NULL, E1000_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vfio->device, (off_t)bar.offset);
	if (registers == MAP_FAILED)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: cannot map the registers: %s", address,
		               strerror(errno));
	vfio->registers = registers;
	return RF_OK;
}

/* An eventfd that becomes readable when interrupt 0 of an index fires; -1 if the device has none. */
static int connect_interrupt(const struct vfio_bus *vfio, uint32_t index)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = index};
	if (ioctl(vfio->device, VFIO_DEVICE_GET_IRQ_INFO, &info) != 0 || info.count == 0 ||
	    !(info.flags & VFIO_IRQ_INFO_EVENTFD))
		return -1;
	const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -1;
	union {
		struct vfio_irq_set set;
		uint8_t bytes[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	} request = {.set = {.argsz = sizeof(request.bytes),
	                     .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
	                     .index = index,
	                     .count = 1}};
	memcpy(request.bytes + sizeof(struct vfio_irq_set), &fd, sizeof(int32_t));
	if (ioctl(vfio->device, VFIO_DEVICE_SET_IRQS, &request) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Without interrupts the worker polls: slower to sleep, not wrong. */
static void connect_interrupts(struct vfio_bus *vfio)
{
	vfio->interrupt = connect_interrupt(vfio, VFIO_PCI_MSI_IRQ_INDEX);
	if (vfio->interrupt < 0) {
		vfio->interrupt = connect_interrupt(vfio, VFIO_PCI_INTX_IRQ_INDEX);
		vfio->is_intx = true;
	}
	vfio->request = connect_interrupt(vfio, VFIO_PCI_REQ_IRQ_INDEX);
}

enum rf_status e1000_vfio_open(const char *address, const struct rf_pool *pool, struct e1000_bus **bus,
                               struct rf_error *error)
{
	struct vfio_bus *vfio = calloc(1, sizeof(*vfio));
	if (vfio == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: no memory", address);
	vfio->bus.ops = &ops;
	vfio->container = vfio->group = vfio->device = vfio->interrupt = vfio->request = -1;
	snprintf(vfio->bus.name, sizeof(vfio->bus.name), "%s", address);
	enum rf_status status = open_group(vfio, address, error);
	if (status == RF_OK)
		status = open_container(vfio, address, error);
	if (status == RF_OK)
		status = open_device(vfio, address, error);
	if (status == RF_OK)
		status = share_memory(vfio, pool, error);
	if (status != RF_OK) {
		close_bus(&vfio->bus);
		return status;
	}
	connect_interrupts(vfio);
	*bus = &vfio->bus;
	return RF_OK;
}
