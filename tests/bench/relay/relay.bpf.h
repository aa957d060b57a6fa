/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the bench's programs and their loader share. */
#pragma once
#include <linux/types.h>

#define RELAY_MAX_FLOWS 4096

/* One flow as the generator writes it. Ports and SSRC in network order; base_check is the UDP checksum with sequence number 0,
 * seq the last one sent, both in host order. */
struct relay_flow {
	__u16 sport, dport;
	__u16 base_check;
	__u16 seq;
	__u32 ssrc;
};

/* The 34 bytes of Ethernet and IPv4 headers. */
struct relay_head {
	__u64 words[4];
	__u16 rest;
} __attribute__((packed));

/* Where the bare program sends a destination port: the least a relay does. */
struct bare_key {
	__u32 daddr;
	__u16 dport;
	__u16 zero;
};
struct bare_value {
	__u32 port_index; /* in the devmap */
	__u32 packets;
};
