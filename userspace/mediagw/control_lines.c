// SPDX-License-Identifier: GPL-3.0-or-later
/* Spans and channels on the control socket. */
#include "mediagw/control.h"
#include "mediagw/line_test.h"
#include "tdm/endpoint.h"
#include "tdm/show.h"
#include "tdm/verb.h"
#include <errno.h>

static struct tdm *tdm_of(void *arg)
{
	struct gateway *gw = *(struct gateway **)arg;
	return gw ? gw->p.tdm : NULL;
}

static int show_spans(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const struct tdm *t = tdm_of(arg);
	*result = t ? tdm_spans_json(t) : json_array();
	return *result ? 0 : -ENOMEM;
}

/* A number, or its digits as tandemctl has them; 0: not said. */
static int number_of(const json_t *v, uint32_t *ret)
{
	*ret = (uint32_t)json_integer_value(v);
	return json_is_string(v) && slice_u32(slice_str(json_string_value(v)), ret) ? -EINVAL : 0;
}

static int show_channels(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const struct tdm *t = tdm_of(arg);
	uint32_t span;
	if (number_of(json_object_get(args, "span"), &span) || (span && (!t || !tdm_span(t, span)))) {
		buf_str(why, "no such span");
		return -ENOENT;
	}
	*result = t ? tdm_channels_json(t, span) : json_array();
	return *result ? 0 : -ENOMEM;
}

static json_t *verbs_json(void)
{
	json_t *all = json_array();
	for (const struct tdm_verb *v = tdm_verbs; v->name; v++)
		json_array_append_new(all, json_pack("{s:s, s:s}", "verb", v->name, "help", v->help));
	return all;
}

static int do_tdm(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const char *verb = json_string_value(json_object_get(args, "verb")), *target = json_string_value(json_object_get(args, "target"));
	struct tdm *t = tdm_of(arg);
	if (!verb) {
		*result = verbs_json();
		return *result ? 0 : -ENOMEM;
	}
	if (!t || !target) {
		buf_str(why, "what to do it to: span NUMBER, group NAME, channel NUMBER, or endpoints such as ds/ds1-1/[1-5]");
		return -EINVAL;
	}
	struct buf told = buf_growing();
	int err = tdm_do(t, slice_str(verb), slice_str(target), &told);
	if (err)
		buf_slice(why, slice_trim(buf_text(&told)));
	else
		*result = json_stringn(told.p, told.len);
	buf_reset(&told);
	return err ? err : *result ? 0 : -ENOMEM;
}

static int set_blocked(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const char *endpoint = json_string_value(json_object_get(args, "endpoint"));
	const json_t *on = json_object_get(args, "on");
	struct tdm *t = tdm_of(arg);
	struct tdm_channel *c;
	if (!endpoint || !json_is_boolean(on)) {
		buf_str(why, "expected the name of one channel, and whether the far end blocks it");
		return -EINVAL;
	}
	if (!t || tdm_endpoint_find(t, slice_str(endpoint), &c)) {
		buf_str(why, "no such channel");
		return -ENOENT;
	}
	if ((bool)(c->blocks & TDM_BLOCK_THERE) != json_is_true(on))
		tdm_channel_set_blocked_there(c, json_is_true(on));
	*result = json_true();
	return 0;
}

static int begin_test(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct gateway *gw = *(struct gateway **)arg;
	const char *from = json_string_value(json_object_get(args, "from")), *to = json_string_value(json_object_get(args, "to"));
	const char *all = json_string_value(json_object_get(args, "all")), *number = json_string_value(json_object_get(args, "number")),
		   *caller = json_string_value(json_object_get(args, "caller"));
	if (!from || !to) {
		buf_str(why, "where a test call goes out, and where it comes in: spans by their numbers, group NAME, channel NUMBER, or endpoints such as ds/ds1-1/[1-5]");
		return -EINVAL;
	}
	if (!gw || !gw->tests) {
		buf_str(why, "the gateway is starting");
		return -EAGAIN;
	}
	const struct line_test_params p = {
		.from = slice_str(from), .to = slice_str(to), .all = json_is_true(json_object_get(args, "all")) || (all && !strcmp(all, "all")),
		.number = number ? slice_str(number) : SLICE_NONE, .caller = caller ? slice_str(caller) : SLICE_NONE,
	};
	int err = line_tests_begin(gw->tests, &p, why);
	if (!err)
		*result = line_tests_json(gw->tests);
	return err ? err : *result ? 0 : -ENOMEM;
}

static int show_test(void *arg, json_t *args, json_t **result, struct buf *why)
{
	const struct gateway *gw = *(struct gateway **)arg;
	*result = gw && gw->tests ? line_tests_json(gw->tests) : json_pack("{s:n, s:[]}", "running", "rows");
	return *result ? 0 : -ENOMEM;
}

const struct ctl_verb control_line_verbs[] = {
	{"test", "makes a test call from one telephone channel to another, or every one to the one at its place", begin_test,
	 "from=\"1\"|\"group NAME\"|\"channel 7\"|ENDPOINT to=... all=true number=NUMBER caller=NUMBER", NULL},
	{"show test", "each check of the test that was made last, or is being made", show_test, NULL, NULL},
	{"show spans", "spans of telephone lines: kind, alarms, timing, channels free and in use", show_spans, NULL, NULL},
	{"show channels", "telephone channels, their endpoints and states", show_channels, "span=NUMBER", NULL},
	{"channel blocked", "what the far end says of a channel: that it wants no calls there, or does; for who hears that", set_blocked, "endpoint=NAME on=BOOL", NULL},
	{"tdm", "what operators do to spans and channels; without a verb, those there are", do_tdm, "verb=VERB target=\"span 1\"|\"group NAME\"|\"channel 7\"|ENDPOINT", NULL},
	{0},
};
