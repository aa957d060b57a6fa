// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/private.h"
#include "base/log.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* An address that is not on this machine can receive nothing: better told now than by silence in a call. */
static int check_local(const struct addr *ip)
{
	struct addr any_port = *ip;
	struct sockaddr_storage ss;
	any_port.port = 0;
	int fd = socket(ip->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -EADDRNOTAVAIL;
	int err = bind(fd, (struct sockaddr *)&ss, addr_to_sockaddr(&any_port, &ss)) ? -EADDRNOTAVAIL : 0;
	close(fd);
	return err;
}

static int set_ranges(struct fastpath *fp, const struct fp_params *params)
{
	if (!params->n_locals || params->n_locals > TANDEM_MAX_LOCALS)
		return -EADDRNOTAVAIL;
	fp->ranges = mem_raw(params->n_locals * sizeof *fp->ranges);
	if (!fp->ranges)
		return -ENOMEM;
	for (unsigned i = 0; i < params->n_locals; i++) {
		const struct fp_local *l = &params->locals[i];
		if (!addr_is_set(&l->ip) || addr_is_any(&l->ip) || l->port_min > l->port_max || !l->port_min || check_local(&l->ip))
			return -EADDRNOTAVAIL;
		for (unsigned k = 0; k < i; k++)
			if (addr_ip_eq(&l->ip, &fp->ranges[k].ip))
				return -EADDRNOTAVAIL;
		fp->ranges[i] = (struct fp_range){l->ip, l->port_min, l->port_max, fp->n_slots};
		fp->n_slots += (uint32_t)(l->port_max - l->port_min) + 1;
		fp->n_ranges++;
	}
	return 0;
}

static void fastpath_destroy(void *obj)
{
	struct fastpath *fp = obj;
	if (fp->null)
		fp_null_close(fp->null);
	mem_deref(fp->null);
	if (fp->hops && !(fp->kernel && fp_kernel_leaves(fp->kernel)))
		fp_hops_forget(fp->hops);
	mem_deref(fp->hops);
	mem_deref(fp->kernel);
	if (fp->slots)
		munmap(fp->slots, fp->n_slots * sizeof *fp->slots);
	mem_free(fp->ranges);
	json_decref(fp->engines);
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
	struct fp_sockets sockets = {.steer = {-1, -1}, .raw = {-1, -1}};
	struct fastpath *fp = mem_alloc(sizeof *fp, fastpath_destroy);
	if (!fp)
		return -ENOMEM;
	fp->handlers = params->handlers;
	fp->arg = params->arg;
	int err = set_ranges(fp, params);
	if (err)
		goto out;
	if (fp_kernel_open(fp, params, &sockets))
		err = plain_slots(fp);
	if (!err)
		err = fp_null_open(&fp->null, fp, &sockets);
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
	if (!addr_is_set(&dst) || !(fp->slots[slot].in.flags & TANDEM_OPEN))
		return -ENOTCONN;
	return fp_null_send(fp->null, slot, &dst, data, len);
}

json_t *fastpath_engines(const struct fastpath *fp)
{
	return fp->engines ? json_deep_copy(fp->engines) : json_array();
}

void fastpath_leave(struct fastpath *fp)
{
	if (fp->kernel)
		fp_kernel_leave(fp->kernel);
}
