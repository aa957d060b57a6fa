// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/pcap.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LINKTYPE_LINUX_LAPD 177
#define FRAME_MAX           1024
#define ETH_P_LAPD          0x30
#define PACKET_OUTGOING     4

struct head {
	uint32_t magic;
	uint16_t major, minor;
	int32_t zone;
	uint32_t accuracy, longest, link;
};

struct record {
	uint32_t seconds, microseconds, kept, length;
};

FILE *pcap_open(const char *path)
{
	const struct head h = {.magic = 0xa1b2c3d4, .major = 2, .minor = 4, .longest = 65535, .link = LINKTYPE_LINUX_LAPD};
	FILE *f = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (f && fwrite(&h, sizeof h, 1, f) == 1 && !fflush(f))
		return f;
	if (f && f != stdout)
		fclose(f);
	return NULL;
}

/* The octets of hexadecimal digits: how many, 0 for what is not such. */
static size_t from_hex(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;
	unsigned octet;
	for (; hex && *hex && n < room; hex += 2) {
		if (sscanf(hex, "%2x", &octet) != 1)
			return 0;
		out[n++] = (uint8_t)octet;
	}
	return n;
}

int pcap_add(FILE *f, const json_t *event)
{
	const char *dir = json_string_value(json_object_get(event, "dir"));
	json_int_t ms = json_integer_value(json_object_get(event, "time"));
	/* Kind of packet, of hardware, length of the address, the address (whether this end is the network), protocol. */
	uint8_t packet[16 + FRAME_MAX] = {[1] = dir && !strcmp(dir, "out") ? PACKET_OUTGOING : 0, [3] = 1, [5] = 1,
					  [6] = json_is_true(json_object_get(event, "network")), [15] = ETH_P_LAPD};
	size_t n = from_hex(json_string_value(json_object_get(event, "octets")), packet + 16, FRAME_MAX);
	if (!n)
		return 0;
	struct record r = {(uint32_t)(ms / 1000), (uint32_t)(ms % 1000) * 1000, (uint32_t)(n + 16), (uint32_t)(n + 16)};
	bool good = fwrite(&r, sizeof r, 1, f) == 1 && fwrite(packet, n + 16, 1, f) == 1 && !fflush(f);
	return good ? 0 : -errno;
}
