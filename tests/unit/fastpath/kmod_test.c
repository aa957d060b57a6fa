// SPDX-License-Identifier: GPL-3.0-or-later
/* The daemon's side of the kernel module, against a module that is played here: it comes, goes, refuses, counts and tells. */
#include "unit.h"
#include "fastpath/private.h"
#include "net/genl.h"
#include "tandem/netlink.h"
#include <errno.h>
#include <stdio.h>

#define OURS   7
#define OTHERS 8

static struct {
	/* The module. */
	bool loaded;
	uint16_t id;
	uint32_t layout, attached;
	uint64_t forwarded;
	int refuses; /* negative errno to every ATTACH */
	const char *words;
	/* What was asked of whom. */
	unsigned attaches, detaches, loads, joins, changes, events;
	struct tandem_event last;
	struct genl_handlers handlers;
	void *arg;
} fake;

/* --- what kmod.c calls --------------------------------------------------------------------------------------------- */

const struct counter_def fp_reason_defs[TANDEM_REASON_COUNT] = {
#define ROW(id, name, help) [TANDEM_##id] = {name, help},
	TANDEM_REASONS(ROW)
#undef ROW
};

uint32_t fp_kernel_slots_id(const struct fp_kernel *k)
{
	return OURS;
}

void fp_engines_changed(struct fastpath *fp)
{
	fake.changes++;
}

void fp_event(struct fastpath *fp, const struct tandem_event *ev)
{
	fake.events++;
	fake.last = *ev;
}

int fp_ask(json_t *request, json_t **reply, int *fds, unsigned *n)
{
	const json_t *local = json_array_get(json_object_get(request, "locals"), 0);
	assert_string_equal(json_string_value(json_object_get(request, "do")), "fastpath-module");
	assert_int_equal(json_integer_value(json_object_get(request, "map")), OURS);
	assert_string_equal(json_string_value(json_object_get(request, "pin")), "/pins");
	assert_string_equal(json_string_value(json_object_get(local, "ip")), "192.0.2.1");
	assert_int_equal(json_integer_value(json_object_get(local, "min")), 16384);
	bool on = json_is_true(json_object_get(request, "on"));
	json_decref(request);
	*(on ? &fake.attaches : &fake.detaches) += 1;
	if (on && fake.refuses) {
		*reply = fake.words ? json_pack("{s:s}", "error", fake.words) : NULL;
		return fake.refuses;
	}
	fake.attached = on ? OURS : 0;
	return 0;
}

static void make_family(struct genl_family *f)
{
	*f = (struct genl_family){.name = TANDEM_NL_FAMILY, .id = fake.id, .groups = {{TANDEM_NL_EVENTS, 90}}, .n_groups = 1};
}

static void stop_listening(void *obj)
{
	memset(&fake.handlers, 0, sizeof fake.handlers);
}

int genl_open(struct genl **ret, const struct genl_handlers *handlers, void *arg)
{
	*ret = mem_alloc(1, stop_listening);
	if (!*ret)
		return -ENOMEM;
	fake.handlers = *handlers;
	fake.arg = arg;
	return 0;
}

int genl_family(struct genl *g, const char *name, bool load, struct genl_family *ret)
{
	fake.loads += load;
	if (!fake.loaded)
		return -ENOENT;
	make_family(ret);
	return 0;
}

uint32_t genl_group(const struct genl_family *f, const char *name)
{
	return f->n_groups && !strcmp(f->groups[0].name, name) ? f->groups[0].id : 0;
}

int genl_join(struct genl *g, uint32_t group)
{
	assert_int_equal(group, 90);
	fake.joins++;
	return 0;
}

struct nlmsghdr *genl_request(void *buf, uint16_t family, uint8_t command, uint8_t version)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	h->nlmsg_type = family;
	g->cmd = command;
	return h;
}

int genl_ask(struct genl *g, struct nlmsghdr *asked, mnl_cb_t fn, void *arg, struct buf *why)
{
	char buf[GENL_REQUEST];
	assert_int_equal(((struct genlmsghdr *)mnl_nlmsg_get_payload(asked))->cmd, TANDEM_C_GET);
	if (!fake.loaded || asked->nlmsg_type != fake.id)
		return -ENOENT;
	struct nlmsghdr *h = genl_request(buf, fake.id, TANDEM_C_GET, 1);
	mnl_attr_put_u32(h, TANDEM_A_LAYOUT, fake.layout);
	mnl_attr_put_strz(h, TANDEM_A_VERSION, "1.2.3");
	if (fake.attached) {
		mnl_attr_put_u32(h, TANDEM_A_SLOTS_ID, fake.attached);
		struct nlattr *nest = mnl_attr_nest_start(h, TANDEM_A_REASON);
		mnl_attr_put_u32(h, TANDEM_A_REASON_INDEX, TANDEM_FORWARDED);
		mnl_attr_put_u64(h, TANDEM_A_REASON_COUNT, fake.forwarded);
		mnl_attr_nest_end(h, nest);
	}
	return fn(h, arg) < 0 ? -errno : 0;
}

/* --- the stage ----------------------------------------------------------------------------------------------------- */

static struct fp_range range = {.port_min = 16384, .port_max = 32767};
static struct fastpath fp = {.ranges = &range, .n_ranges = 1, .n_slots = 16384};

static void load(uint32_t layout, uint32_t attached)
{
	struct genl_family f;
	fake.loaded = true;
	fake.id++;
	fake.layout = layout;
	fake.attached = attached;
	fake.forwarded = 0;
	make_family(&f);
	if (fake.handlers.family)
		fake.handlers.family(fake.arg, &f, true);
}

static void unload(void)
{
	struct genl_family f;
	make_family(&f);
	fake.loaded = false;
	fake.attached = 0;
	fake.handlers.family(fake.arg, &f, false);
}

static void reset(void)
{
	memset(&fake, 0, sizeof fake);
	fake.id = 40;
	addr_parse_ip(&range.ip, SLICE("192.0.2.1"));
}

static struct fp_kmod *start(enum fp_want want)
{
	struct fp_kmod *k;
	struct fp_params p = {.want = want, .pin_dir = "/pins"};
	assert_int_equal(fp_kmod_open(&k, &fp, &p), 0);
	return k;
}

static void expect_row(const struct fp_kmod *k, const char *mode, const char *version, const char *why)
{
	json_t *row = fp_kmod_row(k);
	assert_string_equal(json_string_value(json_object_get(row, "mode")), mode);
	assert_non_null(strstr(json_string_value(json_object_get(row, "why")), why));
	if (version)
		assert_string_equal(json_string_value(json_object_get(row, "version")), version);
	else
		assert_true(json_is_null(json_object_get(row, "version")));
	json_decref(row);
}

static uint64_t forwarded(void)
{
	json_t *all = counter_json(), *row;
	uint64_t n = 0;
	size_t i;
	json_array_foreach(all, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "group")), "relay-module") &&
		    !strcmp(json_string_value(json_object_get(row, "name")), "forwarded"))
			n = (uint64_t)json_integer_value(json_object_get(row, "value"));
	json_decref(all);
	return n;
}

/* --- tests --------------------------------------------------------------------------------------------------------- */

static void absent(void **state)
{
	reset();
	struct fp_kmod *k = start(FP_WANT_AUTO);
	assert_int_equal(fp_kmod_state(k), FP_KMOD_ABSENT);
	assert_int_equal(fake.loads, 1);
	expect_row(k, "null", NULL, "not loaded");
	mem_deref(k);
}

static void there_at_start(void **state)
{
	reset();
	load(TANDEM_LAYOUT, 0);
	struct fp_kmod *k = start(FP_WANT_MODULE);
	assert_int_equal(fp_kmod_state(k), FP_KMOD_ATTACHED);
	assert_int_equal(fake.attached, OURS);
	assert_int_equal(fake.joins, 1);
	expect_row(k, "module", "1.2.3", "");
	fp_kmod_detach(k);
	assert_int_equal(fake.attached, 0);
	mem_deref(k);
}

/* The process before us attached it: nothing is asked for, so nothing can go wrong. */
static void adopted(void **state)
{
	reset();
	load(TANDEM_LAYOUT, OURS);
	struct fp_kmod *k = start(FP_WANT_AUTO);
	assert_int_equal(fp_kmod_state(k), FP_KMOD_ATTACHED);
	assert_int_equal(fake.attaches, 0);
	mem_deref(k);
	assert_int_equal(fake.attached, OURS);
	load(TANDEM_LAYOUT, OTHERS);
	k = start(FP_WANT_AUTO);
	assert_int_equal(fake.attaches, 1);
	assert_int_equal(fake.attached, OURS);
	mem_deref(k);
}

static void of_another_layout(void **state)
{
	reset();
	load(TANDEM_LAYOUT + 1, 0);
	struct fp_kmod *k = start(FP_WANT_AUTO);
	assert_int_equal(fp_kmod_state(k), FP_KMOD_REFUSED);
	assert_int_equal(fake.attaches, 0);
	expect_row(k, "null", "1.2.3", "layout");
	mem_deref(k);
}

static void refuses(void **state)
{
	static const struct {
		int err;
		const char *words, *shown;
	} rows[] = {{-EPERM, NULL, "Operation not permitted"}, {-EINVAL, "no such address here", "no such address here"}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		reset();
		fake.refuses = rows[i].err;
		fake.words = rows[i].words;
		load(TANDEM_LAYOUT, 0);
		struct fp_kmod *k = start(FP_WANT_AUTO);
		assert_int_equal(fp_kmod_state(k), FP_KMOD_REFUSED);
		expect_row(k, "null", "1.2.3", rows[i].shown);
		fp_kmod_detach(k);
		assert_int_equal(fake.detaches, 0);
		mem_deref(k);
	}
}

static void comes_and_goes(void **state)
{
	reset();
	struct fp_kmod *k = start(FP_WANT_AUTO);
	load(TANDEM_LAYOUT, 0);
	assert_int_equal(fp_kmod_state(k), FP_KMOD_ATTACHED);
	fake.forwarded = 100;
	assert_int_equal(forwarded(), 100);
	unsigned loads = fake.loads, changes = fake.changes;
	unload();
	assert_int_equal(fp_kmod_state(k), FP_KMOD_ABSENT);
	assert_int_equal(fake.changes, changes + 1);
	assert_int_equal(forwarded(), 100);
	load(TANDEM_LAYOUT, 0);
	assert_int_equal(fp_kmod_state(k), FP_KMOD_ATTACHED);
	assert_int_equal(fake.attached, OURS);
	fake.forwarded = 5;
	assert_int_equal(forwarded(), 105);
	assert_int_equal(fake.loads, loads); /* who unloads it does not get it back */
	mem_deref(k);
}

/* Its unloading and loading were among the messages that were lost. */
static void news_are_lost(void **state)
{
	reset();
	load(TANDEM_LAYOUT, 0);
	struct fp_kmod *k = start(FP_WANT_AUTO);
	fake.handlers.lost(fake.arg);
	assert_int_equal(fake.attaches, 1);
	fake.id++;
	fake.attached = 0;
	fake.handlers.lost(fake.arg);
	assert_int_equal(fake.attached, OURS);
	fake.loaded = false;
	fake.handlers.lost(fake.arg);
	assert_int_equal(fp_kmod_state(k), FP_KMOD_ABSENT);
	mem_deref(k);
}

static void not_wanted(void **state)
{
	static const struct {
		enum fp_want want;
		uint32_t attached, after;
	} rows[] = {{FP_WANT_NATIVE, OURS, 0}, {FP_WANT_NULL, OURS, 0}, {FP_WANT_GENERIC, OTHERS, OTHERS}, {FP_WANT_NULL, 0, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		reset();
		load(TANDEM_LAYOUT, rows[i].attached);
		struct fp_kmod *k = start(rows[i].want);
		assert_int_equal(fp_kmod_state(k), FP_KMOD_OFF);
		assert_int_equal(fake.attached, rows[i].after);
		assert_int_equal(fake.loads, 0);
		expect_row(k, "null", "1.2.3", "media.engine");
		mem_deref(k);
	}
}

static void tells(void **state)
{
	const struct tandem_event ev = {.slot = 9, .kind = TANDEM_EV_DTMF, .value = 5};
	char buf[GENL_REQUEST];
	reset();
	load(TANDEM_LAYOUT, 0);
	struct fp_kmod *k = start(FP_WANT_AUTO);
	struct nlmsghdr *h = genl_request(buf, fake.id, TANDEM_C_EVENT, 1);
	mnl_attr_put(h, TANDEM_A_EVENT, sizeof ev, &ev);
	mnl_attr_put(h, TANDEM_A_EVENT, sizeof ev - 1, &ev);
	mnl_attr_put_u32(h, 1000, 1);
	fake.handlers.message(fake.arg, h);
	assert_int_equal(fake.events, 1);
	assert_memory_equal(&fake.last, &ev, sizeof ev);
	h->nlmsg_type++;
	fake.handlers.message(fake.arg, h);
	assert_int_equal(fake.events, 1);
	mem_deref(k);
}

static void open_and_close(void *arg)
{
	struct fp_kmod *k = NULL;
	struct fp_params p = {.want = FP_WANT_AUTO, .pin_dir = "/pins"};
	int err = fp_kmod_open(&k, &fp, &p);
	assert_true(!err || err == -ENOMEM);
	mem_deref(k);
}

static void survives_lack_of_memory(void **state)
{
	reset();
	load(TANDEM_LAYOUT, 0);
	each_allocation_fails(open_and_close, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent),         cmocka_unit_test(there_at_start), cmocka_unit_test(adopted),
		cmocka_unit_test(of_another_layout), cmocka_unit_test(refuses),     cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(news_are_lost),  cmocka_unit_test(not_wanted),     cmocka_unit_test(tells),
		cmocka_unit_test(survives_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
