// SPDX-License-Identifier: GPL-2.0-or-later
/* The schema as help and manual page, and a loaded configuration as a file again. */
#include "base/conf_private.h"

static const char *const type_names[] = {
	[CONF_STRING] = "text",		[CONF_INT] = "number", [CONF_BOOL] = "yes or no",
	[CONF_DURATION] = "duration",	[CONF_CHOICE] = "one of ", [CONF_LIST] = "list",
};

static void describe(const struct conf_option *o, struct buf *out)
{
	buf_str(out, type_names[o->type]);
	if (o->type == CONF_CHOICE)
		buf_str(out, o->choices);
	if (o->min || o->max)
		buf_printf(out, " %lld to %lld%s", (long long)o->min, (long long)o->max,
			   o->type == CONF_DURATION ? " ms" : "");
	if (!o->dflt)
		buf_str(out, "; required");
	else if (*o->dflt)
		buf_printf(out, "; default %s", o->dflt);
}

/* Writes `text` folded to 78 columns behind `indent` spaces. */
static void fold(struct buf *out, const char *text, unsigned indent)
{
	struct slice rest = slice_str(text), word;
	unsigned column = 0;
	while (slice_is_set(word = slice_cut(&rest, ' '))) {
		if (column && column + 1 + word.len > 78) {
			buf_char(out, '\n');
			column = 0;
		}
		if (!column) {
			buf_printf(out, "%*s", (int)indent, "");
			column = indent;
		} else {
			buf_char(out, ' ');
			column++;
		}
		buf_slice(out, word);
		column += (unsigned)word.len;
	}
	buf_char(out, '\n');
}

void conf_help(const struct conf_section *schema, struct buf *out)
{
	for (const struct conf_section *s = schema; s->name; s++) {
		buf_printf(out, "%s%s%s {\n", s->name, s->title ? " " : "", s->title ? s->title : "");
		fold(out, s->help, 4);
		for (const struct conf_option *o = s->options; o->name; o++) {
			buf_printf(out, "\n    %s = (", o->name);
			describe(o, out);
			buf_str(out, ")\n");
			fold(out, o->help, 8);
		}
		buf_str(out, "}\n\n");
	}
}

/* mdoc reads a leading dot or quote as a request and a backslash as an escape. */
static void man_text(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_str(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			buf_str(out, "\\e");
		else
			buf_char(out, *text);
	}
	buf_char(out, '\n');
}

void conf_help_man(const struct conf_section *schema, struct buf *out)
{
	buf_str(out, ".Dd $Mdocdate$\n.Dt TANDEM.CONF 5\n.Os Tandem\n.Sh NAME\n.Nm tandem.conf\n"
		     ".Nd configuration of the Tandem VoIP gateway\n.Sh DESCRIPTION\n"
		     "One text file configures every program of Tandem.\n"
		     "It is made of sections, some of them with a title:\n"
		     ".Bd -literal -offset indent\n"
		     "log {\n\tlevel = debug\n}\nuser 1001 {\n\tpassword = \"secret\"\n\taddress = inside\n}\n.Ed\n.Pp\n"
		     "A list is written in braces:\n.Li local = {\\(dq192.0.2.1\\(dq, \\(dq2001:db8::1\\(dq} .\n"
		     "Durations carry a unit\n.Pq Li ms , s , m , h , d ;\n"
		     "bare numbers are milliseconds.\n"
		     "Text from\n.Sq #\nto the end of the line is a comment;\n.Li include(\\(dqfile\\(dq)\n"
		     "reads another file in its place.\n"
		     "A mistake is reported as file, line and what was expected; after\n.Xr tandemctl 8\n.Cm reload\n"
		     "a file with a mistake leaves the running configuration untouched.\n");
	for (const struct conf_section *s = schema; s->name; s++) {
		buf_printf(out, ".Ss %s%s%s\n", s->name, s->title ? " " : "", s->title ? s->title : "");
		man_text(out, s->help);
		buf_str(out, ".Bl -tag -width Ds\n");
		for (const struct conf_option *o = s->options; o->name; o++) {
			buf_printf(out, ".It Ic %s\n", o->name);
			man_text(out, o->help);
			buf_str(out, ".Pq ");
			describe(o, out);
			buf_char(out, '\n');
		}
		buf_str(out, ".El\n");
	}
	buf_str(out, ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/tandem/tandem.conf\n.El\n.Sh SEE ALSO\n.Xr tandemctl 8\n");
}

static void quoted(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || *text == '$')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

static bool is_secret(const char *name)
{
	return strstr(name, "password") || strstr(name, "secret");
}

static void dump_value(const struct conf_option *o, const struct conf_value *v, struct buf *out, bool hide)
{
	buf_printf(out, "\t%s = ", o->name);
	if (o->type == CONF_LIST) {
		buf_char(out, '{');
		for (unsigned i = 0; i < v->n_items; i++) {
			buf_str(out, i ? ", " : "");
			quoted(out, v->items[i]);
		}
		buf_char(out, '}');
	} else if (hide && is_secret(o->name) && *v->text) {
		buf_str(out, "\"(hidden)\"");
	} else {
		quoted(out, v->text);
	}
	buf_str(out, v->given ? "\n" : " # default\n");
}

void conf_dump(const struct conf *c, struct buf *out, bool hide_secrets)
{
	const struct conf_part *p;
	list_foreach(p, &c->parts, link) {
		buf_str(out, p->section->name);
		if (p->title) {
			buf_char(out, ' ');
			quoted(out, p->title);
		}
		buf_str(out, " {\n");
		for (unsigned i = 0; i < p->n_values; i++)
			dump_value(&p->section->options[i], &p->values[i], out, hide_secrets);
		buf_str(out, "}\n");
	}
}
