// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/oc.h"
#include "base/mem.h"
#include "base/timer.h"

enum { PEERS_MAX = 1024, VALIDITY_MS = 500 };

struct oc_peer {
	struct hash_link by_addr;
	struct link order;
	struct addr addr;
	unsigned loss, owed; /* percent; hundredths of a request held back so far */
	uint64_t seq, until; /* until: on clock_ms() */
};

int sip_oc_init(struct sip_oc *oc)
{
	list_init(&oc->order);
	return hash_init(&oc->peers, 16);
}

static void forget(struct sip_oc *oc, struct oc_peer *p)
{
	hash_remove(&oc->peers, &p->by_addr);
	list_remove(&p->order);
	oc->n--;
	mem_free(p);
}

void sip_oc_fini(struct sip_oc *oc)
{
	struct oc_peer *p;
	list_foreach_safe(p, &oc->order, order)
		forget(oc, p);
	hash_free(&oc->peers);
}

bool sip_oc_is_param(struct slice name)
{
	static const char *const names[] = {"oc", "oc-algo", "oc-validity", "oc-seq"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_caseeq(name, slice_str(names[i])))
			return true;
	return false;
}

void sip_oc_put_request(struct buf *out, const struct sip_oc *oc)
{
	if (oc->ask)
		buf_str(out, ";oc;oc-algo=\"loss\"");
}

/* 4.2: the client lists what it knows. */
static bool knows_loss(struct slice params)
{
	struct slice list = sip_param(params, SLICE("oc-algo"));
	while (slice_is_set(list))
		if (slice_caseeq(slice_trim(slice_cut(&list, ',')), SLICE("loss")))
			return true;
	return false;
}

void sip_oc_put_response(struct buf *out, const struct sip_oc *oc, struct slice params)
{
	if (!slice_is_set(sip_param(params, SLICE("oc"))) || !knows_loss(params))
		return;
	buf_printf(out, ";oc=%u;oc-algo=\"loss\";oc-validity=%u;oc-seq=%llu.%03llu", oc->loss, oc->loss ? VALIDITY_MS : 0,
		   (unsigned long long)(oc->seq / 1000), (unsigned long long)(oc->seq % 1000));
}

static struct oc_peer *find(const struct sip_oc *oc, const struct addr *peer)
{
	struct oc_peer *p;
	uint32_t h = addr_hash(peer);
	hash_foreach_match(p, &oc->peers, h, by_addr)
		if (addr_eq(&p->addr, peer))
			return p;
	return NULL;
}

/* "1282321615.782" in thousandths; what is none counts as the oldest. */
static uint64_t sequence(struct slice text)
{
	uint64_t whole = 0, part = 0;
	struct slice rest = text, head = slice_cut(&rest, '.');
	if (!slice_is_set(text) || slice_u64(head, UINT32_MAX, &whole))
		return 0;
	if (rest.len > 3)
		rest.len = 3;
	if (rest.len && !slice_u64(rest, 999, &part))
		for (size_t i = rest.len; i < 3; i++)
			part *= 10;
	return whole * 1000 + part;
}

static struct oc_peer *peer_new(struct sip_oc *oc, const struct addr *peer)
{
	if (oc->n == PEERS_MAX)
		forget(oc, container_of(list_first(&oc->order), struct oc_peer, order));
	struct oc_peer *p = mem_raw(sizeof *p);
	if (!p)
		return NULL;
	*p = (struct oc_peer){.addr = *peer};
	hash_insert(&oc->peers, &p->by_addr, addr_hash(peer));
	list_append(&oc->order, &p->order);
	oc->n++;
	return p;
}

void sip_oc_heard(struct sip_oc *oc, const struct addr *peer, struct slice params)
{
	struct slice value = oc->ask ? sip_param(params, SLICE("oc")) : SLICE_NONE;
	uint64_t loss, validity = VALIDITY_MS;
	if (!value.len || slice_u64(value, 100, &loss))
		return;
	struct slice algo = sip_param(params, SLICE("oc-algo"));
	if (algo.len && !slice_caseeq(algo, SLICE("loss")))
		return;
	uint64_t seq = sequence(sip_param(params, SLICE("oc-seq")));
	struct slice ms = sip_param(params, SLICE("oc-validity"));
	if (ms.len && slice_u64(ms, 3600000, &validity))
		return;
	struct oc_peer *p = find(oc, peer);
	/* 5.4: what is older than what we know has been overtaken. */
	if (p && seq < p->seq)
		return;
	if (!loss || !validity) {
		if (p)
			forget(oc, p);
		return;
	}
	if (!p && !(p = peer_new(oc, peer)))
		return;
	p->loss = (unsigned)loss;
	p->seq = seq;
	p->until = clock_ms() + validity;
}

bool sip_oc_holds_back(struct sip_oc *oc, const struct addr *peer)
{
	struct oc_peer *p = oc->n ? find(oc, peer) : NULL;
	if (!p)
		return false;
	if (p->until <= clock_ms()) {
		forget(oc, p);
		return false;
	}
	p->owed += p->loss;
	if (p->owed < 100)
		return false;
	p->owed -= 100;
	return true;
}
