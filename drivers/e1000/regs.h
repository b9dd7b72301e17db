/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers and descriptors of the 8254x and 82574 Ethernet controllers.
 *
 * Sections: "SDM" is Intel's PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual (317453), "82574" the 82574 GbE Controller
 * Family datasheet. Registers are 32 bits wide, little-endian, named by their
 * byte offset in BAR 0. All descriptors are 16 bytes, little-endian.
 */
#ifndef E1000_REGS_H
#define E1000_REGS_H

#include <stdint.h>

#define E1000_BAR_SIZE 0x20000 /* SDM 4.1: 128 KiB */

/* ---- General (SDM 13.4.1-13.4.6, 82574 10.2.2) --------------------------- */

#define E1000_CTRL 0x0000
#define E1000_CTRL_GIO_MASTER_DISABLE (1u << 2) /* 82574 only */
#define E1000_CTRL_LRST (1u << 3)
#define E1000_CTRL_ASDE (1u << 5)
#define E1000_CTRL_SLU (1u << 6)
#define E1000_CTRL_ILOS (1u << 7)
#define E1000_CTRL_FRCSPD (1u << 11)
#define E1000_CTRL_FRCDPLX (1u << 12)
#define E1000_CTRL_RST (1u << 26)
#define E1000_CTRL_RFCE (1u << 27)
#define E1000_CTRL_TFCE (1u << 28)
#define E1000_CTRL_VME (1u << 30)
#define E1000_CTRL_PHY_RST (1u << 31)

#define E1000_STATUS 0x0008
#define E1000_STATUS_LU (1u << 1)
#define E1000_STATUS_GIO_MASTER_ENABLED (1u << 19) /* 82574 only */
/* What a read gives once the device is gone: no register reads so while it is there. */
#define E1000_GONE 0xffffffffu

#define E1000_EERD 0x0014
#define E1000_EERD_START (1u << 0)
#define E1000_EERD_DATA_SHIFT 16
#define E1000_EEPROM_WORDS 64 /* SDM 5.6: words 0 … 3fh sum up to BABAh */
#define E1000_EEPROM_SUM 0xbaba

#define E1000_FCAL 0x0028
#define E1000_FCAH 0x002c
#define E1000_FCT 0x0030
#define E1000_VET 0x0038
#define E1000_VET_8021Q 0x8100
#define E1000_FCTTV 0x0170

/* ---- Interrupts (SDM 13.4.17-13.4.21, 82574 10.2.4) ---------------------- */

#define E1000_ICR 0x00c0 /* cleared by reading */
#define E1000_IMS 0x00d0
#define E1000_IMC 0x00d8
#define E1000_INT_LSC (1u << 2)
#define E1000_INT_RXDMT0 (1u << 4)
#define E1000_INT_RXO (1u << 6)
#define E1000_INT_RXT0 (1u << 7)

/* ---- Receive (SDM 13.4.22-13.4.32, 13.5; 82574 10.2.5) ------------------- */

#define E1000_RCTL 0x0100
#define E1000_RCTL_EN (1u << 1)
#define E1000_RCTL_UPE (1u << 3)
#define E1000_RCTL_MPE (1u << 4)
#define E1000_RCTL_BAM (1u << 15)
#define E1000_RCTL_SECRC (1u << 26)
/* BSIZE 0, BSEX 0, LPE 0: buffers of 2,048 bytes, frames of up to 1,522 with FCS (SDM 13.4.22). */
#define E1000_RX_BUFFER 2048

#define E1000_RDBAL 0x2800
#define E1000_RDBAH 0x2804
#define E1000_RDLEN 0x2808
#define E1000_RDH 0x2810
#define E1000_RDT 0x2818
#define E1000_RDTR 0x2820
#define E1000_RADV 0x282c
#define E1000_RXDCTL 0x2828
/* Write back each descriptor at once, fetch when fewer than 32 are at hand (GRAN: in descriptors). */
#define E1000_RXDCTL_VALUE (1u << 24 | 1u << 16 | 4u << 8 | 32u)

#define E1000_RXCSUM 0x5000
#define E1000_RXCSUM_IPOFLD (1u << 8)
#define E1000_RXCSUM_TUOFLD (1u << 9)
#define E1000_RXCSUM_PCSD (1u << 13) /* 82574: the hash stands where the packet checksum would */

#define E1000_RFCTL 0x5008
#define E1000_RFCTL_EXSTEN (1u << 15) /* 82574 10.2.5.15: extended descriptors */

#define E1000_MTA 0x5200 /* 128 registers: a bit vector of 4,096 hashes (SDM 13.5.1) */
#define E1000_MTA_REGISTERS 128
#define E1000_RAL(n) (0x5400 + 8 * (n))
#define E1000_RAH(n) (0x5404 + 8 * (n))
#define E1000_RAH_AV (1u << 31)
#define E1000_RAL_PAIRS 15 /* 82574 has 16, the last kept by its firmware */

/* Receive-side scaling, 82574 10.2.5.16-10.2.5.18, 7.1.11 */
#define E1000_MRQC 0x5818
#define E1000_MRQC_RSS 1u
#define E1000_MRQC_TCP_IPV4 (1u << 16)
#define E1000_MRQC_IPV4 (1u << 17)
#define E1000_MRQC_TCP_IPV6 (1u << 18)
#define E1000_MRQC_IPV6_EX (1u << 19)
#define E1000_MRQC_IPV6 (1u << 20)
#define E1000_RETA 0x5c00
#define E1000_RETA_REGISTERS 32
#define E1000_RSSRK 0x5c80
#define E1000_RSSRK_REGISTERS 10

/* Legacy descriptor (SDM 3.2.3), words 2 and 3; words 0 and 1 are the buffer's address. */
#define E1000_RXW2_LENGTH(w) ((uint16_t)(w))
#define E1000_RXW3_STATUS(w) ((w) & 0xff)
#define E1000_RXW3_ERRORS(w) ((w) >> 8 & 0xff)
#define E1000_RXW3_VLAN(w) ((uint16_t)((w) >> 16))
/* Extended write-back (82574 7.1.4.2): words 0 MRQ, 1 hash, 2 errors and status, 3 VLAN and length. */
#define E1000_RXX0_RSS_TYPE(w) ((w) & 0xf)
#define E1000_RXX2_STATUS(w) ((w) & 0xff)
#define E1000_RXX2_ERRORS(w) ((w) >> 24)
#define E1000_RXX3_LENGTH(w) ((uint16_t)(w))
#define E1000_RXX3_VLAN(w) ((uint16_t)((w) >> 16))
/* Status and errors have the same bits in both (SDM 3.2.3.1, 3.2.3.2). */
#define E1000_RXS_DD (1u << 0)
#define E1000_RXS_EOP (1u << 1)
#define E1000_RXS_IXSM (1u << 2)
#define E1000_RXS_VP (1u << 3)
#define E1000_RXS_UDPCS (1u << 4)
#define E1000_RXS_TCPCS (1u << 5)
#define E1000_RXS_IPCS (1u << 6)
#define E1000_RXE_FRAME (1u << 0 | 1u << 1 | 1u << 2 | 1u << 4 | 1u << 7) /* CE SE SEQ CXE RXE */
#define E1000_RXE_TCPE (1u << 5)
#define E1000_RXE_IPE (1u << 6)

/* ---- Transmit (SDM 13.4.33-13.4.44, 82574 10.2.6) ------------------------ */

#define E1000_TCTL 0x0400
#define E1000_TCTL_EN (1u << 1)
#define E1000_TCTL_PSP (1u << 3)
#define E1000_TCTL_CT (0x0fu << 4)    /* SDM 13.4.33: collision threshold 15 */
#define E1000_TCTL_COLD (0x40u << 12) /* 64 byte times, full duplex */
#define E1000_TIPG 0x0410
#define E1000_TIPG_COPPER (8u | 8u << 10 | 6u << 20) /* SDM 13.4.34 */

#define E1000_TDBAL 0x3800
#define E1000_TDBAH 0x3804
#define E1000_TDLEN 0x3808
#define E1000_TDH 0x3810
#define E1000_TDT 0x3818
#define E1000_TIDV 0x3820
#define E1000_TXDCTL 0x3828
/* Write back at once; bit 22 is reserved and 1 on the 82574 (10.2.6.8). */
#define E1000_TXDCTL_VALUE (1u << 24 | 1u << 22)
#define E1000_TADV 0x382c

/* Word 2 of a legacy (SDM 3.3.3) or data (SDM 3.3.7) descriptor: length and command. */
#define E1000_TXC_DATA (1u << 20 | 1u << 29) /* DTYP 1, DEXT */
#define E1000_TXC_EOP (1u << 24)
#define E1000_TXC_IFCS (1u << 25)
#define E1000_TXC_RS (1u << 27)
#define E1000_TXC_VLE (1u << 30)
/* Word 2 of a context descriptor (SDM 3.3.6): DTYP 0 and TUCMD. */
#define E1000_TXK_TCP (1u << 24)
#define E1000_TXK_IP (1u << 25)
#define E1000_TXK_DEXT (1u << 29)
/* Word 3: status, options, VLAN tag. */
#define E1000_TXS_DD (1u << 0)
#define E1000_TXO_IXSM (1u << 8)
#define E1000_TXO_TXSM (1u << 9)
#define E1000_TXV_SHIFT 16

struct e1000_descriptor {
	uint32_t word[4];
};
_Static_assert(sizeof(struct e1000_descriptor) == 16, "SDM 3.2.3, 3.3.3");

#endif
