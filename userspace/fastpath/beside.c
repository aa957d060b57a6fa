// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/beside.h"
#include "fastpath/programs.h"
#include "base/log.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#define PRIORITY 50 /* libxdp's default: an operator's filters run before us with a lower one, what sees only the rest with a higher one */
#define MAX_MAPS 32

/* What tells one of our programs from another. */
struct identity {
	uint32_t id, maps[MAX_MAPS], n_maps;
	char name[BPF_OBJ_NAME_LEN];
	uint8_t tag[BPF_TAG_SIZE];
};

static int on_libxdp(enum libxdp_print_level level, const char *format, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof line, format, args);
	log_debug("libxdp", "%.*s", n > 0 ? (int)strcspn(line, "\n") : 0, line);
	return 0;
}

static int identify(int fd, struct identity *ret)
{
	struct bpf_prog_info info = {.nr_map_ids = MAX_MAPS, .map_ids = (uintptr_t)ret->maps};
	uint32_t len = sizeof info;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	ret->id = info.id;
	ret->n_maps = info.nr_map_ids < MAX_MAPS ? info.nr_map_ids : MAX_MAPS;
	memcpy(ret->name, info.name, sizeof ret->name);
	memcpy(ret->tag, info.tag, sizeof ret->tag);
	return 0;
}

static uint32_t pinned_map(const struct pin *pin, const char *name)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof info;
	int fd = pin_get(pin, name);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	if (fd >= 0)
		close(fd);
	return info.id;
}

static bool has_map(const struct identity *p, uint32_t map)
{
	for (uint32_t i = 0; i < p->n_maps; i++)
		if (p->maps[i] == map)
			return true;
	return false;
}

static struct xdp_multiprog *programs_of(int ifindex)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	return libxdp_get_error(mp) ? NULL : mp;
}

/* The interface's dispatcher: 1 one is there, 0 nothing is, or negative errno as beside_attach(). */
static int dispatcher_mode(int ifindex, bool native)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	long err = libxdp_get_error(mp);
	if (err)
		return err == -ENOENT ? 0 : (int)err;
	int ret = xdp_multiprog__is_legacy(mp) ? -EBUSY :
		  xdp_multiprog__attach_mode(mp) != (native ? XDP_MODE_NATIVE : XDP_MODE_SKB) ? -EMLINK : 1;
	xdp_multiprog__close(mp);
	return ret;
}

/* Ours among those in the dispatcher: the pinned one, or one on our table that was not pinned before its process was killed. */
static bool find_ours(int ifindex, uint32_t pinned, const struct identity *want, uint32_t slots, struct identity *ret)
{
	struct xdp_multiprog *mp = programs_of(ifindex);
	struct xdp_program *p = NULL;
	bool found = false;
	while (mp && !found && (p = xdp_multiprog__next_prog(p, mp)))
		found = !identify(xdp_program__fd(p), ret) && (ret->id == pinned || (!strcmp(ret->name, want->name) && has_map(ret, slots)));
	xdp_multiprog__close(mp);
	return found;
}

static int take_out(uint32_t id, int ifindex)
{
	struct xdp_multiprog *mp = programs_of(ifindex);
	enum xdp_attach_mode mode = mp ? xdp_multiprog__attach_mode(mp) : XDP_MODE_UNSPEC;
	xdp_multiprog__close(mp);
	struct xdp_program *p = mp ? xdp_program__from_id(id) : NULL;
	if (!p || libxdp_get_error(p))
		return -ENOENT;
	int err = xdp_program__detach(p, ifindex, mode, 0);
	xdp_program__close(p);
	return err;
}

/* libxdp attaches without a dispatcher where the kernel cannot make one: then nothing could be beside us. */
static int check_dispatcher(int ifindex)
{
	struct xdp_multiprog *mp = programs_of(ifindex);
	int err = !mp ? -ENOENT : xdp_multiprog__is_legacy(mp) ? -EOPNOTSUPP : 0;
	if (err == -EOPNOTSUPP)
		(void)xdp_multiprog__detach(mp);
	xdp_multiprog__close(mp);
	return err;
}

static int attach_new(struct bpf_object *obj, const struct pin *pin, const char *name, const char *pin_name, int ifindex, bool native)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = obj, .prog_name = name);
	struct xdp_program *p = xdp_program__create(&opts);
	int err = (int)libxdp_get_error(p);
	if (err)
		return err;
	err = xdp_program__set_run_prio(p, PRIORITY);
	if (!err)
		err = xdp_program__set_chain_call_enabled(p, XDP_PASS, true);
	if (!err)
		err = xdp_program__attach(p, ifindex, native ? XDP_MODE_NATIVE : XDP_MODE_SKB, 0);
	if (!err)
		err = check_dispatcher(ifindex);
	if (!err) {
		pin_forget(pin, pin_name); /* the earlier one is taken out by its id */
		err = pin_put(pin, pin_name, xdp_program__fd(p));
	}
	xdp_program__close(p);
	return err;
}

int beside_attach(const struct pin *pin, const char *name, int prog, int ifindex, bool native)
{
	char pin_name[64];
	struct identity want = {0}, pinned = {0}, is = {0};
	struct programs p = {0};
	uint32_t slots = pinned_map(pin, "slots");
	(void)libxdp_set_print(on_libxdp);
	snprintf(pin_name, sizeof pin_name, BESIDE "%d", ifindex);
	int err = slots ? identify(prog, &want) : -ENOENT;
	int there = err ? err : dispatcher_mode(ifindex, native);
	if (there < 0)
		return there;
	int fd = pin_get(pin, pin_name);
	if (fd >= 0) {
		(void)identify(fd, &pinned);
		close(fd);
	}
	bool ours = there && find_ours(ifindex, pinned.id, &want, slots, &is);
	if (ours && is.id == pinned.id && !memcmp(is.tag, want.tag, sizeof is.tag) && has_map(&is, slots))
		return 0;
	err = programs_again(&p, pin);
	if (!err)
		err = attach_new(programs_relay(&p), pin, name, pin_name, ifindex, native);
	programs_close(&p);
	if (!err && ours)
		(void)take_out(is.id, ifindex);
	return err;
}

void beside_detach(int fd, int ifindex)
{
	struct identity is = {0};
	(void)libxdp_set_print(on_libxdp);
	if (!identify(fd, &is))
		(void)take_out(is.id, ifindex);
}
