// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/path.h"
#include "base/mem.h"
#include "base/timer.h"
#include <errno.h>

enum {
	LARGE = 1300,      /* however wide the way is: the kernel knows its first link, and the rest only when somebody has told */
	MARGIN = 200,
	LEAST_V4 = 552,    /* no way is narrower: what Linux believes at the least (ip_rt_min_pmtu), RFC 8200 5 */
	LEAST_V6 = 1280,
	SLOTS = 1024,
	REMEMBERED_MS = 60000,
};

/* One for all ways whose hash is that: who comes later takes it. */
struct path {
	struct addr to;
	unsigned mtu;
	uint64_t until; /* on clock_ms() */
};

struct sip_paths {
	sip_mtu_fn mtu;
	struct path path[SLOTS];
};

int sip_paths_new(struct sip_paths **ret, sip_mtu_fn mtu)
{
	struct sip_paths *ps = mem_alloc(sizeof *ps, NULL);
	if (!ps)
		return -ENOMEM;
	ps->mtu = mtu;
	*ret = ps;
	return 0;
}

static struct path *slot_of(struct sip_paths *ps, const struct addr *to)
{
	struct addr ip = *to;
	ip.port = 0;
	return &ps->path[addr_hash(&ip) % SLOTS];
}

static unsigned mtu_of(struct sip_paths *ps, const struct addr *from, const struct addr *to)
{
	struct path *p = slot_of(ps, to);
	if (!addr_ip_eq(&p->to, to) || clock_ms() >= p->until)
		*p = (struct path){.to = *to, .mtu = ps->mtu(from, to), .until = clock_ms() + REMEMBERED_MS};
	return p->mtu;
}

bool sip_path_is_narrow(struct sip_paths *ps, const struct addr *from, const struct addr *to, size_t len)
{
	if (len > LARGE)
		return true;
	if (len + MARGIN <= (to->family == AF_INET6 ? LEAST_V6 : LEAST_V4))
		return false;
	unsigned mtu = mtu_of(ps, from, to);
	return mtu && len + MARGIN > mtu;
}

void sip_path_forget(struct sip_paths *ps, const struct addr *to)
{
	struct path *p = slot_of(ps, to);
	if (addr_ip_eq(&p->to, to))
		p->until = 0;
}
