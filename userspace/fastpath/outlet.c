// SPDX-License-Identifier: GPL-3.0-or-later
/* The daemon's own packets: of the main loop, and of threads that send many. */
#include "fastpath/null.h"

struct fp_outlet {
	struct link link;
	struct fp_null *null;
	struct fp_worker worker; /* it receives nothing */
};

int fp_worker_send(struct fp_worker *w, const struct fp_packet *packet, uint32_t slot)
{
	struct fp_packet p = *packet;
	struct addr local;
	fp_slot_local(w->fp, slot, &local);
	fp_ip(&local, &p.src);
	p.src_port = htons(local.port);
	p.vrf = fp_vrf_of(w->fp, slot);
	p.tos = TANDEM_GET(w->fp->slots[slot].policy.tos);
	p.hop_limit = 64;
	if (!fp_sender_raw(w->sender, p.family)) {
		int fd = fp_null_port_fd(w->null, slot);
		return fd < 0 ? -ENOTCONN : fp_sender_by_port(w->sender, &p, fd);
	}
	uint32_t mtu = fp_sender_mtu(w->sender, &p);
	return mtu < UINT32_MAX ? fp_sender_fragments(w->sender, &p, mtu) : fp_sender_queue(w->sender, &p);
}

static void outlet_destroy(void *obj)
{
	struct fp_outlet *o = obj;
	list_remove(&o->link);
	fp_worker_closed(&o->worker);
	fp_worker_free(&o->worker);
	mem_deref(o->null);
}

int fastpath_outlet(struct fp_outlet **ret, struct fastpath *fp)
{
	struct fp_outlet *o = mem_alloc(sizeof *o, outlet_destroy);
	if (!o)
		return -ENOMEM;
	o->null = mem_ref(fp->null);
	o->worker.null = o->null;
	o->worker.fp = fp;
	int err = fp_sender_open(&o->worker.sender, o->null->raw, &o->worker);
	if (err) {
		mem_deref(o);
		return err;
	}
	list_append(&o->null->outlets, &o->link);
	*ret = o;
	return 0;
}

int fp_outlet_put(struct fp_outlet *o, uint32_t slot, uint8_t *data, size_t len)
{
	const struct fastpath *fp = o->worker.fp;
	struct tandem_in in;
	uint32_t seq;
	if (slot >= fp->n_slots)
		return -EINVAL;
	fp_in_read(&fp->slots[slot], &in, &seq);
	bool latched = tandem_remote_is_latched(&in);
	struct fp_packet p = {.dst = latched ? in.src : in.media, .dst_port = latched ? in.src_port : in.media_port, .headroom = true, .data = data, .len = len};
	if ((in.flags & (TANDEM_OPEN | TANDEM_SEND)) != (TANDEM_OPEN | TANDEM_SEND) || !(latched || in.flags & TANDEM_REMOTE))
		return -ENOTCONN;
	p.family = tandem_ip_is_v4(&p.dst) ? 4 : 6;
	return fp_worker_send(&o->worker, &p, slot);
}

void fp_outlet_flush(struct fp_outlet *o)
{
	fp_sender_flush(o->worker.sender);
}

void fp_outlets_count(const struct fp_null *n, uint64_t *sum)
{
	const struct fp_outlet *o;
	list_foreach(o, &n->outlets, link)
		(void)fp_worker_count(&o->worker, sum);
}
