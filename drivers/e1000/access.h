/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ways of access share: a PCI device's files in /sys. */
#ifndef E1000_ACCESS_H
#define E1000_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PCI configuration space (PCI 3.0, 6.1, 6.2.2) */
#define PCI_CONFIG_IDS 0
#define PCI_CONFIG_COMMAND 4
#define PCI_COMMAND_MEMORY (1u << 1)
#define PCI_COMMAND_MASTER (1u << 2)
#define PCI_COMMAND_INTX_OFF (1u << 10)
#define PCI_VENDOR_INTEL 0x8086

/* Room for "/sys/bus/pci/devices/ADDRESS/WHAT". */
#define SYS_PATH_MAX 128

void e1000_sys_path(char path[SYS_PATH_MAX], const char *address, const char *what);

/* The last part of what a symbolic link of the device points at ("driver", "iommu_group"). False if there is
 * none. */
bool e1000_sys_link(const char *address, const char *what, char *name, size_t size);

/* Changes bits of the command register through a file of the configuration space that starts at `start`. */
bool e1000_pci_command(int fd, uint64_t start, uint16_t set, uint16_t clear);

/* Reads the device id; false if it cannot be read or the vendor is not Intel. */
bool e1000_pci_device_id(int fd, uint64_t start, uint16_t *device_id);

#endif
