// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/path_mtu.h"
#include <netinet/in.h>
#include <netinet/ip.h>
#include <unistd.h>

static int connect_to(int fd, const struct addr *from, const struct addr *to)
{
	struct sockaddr_storage ss;
	struct addr local = *from;
	local.port = 0;
	socklen_t len = addr_to_sockaddr(&local, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len))
		return -1;
	len = addr_to_sockaddr(to, &ss);
	return connect(fd, (struct sockaddr *)&ss, len);
}

unsigned path_mtu(const struct addr *from, const struct addr *to)
{
	bool v6 = to->family == AF_INET6;
	int mtu = 0, fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof mtu;
	if (fd < 0)
		return 0;
	if (connect_to(fd, from, to) || getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &len) || mtu < 0)
		mtu = 0;
	close(fd);
	return (unsigned)mtu;
}
