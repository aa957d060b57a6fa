/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration: one text file in libconfuse's syntax, described by a schema of option tables. The schema gives the
 * defaults, the checks, `tandemctl help config`, the manual page and (later) the web form. A mistake is told as
 * "file:line: section.option: what was expected". A loaded `struct conf` is immutable and reference-counted:
 * a reload loads a second one and swaps it in only when it is good. */
#pragma once
#include "base/buf.h"

enum conf_type {
	CONF_STRING,
	CONF_INT,      /* min..max */
	CONF_BOOL,     /* yes/no */
	CONF_DURATION, /* "20ms", "5s", "2m", "1h" or bare milliseconds; read in milliseconds; min..max */
	CONF_CHOICE,   /* one of `choices`, "a|b|c" */
	CONF_LIST,     /* list of strings */
};

/* Extra check of one value (each element of a list): NULL when good, else what was expected. */
typedef const char *(*conf_check_fn)(const char *value);

struct conf_option {
	const char *name;
	enum conf_type type;
	const char *dflt; /* text as it would be in the file; NULL: required; "" allowed */
	const char *help; /* one or more sentences */
	int64_t min, max; /* CONF_INT, CONF_DURATION (ms); both 0: no bound */
	const char *choices;
	conf_check_fn check;
};

struct conf_section {
	const char *name;
	const char *title; /* what the title means (`user alice { }`); NULL for a section that occurs once, untitled */
	const char *help;
	const struct conf_option *options; /* ends with name == NULL */
};

struct conf;      /* a loaded file */
struct conf_part; /* one section of it */

/* Loads `path`, or `text` (named `path` in messages) when text is not NULL. `schema` ends with name == NULL. On
 * error returns negative errno and the message lines are in *why. */
int conf_load(struct conf **ret, const struct conf_section *schema, const char *path, const char *text,
	      struct buf *why);

/* The first `option = value` of a file whose other mistakes keep it from loading, into `value`: 0, -ENOENT, or what keeps the file from
 * being read. */
int conf_guess(const char *path, const char *option, struct buf *value);

/* The untitled section `name` (always there: filled with defaults when the file has none). */
const struct conf_part *conf_section(const struct conf *c, const char *name);
/* The i-th titled section of `name` in file order, NULL past the last. */
const struct conf_part *conf_titled(const struct conf *c, const char *name, unsigned i);
/* The titled section with that title, NULL when absent. */
const struct conf_part *conf_find(const struct conf *c, const char *name, const char *title);

/* Getters abort on an option that the schema does not have (a programming error). Strings live as long as `conf`. */
const char *conf_title(const struct conf_part *p);
const char *conf_string(const struct conf_part *p, const char *option);
int64_t conf_int(const struct conf_part *p, const char *option); /* also durations (ms), bools (0/1), choices (index) */
bool conf_bool(const struct conf_part *p, const char *option);
unsigned conf_list_count(const struct conf_part *p, const char *option);
const char *conf_list_at(const struct conf_part *p, const char *option, unsigned i);
/* "file:line" of the section, for messages of checks that span options. */
const char *conf_where(const struct conf_part *p);
/* Whether an option has the same value in two sections of one kind, maybe of two files. */
bool conf_same_value(const struct conf_part *a, const struct conf_part *b, const char *option);
/* Whether both hold the same settings in every section named. */
bool conf_same(const struct conf *a, const struct conf *b, const char *section);

/* The schema as text for `tandemctl help config` and as mdoc for the manual page; the loaded values as a file. */
void conf_help(const struct conf_section *schema, struct buf *out);
void conf_help_man(const struct conf_section *schema, struct buf *out);
void conf_dump(const struct conf *c, struct buf *out, bool hide_secrets); /* secrets: options named "password" or "secret" */
