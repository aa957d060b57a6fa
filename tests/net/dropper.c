/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dropper DEVICE DEVICE PERCENT PORT SEED
 * A wire that loses: carries Ethernet frames between two devices and drops PERCENT of the UDP packets to or from PORT (0: of all), chosen by
 * a generator with that seed. Prints "dropped N of M" when it ends on SIGTERM. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "dropper: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_device(const char *name)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex(name)};
	struct packet_mreq all = {.mr_ifindex = at.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof at) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all))
		die(name);
	return fd;
}

static uint16_t be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* Whether the frame is UDP over IPv4 or IPv6 (without extension headers) with that port at one end. */
static bool concerns(const uint8_t *f, size_t len, unsigned port)
{
	size_t udp;
	if (len < 14 + 20 + 8)
		return false;
	if (be16(f + 12) == ETHERTYPE_IP && f[23] == IPPROTO_UDP)
		udp = 14 + (f[14] & 15) * 4;
	else if (be16(f + 12) == ETHERTYPE_IPV6 && f[20] == IPPROTO_UDP)
		udp = 14 + 40;
	else
		return false;
	return udp + 8 <= len && (!port || be16(f + udp) == port || be16(f + udp + 2) == port);
}

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fputs("usage: dropper DEVICE DEVICE PERCENT PORT SEED\n", stderr);
		return 2;
	}
	struct pollfd side[2] = {{open_device(argv[1]), POLLIN, 0}, {open_device(argv[2]), POLLIN, 0}};
	unsigned percent = atoi(argv[3]), port = atoi(argv[4]);
	uint32_t state = atoi(argv[5]) * 2654435761u | 1;
	unsigned long seen = 0, dropped = 0;
	struct sigaction action = {.sa_handler = on_term};
	sigaction(SIGTERM, &action, NULL);
	while (!stopped) {
		if (poll(side, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			uint8_t frame[65536];
			struct sockaddr_ll from;
			socklen_t from_len = sizeof from;
			if (!(side[i].revents & POLLIN))
				continue;
			ssize_t n = recvfrom(side[i].fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &from_len);
			if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING)
				continue;
			if (concerns(frame, n, port)) {
				seen++;
				if (random_next(&state) % 100 < percent) {
					dropped++;
					continue;
				}
			}
			if (send(side[!i].fd, frame, n, 0) < 0 && errno != ENOBUFS)
				die("send");
		}
	}
	printf("dropped %lu of %lu\n", dropped, seen);
	return 0;
}
