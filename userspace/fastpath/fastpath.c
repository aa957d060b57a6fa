// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/private.h"
#include "base/log.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void fastpath_destroy(void *obj)
{
	struct fastpath *fp = obj;
	if (fp->null)
		fp_null_close(fp->null);
	mem_deref(fp->null);
	if (fp->hops && !(fp->kernel && fp_kernel_leaves(fp->kernel)))
		fp_hops_forget(fp->hops);
	mem_deref(fp->hops);
	if (fp->kmod && !fp_kernel_leaves(fp->kernel))
		fp_kmod_detach(fp->kmod);
	mem_deref(fp->kmod);
	mem_deref(fp->kernel);
	if (fp->slots)
		munmap(fp->slots, fp->n_slots * sizeof *fp->slots);
	mem_free(fp->ranges);
	mem_free(fp->by_ip);
	json_decref(fp->engines);
	json_decref(fp->no_kernel);
}

static int plain_slots(struct fastpath *fp)
{
	void *p = mmap(NULL, fp->n_slots * sizeof *fp->slots, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	fp->slots = p;
	return 0;
}

int fastpath_open(struct fastpath **ret, const struct fp_params *params)
{
	struct fp_sockets sockets = FP_NO_SOCKETS;
	struct fastpath *fp = mem_alloc(sizeof *fp, fastpath_destroy);
	if (!fp)
		return -ENOMEM;
	fp->handlers = params->handlers;
	fp->arg = params->arg;
	fp->want = params->want;
	int err = fp_ranges_set(fp, params);
	if (err)
		goto out;
	if (fp_kernel_open(fp, params, &sockets))
		err = plain_slots(fp);
	else
		err = fp_kmod_open(&fp->kmod, fp, params);
	if (!err)
		err = fp_null_open(&fp->null, fp, &sockets);
	fp_sockets_close_old(&sockets);
out:
	if (err)
		mem_deref(fp);
	else
		*ret = fp;
	return err;
}

int fastpath_open_port(struct fastpath *fp, uint32_t slot)
{
	return slot < fp->n_slots ? fp_null_open_port(fp->null, slot) : -EINVAL;
}

void fastpath_close_port(struct fastpath *fp, uint32_t slot)
{
	if (slot < fp->n_slots)
		fp_null_close_port(fp->null, slot);
}

int fastpath_send(struct fastpath *fp, uint32_t slot, const uint8_t *data, size_t len)
{
	struct addr dst;
	if (slot >= fp->n_slots)
		return -EINVAL;
	fp_slot_remote(fp, slot, &dst);
	if (!addr_is_set(&dst) || !fp_is_open(&fp->slots[slot]))
		return -ENOTCONN;
	return fp_null_send(fp->null, slot, &dst, data, len);
}

void fp_event(struct fastpath *fp, const struct tandem_event *ev)
{
	if (ev->slot >= fp->n_slots)
		return;
	fp_slot_resolve(fp, ev->slot);
	if (fp->handlers.event)
		fp->handlers.event(fp->arg, ev->slot, ev->kind, ev->value);
}

void fastpath_leave(struct fastpath *fp)
{
	if (fp->kernel)
		fp_kernel_leave(fp->kernel);
}
