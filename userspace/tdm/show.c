// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/show.h"
#include "tdm/endpoint.h"
#include "tdm/tester.h"

/* The names of the bits that are set. */
static json_t *names_json(unsigned bits, const char *const *names, unsigned n)
{
	json_t *all = json_array();
	for (unsigned i = 0; all && i < n; i++)
		if (bits & 1u << i && json_array_append_new(all, json_string(names[i]))) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static unsigned count(const struct tdm *t, unsigned span, enum tdm_state state)
{
	unsigned found = 0;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		const struct tdm_channel *c = t->channels[n];
		found += c && c->span == span && c->state == state && tdm_carries_calls(c->signalling);
	}
	return found;
}

/* All that a span counts, by name. */
static json_t *counters_json(const struct tdm_span *s)
{
	json_t *all = json_object();
	for (unsigned i = 0; all && i < TDM_COUNTERS; i++)
		if (json_object_set_new(all, s->counters.defs[i].name, json_integer((json_int_t)s->values[i]))) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static json_t *span_json(const struct tdm *t, const struct tdm_span *s)
{
	unsigned n = s->now.number;
	return json_pack("{s:i, s:s, s:s, s:s, s:i, s:o, s:b, s:b, s:i, s:b, s:i, s:i, s:I, s:I, s:I, s:o}", "span", n, "kind", tdm_span_kind_names[s->now.kind], "name", s->now.name,
			 "description", s->now.description, "channels", s->now.channels, "defects", names_json(s->now.defects, tdm_defect_names, TDM_DEFECTS),
			 "failed", s->failed, "looped", s->looped, "timing", tdm_timing_priority(t, n), "clock", tdm_timing(t) == n, "free",
			 count(t, n, TDM_IN_SERVICE), "used", count(t, n, TDM_IN_USE) + count(t, n, TDM_DRAINING),
			 "crc", (json_int_t)s->values[TDM_CRC], "bpv", (json_int_t)s->values[TDM_BPV], "slips", (json_int_t)s->values[TDM_SLIPS], "counters", counters_json(s));
}

json_t *tdm_spans_json(const struct tdm *t)
{
	json_t *all = json_array();
	for (unsigned n = 1; all && n <= TDM_MAX_SPANS; n++)
		if (t->spans[n] && json_array_append_new(all, span_json(t, t->spans[n]))) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static json_t *bert_json(const struct tdm_channel *c)
{
	const struct tdm_bert *b = c->tester ? tdm_tester_result(c->tester) : NULL;
	if (!b)
		return json_null();
	return json_pack("{s:b, s:I, s:I, s:i}", "sync", b->in_sync, "bits", (json_int_t)b->bits, "errors", (json_int_t)b->errors, "losses", b->losses);
}

static const char *const blockers[] = {"here", "far-end"}; /* by the bits of enum tdm_block */

json_t *tdm_channel_json(const struct tdm_channel *c)
{
	const struct tdm *t = c->tdm;
	char endpoint[TDM_ENDPOINT_MAX];
	unsigned group = t->setup->channels[c->number].group;
	tdm_endpoint_name(c, endpoint);
	return json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o}", "channel", c->number, "span", c->span, "position", c->position, "endpoint",
			 endpoint, "signalling", tdm_signalling_defs[c->signalling].name, "law", tdm_law_names[c->law], "state", tdm_state_names[c->state],
			 "faults", names_json(c->faults, tdm_fault_names, TDM_FAULTS), "blocked", names_json(c->blocks, blockers, 2), "group", group ? t->setup->groups[group - 1].name : "", "bert", bert_json(c));
}

json_t *tdm_channels_json(const struct tdm *t, unsigned span)
{
	json_t *all = json_array();
	for (unsigned n = 1; all && n <= TDM_MAX_CHANNELS; n++) {
		const struct tdm_channel *c = t->channels[n];
		if (!c || (span && c->span != span))
			continue;
		if (json_array_append_new(all, tdm_channel_json(c))) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}
