// SPDX-License-Identifier: GPL-3.0-or-later
/* The registrar as a phone sees it: REGISTER in, answer out. The transaction layer is a fake that keeps the answer. */
#include "unit.h"
#include "base/store.h"
#include "base/timer.h"
#include "registrar/bulk.h"
#include "registrar/registrar.h"
#include "config/schema.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- the fake ------------------------------------------------------------------------------------------------------- */

struct sip_strans {
	unsigned status;
	char headers[4096];
};
static const struct sip_listener inside = {.name = "inside"};

int sip_reply(struct sip_strans *st, unsigned status, const char *reason, struct slice extra, struct slice type, struct slice body)
{
	assert_int_equal(st->status, 0);
	st->status = status;
	return slice_copy(extra, st->headers, sizeof st->headers);
}

int sip_reply_once(struct sip_strans *st, unsigned status, const char *reason, struct slice extra)
{
	return sip_reply(st, status, reason, extra, SLICE_NONE, SLICE_NONE);
}

int sip_replyf(struct sip_strans *st, unsigned status, const char *reason, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return sip_reply(st, status, reason, slice_str(text), SLICE_NONE, SLICE_NONE);
}

void sip_msg_expect(const struct sip_msg *m, uint32_t ms)
{
}

const struct sip_listener *sip_strans_listener(const struct sip_strans *st)
{
	return &inside;
}

/* --- a phone -------------------------------------------------------------------------------------------------------- */

static const char text[] = "address inside {\n local = {\"192.0.2.1\"}\n}\n"
			   "sip {\n realm = \"tandem.test\"\n}\n"
			   "registrar {\n min-expiry = \"60s\"\n max-expiry = \"2h\"\n default-expiry = \"1h\"\n max-contacts = 3\n}\n"
			   "user alice {\n password = \"pw\"\n numbers = {\"100\"}\n}\n"
			   "user bob {\n password = \"pw2\"\n digest = \"md5\"\n}\n";

static struct conf *configuration(const char *from)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	if (config_load(&c, "test", from, &why))
		fail_msg("%s", buf_z(&why));
	buf_reset(&why);
	return c;
}

static struct registrar *registrar(struct conf *c, struct store *s)
{
	struct registrar *r;
	assert_int_equal(registrar_new(&r, &(struct registrar_params){.conf = c, .store = s, .bindings_table = 0}), 0);
	return r;
}

struct phone {
	struct registrar *r;
	const char *user, *password, *ruri, *to, *call_id;
	unsigned cseq;
};

static struct sip_msg *message(const char *line, const struct phone *p, unsigned cseq, const char *headers)
{
	char all[8192];
	struct sip_msg *m = NULL;
	unsigned status;
	const char *why = "";
	snprintf(all, sizeof all, "%s\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1;rport\r\nFrom: <%s>;tag=1\r\nTo: <%s>\r\n"
		 "Call-ID: %s\r\nCSeq: %u REGISTER\r\nUser-Agent: phone\r\n%s\r\n", line, p->to, p->to, p->call_id, cseq, headers);
	if (sip_msg_parse(&m, all, strlen(all), &status, &why))
		fail_msg("%s: %s", why, all);
	assert_int_equal(addr_parse(&m->src, SLICE("198.51.100.7:40000"), 0), 0);
	assert_int_equal(addr_parse(&m->dst, SLICE("192.0.2.1:5060"), 0), 0);
	return m;
}

static void send_once(struct phone *p, const char *headers, struct sip_strans *st)
{
	char line[256];
	snprintf(line, sizeof line, "REGISTER %s SIP/2.0", p->ruri);
	struct sip_msg *m = message(line, p, p->cseq, headers);
	*st = (struct sip_strans){0};
	registrar_request(p->r, st, m);
	mem_deref(m);
	assert_int_not_equal(st->status, 0);
}

/* Credentials for the challenge in `st`. */
static void credentials(struct phone *p, struct sip_strans *st, char *out, size_t size)
{
	struct buf b = buf_fixed(out, size);
	struct sip_msg *rsp = message("SIP/2.0 401 Unauthorized", p, p->cseq, st->headers);
	assert_int_equal(digest_respond(&b, rsp, SLICE("REGISTER"), slice_str(p->ruri),
					&(struct digest_login){.user = slice_str(p->user), .password = slice_str(p->password)},
					SLICE_NONE), 0);
	buf_z(&b);
	mem_deref(rsp);
}

/* As a phone does it: without credentials, then with. Returns the last status. */
static unsigned reg(struct phone *p, const char *headers, struct sip_strans *st)
{
	char auth[1024], all[4096];
	send_once(p, headers, st);
	if (st->status != 401)
		return st->status;
	credentials(p, st, auth, sizeof auth);
	snprintf(all, sizeof all, "%s%s", headers, auth);
	p->cseq++;
	send_once(p, all, st);
	return st->status;
}

#define ALICE(reg) {reg, "alice", "pw", "sip:tandem.test", "sip:alice@tandem.test", "c1", 1}
#define HOME "Contact: <sip:alice@10.0.0.2:5060>\r\n"

struct setup {
	struct conf *c;
	struct registrar *r;
	size_t before;
};

static struct setup start(void)
{
	struct setup s = {.before = mem_blocks()};
	s.c = configuration(text);
	s.r = registrar(s.c, NULL);
	return s;
}

static void end(struct setup *s)
{
	mem_deref(s->r);
	mem_deref(s->c);
	assert_int_equal(mem_blocks(), s->before);
	assert_int_equal(timer_count(), 0);
}

static unsigned contacts(const struct setup *s, struct binding *b)
{
	return registrar_contacts(s->r, "alice", b, 8);
}

/* --- tests ---------------------------------------------------------------------------------------------------------- */

static void registers(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	char source[ADDR_STR_LEN];
	send_once(&p, HOME, &st);
	assert_int_equal(st.status, 401);
	assert_true(strstr(st.headers, "algorithm=SHA-256") < strstr(st.headers, "algorithm=MD5"));
	assert_int_equal(contacts(&s, b), 0);
	assert_int_equal(reg(&p, HOME "Expires: 600\r\n", &st), 200);
	assert_string_equal(st.headers, "Contact: <sip:alice@10.0.0.2:5060>;expires=600\r\n");
	assert_int_equal(contacts(&s, b), 1);
	/* Where the packet came from, not where the phone believes it is. */
	assert_string_equal(addr_str(&b[0].source, source), "198.51.100.7:40000");
	assert_string_equal(b[0].listener, "inside");
	json_t *rows = registrar_json(s.r), *row = json_array_get(rows, 0);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_string_value(json_object_get(row, "aor")), "alice");
	assert_string_equal(json_string_value(json_object_get(row, "contact")), "sip:alice@10.0.0.2:5060");
	assert_string_equal(json_string_value(json_object_get(row, "source")), "198.51.100.7:40000");
	assert_int_equal(json_integer_value(json_object_get(row, "expires_s")), 600);
	assert_string_equal(json_string_value(json_object_get(row, "user_agent")), "phone");
	json_decref(rows);
	/* Query, refresh, removal. */
	assert_int_equal(reg(&p, "", &st), 200);
	assert_non_null(strstr(st.headers, "<sip:alice@10.0.0.2:5060>;expires="));
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:alice@10.0.0.2:5060>;expires=900\r\n", &st), 200);
	assert_non_null(strstr(st.headers, "expires=900"));
	assert_int_equal(contacts(&s, b), 1);
	p.cseq++;
	assert_int_equal(reg(&p, HOME "Expires: 0\r\n", &st), 200);
	assert_string_equal(st.headers, "");
	assert_int_equal(contacts(&s, b), 0);
	end(&s);
}

static void several_contacts(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r), other = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	other.call_id = "c2";
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>;q=0.5, <sip:a@h2>;q=0.75;expires=100\r\nContact: <sip:a@h3>;q=0.1\r\n", &st), 200);
	assert_int_equal(contacts(&s, b), 3);
	assert_memory_equal(b[0].uri.p, "sip:a@h2", 8);
	assert_int_equal(b[0].q, 750);
	assert_memory_equal(b[2].uri.p, "sip:a@h3", 8);
	/* One too many: nothing changes, not even what came before it. */
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>;expires=0, <sip:a@h5>, <sip:a@h6>\r\n", &st), 403);
	assert_int_equal(contacts(&s, b), 3);
	assert_int_equal(reg(&other, "Contact: *\r\nExpires: 1\r\n", &st), 400);
	other.cseq++;
	assert_int_equal(reg(&other, "Contact: *, <sip:a@h9>\r\nExpires: 0\r\n", &st), 400);
	other.cseq++;
	assert_int_equal(reg(&other, "Contact: <sip:a@h1>;expires=0, garbage\r\n", &st), 400);
	assert_int_equal(contacts(&s, b), 3);
	other.cseq++;
	assert_int_equal(reg(&other, "Contact: *\r\nExpires: 0\r\n", &st), 200);
	assert_int_equal(contacts(&s, b), 0);
	end(&s);
}

static void times(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	assert_int_equal(reg(&p, HOME "Expires: 59\r\n", &st), 423);
	assert_string_equal(st.headers, "Min-Expires: 60\r\n");
	assert_int_equal(contacts(&s, b), 0);
	static const struct {
		const char *headers, *expires;
	} rows[] = {{HOME, "=3600\r"}, {HOME "Expires: 60\r\n", "=60\r"}, {HOME "Expires: 999999\r\n", "=7200\r"},
		    {HOME "Expires: 10000000000000000\r\n", "=7200\r"}, {HOME "Expires: soon\r\n", "=3600\r"},
		    {"Contact: <sip:alice@10.0.0.2:5060>;expires=61\r\nExpires: 600\r\n", "=61\r"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		p.cseq++;
		assert_int_equal(reg(&p, rows[i].headers, &st), 200);
		assert_non_null(strstr(st.headers, rows[i].expires));
	}
	clock_test_advance(60999);
	assert_int_equal(contacts(&s, b), 1);
	clock_test_advance(1);
	assert_int_equal(contacts(&s, b), 0);
	assert_int_equal(registrar_count(s.r), 0);
	end(&s);
}

static void order(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r), late = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	p.cseq = 10;
	assert_int_equal(reg(&p, HOME "Expires: 600\r\n", &st), 200);
	late.cseq = 5;
	assert_int_equal(reg(&late, HOME "Expires: 0\r\n", &st), 500);
	assert_int_equal(reg(&late, "Contact: *\r\nExpires: 0\r\n", &st), 500);
	assert_int_equal(contacts(&s, b), 1);
	/* Another Call-ID is another phone, or one that was started anew. */
	late.call_id = "c9";
	assert_int_equal(reg(&late, HOME "Expires: 0\r\n", &st), 200);
	assert_int_equal(contacts(&s, b), 0);
	end(&s);
}

static void instances(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n", &st), 200);
	assert_non_null(strstr(st.headers, ";+sip.instance=\"<urn:uuid:1>\";reg-id=1"));
	p.cseq++;
	/* The same phone from a new address. */
	assert_int_equal(reg(&p, "Contact: <sip:a@h2>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n", &st), 200);
	assert_int_equal(contacts(&s, b), 1);
	assert_memory_equal(b[0].uri.p, "sip:a@h2", 8);
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:a@h3>;+sip.instance=\"<urn:uuid:2>\";reg-id=1\r\n", &st), 200);
	assert_int_equal(contacts(&s, b), 2);
	end(&s);
}

/* Whoever asks for what is not theirs. */
static void refused(void **state)
{
	struct setup s = start();
	struct sip_strans st;
	struct binding b[8];
	static const struct {
		struct phone p;
		const char *headers;
		unsigned status;
	} rows[] = {
		{{0, "alice", "wrong", "sip:tandem.test", "sip:alice@tandem.test", "c", 1}, HOME, 401},
		{{0, "nobody", "pw", "sip:tandem.test", "sip:nobody@tandem.test", "c", 1}, HOME, 401},
		{{0, "alice", "pw", "sip:tandem.test", "sip:bob@tandem.test", "c", 1}, HOME, 403},
		{{0, "alice", "pw", "sip:tandem.test", "sip:carol@tandem.test", "c", 1}, HOME, 403},
		{{0, "alice", "pw", "sip:203.0.113.9", "sip:alice@tandem.test", "c", 1}, HOME, 403},
		{{0, "alice", "pw", "sip:tandem.test", "sip:alice@203.0.113.9", "c", 1}, HOME, 404},
		{{0, "alice", "pw", "sip:tandem.test", "tel:+1", "c", 1}, HOME, 400},
		{{0, "alice", "pw", "sip:tandem.test", "sip:alice@tandem.test", "c", 1}, "Contact: <>\r\n", 400},
		{{0, "alice", "pw", "sip:tandem.test", "sip:alice@tandem.test", "c", 1}, "Contact: sip:a@b?Route=x\r\n", 400},
		{{0, "alice", "pw", "tel:+1", "sip:alice@tandem.test", "c", 1}, HOME, 416},
		{{0, "alice", "pw", "sip:tandem.test", "sip:alice@tandem.test", "c", 1}, HOME "Require: nothingSupportsThis\r\n", 420},
		{{0, "alice", "pw", "sip:192.0.2.1", "sip:100@192.0.2.1:5060", "c", 1}, HOME, 200},
		{{0, "bob", "pw2", "sip:tandem.test", "sip:bob@tandem.test", "c", 1}, HOME, 200},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct phone p = rows[i].p;
		p.r = s.r;
		unsigned before = contacts(&s, b), status = reg(&p, rows[i].headers, &st);
		if (status != rows[i].status || (status != 200 && contacts(&s, b) != before))
			fail_msg("row %zu: %u", i, status);
		if (status == 420)
			assert_string_equal(st.headers, "Unsupported: nothingSupportsThis\r\n");
	}
	end(&s);
}

/* RFC 3261 10.2: any URI can be registered; only SIP's are called. */
static void other_scheme(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	assert_int_equal(reg(&p, HOME "Contact: <mailto:alice@tandem.test>\r\n", &st), 200);
	assert_non_null(strstr(st.headers, "<mailto:alice@tandem.test>;expires=3600"));
	assert_int_equal(contacts(&s, b), 1);
	assert_int_equal(registrar_count(s.r), 2);
	end(&s);
}

/* RFC 4475 3.3.12 to 3.3.14: what is kept of a contact. */
static void contact_text(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	assert_int_equal(reg(&p, "Contact: sip:+1@gw1;unknownparam\r\n", &st), 200);
	assert_string_equal(st.headers, "Contact: <sip:+1@gw1>;expires=3600\r\n");
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:+2@gw1;unknownparam>\r\nContact: <sip:u@h?Route=%3Csip:x%3E>\r\n", &st), 200);
	assert_non_null(strstr(st.headers, "<sip:+2@gw1;unknownparam>"));
	assert_non_null(strstr(st.headers, "<sip:u@h?Route=%3Csip:x%3E>"));
	end(&s);
}

static void replayed_request_is_stale(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	char auth[1024], all[2048];
	send_once(&p, HOME, &st);
	credentials(&p, &st, auth, sizeof auth);
	snprintf(all, sizeof all, HOME "%s", auth);
	send_once(&p, all, &st);
	assert_int_equal(st.status, 200);
	p.cseq++;
	send_once(&p, all, &st);
	assert_int_equal(st.status, 401);
	assert_non_null(strstr(st.headers, "stale=true"));
	end(&s);
}

static void new_configuration(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r), bob = {s.r, "bob", "pw2", "sip:tandem.test", "sip:bob@tandem.test", "c", 1};
	struct sip_strans st;
	struct binding b[8];
	struct conf *without_alice = configuration("address inside {\n local = {\"192.0.2.1\"}\n}\nsip {\n realm = \"tandem.test\"\n}\n"
						   "user bob {\n password = \"new\"\n}\n");
	assert_int_equal(reg(&p, HOME, &st), 200);
	assert_int_equal(reg(&bob, HOME, &st), 200);
	assert_int_equal(registrar_reconfigure(s.r, without_alice), 0);
	assert_int_equal(contacts(&s, b), 0);
	assert_int_equal(registrar_contacts(s.r, "bob", b, 8), 1);
	assert_int_equal(reg(&bob, HOME, &st), 401);
	bob.password = "new";
	assert_int_equal(reg(&bob, HOME, &st), 200);
	mem_deref(without_alice);
	end(&s);
}

static void remove_store(const char *dir)
{
	char path[256];
	static const char *const files[] = {"data.mdb", "lock.mdb", "journal"};
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* Value of a parameter ;name="..." in the answer, in a static buffer. */
static const char *quoted(const struct sip_strans *st, const char *name)
{
	static char value[4][300];
	static unsigned turn;
	char want[64], *v = value[++turn % 4];
	snprintf(want, sizeof want, ";%s=\"", name);
	const char *at = strstr(st->headers, want);
	v[0] = '\0';
	if (at)
		sscanf(at + strlen(want), "%299[^\"]", v);
	return v;
}

#define INSTANCE ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\""

static int look_up(const struct setup *s, const char *uri, struct binding *b)
{
	const struct user *u = NULL;
	struct sip_uri parsed;
	assert_int_equal(sip_uri_parse(&parsed, slice_str(uri)), 0);
	int n = registrar_lookup(s->r, &parsed, &u, b, 8);
	if (n > 0)
		assert_string_equal(user_name(u), "alice");
	return n;
}

/* What was answered is there after the process was killed: another registrar on the same store. */
static void survives(void **state)
{
	static const char *const tables[] = {"bindings", NULL};
	char dir[] = "/tmp/tandem-registrar-XXXXXX";
	struct store *store;
	struct sip_strans st;
	struct binding b[8];
	struct setup s = {.before = mem_blocks()};
	char auth[1024];
	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(&store, dir, tables, 1 << 24), 0);
	s.c = configuration(text);
	s.r = registrar(s.c, store);
	struct phone p = ALICE(s.r);
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>;expires=300;q=0.3, <sip:a@h2>;expires=100" INSTANCE "\r\nPath: <sip:h0;lr>\r\nSupported: gruu\r\n", &st), 200);
	char temporary[300];
	snprintf(temporary, sizeof temporary, "%s", quoted(&st, "temp-gruu"));
	p.cseq++;
	send_once(&p, HOME, &st);
	credentials(&p, &st, auth, sizeof auth);
	assert_int_equal(store_flush(store), 0);
	mem_deref(s.r);

	s.r = p.r = registrar(s.c, store);
	assert_int_equal(contacts(&s, b), 2);
	assert_memory_equal(b[0].uri.p, "sip:a@h2", 8);
	assert_int_equal(b[1].q, 300);
	assert_int_equal(b[0].source.port, 40000);
	assert_string_equal(b[0].listener, "inside");
	assert_memory_equal(b[0].path.p, "<sip:h0;lr>", b[0].path.len);
	assert_int_equal(look_up(&s, temporary, b), 1);
	assert_memory_equal(b[0].uri.p, "sip:a@h2", 8);
	assert_int_equal(contacts(&s, b), 2);
	assert_true(b[0].expires_at <= clock_ms() + 100000 && b[0].expires_at > clock_ms() + 90000);
	/* A nonce of before may have been used already: the phone is asked once more. */
	char all[2048];
	snprintf(all, sizeof all, HOME "%s", auth);
	send_once(&p, all, &st);
	assert_int_equal(st.status, 401);
	assert_non_null(strstr(st.headers, "stale=true"));
	clock_test_advance(100001);
	assert_int_equal(contacts(&s, b), 1);
	assert_int_equal(store_flush(store), 0);
	mem_deref(s.r);
	s.r = p.r = registrar(s.c, store);
	assert_int_equal(registrar_count(s.r), 1);
	p.call_id = "c7";
	assert_int_equal(reg(&p, "Contact: *\r\nExpires: 0\r\n", &st), 200);
	assert_int_equal(store_flush(store), 0);
	mem_deref(s.r);
	s.r = registrar(s.c, store);
	assert_int_equal(registrar_count(s.r), 0);
	mem_deref(store);
	end(&s);
	remove_store(dir);
}

/* As releases before paths and GRUUs wrote them. */
static void records_of_an_older_release_are_read(void **state)
{
	static const char *const tables[] = {"bindings", NULL};
	char dir[] = "/tmp/tandem-registrar-XXXXXX";
	struct store *store;
	struct binding b[8];
	struct setup s = {.before = mem_blocks()};
	struct {
		uint8_t format, transport, pad[2];
		uint32_t cseq;
		uint64_t expires_utc, received_at;
		uint32_t reg_id, scope;
		uint16_t q, family, port, len[5];
		uint8_t ip[16];
		char texts[8 + 3 + 5 + 2 + 6];
	} old = {1, 0, {0}, 7, clock_utc_ms() + 60000, 5, 2, 0, 400, AF_INET, 40001, {8, 3, 5, 2, 6}, {198, 51, 100, 7}, ""};
	memcpy(old.texts, "sip:a@h1" "<i>" "phone" "c9" "inside", sizeof old.texts);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(&store, dir, tables, 1 << 24), 0);
	assert_int_equal(store_put(store, 0, SLICE("alice"), slice_of((const char *)&old, offsetof(__typeof__(old), texts) + sizeof old.texts)), 0);
	assert_int_equal(store_flush(store), 0);
	s.c = configuration(text);
	s.r = registrar(s.c, store);
	assert_int_equal(contacts(&s, b), 1);
	assert_memory_equal(b[0].uri.p, "sip:a@h1", 8);
	assert_memory_equal(b[0].instance.p, "<i>", 3);
	assert_memory_equal(b[0].call_id.p, "c9", 2);
	assert_string_equal(b[0].listener, "inside");
	assert_true(b[0].q == 400 && b[0].reg_id == 2 && b[0].cseq == 7 && !b[0].path.len && !b[0].outbound && !b[0].gruu);
	assert_int_equal(b[0].source.port, 40001);
	mem_deref(store);
	end(&s);
	remove_store(dir);
}

/* --- without memory ------------------------------------------------------------------------------------------------- */

struct oom {
	struct setup s;
	struct sip_msg *req;
	struct sip_strans st;
};

static void request_once(void *arg)
{
	struct oom *o = arg;
	struct registrar *r;
	struct binding b[8];
	int err = registrar_new(&r, &(struct registrar_params){.conf = o->s.c});
	assert_true(err == 0 || err == -ENOMEM);
	if (err)
		return;
	o->st = (struct sip_strans){0};
	registrar_request(r, &o->st, o->req);
	assert_true(o->st.status == 401 || o->st.status == 500);
	assert_int_equal(registrar_contacts(r, "alice", b, 8), 0);
	mem_deref(r);
}

/* Each allocation of an authenticated update fails in turn: 500 (or 401 when not even the nonce count could be kept), and
 * the contacts are as before; then the same request again succeeds. */
static void update_without_memory(void **state)
{
	struct setup s = start();
	struct binding b[8];
	for (size_t n = 1;; n++) {
		struct phone p = ALICE(s.r);
		struct sip_strans st;
		char auth[1024], all[2048];
		send_once(&p, HOME, &st);
		credentials(&p, &st, auth, sizeof auth);
		snprintf(all, sizeof all, HOME "%s", auth);
		struct sip_msg *m = message("REGISTER sip:tandem.test SIP/2.0", &p, 2, all);
		st = (struct sip_strans){0};
		mem_fail_nth(n);
		registrar_request(s.r, &st, m);
		int failed = mem_failed();
		mem_fail_nth(0);
		mem_deref(m);
		if (!failed) {
			assert_int_equal(st.status, 200);
			assert_int_equal(contacts(&s, b), 1);
			assert_true(n > 3);
			break;
		}
		assert_true(st.status == 500 || st.status == 401 || st.status == 200);
		/* Only the list in the answer may be missing from a registration that was made. */
		if (contacts(&s, b)) {
			assert_int_not_equal(st.status, 401);
			p.call_id = "other";
			assert_int_equal(reg(&p, "Contact: *\r\nExpires: 0\r\n", &st), 200);
		}
	}
	end(&s);
}

static void without_memory(void **state)
{
	struct oom o = {.s = start()};
	struct phone p = ALICE(o.s.r);
	o.req = message("REGISTER sip:tandem.test SIP/2.0", &p, 1, HOME);
	each_allocation_fails(request_once, &o);
	mem_deref(o.req);
	end(&o.s);
}

/* RFC 5627. */
static void instances_get_uris_of_their_own(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r), other = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	char first[300], second[300], pub[300];
	other.call_id = "c2";
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>" INSTANCE "\r\nSupported: gruu\r\n", &st), 200);
	snprintf(pub, sizeof pub, "%s", quoted(&st, "pub-gruu"));
	snprintf(first, sizeof first, "%s", quoted(&st, "temp-gruu"));
	assert_string_equal(pub, "sip:alice@tandem.test;gr=urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF");
	assert_int_equal(strncmp(first, "sip:tgruu.", 10), 0);
	assert_non_null(strstr(first, "@tandem.test;gr"));
	/* another phone of the same user is not meant */
	assert_int_equal(reg(&other, "Contact: <sip:a@h2>\r\n", &st), 200);
	assert_string_equal(quoted(&st, "pub-gruu"), "");
	assert_int_equal(look_up(&s, "sip:alice@tandem.test", b), 2);
	assert_int_equal(look_up(&s, pub, b), 1);
	assert_memory_equal(b[0].uri.p, "sip:a@h1", 8);
	assert_int_equal(look_up(&s, first, b), 1);
	/* each registration gives another one, and the earlier ones stay good */
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>" INSTANCE "\r\nSupported: gruu\r\n", &st), 200);
	snprintf(second, sizeof second, "%s", quoted(&st, "temp-gruu"));
	assert_string_not_equal(first, second);
	assert_int_equal(look_up(&s, first, b), 1);
	assert_int_equal(look_up(&s, second, b), 1);
	/* until the phone begins anew, under another Call-ID */
	p.call_id = "c3";
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>" INSTANCE "\r\nSupported: gruu\r\n", &st), 200);
	assert_int_equal(look_up(&s, first, b), -ENOENT);
	assert_int_equal(look_up(&s, pub, b), 1);
	/* gone: the public one is known still */
	snprintf(second, sizeof second, "%s", quoted(&st, "temp-gruu"));
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>;expires=0" INSTANCE "\r\n", &st), 200);
	assert_int_equal(look_up(&s, pub, b), -EHOSTUNREACH);
	assert_int_equal(look_up(&s, second, b), -ENOENT);
	assert_int_equal(look_up(&s, "sip:tgruu.00112233445566778899aabbccddeeff@tandem.test;gr", b), -ENOENT);
	assert_int_equal(look_up(&s, "sip:nobody@tandem.test;gr=urn:uuid:1", b), -ENOENT);
	/* a contact that leads back here */
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:alice@tandem.test;gr=x>\r\n", &st), 403);
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:alice@tandem.test>\r\n", &st), 403);
	end(&s);
}

/* RFC 5626 6. */
static void flows_are_bindings_of_their_own(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
#define FLOW(n) "Contact: <sip:a@h1>" INSTANCE ";reg-id=" #n "\r\nSupported: path, outbound\r\n"
	assert_int_equal(reg(&p, FLOW(1), &st), 200);
	assert_non_null(strstr(st.headers, "Require: outbound\r\n"));
	assert_null(strstr(st.headers, "Flow-Timer"));
	p.cseq++;
	assert_int_equal(reg(&p, FLOW(2), &st), 200);
	assert_int_equal(contacts(&s, b), 2);
	assert_true(b[0].outbound && b[1].outbound);
	p.cseq++;
	assert_int_equal(reg(&p, FLOW(2), &st), 200);
	assert_int_equal(contacts(&s, b), 2);
	/* not asked for: a binding, but nothing is promised */
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>" INSTANCE ";reg-id=2\r\n", &st), 200);
	assert_null(strstr(st.headers, "Require"));
	/* through a proxy that keeps no flows, and one that does */
	p.cseq++;
	assert_int_equal(reg(&p, "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\r\n" FLOW(3), &st), 439);
	p.cseq++;
	assert_int_equal(reg(&p, "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\r\nPath: <sip:192.0.2.8;lr>\r\n" FLOW(3), &st), 439);
	p.cseq++;
	assert_int_equal(reg(&p, "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\r\nPath: <sip:t@192.0.2.8;lr;ob>\r\n" FLOW(3), &st), 200);
	assert_non_null(strstr(st.headers, "Path: <sip:t@192.0.2.8;lr;ob>\r\n"));
	assert_non_null(strstr(st.headers, "reg-id=3"));
	/* one flow a registration; a reg-id without instance means nothing */
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>" INSTANCE ";reg-id=1, <sip:a@h7>\r\nSupported: outbound\r\n", &st), 400);
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:a@h1>" INSTANCE ";reg-id=1;expires=0, <sip:a@h7>;reg-id=4\r\nSupported: outbound\r\n", &st), 200);
	assert_null(strstr(st.headers, "Require"));
	assert_null(strstr(st.headers, "reg-id=4"));
	end(&s);
}

/* RFC 3327, RFC 3608. */
static void ways_to_and_from_a_phone_are_kept_and_told(void **state)
{
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	const char *more = "registrar {\n service-route = {\"sip:192.0.2.1;lr\", \"sip:core.tandem.test;lr\"}\n}\naddress inside {\n local = {\"192.0.2.1\"}\n}\n"
			   "sip {\n realm = \"tandem.test\"\n}\nuser alice {\n password = \"pw\"\n}\n";
	assert_int_equal(reg(&p, HOME "Path: <sip:p2@192.0.2.7;lr>, <sip:192.0.2.8;lr>\r\nPath: <sip:192.0.2.9;lr>\r\nSupported: path\r\n", &st), 200);
	assert_non_null(strstr(st.headers, "Path: <sip:p2@192.0.2.7;lr>, <sip:192.0.2.8;lr>\r\nPath: <sip:192.0.2.9;lr>\r\n"));
	assert_null(strstr(st.headers, "Service-Route"));
	assert_int_equal(contacts(&s, b), 1);
	assert_int_equal(b[0].path.len, strlen("<sip:p2@192.0.2.7;lr>, <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>"));
	p.cseq++;
	assert_int_equal(reg(&p, HOME "Path: garbage\r\n", &st), 400);
	p.cseq++;
	assert_int_equal(reg(&p, HOME "Require: path, gruu, outbound, pancakes\r\n", &st), 420);
	assert_string_equal(st.headers, "Unsupported: pancakes\r\n");
	struct conf *other = configuration(more);
	assert_int_equal(registrar_reconfigure(s.r, other), 0);
	mem_deref(other);
	assert_int_equal(reg(&p, HOME, &st), 200);
	assert_non_null(strstr(st.headers, "Service-Route: <sip:192.0.2.1;lr>\r\nService-Route: <sip:core.tandem.test;lr>\r\n"));
	assert_int_equal(contacts(&s, b), 1);
	assert_int_equal(b[0].path.len, 0);
	end(&s);
}

/* RFC 6140 5.2: one contact for all numbers of a PBX. */
static void a_pbx_registers_all_its_numbers(void **state)
{
	static const struct {
		const char *headers;
		unsigned status;
	} refused[] = {
		{"Contact: <sip:x@10.0.0.2;bnc>\r\nRequire: gin\r\n", 400},
		{"Contact: <sip:10.0.0.2;bnc>\r\n", 400},
	};
	static const struct {
		const char *contact, *number, *uri;
	} rows[] = {
		{"sip:10.0.0.2;bnc", "+4930100", "sip:+4930100@10.0.0.2"},
		{"sip:10.0.0.2:5080;transport=tcp;BNC;x=y", "a b", "sip:a%20b@10.0.0.2:5080;transport=tcp;x=y"},
		{"sips:[2001:db8::1]:5061;bnc", "100", "sips:100@[2001:db8::1]:5061"},
		{"sip:bncx@10.0.0.2;bncx=1", "100", "sip:bncx@10.0.0.2;bncx=1"},
		{"sip:a@10.0.0.2?X=y", "100", "sip:a@10.0.0.2"},
	};
	struct setup s = start();
	struct phone p = ALICE(s.r);
	struct sip_strans st;
	struct binding b[8];
	char uri[64];
	for (unsigned i = 0; i < 2; i++, p.cseq++)
		assert_int_equal(reg(&p, refused[i].headers, &st), refused[i].status);
	assert_int_equal(reg(&p, "Contact: <sip:10.0.0.2:5060;bnc>\r\nRequire: gin\r\nProxy-Require: gin\r\nSupported: path\r\n", &st), 200);
	assert_non_null(strstr(st.headers, "Contact: <sip:10.0.0.2:5060;bnc>;expires="));
	assert_int_equal(contacts(&s, b), 1);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(bulk_request_uri(slice_str(rows[i].contact), rows[i].number, uri, sizeof uri), 0);
		assert_string_equal(uri, rows[i].uri);
	}
	assert_int_equal(bulk_request_uri(SLICE("sip:10.0.0.2;bnc"), "1234", uri, 10), -ENOSPC);
	/* one number cannot be taken out of it, the whole can */
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:100@10.0.0.2:5060>;expires=0\r\n", &st), 200);
	assert_int_equal(contacts(&s, b), 1);
	p.cseq++;
	assert_int_equal(reg(&p, "Contact: <sip:10.0.0.2:5060;bnc>;expires=0\r\nRequire: gin\r\n", &st), 200);
	assert_int_equal(contacts(&s, b), 0);
	end(&s);
}

/* RFC 3608: a domain's own ones, else those of all. Host names know no case. */
static void service_routes_are_those_of_the_domain(void **state)
{
	static const struct {
		const char *ruri, *aor, *route;
	} rows[] = {
		{"sip:ONE.test", "sip:alice@ONE.test", "Service-Route: <sip:192.0.2.7;lr>\r\n"},
		{"sip:two.test", "sip:alice@two.test", "Service-Route: <sip:192.0.2.8;lr>\r\n"},
		{"sip:tandem.test", "sip:alice@tandem.test", "Service-Route: <sip:192.0.2.8;lr>\r\n"},
	};
	struct setup s = start();
	struct conf *other = configuration("address inside {\n local = {\"192.0.2.1\"}\n}\nsip {\n realm = \"tandem.test\"\n}\nregistrar {\n service-route = {\"sip:192.0.2.8;lr\"}\n}\n"
					   "domain one.TEST {\n service-route = {\"sip:192.0.2.7;lr\"}\n}\ndomain two.test {\n}\nuser alice {\n password = \"pw\"\n}\n"
					   "user one { domain = \"One.Test\"\n password = \"x\"\n}\n");
	assert_int_equal(registrar_reconfigure(s.r, other), 0);
	mem_deref(other);
	for (unsigned i = 0; i < 3; i++) {
		struct phone p = {s.r, "alice", "pw", rows[i].ruri, rows[i].aor, "c1", 1 + 10 * i};
		struct sip_strans st;
		assert_int_equal(reg(&p, HOME, &st), 200);
		assert_non_null(strstr(st.headers, rows[i].route));
	}
	end(&s);
}

/* Two of one name in two domains, and one of none: each has a password, contacts and a realm of its own. */
static void domains_have_users_of_their_own(void **state)
{
	struct setup s = start();
	struct sip_strans st;
	struct binding b[8];
	char more[2000];
	snprintf(more, sizeof more, "%sdomain a.test {\n}\ndomain b.test {\n}\nuser a-alice {\n name = \"alice\"\n domain = \"a.test\"\n password = \"pa\"\n numbers = {\"100\"}\n}\n"
		 "user b-alice {\n name = \"alice\"\n domain = \"b.test\"\n password = \"pb\"\n}\n", text);
	struct conf *other = configuration(more);
	assert_int_equal(registrar_reconfigure(s.r, other), 0);
	mem_deref(other);
	struct phone none = ALICE(s.r), a = {s.r, "alice", "pa", "sip:a.test", "sip:alice@a.test", "ca", 1},
		     bb = {s.r, "alice", "pb", "sip:b.test", "sip:alice@b.test", "cb", 1}, wrong = {s.r, "alice", "pa", "sip:b.test", "sip:alice@b.test", "cw", 1};
	assert_int_equal(reg(&none, "Contact: <sip:x@h0>\r\n", &st), 200);
	send_once(&a, "Contact: <sip:x@h1>\r\n", &st);
	assert_non_null(strstr(st.headers, "realm=\"a.test\""));
	assert_int_equal(reg(&a, "Contact: <sip:x@h1>\r\n", &st), 200);
	assert_int_equal(reg(&bb, "Contact: <sip:x@h2>\r\n", &st), 200);
	assert_int_equal(reg(&wrong, "Contact: <sip:x@h3>\r\n", &st), 401);
	static const char *const uris[][2] = {{"sip:alice@a.test", "sip:x@h1"}, {"sip:100@A.test", "sip:x@h1"}, {"sip:alice@b.test", "sip:x@h2"},
					      {"sip:alice@tandem.test", "sip:x@h0"}, {"sip:100@b.test", "sip:x@h0"}};
	for (unsigned i = 0; i < 5; i++) {
		const struct user *u;
		struct sip_uri uri;
		assert_int_equal(sip_uri_parse(&uri, slice_str(uris[i][0])), 0);
		assert_int_equal(registrar_lookup(s.r, &uri, &u, b, 8), 1);
		assert_memory_equal(b[0].uri.p, uris[i][1], strlen(uris[i][1]));
		assert_string_equal(user_name(u), i < 2 ? "a-alice" : i == 2 ? "b-alice" : "alice");
	}
	/* nor may one take the other's address with its own password */
	a.to = "sip:alice@b.test";
	a.cseq++;
	char auth[1024], all[2048];
	send_once(&(struct phone){s.r, "alice", "pa", "sip:a.test", "sip:alice@a.test", "cx", 1}, HOME, &st);
	credentials(&a, &st, auth, sizeof auth);
	snprintf(all, sizeof all, HOME "%s", auth);
	send_once(&a, all, &st);
	assert_int_equal(st.status, 403);
	end(&s);
}

static void a_third_party_may_register_others_when_it_is_let(void **state)
{
	struct setup s = start();
	struct phone p = {s.r, "boss", "pw3", "sip:tandem.test", "sip:alice@tandem.test", "c1", 1};
	struct sip_strans st;
	struct binding b[8];
	for (int may = 0; may < 2; may++) {
		char let[2000];
		snprintf(let, sizeof let, "%suser boss {\n password = \"pw3\"\n any-register = %s\n}\n", text, may ? "yes" : "no");
		struct conf *other = configuration(let);
		assert_int_equal(registrar_reconfigure(s.r, other), 0);
		mem_deref(other);
		p.cseq++;
		assert_int_equal(reg(&p, HOME, &st), may ? 200 : 403);
	}
	assert_int_equal(contacts(&s, b), 1);
	p.to = "sip:nobody@tandem.test";
	p.cseq++;
	assert_int_equal(reg(&p, HOME, &st), 404);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_an_older_release_are_read),
		cmocka_unit_test(instances_get_uris_of_their_own),
		cmocka_unit_test(flows_are_bindings_of_their_own),
		cmocka_unit_test(ways_to_and_from_a_phone_are_kept_and_told),
		cmocka_unit_test(a_pbx_registers_all_its_numbers),
		cmocka_unit_test(service_routes_are_those_of_the_domain),
		cmocka_unit_test(domains_have_users_of_their_own),
		cmocka_unit_test(a_third_party_may_register_others_when_it_is_let),
		cmocka_unit_test(registers),         cmocka_unit_test(several_contacts), cmocka_unit_test(times),
		cmocka_unit_test(order),             cmocka_unit_test(instances),        cmocka_unit_test(refused),
		cmocka_unit_test(other_scheme),      cmocka_unit_test(contact_text),      cmocka_unit_test(replayed_request_is_stale),
		cmocka_unit_test(new_configuration), cmocka_unit_test(survives),         cmocka_unit_test(without_memory),
		cmocka_unit_test(update_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
