// SPDX-License-Identifier: GPL-3.0-or-later
/* The daemon's side of the kernel module: it may be there at start, come later, go, or come anew while streams flow, and each time gets the
 * table; all there is to follow is its generic netlink family. Asking needs no privilege; attaching is asked of the privileged side. */
#include "fastpath/private.h"
#include "fastpath/privileged.h"
#include "base/log.h"
#include "net/genl.h"
#include "tandem/netlink.h"
#include <errno.h>

struct fp_kmod {
	struct fastpath *fp;
	struct genl *genl;
	struct genl_family family; /* id 0: not loaded */
	bool wanted;
	uint32_t slots_id; /* of our table */
	char *pin;
	enum fp_kmod_state state;
	struct buf why; /* unless attached */
	char version[32];
	struct counter_group counters;
	uint64_t values[TANDEM_REASON_COUNT], before[TANDEM_REASON_COUNT]; /* `before`: of modules that are gone */
};

/* --- what the module says ------------------------------------------------------------------------------------------ */

static const struct {
	enum mnl_attr_data_type type;
	size_t len;
} attrs[TANDEM_A_COUNT] = {
#define ROW(name, attr_type, attr_len) [TANDEM_A_##name] = {MNL_TYPE_##attr_type, attr_len},
	TANDEM_NL_ATTRS(ROW)
#undef ROW
};

/* Of which attribute a well-formed one is; TANDEM_A_UNSPEC for what this version does not know. */
static enum tandem_nl_attr attr_type(const struct nlattr *a)
{
	uint16_t type = mnl_attr_get_type(a);
	if (type >= TANDEM_A_COUNT || mnl_attr_validate(a, attrs[type].type))
		return TANDEM_A_UNSPEC;
	if (attrs[type].type == MNL_TYPE_BINARY && mnl_attr_get_payload_len(a) != attrs[type].len)
		return TANDEM_A_UNSPEC;
	return (enum tandem_nl_attr)type;
}

struct answer {
	uint32_t layout, slots_id;
	char version[32];
	uint64_t reasons[TANDEM_REASON_COUNT];
};

static void read_reason(const struct nlattr *nest, struct answer *ret)
{
	uint32_t index = TANDEM_REASON_COUNT;
	uint64_t count = 0;
	const struct nlattr *a;
	mnl_attr_for_each_nested(a, nest) {
		enum tandem_nl_attr type = attr_type(a);
		if (type == TANDEM_A_REASON_INDEX)
			index = mnl_attr_get_u32(a);
		if (type == TANDEM_A_REASON_COUNT)
			count = mnl_attr_get_u64(a);
	}
	if (index < TANDEM_REASON_COUNT)
		ret->reasons[index] = count;
}

static int on_answer(const struct nlmsghdr *h, void *arg)
{
	struct answer *ret = arg;
	const struct nlattr *a;
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		switch (attr_type(a)) {
		case TANDEM_A_LAYOUT:
			ret->layout = mnl_attr_get_u32(a);
			break;
		case TANDEM_A_SLOTS_ID:
			ret->slots_id = mnl_attr_get_u32(a);
			break;
		case TANDEM_A_VERSION:
			(void)slice_copy(slice_str(mnl_attr_get_str(a)), ret->version, sizeof ret->version);
			break;
		case TANDEM_A_REASON:
			read_reason(a, ret);
			break;
		default:
			break;
		}
	}
	return MNL_CB_OK;
}

static int get(struct fp_kmod *k, struct answer *ret, struct buf *why)
{
	char request[GENL_REQUEST];
	*ret = (struct answer){0};
	return genl_ask(k->genl, genl_request(request, k->family.id, TANDEM_C_GET, TANDEM_NL_VERSION), on_answer, ret, why);
}

/* --- attaching ----------------------------------------------------------------------------------------------------- */

/* 0, or negative errno and the words for it in `why`. */
static int ask(struct fp_kmod *k, bool on, struct buf *why)
{
	json_t *reply = NULL;
	unsigned none = 0;
	int err = fp_ask(json_pack("{s:s,s:b,s:s?,s:I,s:o}", "do", "fastpath-module", "on", on, "pin", k->pin, "map", (json_int_t)k->slots_id,
				   "locals", fp_locals_json(k->fp)),
			 &reply, NULL, &none);
	const char *said = json_string_value(json_object_get(reply, "error"));
	if (err)
		buf_str(why, said ? said : strerror(-err));
	json_decref(reply);
	return err;
}

static void set_state(struct fp_kmod *k, enum fp_kmod_state state, const char *why)
{
	bool changed = k->state != state || strcmp(buf_z(&k->why), why);
	k->state = state;
	buf_reset(&k->why);
	buf_str(&k->why, why);
	if (!changed)
		return;
	if (state == FP_KMOD_ATTACHED)
		log_info("fastpath", "kernel module %s relays what XDP does not", k->version);
	else if (state == FP_KMOD_REFUSED)
		log_warn("fastpath", "kernel module %s is not used: %s", k->version, why);
	else if (state == FP_KMOD_ABSENT)
		log_info("fastpath", "kernel module: %s", why);
	fp_engines_changed(k->fp);
}

static void keep_counts(struct fp_kmod *k, const struct answer *a)
{
	for (unsigned i = 0; i < TANDEM_REASON_COUNT; i++)
		k->values[i] = k->before[i] + a->reasons[i];
}

/* The module may be relaying by our table already: for the process before us. */
static int take_in(struct fp_kmod *k, struct buf *why)
{
	struct answer a;
	int err = k->slots_id ? get(k, &a, why) : -ENOTSUP;
	if (err)
		return err;
	memcpy(k->version, a.version, sizeof k->version);
	if (!k->wanted)
		return a.slots_id == k->slots_id ? ask(k, false, why) : 0;
	if (a.layout != TANDEM_LAYOUT) {
		buf_printf(why, "it was built for table layout %u, this tandem-mg for %u", a.layout, TANDEM_LAYOUT);
		return -EPROTO;
	}
	keep_counts(k, &a);
	return a.slots_id == k->slots_id ? 0 : ask(k, true, why);
}

static void found(struct fp_kmod *k, const struct genl_family *f)
{
	struct buf why = buf_growing();
	k->family = *f;
	int err = genl_join(k->genl, genl_group(f, TANDEM_NL_EVENTS));
	if (!err)
		err = take_in(k, &why);
	if (err && !why.len)
		buf_str(&why, strerror(-err));
	if (!k->wanted)
		set_state(k, FP_KMOD_OFF, "not wanted by media.engine");
	else
		set_state(k, err ? FP_KMOD_REFUSED : FP_KMOD_ATTACHED, buf_z(&why));
	buf_reset(&why);
}

static void gone(struct fp_kmod *k)
{
	k->family.id = 0;
	memcpy(k->before, k->values, sizeof k->before);
	if (k->wanted)
		set_state(k, FP_KMOD_ABSENT, "not loaded");
}

/* --- what it tells ------------------------------------------------------------------------------------------------- */

static void on_family(void *arg, const struct genl_family *f, bool exists)
{
	struct fp_kmod *k = arg;
	if (strcmp(f->name, TANDEM_NL_FAMILY))
		return;
	if (k->family.id)
		gone(k);
	if (exists)
		found(k, f);
}

static void on_message(void *arg, const struct nlmsghdr *h)
{
	struct fp_kmod *k = arg;
	const struct genlmsghdr *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	struct tandem_event ev;
	if (h->nlmsg_type != k->family.id || m->cmd != TANDEM_C_EVENT)
		return;
	mnl_attr_for_each(a, h, sizeof *m)
		if (attr_type(a) == TANDEM_A_EVENT) {
			memcpy(&ev, mnl_attr_get_payload(a), sizeof ev);
			fp_event(k->fp, &ev);
		}
}

/* Its coming or going may have been among what was lost. */
static void on_lost(void *arg)
{
	struct fp_kmod *k = arg;
	struct genl_family f;
	int err = genl_family(k->genl, TANDEM_NL_FAMILY, false, &f);
	if (k->family.id && (err || f.id != k->family.id))
		gone(k);
	if (!err && f.id != k->family.id)
		found(k, &f);
}

/* --- the object ---------------------------------------------------------------------------------------------------- */

static void refresh_counters(struct counter_group *g)
{
	struct fp_kmod *k = container_of(g, struct fp_kmod, counters);
	struct answer a;
	if (k->state == FP_KMOD_ATTACHED && !get(k, &a, NULL))
		keep_counts(k, &a);
}

enum fp_kmod_state fp_kmod_state(const struct fp_kmod *k)
{
	return k ? k->state : FP_KMOD_OFF;
}

json_t *fp_kmod_row(const struct fp_kmod *k)
{
	struct buf why = buf_growing();
	bool attached = k->state == FP_KMOD_ATTACHED;
	if (attached)
		buf_str(&why, "XDP runs on interfaces that are named above only");
	else
		buf_printf(&why, "kernel module: %.*s", (int)k->why.len, k->why.p ? k->why.p : "");
	json_t *row = json_pack("{s:s,s:s,s:s,s:s?}", "interface", "*", "mode", attached ? "module" : "null", "why", buf_z(&why), "version",
				k->version[0] ? k->version : NULL);
	buf_reset(&why);
	return row;
}

void fp_kmod_detach(struct fp_kmod *k)
{
	struct buf why = buf_growing();
	if (k->state == FP_KMOD_ATTACHED && ask(k, false, &why))
		log_warn("fastpath", "kernel module: still attached: %s", buf_z(&why));
	buf_reset(&why);
}

static void kmod_destroy(void *obj)
{
	struct fp_kmod *k = obj;
	counter_unregister(&k->counters);
	mem_deref(k->genl);
	mem_free(k->pin);
	buf_reset(&k->why);
}

int fp_kmod_open(struct fp_kmod **ret, struct fastpath *fp, const struct fp_params *params)
{
	static const struct genl_handlers handlers = {on_family, on_message, on_lost};
	struct genl_family f;
	struct fp_kmod *k = mem_alloc(sizeof *k, kmod_destroy);
	if (!k)
		return -ENOMEM;
	k->fp = fp;
	k->why = buf_growing();
	k->wanted = params->want == FP_WANT_AUTO || params->want == FP_WANT_MODULE;
	k->slots_id = fp_kernel_slots_id(fp->kernel);
	k->pin = params->pin_dir ? mem_strdup(params->pin_dir) : NULL;
	k->counters = (struct counter_group)COUNTER_GROUP("relay-module", fp_reason_defs, k->values);
	k->counters.refresh = refresh_counters;
	counter_register(&k->counters);
	int err = params->pin_dir && !k->pin ? -ENOMEM : genl_open(&k->genl, &handlers, k);
	if (err == -ENOMEM) {
		mem_deref(k);
		return err;
	}
	/* A kernel without generic netlink has no module either. */
	if (!err)
		err = genl_family(k->genl, TANDEM_NL_FAMILY, k->wanted, &f);
	if (!err)
		found(k, &f);
	else if (k->wanted)
		set_state(k, FP_KMOD_ABSENT, err == -ENOENT ? "not loaded" : strerror(-err));
	else
		set_state(k, FP_KMOD_OFF, "not wanted by media.engine");
	*ret = k;
	return 0;
}
