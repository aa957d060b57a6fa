// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/conf.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *even(const char *value)
{
	return strlen(value) % 2 ? "text of even length" : NULL;
}

static const struct conf_option box_options[] = {
	{.name = "size", .type = CONF_INT, .dflt = "10", .help = "Size.", .min = -5, .max = 100},
	{.name = "wait", .type = CONF_DURATION, .dflt = "5s", .help = "Wait.", .min = 20, .max = 3600000},
	{.name = "open", .type = CONF_BOOL, .dflt = "no", .help = "Open."},
	{.name = "kind", .type = CONF_CHOICE, .dflt = "plain", .help = "Kind.", .choices = "plain|fancy"},
	{.name = "tags", .type = CONF_LIST, .dflt = "{\"aa\", bb}", .help = "Tags.", .check = even},
	{0},
};
static const struct conf_option user_options[] = {
	{.name = "password", .type = CONF_STRING, .dflt = NULL, .help = "Password."},
	{.name = "name", .type = CONF_STRING, .dflt = "", .help = "Name.", .check = even},
	{0},
};
static const struct conf_section schema[] = {
	{"box", NULL, "A box.", box_options},
	{"user", "NAME", "A user.", user_options},
	{0},
};

static struct conf *load(const char *text)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	int err = conf_load(&c, schema, "unit.conf", text, &why);
	assert_string_equal(buf_z(&why), "");
	assert_int_equal(err, 0);
	buf_reset(&why);
	return c;
}

static void what_is_not_given_has_its_default(void **state)
{
	struct conf *c = load("");
	const struct conf_part *box = conf_section(c, "box");
	assert_int_equal(conf_int(box, "size"), 10);
	assert_int_equal(conf_int(box, "wait"), 5000);
	assert_false(conf_bool(box, "open"));
	assert_int_equal(conf_int(box, "kind"), 0);
	assert_string_equal(conf_string(box, "kind"), "plain");
	assert_int_equal(conf_list_count(box, "tags"), 2);
	assert_string_equal(conf_list_at(box, "tags", 0), "aa");
	assert_string_equal(conf_list_at(box, "tags", 1), "bb");
	assert_null(conf_list_at(box, "tags", 2));
	assert_null(conf_titled(c, "user", 0));
	mem_deref(c);
}

static void what_is_given_is_read(void **state)
{
	struct conf *c = load("# a comment\n"
			      "box { size = -5 wait = 2m /* two\n lines */ open = yes\n kind = fancy tags = {} } // more\n"
			      "user \"bob b\" { password = \"a # b\" }\n"
			      "user al { password = 'x' name = \"ab\" }\n"
			      "box { size = 7 }\n");
	const struct conf_part *box = conf_section(c, "box"), *al = conf_find(c, "user", "al");
	assert_int_equal(conf_int(box, "size"), 7);
	assert_int_equal(conf_int(box, "wait"), 120000);
	assert_true(conf_bool(box, "open"));
	assert_int_equal(conf_int(box, "kind"), 1);
	assert_int_equal(conf_list_count(box, "tags"), 0);
	assert_string_equal(conf_title(conf_titled(c, "user", 0)), "bob b");
	assert_string_equal(conf_string(conf_titled(c, "user", 0), "password"), "a # b");
	assert_ptr_equal(conf_titled(c, "user", 1), al);
	assert_string_equal(conf_where(al), "unit.conf:6");
	assert_null(conf_find(c, "user", "carol"));
	mem_deref(c);
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {{"20ms", 20}, {"1500", 1500}, {"5s", 5000}, {"2m", 120000}, {"1h", 3600000}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[64];
		snprintf(text, sizeof text, "box { wait = %s }", rows[i].text);
		struct conf *c = load(text);
		assert_int_equal(conf_int(conf_section(c, "box"), "wait"), rows[i].ms);
		mem_deref(c);
	}
}

/* Each mistake is told with file, line and what was expected. */
static const struct {
	const char *text, *why;
} mistakes[] = {
	{"box {\n\n size = ten }", "unit.conf:3: box.size: expected a whole number from -5 to 100, not \"ten\"\n"},
	{"box { size = 101 }", "unit.conf:1: box.size: expected a whole number from -5 to 100, not \"101\"\n"},
	{"box { size = -6 }", "unit.conf:1: box.size: expected a whole number from -5 to 100, not \"-6\"\n"},
	{"# c\n# c\nbox { wait = 3 }",
	 "unit.conf:3: box.wait: expected a duration such as 20ms, 5s, 2m or 1h from 20ms to 1h, not \"3\"\n"},
	{"box { wait = 99999999999999999999h }",
	 "unit.conf:1: box.wait: expected a duration such as 20ms, 5s, 2m or 1h from 20ms to 1h, not \"99999999999999999999h\"\n"},
	{"box { open = maybe }", "unit.conf:1: box.open: expected yes or no, not \"maybe\"\n"},
	{"box { kind = Fancy }", "unit.conf:1: box.kind: expected one of plain, fancy, not \"Fancy\"\n"},
	{"box { tags = {\"aa\",\n\"b\"} }", "unit.conf:2: box.tags: expected text of even length, not \"b\"\n"},
	{"box { size = x\nopen = y\n}", "unit.conf:1: box.size: expected a whole number from -5 to 100, not \"x\"\n"
					"unit.conf:2: box.open: expected yes or no, not \"y\"\n"},
	{"\n\nbox { colour = red }", "unit.conf:3: box: unknown option \"colour\", expected one of size, wait, open, kind, tags\n"},
	{"\ncrate { }", "unit.conf:2: unknown section \"crate\", expected one of box, user\n"},
	{"\nuser al {\n name = \"ab\"\n}", "unit.conf:2: user.password: expected a value: it has no default\n"},
	{"user al { password = \"\" }", "unit.conf:1: user.password: expected a value: it may not be empty, not \"\"\n"},
	{"user al { password = x name = \"abc\" }", "unit.conf:1: user.name: expected text of even length, not \"abc\"\n"},
	{"user al { password = x }\nuser al { password = y }", "unit.conf:2: found duplicate title 'al'\n"},
	{"box {\n size 3\n}", "unit.conf:2: box: missing equal sign after option 'size'\n"},
	{"\nbox {\n size = 3\n", "unit.conf:2: the { of this line is never closed: expected }\n"},
	{"include(\"none.conf\")", "unit.conf:1: none.conf: No such file or directory\n"},
};

static void a_mistake_is_told_with_its_line(void **state)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		struct conf *c = NULL;
		struct buf why = buf_growing();
		assert_int_equal(conf_load(&c, schema, "unit.conf", mistakes[i].text, &why), -EINVAL);
		assert_string_equal(buf_z(&why), mistakes[i].why);
		assert_null(c);
		buf_reset(&why);
	}
}

static void an_unfinished_file_does_not_spoil_the_next(void **state)
{
	static const char *const broken[] = {"box { tags = {\"aa", "box {", "user \"x", "box { size = 'a", "/* x", "}", "box { size =", "=", "{"};
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct conf *c = NULL;
		struct buf why = buf_growing();
		int err = conf_load(&c, schema, "unit.conf", broken[i], &why);
		if (strcmp(broken[i], "/* x")) { /* the rest of the file is a comment */
			assert_int_equal(err, -EINVAL);
			assert_int_equal(strncmp(buf_z(&why), "unit.conf:1: ", 13), 0);
		}
		buf_reset(&why);
		mem_deref(c);
		c = load("box { size = 3 }");
		assert_int_equal(conf_int(conf_section(c, "box"), "size"), 3);
		mem_deref(c);
	}
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void files_include_others_beside_them(void **state)
{
	char dir[] = "/tmp/base-conf-XXXXXX", path[256], want[512];
	assert_non_null(mkdtemp(dir));
	write_file(dir, "main.conf", "# main\ninclude(\"users.conf\")\nuser last { password = x }\nbox { size = x }\n");
	write_file(dir, "users.conf", "# users\n\nuser first { password = x\nname = \"odd\" }\n");
	snprintf(path, sizeof path, "%s/main.conf", dir);
	struct conf *c = NULL;
	struct buf why = buf_growing();
	assert_int_equal(conf_load(&c, schema, path, NULL, &why), -EINVAL);
	snprintf(want, sizeof want,
		 "%s/users.conf:4: user.name: expected text of even length, not \"odd\"\n"
		 "%s/main.conf:4: box.size: expected a whole number from -5 to 100, not \"x\"\n",
		 dir, dir);
	assert_string_equal(buf_z(&why), want);
	buf_reset(&why);
	write_file(dir, "users.conf", "include(\"users.conf\")");
	assert_int_equal(conf_load(&c, schema, path, NULL, &why), -EINVAL);
	assert_non_null(strstr(buf_z(&why), "nested too deeply"));
	buf_reset(&why);
	write_file(dir, "users.conf", "user first { password = x }");
	write_file(dir, "main.conf", "\ninclude(\"users.conf\")\nuser last { password = x }\n");
	assert_int_equal(conf_load(&c, schema, path, NULL, &why), 0);
	snprintf(want, sizeof want, "%s/users.conf:1", dir);
	assert_string_equal(conf_where(conf_find(c, "user", "first")), want);
	snprintf(want, sizeof want, "%s/main.conf:3", dir);
	assert_string_equal(conf_where(conf_find(c, "user", "last")), want);
	mem_deref(c);
	unlink(path);
	snprintf(path, sizeof path, "%s/users.conf", dir);
	unlink(path);
	rmdir(dir);
	assert_int_equal(conf_load(&c, schema, path, NULL, &why), -ENOENT);
	buf_reset(&why);
}

static void one_value_is_found_in_a_broken_file(void **state)
{
	char dir[] = "/tmp/base-conf-XXXXXX", path[256];
	struct buf value = buf_growing();
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/main.conf", dir);
	write_file(dir, "main.conf", "# runtime = \"/no\"\nx {{ \nstate { overruntime = 1 runtime\n= \"/run/a b\" }\nruntime = /late\n");
	assert_int_equal(conf_guess(path, "runtime", &value), 0);
	assert_string_equal(buf_z(&value), "/run/a b");
	assert_int_equal(conf_guess(path, "fly", &value), -ENOENT);
	write_file(dir, "main.conf", "state{runtime=/r}");
	buf_reset(&value);
	assert_int_equal(conf_guess(path, "runtime", &value), 0);
	assert_string_equal(buf_z(&value), "/r");
	buf_reset(&value);
	write_file(dir, "main.conf", "");
	assert_int_equal(conf_guess(path, "runtime", &value), -ENOENT);
	unlink(path);
	rmdir(dir);
}

static void what_is_dumped_loads_as_the_same(void **state)
{
	struct conf *a = load("box { tags = {\"a$\", \"\\\"\\\\\"} wait = 1m }\nuser \"a b\" { password = \"s\\\"x\" }\n"), *b, *other;
	struct buf text = buf_growing();
	conf_dump(a, &text, false);
	b = load(buf_z(&text));
	assert_true(conf_same(a, b, "box"));
	assert_true(conf_same(a, b, "user"));
	buf_reset(&text);
	conf_dump(a, &text, true);
	assert_null(strstr(buf_z(&text), "s\\\""));
	assert_non_null(strstr(buf_z(&text), "password = \"(hidden)\""));
	buf_reset(&text);
	other = load("box { wait = 2m tags = {\"a$\", \"\\\"\\\\\"} }");
	assert_false(conf_same(a, other, "box"));
	assert_false(conf_same(a, other, "user"));
	mem_deref(a);
	mem_deref(b);
	mem_deref(other);
}

static void help_names_every_option(void **state)
{
	struct buf text = buf_growing(), man = buf_growing();
	conf_help(schema, &text);
	conf_help_man(schema, &man);
	buf_z(&text);
	buf_z(&man);
	for (const struct conf_section *s = schema; s->name; s++)
		for (const struct conf_option *o = s->options; o->name; o++) {
			assert_non_null(strstr(text.p, o->name));
			assert_non_null(strstr(text.p, o->help));
			assert_non_null(strstr(man.p, o->help));
		}
	assert_non_null(strstr(text.p, "password = (text; required)"));
	assert_non_null(strstr(man.p, ".It Ic password\n"));
	buf_reset(&text);
	buf_reset(&man);
}

static void load_and_drop(void *arg)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	int err = conf_load(&c, schema, "unit.conf", arg, &why);
	assert_true(err == 0 || err == -ENOMEM || err == -EINVAL);
	assert_true(err ? c == NULL : c != NULL);
	mem_deref(c);
	buf_reset(&why);
}

static void memory_running_out(void **state)
{
	each_allocation_fails(load_and_drop, "box { size = 3 tags = {\"aa\", \"bb\"} }\nuser a { password = x }\n");
	each_allocation_fails(load_and_drop, "box { size = 3000 }");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_has_its_default),
		cmocka_unit_test(what_is_given_is_read),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(a_mistake_is_told_with_its_line),
		cmocka_unit_test(an_unfinished_file_does_not_spoil_the_next),
		cmocka_unit_test(files_include_others_beside_them),
		cmocka_unit_test(one_value_is_found_in_a_broken_file),
		cmocka_unit_test(what_is_dumped_loads_as_the_same),
		cmocka_unit_test(help_names_every_option),
		cmocka_unit_test(memory_running_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
