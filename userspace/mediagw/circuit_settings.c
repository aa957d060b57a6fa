// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/circuit_settings.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>

static int read_pattern(struct circuit_patterns *to, struct slice text)
{
	struct slice notation = text, number = slice_trim(slice_cut(&notation, '='));
	return to->n == CIRCUIT_PATTERNS || slice_u32(number, &to->row[to->n].number) || to->row[to->n].number > 999 || !slice_is_set(notation) ||
			       tone_read(&to->row[to->n++].tone, slice_trim(notation)) ?
		       -EINVAL :
		       0;
}

static int read_patterns(struct circuit_table *t, struct circuit_settings *s, const struct conf_part *p, struct buf *why)
{
	unsigned n = conf_list_count(p, "tone-patterns");
	struct circuit_patterns *list = n ? mem_alloc(sizeof *list, NULL) : NULL;
	if (n && !list)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		if (read_pattern(list, slice_str(conf_list_at(p, "tone-patterns", i)))) {
			buf_printf(why, "%s: channels.tone-patterns: expected up to %d of NUMBER=TONE, such as 7=440/100,0/100\n", conf_where(p), CIRCUIT_PATTERNS);
			mem_deref(list);
			return -EINVAL;
		}
	if (list) {
		list->next = t->patterns;
		t->patterns = list;
	}
	s->patterns = list;
	return 0;
}

static int read_section(struct circuit_settings *s, const struct conf_part *p, struct buf *why)
{
	const char *country = conf_string(p, "country");
	char where[160];
	s->address = conf_int(p, "dialling");
	s->caller_id = conf_int(p, "caller-id");
	s->pbx = conf_int(p, "attached") == 1;
	s->immediate = conf_int(p, "start") == 1;
	s->answer = conf_int(p, "answer");
	s->answer_ms = (uint32_t)conf_int(p, "answer-after");
	s->dial_tone_ms = (uint32_t)conf_int(p, "dial-tone");
	s->busy_tone = conf_bool(p, "busy-tone");
	s->silence_ms = (uint32_t)conf_int(p, "silence");
	s->longest_ms = (uint32_t)conf_int(p, "longest-call");
	if (!*country)
		return 0;
	snprintf(where, sizeof where, "%s: channels.country", conf_where(p));
	return tone_country_read(s->country, country, where, why);
}

static int read_numbers(struct tdm_channels *set, const struct conf_part *p)
{
	for (unsigned i = 0; i < conf_list_count(p, "numbers"); i++)
		if (tdm_channels_parse(set, slice_str(conf_list_at(p, "numbers", i))))
			return -EINVAL; /* which tdm_sections() has told */
	return 0;
}

static void destroy(void *obj)
{
	struct circuit_table *t = obj;
	while (t->patterns) {
		struct circuit_patterns *first = t->patterns;
		t->patterns = first->next;
		mem_deref(first);
	}
}

int circuit_table_read(struct circuit_table **ret, const struct conf *conf, const char *country, struct buf *why)
{
	struct circuit_table *t = mem_alloc(sizeof *t, destroy);
	struct circuit_settings plain = circuit_defaults;
	const struct conf_part *p;
	int failed = 0;
	if (!t)
		return -ENOMEM;
	if (*country)
		failed = tone_country_read(plain.country, country, "tdm.zone, or defaultzone of system.conf", why);
	for (unsigned n = 0; n <= TDM_MAX_CHANNELS; n++)
		t->of[n] = plain;
	for (unsigned i = 0; (p = conf_titled(conf, "channels", i)); i++) {
		struct tdm_channels set = {0};
		struct circuit_settings s = plain;
		if (read_section(&s, p, why) || read_patterns(t, &s, p, why) || read_numbers(&set, p)) {
			failed = -EINVAL;
			continue;
		}
		for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
			if (tdm_channels_have(&set, n))
				t->of[n] = s;
	}
	*ret = t;
	return failed ? failed : why->err;
}
