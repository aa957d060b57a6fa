// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/private.h"
#include "base/log.h"

static const struct {
	const char *name, *text;
} whys[FP_WHY_COUNT] = {
#define ROW(id, row_name, row_text) [FP_WHY_##id] = {row_name, row_text},
	FP_WHYS(ROW)
#undef ROW
};

const char *fp_why_name(enum fp_why why)
{
	return whys[why].name;
}

const char *fp_why_text(enum fp_why why)
{
	return whys[why].text;
}

static const char *text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static bool is_xdp(const json_t *row)
{
	const char *mode = text(row, "mode");
	return mode && strcmp(mode, "null");
}

static bool is_in(const json_t *rows, const json_t *wanted)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
		if (json_equal(row, wanted))
			return true;
	return false;
}

void fp_engines_changed(struct fastpath *fp)
{
	if (fp->handlers.engines)
		fp->handlers.engines(fp->arg);
}

void fp_engines_set(struct fastpath *fp, json_t *rows)
{
	json_t *was = fp->engines, *row;
	size_t i;
	fp->engines = json_incref(rows);
	fp->n_xdp = 0;
	json_array_foreach(rows, i, row) {
		const char *why = text(row, "why");
		fp->n_xdp += is_xdp(row);
		if (!is_in(was, row))
			log_info("fastpath", "interface %s: %s%s%s", text(row, "interface"), text(row, "mode"), why ? ": " : "", why ? why : "");
	}
	if (was && !json_equal(was, rows))
		fp_engines_changed(fp);
	json_decref(was);
}

void fp_engines_none(struct fastpath *fp, const char *why)
{
	json_decref(fp->no_kernel);
	fp->no_kernel = json_string(why);
	log_info("fastpath", "all packets are relayed by this process: %s", why);
}

/* Where XDP does not run, the module has the packets first. */
static json_t *shown(const struct fastpath *fp, const json_t *row)
{
	bool module = !is_xdp(row) && fp_kmod_state(fp->kmod) == FP_KMOD_ATTACHED;
	return json_pack("{s:s?,s:s?,s:s?}", "interface", text(row, "interface"), "mode", module ? "module" : text(row, "mode"), "why",
			 text(row, "why"));
}

json_t *fastpath_engines(const struct fastpath *fp)
{
	json_t *list = json_array(), *row;
	size_t i;
	json_array_foreach(fp->engines, i, row)
		json_array_append_new(list, shown(fp, row));
	json_array_append_new(list, fp->kmod ? fp_kmod_row(fp->kmod)
					     : json_pack("{s:s,s:s,s:O?}", "interface", "*", "mode", "null", "why", fp->no_kernel));
	return list;
}
