/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "e1000.h"

void e1000_sys_path(char path[SYS_PATH_MAX], const char *address, const char *what)
{
	snprintf(path, SYS_PATH_MAX, "/sys/bus/pci/devices/%s/%s", address, what);
}

bool e1000_sys_link(const char *address, const char *what, char *name, size_t size)
{
	char path[SYS_PATH_MAX], target[256];
	e1000_sys_path(path, address, what);
	const ssize_t length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	const char *slash = strrchr(target, '/');
	snprintf(name, size, "%s", slash != NULL ? slash + 1 : target);
	return true;
}

bool e1000_pci_command(int fd, uint64_t start, uint16_t set, uint16_t clear)
{
	uint16_t command;
	const off_t at = (off_t)(start + PCI_CONFIG_COMMAND);
	if (pread(fd, &command, sizeof(command), at) != sizeof(command))
		return false;
	command = (uint16_t)((command | set) & ~clear);
	return pwrite(fd, &command, sizeof(command), at) == sizeof(command);
}

bool e1000_pci_device_id(int fd, uint64_t start, uint16_t *device_id)
{
	uint16_t ids[2];
	if (pread(fd, ids, sizeof(ids), (off_t)(start + PCI_CONFIG_IDS)) != sizeof(ids))
		return false;
	*device_id = ids[1];
	return ids[0] == PCI_VENDOR_INTEL;
}

static enum rf_status wrong_driver(const char *address, const char *driver, const char *wanted,
                                   struct rf_error *error)
{
	return rf_fail(error, RF_ERR_SYSTEM,
	               "e1000:%s: the device %s%s%s, not to %s: run \"rf-bind bind %s%s\" as root", address,
	               driver[0] != '\0' ? "belongs to the driver \"" : "belongs to no driver", driver,
	               driver[0] != '\0' ? "\"" : "", wanted,
	               strcmp(wanted, "uio_pci_generic") == 0 ? "--uio " : "", address);
}

enum rf_status e1000_open_bus(const struct e1000_options *options, const struct rf_pool *pool,
                              struct e1000_bus **bus, struct rf_error *error)
{
	const char *address = options->address;
	char path[SYS_PATH_MAX], driver[64] = "";
	e1000_sys_path(path, address, "");
	if (access(path, F_OK) != 0)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: there is no such PCI device; rf-bind status lists them", address);
	(void)e1000_sys_link(address, "driver", driver, sizeof(driver));
	const bool is_uio = strcmp(driver, "uio_pci_generic") == 0;
	if (is_uio && options->access != E1000_ACCESS_VFIO)
		return e1000_uio_open(address, pool, bus, error);
	if (options->access == E1000_ACCESS_UIO)
		return wrong_driver(address, driver, "uio_pci_generic", error);
	if (strcmp(driver, "vfio-pci") != 0)
		return wrong_driver(address, driver, "vfio-pci", error);
	return e1000_vfio_open(address, pool, bus, error);
}
