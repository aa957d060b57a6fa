// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration is read in two steps. libconfuse parses the file into its own tree; every value is checked while the
 * parser stands on its line, so that all wrong values are told at once. Then the tree is copied into our own
 * immutable parts, with the defaults of what was not given. libconfuse itself is not re-entrant: one load at a time. */
#include "base/conf_private.h"
#include "base/hash.h"
#include "base/mem.h"
#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A section seen while parsing, with the place it begins at. */
struct seen {
	struct hash_link by_section;
	const cfg_t *sec;
	char *file;
	int line;
};

/* A section with a title that has been read. libconfuse compares each new title with all those it holds, so it holds none while it parses. */
struct titled {
	struct hash_link by_title;
	struct link link; /* file order */
	cfg_opt_t *opt;
	cfg_value_t *value;
};

static struct {
	const struct conf_section *schema;
	struct buf *why;
	cfg_t *root;
	bool wrong;
	int err; /* out of memory in a callback */
	struct hash seen, titles;
	struct list titled;
	int depth; /* of include() */
} loading;

#define MAX_DEPTH 10

static const struct conf_section *find_section(const struct conf_section *schema, const char *name)
{
	for (const struct conf_section *s = schema; s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

static const struct conf_option *find_option(const struct conf_section *s, const char *name)
{
	for (const struct conf_option *o = s->options; o->name; o++)
		if (o->name[0] == name[0] && !strcmp(o->name, name))
			return o;
	return NULL;
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

/* Untitled sections are made before the file is opened and do not know its name; the root does. */
static const char *file_now(const cfg_t *sec)
{
	const char *name = sec->filename ? sec->filename : loading.root->filename;
	return name ? name : "";
}

static void list_names(struct buf *out, const struct conf_section *in)
{
	if (in)
		for (const struct conf_option *o = in->options; o->name; o++)
			buf_printf(out, "%s%s", o == in->options ? "" : ", ", o->name);
	else
		for (const struct conf_section *s = loading.schema; s->name; s++)
			buf_printf(out, "%s%s", s == loading.schema ? "" : ", ", s->name);
}

/* libconfuse speaks: its words, except that an unknown name is told with those that are known. */
static void on_parse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	char text[512];
	vsnprintf(text, sizeof text, fmt, ap);
	const struct conf_section *in = cfg ? find_section(loading.schema, cfg->name) : NULL;
	loading.wrong = true;
	if (cfg)
		buf_printf(loading.why, "%s:%d: ", file_now(cfg), cfg->line);
	if (in)
		buf_printf(loading.why, "%s: ", in->name);
	if (!strncmp(text, unknown, sizeof unknown - 1)) {
		struct slice name = slice_str(text + sizeof unknown - 1);
		name = slice_cut(&name, '\'');
		buf_printf(loading.why, "unknown %s \"" SLICE_FMT "\", expected one of ", in ? "option" : "section",
			   SLICE_ARG(name));
		list_names(loading.why, in);
	} else {
		buf_str(loading.why, text);
	}
	buf_char(loading.why, '\n');
}

static void __attribute__((format(printf, 3, 4))) tell(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	loading.wrong = true;
	buf_printf(loading.why, "%s:%d: ", file, line);
	va_start(ap, fmt);
	buf_vprintf(loading.why, fmt, ap);
	va_end(ap);
	buf_char(loading.why, '\n');
}

static void tell_wrong(const char *file, int line, const char *section, const char *option, const char *expected,
		       const char *got)
{
	loading.wrong = true;
	buf_printf(loading.why, "%s:%d: %s.%s: expected %s", file, line, section, option, expected);
	if (got)
		buf_printf(loading.why, ", not \"%s\"", got);
	buf_char(loading.why, '\n');
}

/* --- while libconfuse parses --------------------------------------------------------------------------------------- */

static uint32_t section_hash(const cfg_t *sec)
{
	return slice_hash(slice_of((const char *)&sec, sizeof sec), false);
}

static const struct seen *find_seen(const cfg_t *sec)
{
	const struct seen *s;
	uint32_t h = section_hash(sec);
	hash_foreach_match(s, &loading.seen, h, by_section)
		if (s->sec == sec)
			return s;
	return NULL;
}

static const char *file_of(const cfg_t *sec)
{
	const struct seen *s = find_seen(sec);
	return s ? s->file : file_now(sec);
}

static int line_of(const cfg_t *sec)
{
	const struct seen *s = find_seen(sec);
	return s ? s->line : sec->line;
}

/* While a section is parsed, the root's line stays where the section began. */
static void note_section(const cfg_t *sec)
{
	if (find_seen(sec))
		return;
	struct seen *s = mem_raw(sizeof *s);
	char *file = mem_strdup(file_now(sec));
	if (!s || !file) { /* only a line number is lost */
		mem_free(s);
		mem_free(file);
		return;
	}
	*s = (struct seen){.sec = sec, .file = file, .line = loading.root->line};
	hash_insert(&loading.seen, &s->by_section, section_hash(sec));
}

static void forget_sections(void)
{
	struct seen *s;
	hash_foreach(s, &loading.seen, by_section) {
		mem_free(s->file);
		mem_free(s);
	}
	hash_free(&loading.seen);
}

static struct titled *find_titled(const cfg_opt_t *opt, const char *title, uint32_t h)
{
	struct titled *t;
	hash_foreach_match(t, &loading.titles, h, by_title)
		if (t->opt == opt && !strcmp(cfg_title(t->value->section), title))
			return t;
	return NULL;
}

/* A section with a title is read. */
static int on_titled(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_value_t *value = opt->values[opt->nvalues - 1];
	const cfg_t *sec = value->section;
	const char *title = cfg_title(value->section);
	uint32_t h = slice_hash(slice_str(title), false);
	struct titled *t = mem_raw(sizeof *t);
	if (!t) {
		loading.err = -ENOMEM;
		loading.wrong = true;
		return -1;
	}
	if (find_titled(opt, title, h))
		tell(file_of(sec), line_of(sec), "found duplicate title '%s'", title);
	*t = (struct titled){.opt = opt, .value = value};
	hash_insert(&loading.titles, &t->by_title, h);
	list_append(&loading.titled, &t->link);
	opt->nvalues--;
	return 0;
}

/* libconfuse gets back what it frees. */
static void put_back(struct titled *t)
{
	cfg_opt_t *opt = t->opt;
	cfg_value_t **values = realloc(opt->values, (opt->nvalues + 1) * sizeof *values);
	if (values) {
		opt->values = values;
		values[opt->nvalues++] = t->value;
	} else {
		cfg_free(t->value->section);
		free(t->value);
		loading.err = -ENOMEM;
	}
	list_remove(&t->link);
	mem_free(t);
}

static void put_all_back(void)
{
	while (list_first(&loading.titled))
		put_back(container_of(list_first(&loading.titled), struct titled, link));
	hash_free(&loading.titles);
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct conf_section *s = find_section(loading.schema, cfg->name);
	const struct conf_option *o = find_option(s, opt->name);
	struct buf why = buf_growing();
	int64_t number;
	note_section(cfg);
	const char *expected = conf_value_parse(o, value, &number, &why);
	if (expected)
		tell_wrong(file_now(cfg), cfg->line, s->name, o->name, expected, value);
	buf_reset(&why);
	*(const char **)result = value;
	return 0;
}

/* --- libconfuse's own tables, made from ours ----------------------------------------------------------------------- */

static size_t count_options(const struct conf_section *s)
{
	size_t n = 0;
	while (s->options[n].name)
		n++;
	return n;
}

static cfg_opt_t *section_table(const struct conf_section *s)
{
	size_t n = count_options(s);
	cfg_opt_t *table = mem_raw((n + 1) * sizeof *table);
	if (!table)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const struct conf_option *o = &s->options[i];
		cfg_opt_t one = CFG_STR_CB(o->name, NULL, CFGF_NODEFAULT, on_value);
		cfg_opt_t many = CFG_STR_LIST_CB(o->name, NULL, CFGF_NODEFAULT, on_value);
		table[i] = o->type == CONF_LIST ? many : one;
	}
	table[n] = (cfg_opt_t)CFG_END();
	return table;
}

static void free_tables(cfg_opt_t *root)
{
	if (!root)
		return;
	for (cfg_opt_t *o = root; o->name; o++)
		mem_free(o->subopts);
	mem_free(root);
}

static int on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv);

static cfg_opt_t *root_table(const struct conf_section *schema)
{
	size_t n = 0;
	while (schema[n].name)
		n++;
	cfg_opt_t *root = mem_raw((n + 2) * sizeof *root);
	if (!root)
		return NULL;
	memset(root, 0, (n + 2) * sizeof *root);
	for (size_t i = 0; i < n; i++) {
		cfg_opt_t *sub = section_table(&schema[i]);
		if (!sub) {
			free_tables(root);
			return NULL;
		}
		cfg_flag_t flags = schema[i].title ? CFGF_MULTI | CFGF_TITLE : CFGF_NONE;
		root[i] = (cfg_opt_t)CFG_SEC(schema[i].name, sub, flags);
		root[i].validcb = schema[i].title ? on_titled : NULL;
	}
	root[n] = (cfg_opt_t)CFG_FUNC("include", on_include);
	return root;
}

/* --- from libconfuse's tree to ours -------------------------------------------------------------------------------- */

static void value_free(struct conf_value *v)
{
	mem_free(v->text);
	for (unsigned i = 0; i < v->n_items; i++)
		mem_free(v->items[i]);
	mem_free(v->items);
}

static void part_destroy(void *obj)
{
	struct conf_part *p = obj;
	list_remove(&p->link);
	for (unsigned i = 0; i < p->n_values; i++)
		value_free(&p->values[i]);
	mem_free(p->values);
	mem_free(p->title);
	mem_free(p->where);
}

static void conf_destroy(void *obj)
{
	struct conf *c = obj;
	while (list_first(&c->parts))
		mem_deref(container_of(list_first(&c->parts), struct conf_part, link));
	for (unsigned i = 0; i < c->n_index; i++)
		mem_free(c->index[i].part);
	mem_free(c->index);
	hash_free(&c->sections);
	hash_free(&c->titles);
}

static uint32_t name_hash(const char *name)
{
	return slice_hash(slice_str(name), false);
}

static uint32_t title_hash(const char *section, const char *title)
{
	return name_hash(section) * 31 ^ name_hash(title);
}

static int add_item(struct slice item, void *arg)
{
	struct conf_value *v = arg;
	char **items = mem_regrow(v->items, (v->n_items + 1) * sizeof *items);
	if (!items)
		return -ENOMEM;
	v->items = items;
	items[v->n_items] = slice_dup(item);
	return items[v->n_items] ? (v->n_items++, 0) : -ENOMEM;
}

static int fill_list(struct conf_value *v, const struct conf_option *o, cfg_opt_t *opt)
{
	if (!v->given)
		return conf_list_each(o->dflt ? o->dflt : "", add_item, v);
	for (unsigned i = 0; i < opt->nvalues; i++)
		if (add_item(slice_str(cfg_opt_getnstr(opt, i)), v))
			return -ENOMEM;
	return 0;
}

static int fill_value(struct conf_value *v, const struct conf_part *p, const struct conf_option *o, cfg_t *sec)
{
	cfg_opt_t *opt = cfg_getopt(sec, o->name);
	struct buf why = buf_growing();
	v->given = opt && (opt->nvalues || (opt->flags & CFGF_MODIFIED));
	if (!v->given && !o->dflt) {
		tell_wrong(file_of(sec), line_of(sec), p->section->name, o->name, "a value: it has no default", NULL);
		return 0;
	}
	if (o->type == CONF_LIST)
		return fill_list(v, o, opt);
	v->text = mem_strdup(v->given ? cfg_opt_getnstr(opt, 0) : o->dflt);
	if (!v->text)
		return -ENOMEM;
	const char *expected = conf_value_parse(o, v->text, &v->number, &why);
	if (expected && !v->given) /* a default that is wrong: a mistake in the schema */
		tell_wrong(file_of(sec), line_of(sec), p->section->name, o->name, expected, v->text);
	buf_reset(&why);
	return 0;
}

static int add_part(struct conf *c, const struct conf_section *s, cfg_t *sec)
{
	size_t n = count_options(s);
	struct conf_part *p = mem_alloc(sizeof *p, part_destroy);
	if (!p)
		return -ENOMEM;
	struct buf where = buf_growing();
	p->section = s;
	list_append(&c->parts, &p->link);
	buf_printf(&where, "%s:%d", file_of(sec), line_of(sec));
	p->where = mem_strdup(buf_z(&where));
	buf_reset(&where);
	p->title = s->title ? mem_strdup(cfg_title(sec)) : NULL;
	p->values = mem_raw(n * sizeof *p->values);
	if (!p->where || !p->values || (s->title && !p->title))
		return -ENOMEM;
	if (p->title)
		hash_insert(&c->titles, &p->by_title, title_hash(s->name, p->title));
	memset(p->values, 0, n * sizeof *p->values);
	p->n_values = (unsigned)n;
	for (size_t i = 0; i < n; i++)
		if (fill_value(&p->values[i], p, &s->options[i], sec))
			return -ENOMEM;
	return 0;
}

static int copy_section(struct conf *c, struct conf_index *index, const struct conf_section *s, cfg_t *root)
{
	unsigned n = cfg_size(root, s->name);
	index->part = mem_raw((n + 1) * sizeof *index->part);
	if (!index->part)
		return -ENOMEM;
	index->section = s->name;
	hash_insert(&c->sections, &index->by_section, name_hash(s->name));
	for (; index->n < n; index->n++) {
		if (add_part(c, s, cfg_getnsec(root, s->name, index->n)))
			return -ENOMEM;
		index->part[index->n] = container_of(c->parts.head.prev, struct conf_part, link);
	}
	return 0;
}

static int copy_tree(struct conf *c, cfg_t *root)
{
	unsigned n = 0;
	while (c->schema[n].name)
		n++;
	c->index = mem_raw((n + 1) * sizeof *c->index);
	if (!c->index || hash_init(&c->sections, n) || hash_init(&c->titles, 64))
		return -ENOMEM;
	memset(c->index, 0, (n + 1) * sizeof *c->index);
	c->n_index = n;
	for (unsigned i = 0; i < n; i++)
		if (copy_section(c, &c->index[i], &c->schema[i], root))
			return -ENOMEM;
	return 0;
}

static int parse_text(cfg_t *root, const char *path, struct buf *text)
{
	conf_file_blank_comments(text->p, text->len);
	if (!text->len)
		buf_char(text, '\n'); /* fmemopen() takes no empty memory */
	FILE *f = text->err ? NULL : fmemopen(text->p, text->len, "r");
	if (!f)
		return -ENOMEM;
	free(root->filename);
	root->filename = strdup(path);
	int rc = cfg_parse_fp(root, f);
	fclose(f);
	int unclosed = conf_file_unclosed(text->p, text->len);
	if (rc != CFG_SUCCESS && !loading.wrong)
		tell(path, root->line, "not a configuration file");
	else if (rc == CFG_SUCCESS && unclosed)
		tell(path, unclosed, "the { of this line is never closed: expected }");
	return rc == CFG_SUCCESS ? 0 : -EINVAL;
}

static int parse_file(cfg_t *root, const char *path)
{
	struct buf text = buf_growing();
	int err = conf_file_read(&text, path);
	if (!err)
		err = parse_text(root, path, &text);
	else if (root->filename)
		tell(root->filename, root->line, "%s: %s", path, strerror(-err));
	else
		buf_printf(loading.why, "%s: %s\n", path, strerror(-err));
	buf_reset(&text);
	return err;
}

/* include("file"), relative to the directory of the file that says so. */
static int on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	char *file = loading.root->filename;
	int line = loading.root->line, err = -EINVAL;
	const char *slash = strrchr(file, '/');
	struct buf path = buf_growing();
	if (argc != 1 || loading.depth == MAX_DEPTH) {
		tell(file, line, argc != 1 ? "include: expected one file name" : "include: nested too deeply");
		return -1;
	}
	if (argv[0][0] != '/' && slash)
		buf_add(&path, file, (size_t)(slash + 1 - file));
	buf_str(&path, argv[0]);
	loading.depth++;
	loading.root->filename = strdup(file);
	err = parse_file(loading.root, buf_z(&path));
	free(loading.root->filename);
	loading.root->filename = file;
	loading.root->line = line;
	loading.depth--;
	buf_reset(&path);
	return err ? -1 : 0;
}

int conf_load(struct conf **ret, const struct conf_section *schema, const char *path, const char *text,
	      struct buf *why)
{
	struct conf *c = mem_alloc(sizeof *c, conf_destroy);
	cfg_opt_t *table = root_table(schema);
	int err = c && table ? 0 : -ENOMEM;
	if (err)
		goto out;
	c->schema = schema;
	memset(&loading, 0, sizeof loading);
	loading.schema = schema;
	loading.why = why;
	list_init(&loading.titled);
	err = hash_init(&loading.seen, 64) ?: hash_init(&loading.titles, 64);
	loading.root = err ? NULL : cfg_init(table, CFGF_NONE);
	if (!loading.root) {
		hash_free(&loading.seen);
		hash_free(&loading.titles);
		err = -ENOMEM;
		goto out;
	}
	cfg_set_error_function(loading.root, on_parse_error);
	if (text) {
		struct buf copy = buf_growing();
		buf_str(&copy, text);
		err = parse_text(loading.root, path, &copy);
		buf_reset(&copy);
	} else {
		err = parse_file(loading.root, path);
	}
	put_all_back();
	if (loading.err)
		err = loading.err;
	if (!err)
		err = copy_tree(c, loading.root);
	if (!err && loading.wrong)
		err = -EINVAL;
	cfg_free(loading.root);
	forget_sections();
out:
	if (err == -ENOMEM)
		buf_str(why, "out of memory\n");
	free_tables(table);
	if (err)
		mem_deref(c);
	else
		*ret = c;
	return err;
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

const struct conf_part *conf_titled(const struct conf *c, const char *name, unsigned i)
{
	const struct conf_index *index;
	uint32_t h = name_hash(name);
	hash_foreach_match(index, &c->sections, h, by_section)
		if (!strcmp(index->section, name))
			return i < index->n ? index->part[i] : NULL;
	return NULL;
}

const struct conf_part *conf_section(const struct conf *c, const char *name)
{
	const struct conf_part *p = conf_titled(c, name, 0);
	if (!p)
		abort();
	return p;
}

const struct conf_part *conf_find(const struct conf *c, const char *name, const char *title)
{
	const struct conf_part *p;
	uint32_t h = title_hash(name, title);
	hash_foreach_match(p, &c->titles, h, by_title)
		if (!strcmp(p->section->name, name) && !strcmp(p->title, title))
			return p;
	return NULL;
}

static const struct conf_value *value(const struct conf_part *p, const char *option)
{
	const struct conf_option *o = find_option(p->section, option);
	if (!o)
		abort();
	return &p->values[o - p->section->options];
}

const char *conf_title(const struct conf_part *p)
{
	return p->title ? p->title : "";
}

const char *conf_string(const struct conf_part *p, const char *option)
{
	return value(p, option)->text;
}

int64_t conf_int(const struct conf_part *p, const char *option)
{
	return value(p, option)->number;
}

bool conf_bool(const struct conf_part *p, const char *option)
{
	return value(p, option)->number != 0;
}

unsigned conf_list_count(const struct conf_part *p, const char *option)
{
	return value(p, option)->n_items;
}

const char *conf_list_at(const struct conf_part *p, const char *option, unsigned i)
{
	const struct conf_value *v = value(p, option);
	return i < v->n_items ? v->items[i] : NULL;
}

const char *conf_where(const struct conf_part *p)
{
	return p->where;
}

static bool same_value(const struct conf_value *a, const struct conf_value *b)
{
	if (a->text || b->text)
		return a->text && b->text && !strcmp(a->text, b->text);
	if (a->n_items != b->n_items)
		return false;
	for (unsigned i = 0; i < a->n_items; i++)
		if (strcmp(a->items[i], b->items[i]))
			return false;
	return true;
}

bool conf_same_value(const struct conf_part *a, const struct conf_part *b, const char *option)
{
	return same_value(value(a, option), value(b, option));
}

static bool same_part(const struct conf_part *a, const struct conf_part *b)
{
	if (a->section != b->section || strcmp(conf_title(a), conf_title(b)))
		return false;
	for (unsigned i = 0; i < a->n_values; i++)
		if (!same_value(&a->values[i], &b->values[i]))
			return false;
	return true;
}

bool conf_same(const struct conf *a, const struct conf *b, const char *section)
{
	for (unsigned i = 0;; i++) {
		const struct conf_part *x = conf_titled(a, section, i), *y = conf_titled(b, section, i);
		if (!x || !y)
			return x == y;
		if (!same_part(x, y))
			return false;
	}
}
