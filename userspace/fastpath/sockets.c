// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/sockets.h"
#include "tandem/flow.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#define RECEIVE_BUFFER (4 << 20) /* a second of 500 streams */
#define SEND_BUFFER    (4 << 20) /* what waits in a card's queue */

static int socket_of(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol), on = 1;
	if (fd >= 0 && family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	return fd < 0 ? -errno : fd;
}

/* All ports that are this socket's, as bpf/steer.bpf.c finds them. */
static int steer_to(const struct sockets *s, uint32_t which, unsigned thread, int fd)
{
	uint64_t value = (uint64_t)fd;
	for (uint32_t i = thread; i < TANDEM_STEER_PLACES; i += s->threads) {
		uint32_t key = which * TANDEM_STEER_PLACES + i;
		if (bpf_map_update_elem(s->map, &key, &value, 0))
			return -errno;
	}
	return 0;
}

/* A socket that the program may assign has to be bound to something; to what does not matter. */
static int steer_socket(const struct sockets *s, uint32_t which, unsigned thread)
{
	const int size = RECEIVE_BUFFER;
	struct addr any = {.family = which ? AF_INET6 : AF_INET};
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&any, &ss);
	char name[32];
	int fd = socket_of(any.family, SOCK_DGRAM, 0);
	if (fd < 0)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	int err = bind(fd, (struct sockaddr *)&ss, len) ? -errno : steer_to(s, which, thread, fd);
	if (err) {
		close(fd);
		return err;
	}
	snprintf(name, sizeof name, "steer%c-%u", which ? '6' : '4', thread);
	return s->give(s->arg, name, fd);
}

static int raw_socket(const struct sockets *s, bool v6)
{
	const int on = 1, size = SEND_BUFFER;
	int fd = socket_of(v6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof on)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return s->give(s->arg, v6 ? "raw6" : "raw4", fd);
}

static bool uses(const struct sockets *s, sa_family_t family)
{
	for (unsigned i = 0; i < s->n_locals; i++)
		if (s->locals[i].family == family)
			return true;
	return false;
}

int sockets_open(const struct sockets *s)
{
	int err = 0;
	for (uint32_t which = 0; !err && which < 2; which++) {
		if (!uses(s, which ? AF_INET6 : AF_INET))
			continue;
		for (unsigned i = 0; !err && s->steer && i < s->threads; i++)
			err = steer_socket(s, which, i);
		if (!err)
			err = raw_socket(s, which);
	}
	return err;
}

int sockets_attach(const struct sockets *s)
{
	int link = pin_get(s->pin, "link-steer");
	if (link >= 0) {
		int err = bpf_link_update(link, s->prog, NULL) ? -errno : 0;
		close(link);
		if (!err)
			return 0;
	}
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return -errno;
	link = bpf_link_create(s->prog, netns, BPF_SK_LOOKUP, NULL);
	int err = link < 0 ? -errno : 0;
	close(netns);
	if (err)
		return err;
	if (!s->pin->dir[0])
		return s->give(s->arg, "link", link);
	err = pin_put(s->pin, "link-steer", link);
	close(link);
	return err;
}
