// SPDX-License-Identifier: GPL-3.0-or-later
/* The SIP leg between a session and a call that both are the test's: what each gets to see. */
#include "unit.h"
#include "callagent/call.h"
#include "callagent/leg_sip.h"
#include "callagent/leg_sip_news.h"
#include "sip/check.h"
#include "sip/subscription.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- the session ------------------------------------------------------------------------------------------------------ */

struct sip_session {
	const struct sip_session_handlers *h;
	void *arg;
};

static struct sip_session *session;
static char sent[4096];
static struct sip_listener listener = {.name = "inside"};
static struct sip_msg *invite;

static void say(const char *fmt, ...)
{
	va_list ap;
	size_t n = strlen(sent);
	va_start(ap, fmt);
	vsnprintf(sent + n, sizeof(sent) - n, fmt, ap);
	va_end(ap);
}

static void destroy(void *obj)
{
	session = NULL;
}

static int make(struct sip_session **ret, const struct sip_session_handlers *h, void *arg)
{
	session = mem_alloc(sizeof(*session), destroy);
	if (!session)
		return -ENOMEM;
	session->h = h;
	session->arg = arg;
	*ret = session;
	return 0;
}

int sip_session_connect(struct sip_session **ret, struct sip_stack *s, const struct sip_session_params *p, const struct sip_session_handlers *h,
			void *arg)
{
	say("to " SLICE_FMT "\nFrom: " SLICE_FMT " <" SLICE_FMT ">\nTo: <" SLICE_FMT ">\nhops %u\n" SLICE_FMT, SLICE_ARG(p->ruri),
	    SLICE_ARG(p->from_display), SLICE_ARG(p->from_uri), SLICE_ARG(p->to_uri), p->max_forwards, SLICE_ARG(p->headers));
	return make(ret, h, arg);
}

int sip_session_accept(struct sip_session **ret, struct sip_strans *st, struct slice user, const struct sip_session_handlers *h, void *arg)
{
	return make(ret, h, arg);
}

void *sip_session_earlier(const struct sip_strans *st, const struct sip_session_handlers *h)
{
	return session && session->h == h ? session->arg : NULL;
}

void sip_session_save(const struct sip_session *ss, struct buf *out)
{
	buf_str(out, "as it was");
}

int sip_session_restore(struct sip_session **ret, struct sip_stack *s, struct slice record, const struct digest_login *login,
			const struct sip_session_handlers *h, void *arg)
{
	say("again " SLICE_FMT " as " SLICE_FMT ":" SLICE_FMT "\n", SLICE_ARG(record), SLICE_ARG(login->user), SLICE_ARG(login->password));
	return make(ret, h, arg);
}

int sip_session_login(struct sip_session *ss, const struct digest_login *login)
{
	return 0;
}

int sip_session_progress(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp)
{
	say("%u %s\n" SLICE_FMT, status, reason, SLICE_ARG(headers));
	return 0;
}

int sip_session_answer(struct sip_session *ss, struct slice headers, struct slice sdp)
{
	say("200\n" SLICE_FMT SLICE_FMT, SLICE_ARG(headers), SLICE_ARG(sdp));
	return 0;
}

int sip_session_ack(struct sip_session *ss, struct slice sdp)
{
	return 0;
}

bool sip_session_offered(const struct sip_session *ss, const struct sip_msg *rsp)
{
	return false;
}

int sip_session_offer(struct sip_session *ss, struct slice headers, struct slice sdp)
{
	return -EINPROGRESS;
}

bool sip_session_withdraw(struct sip_session *ss)
{
	return false;
}

int sip_session_reply_offer(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp)
{
	say("reply %u\n" SLICE_FMT, status, SLICE_ARG(headers));
	return 0;
}

void sip_session_bye(struct sip_session *ss, unsigned status, struct slice headers, struct slice body)
{
	say("bye %u\n" SLICE_FMT, status, SLICE_ARG(headers));
}

int sip_session_request(struct sip_session *ss, enum sip_method method, struct slice headers, struct slice type, struct slice body,
			sip_response_fn fn, void *arg)
{
	say("%s " SLICE_FMT " " SLICE_FMT "\n", sip_method_name(method), SLICE_ARG(type), SLICE_ARG(body));
	fn(arg, -ETIMEDOUT, NULL);
	return 0;
}

void sip_session_detach(struct sip_session *ss)
{
	ss->h = NULL;
}

struct slice sip_session_call_id(const struct sip_session *ss)
{
	return SLICE("id");
}

const struct addr *sip_session_peer(const struct sip_session *ss)
{
	return &listener.local;
}

const struct sip_listener *sip_stack_listener(const struct sip_stack *s, const char *name, enum sip_transport transport, const struct addr *peer)
{
	return name && !strcmp(name, "nowhere") ? NULL : &listener;
}

const struct addr *sip_listener_seen(const struct sip_listener *l, const struct addr *peer)
{
	return &l->local;
}

const struct sip_msg *sip_strans_request(const struct sip_strans *st)
{
	return invite;
}

const struct sip_listener *sip_strans_listener(const struct sip_strans *st)
{
	return &listener;
}

void sip_refuse_method(struct sip_strans *st)
{
	say("answered 405\n");
}

int sip_reply(struct sip_strans *st, unsigned status, const char *reason, struct slice extra, struct slice type, struct slice body)
{
	say("answered %u\n", status);
	return 0;
}

/* --- the dialog of a REFER outside of the session's ------------------------------------------------------------------------ */

int sip_subscription_accept(struct sip_subscription **ret, struct sip_strans *st, struct slice user, const struct sip_subscription_handlers *h, void *arg)
{
	*ret = mem_alloc(1, NULL);
	return *ret ? 0 : -ENOMEM;
}

int sip_subscription_reply(struct sip_subscription *sub, struct sip_strans *st, unsigned status, struct slice headers)
{
	say("answered %u in its own dialog\n", status);
	return 0;
}

int sip_subscription_request(struct sip_subscription *sub, enum sip_method method, struct slice headers, struct slice type, struct slice body,
			     sip_response_fn fn, void *arg)
{
	say("own: %s " SLICE_FMT "\n", sip_method_name(method), SLICE_ARG(body));
	return 0;
}

void sip_subscription_detach(struct sip_subscription *sub)
{
}

void sip_subscription_save(const struct sip_subscription *sub, struct buf *out)
{
	buf_str(out, "own dialog");
}

int sip_subscription_restore(struct sip_subscription **ret, struct sip_stack *s, struct slice record, const struct sip_subscription_handlers *h, void *arg)
{
	*ret = mem_alloc(1, NULL);
	return *ret ? 0 : -ENOMEM;
}

/* --- the call --------------------------------------------------------------------------------------------------------- */

static struct leg_news heard;
static struct leg *information_to;

static unsigned may_transfer;

static void hear(const char *what, const struct leg_news *n)
{
	heard = *n;
	say("%s %u\n", what, n->status);
}

void call_on_progress(struct leg *l, const struct leg_news *n) { hear("progress", n); }
void call_on_reoffer_given_up(struct leg *l) { say("given up\n"); }
bool call_on_unconditional(struct leg *l) { return false; }
void call_on_agreed(struct leg *l, const struct leg_news *n) { hear("agreed", n); }
void call_on_answered(struct leg *l, const struct leg_news *n) { hear("answered", n); }
void call_on_confirmed(struct leg *l, const struct leg_news *n) { hear("confirmed", n); }
void call_on_reoffer(struct leg *l, const struct leg_news *n) { hear("reoffer", n); }
void call_on_reoffer_done(struct leg *l, const struct leg_news *n) { hear("reoffer done", n); }
void call_on_closed(struct leg *l, const struct leg_news *n) { hear("closed", n); }
unsigned call_may_transfer(const struct leg *l) { return may_transfer; }

void call_on_transfer(struct leg *l, const struct leg_transfer *t)
{
	say("transfer to " SLICE_FMT " for " SLICE_FMT "\n", SLICE_ARG(t->to->text), SLICE_ARG(t->replaces));
}

void call_on_refresh(struct leg *l) { say("refresh\n"); }
void call_on_changed(struct leg *l) { say("changed\n"); }
void call_on_heard(struct leg *l)
{
}

bool call_on_info(struct leg *l, const struct leg_news *n)
{
	return information_to && !information_to->kind->info(information_to, n);
}

/* --- tests ------------------------------------------------------------------------------------------------------------ */

#define assert_sent(text)                          \
	do {                                       \
		assert_string_equal(sent, text);   \
		sent[0] = '\0';                    \
	} while (0)

static struct sip_msg *parse(const char *first, const char *cseq, const char *more)
{
	struct sip_msg *m;
	unsigned status;
	const char *why = "";
	char text[2048];
	int n = snprintf(text, sizeof(text), "%s\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: \"A\" <sip:1001@192.0.2.1>;tag=1\r\n"
			 "To: <sip:1002@192.0.2.200>;tag=2\r\nCall-ID: x\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\n"
			 "Contact: <sip:1001@192.0.2.1>\r\n%s", first, cseq, more);
	if (sip_msg_parse(&m, text, (size_t)n, &status, &why))
		fail_msg("%s", why);
	return m;
}

static struct sip_msg *parse_from(const char *from, const char *more)
{
	struct sip_msg *m;
	unsigned status;
	const char *why = "";
	char text[2048];
	int n = snprintf(text, sizeof(text), "INVITE sip:0049@192.0.2.200 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: %s;tag=1\r\n"
			 "To: <sip:0049@192.0.2.200>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n", from, more);
	if (sip_msg_parse(&m, text, (size_t)n, &status, &why))
		fail_msg("%s", why);
	return m;
}

static struct target target = {.kind = TARGET_TRUNK, .name = "carrier", .uri = "sip:0049@192.0.2.9", .number = "0049"};
static const struct shown caller = {.number = "1001"};
static const struct diversions undiverted;

static int outgoing_to(struct leg **ret, struct sip_stack *stack, const struct target *to, const struct shown *from, uint32_t hops)
{
	const struct leg_call how = {.target = to, .caller = from, .sent = from->number, .diversions = &undiverted, .max_forwards = hops, .ring_ms = 20000};
	return leg_sip_outgoing(ret, stack, &how);
}

static int setup(void **state)
{
	addr_parse(&listener.local, SLICE("192.0.2.200:5060"), 0);
	addr_parse(&target.dst, SLICE("192.0.2.9:5060"), 0);
	target.domain[0] = '\0';
	sent[0] = '\0';
	information_to = NULL;
	invite = parse("INVITE sip:0049@192.0.2.200 SIP/2.0", "INVITE", "P-Asserted-Identity: <sip:+1@192.0.2.1>\r\nContent-Length: 0\r\n\r\n");
	return 0;
}

static int teardown(void **state)
{
	mem_deref(invite);
	return 0;
}

static struct leg *outgoing(void)
{
	struct leg *l = NULL;
	assert_int_equal(outgoing_to(&l, NULL, &target, &caller, 69), 0);
	return l;
}

#define WITHOUT_100REL "Supported: timer, replaces, norefersub, tdialog\r\n"

static void the_invite_names_only_us(void **state)
{
	struct leg *l = outgoing();
	assert_int_equal(l->kind->offer(l, &(struct leg_news){.native = invite}), 0);
	assert_sent("to sip:0049@192.0.2.9\nFrom: \"A\" <sip:1001@192.0.2.200>\nTo: <sip:0049@192.0.2.9>\nhops 69\n" WITHOUT_100REL
		    "P-Asserted-Identity: <sip:+1@192.0.2.200>\r\n");
	mem_deref(l);
	CDR_SET(target.domain, SLICE("carrier.example"));
	l = outgoing();
	assert_int_equal(l->kind->offer(l, &(struct leg_news){0}), 0);
	assert_sent("to sip:0049@192.0.2.9\nFrom:  <sip:1001@carrier.example>\nTo: <sip:0049@carrier.example>\nhops 69\n" WITHOUT_100REL);
	mem_deref(l);
}

/* RFC 3325 5: a user is who it has proved to be; RFC 3323: the configured name is not told when it calls anonymously. */
static void a_user_is_who_it_has_proved_to_be(void **state)
{
	static const struct shown named = {.display = "Alice", .number = "1001"};
	struct source user = {.kind = TARGET_USER, .name = "alice", .display = "Alice"};
	struct call c = {0};
	struct leg *l = NULL;
	list_init(&c.legs);
	assert_int_equal(leg_sip_incoming(&c.a, NULL, &user), 0);
	assert_int_equal(outgoing_to(&l, NULL, &target, &named, 0), 0);
	l->call = &c;
	assert_int_equal(l->kind->offer(l, &(struct leg_news){.native = invite}), 0);
	assert_sent("to sip:0049@192.0.2.9\nFrom: Alice <sip:1001@192.0.2.200>\nTo: <sip:0049@192.0.2.9>\nhops 0\n" WITHOUT_100REL
		    "P-Asserted-Identity: Alice <sip:1001@192.0.2.200>\r\n");
	mem_deref(l);
	mem_deref(c.a);

	mem_deref(invite);
	invite = parse_from("\"Nobody\" <sip:anonymous@anonymous.invalid>", "Privacy: id\r\n");
	assert_int_equal(leg_sip_incoming(&c.a, NULL, &user), 0);
	assert_int_equal(outgoing_to(&l, NULL, &target, &named, 0), 0);
	l->call = &c;
	assert_int_equal(l->kind->offer(l, &(struct leg_news){.native = invite}), 0);
	assert_sent("to sip:0049@192.0.2.9\nFrom: \"Nobody\" <sip:anonymous@anonymous.invalid>\nTo: <sip:0049@192.0.2.9>\nhops 0\n" WITHOUT_100REL
		    "P-Asserted-Identity: Alice <sip:alice@192.0.2.200>\r\nPrivacy: id\r\n");
	mem_deref(l);
	mem_deref(c.a);
}

static void an_unreachable_address_is_no_leg(void **state)
{
	struct leg *l = NULL;
	struct target t = target;
	CDR_SET(t.address, SLICE("nowhere"));
	assert_int_equal(outgoing_to(&l, NULL, &t, &caller, 69), -EADDRNOTAVAIL);
	assert_null(l);
}

static void ends_tell_why(void **state)
{
	struct leg *l = outgoing();
	l->kind->offer(l, &(struct leg_news){0});
	sent[0] = '\0';
	struct sip_msg *bye = parse("BYE sip:x SIP/2.0", "BYE", "Reason: Q.850;cause=17\r\nContent-Length: 0\r\n\r\n");
	session->h->closed(session->arg, 0, bye);
	assert_sent("closed 0\n");
	assert_int_equal(heard.cause, 17);
	struct sip_msg *cancel = parse("CANCEL sip:x SIP/2.0", "CANCEL", "Content-Length: 0\r\n\r\n");
	session->h->closed(session->arg, 0, cancel);
	assert_sent("closed 487\n");
	session->h->closed(session->arg, 408, NULL);
	assert_sent("closed 408\n");
	l->kind->release(l, &(struct leg_news){.status = 200, .words = "Call completed elsewhere"});
	assert_sent("bye 0\nReason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
	l->kind->release(l, &(struct leg_news){.status = 503, .cause = 102});
	assert_sent("bye 503\nReason: Q.850;cause=102\r\n");
	/* The other side's own words go first. */
	l->kind->release(l, &(struct leg_news){.cause = 16, .native = bye});
	assert_sent("bye 0\nReason: Q.850;cause=17\r\n");
	mem_deref(bye);
	mem_deref(cancel);
	mem_deref(l);
}

static struct trunk *trunk_named(void *arg, const char *name)
{
	return strcmp(name, "carrier") ? NULL : arg;
}

/* What a leg says and is to its party is the same after a restart; its password and its codecs are the configuration's. */
static void a_leg_is_the_same_after_a_restart(void **state)
{
	struct trunk *trunk = mem_alloc(sizeof(*trunk), NULL);
	struct conf *conf = NULL;
	struct buf why = buf_growing();
	assert_int_equal(config_load(&conf, "t", "address a {\n local = {\"127.0.0.1\"}\n}\ntrunk carrier {\n peer = \"192.0.2.9:5060\"\n password = secret\n}\n", &why), 0);
	*trunk = (struct trunk){.conf = conf_titled(conf, "trunk", 0), .login = {.user = SLICE("carrier"), .password = SLICE("secret")}, .codec = {"PCMA"}, .n_codecs = 1, .told = true, .believed = true};
	struct leg_sip_home home = {.trunk = trunk_named, .arg = trunk};
	struct leg *l = NULL, *again = NULL;
	struct buf record = buf_growing();
	struct cdr_leg was = {0}, is = {0};
	home.stack = mem_alloc(1, NULL); /* only held */
	assert_int_equal(outgoing_to(&l, home.stack, &target, &caller, 69), 0);
	l->kind->save(l, &record);
	assert_int_equal(record.len, 0); /* nothing was sent: its party knows nothing */
	l->kind->offer(l, &(struct leg_news){0});
	session->h->changed(session->arg);
	sent[0] = '\0';
	l->kind->save(l, &record);
	l->kind->describe(l, &was);
	mem_deref(l);
	assert_int_equal(leg_sip_restore(&again, SIDE_B, "carrier", buf_text(&record), &home), 0);
	assert_sent("again as it was as carrier:secret\n");
	again->kind->describe(again, &is);
	assert_memory_equal(&was, &is, sizeof(was));
	assert_string_equal(again->party.address, "inside");
	assert_int_equal(again->n_codecs, 1);
	assert_string_equal(again->codecs[0], "PCMA");
	assert_true(addr_eq(&again->party.signalling, &target.dst));
	again->kind->release(again, &(struct leg_news){.cause = 16});
	assert_sent("bye 0\nReason: Q.850;cause=16\r\n");
	mem_deref(again);
	for (size_t n = 1; n < record.len; n++)
		if (!leg_sip_restore(&again, SIDE_B, "carrier", slice_of(record.p, n), &home))
			mem_deref(again);
	mem_deref(home.stack);
	buf_reset(&record);
	mem_deref(trunk);
	mem_deref(conf);
	buf_reset(&why);
}

static void an_incoming_leg_tells_progress(void **state)
{
	struct leg *l;
	assert_int_equal(leg_sip_incoming(&l, NULL, &(struct source){.name = "1001", .latch = true}), 0);
	assert_string_equal(l->party.address, "inside");
	assert_true(l->party.latch);
	struct sip_msg *rsp = parse("SIP/2.0 180 Ringing", "INVITE", "Alert-Info: <urn:alert:x>\r\nServer: phone\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(l->kind->progress(l, &(struct leg_news){.status = 180, .native = rsp}), 0);
	assert_sent("180 Ringing\nAlert-Info: <urn:alert:x>\r\n");
	mem_deref(rsp);
	mem_deref(l);
}

static void information_is_answered_by_the_other_side(void **state)
{
	struct leg *a, *b = outgoing();
	assert_int_equal(leg_sip_incoming(&a, NULL, &(struct source){.name = "1001"}), 0);
	struct sip_session *of_a = session;
	b->kind->offer(b, &(struct leg_news){0});
	sent[0] = '\0';
	struct sip_msg *info = parse("INFO sip:x SIP/2.0", "INFO", "Content-Type: application/dtmf-relay\r\nContent-Length: 8\r\n\r\nSignal=5");
	of_a->h->request(of_a->arg, NULL, info);
	assert_sent("answered 480\n"); /* nobody there */
	information_to = b;
	of_a->h->request(of_a->arg, NULL, info);
	assert_sent("INFO application/dtmf-relay Signal=5\nanswered 504\n");
	struct sip_msg *text = parse("MESSAGE sip:x SIP/2.0", "MESSAGE", "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
	of_a->h->request(of_a->arg, NULL, text);
	assert_sent("MESSAGE text/plain hi\nanswered 504\n");
	mem_deref(text);
	struct sip_msg *other = parse("PUBLISH sip:x SIP/2.0", "PUBLISH", "Content-Length: 0\r\n\r\n");
	of_a->h->request(of_a->arg, NULL, other);
	assert_sent("answered 405\n");
	mem_deref(info);
	mem_deref(other);
	mem_deref(a);
	mem_deref(b);
}

/* What is told of a transfer goes where it was asked for, in another process too. */
static void a_refer_has_its_own_dialog(void **state)
{
	struct call c = {.state = CALL_ACTIVE};
	struct leg *l = outgoing(), *again = NULL;
	struct leg_sip_home home = {.trunk = trunk_named};
	struct buf record = buf_growing();
	struct sip_msg *silent = parse("REFER sip:x SIP/2.0", "REFER", "Refer-To: <sip:3@x>\r\nRefer-Sub: false ;x\r\nContent-Length: 0\r\n\r\n");
	struct sip_msg *refer = parse("REFER sip:x SIP/2.0", "REFER", "Refer-To: <sip:3@x>\r\nContent-Length: 0\r\n\r\n");
	l->kind->offer(l, &(struct leg_news){0});
	l->call = &c;
	sent[0] = '\0';
	may_transfer = 480;
	leg_sip_refer(l, NULL, refer);
	assert_sent("answered 480\nchanged\n");
	may_transfer = 0;
	leg_sip_refer(l, NULL, silent);
	assert_sent("answered 202 in its own dialog\ntransfer to sip:3@x for \nchanged\n");
	leg_sip_refer(l, NULL, refer);
	assert_sent("answered 491\n");
	l->kind->transferred(l, &(struct leg_news){.status = 200});
	assert_sent("");
	leg_sip_refer(l, NULL, refer);
	assert_sent("answered 202 in its own dialog\nown: NOTIFY SIP/2.0 100 Trying\r\n\ntransfer to sip:3@x for \nchanged\n");
	l->kind->save(l, &record);
	c.state = CALL_ENDING; /* its subscription goes on */
	l->kind->transferred(l, &(struct leg_news){.status = 486});
	assert_sent("own: NOTIFY SIP/2.0 486 Busy Here\r\n\n");
	assert_int_equal(leg_sip_restore(&again, SIDE_A, "1001", buf_text(&record), &home), 0);
	assert_non_null(strstr(sent, "own: NOTIFY SIP/2.0 503 Service Unavailable\r\n"));
	sent[0] = '\0';
	l->call = NULL;
	mem_deref(l);
	mem_deref(again);
	mem_deref(silent);
	mem_deref(refer);
	buf_reset(&record);
}

/* RFC 3578 3.5. */
static void a_further_invite_takes_the_place_of_the_first(void **state)
{
	struct leg *l;
	assert_null(leg_sip_earlier(NULL));
	assert_int_equal(leg_sip_incoming(&l, NULL, &(struct source){.name = "1001"}), 0);
	struct sip_session *first = mem_ref(session);
	assert_ptr_equal(leg_sip_earlier(NULL), l);
	assert_int_equal(leg_sip_go_on(l, NULL), 0);
	assert_string_equal(sent, "bye 484\n");
	assert_null(first->h);
	assert_ptr_not_equal(session, first);
	assert_ptr_equal(leg_sip_earlier(NULL), l);
	mem_deref(first);
	mem_deref(l);
	sent[0] = '\0';
}

static void a_description_is_found_among_parts(void **state)
{
	static const char parts[] = "preamble\r\n--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
				    "--b1--\r\n";
	struct slice s = sip_news_sdp(SLICE("multipart/mixed;boundary=\"b1\""), slice_str(parts));
	assert_true(slice_starts(s, SLICE("v=0")));
	assert_true(s.len < 10);
	assert_true(slice_empty(sip_news_sdp(SLICE("multipart/mixed;boundary=b2"), slice_str(parts))));
	assert_true(slice_empty(sip_news_sdp(SLICE("multipart/mixed"), slice_str(parts))));
	assert_true(slice_empty(sip_news_sdp(SLICE("text/plain"), SLICE("v=0"))));
	assert_true(slice_eq(sip_news_sdp(SLICE("application/sdp;x=y"), SLICE("v=0")), SLICE("v=0")));
}

static void body(void *arg)
{
	struct leg *l = NULL;
	int err = outgoing_to(&l, NULL, &target, &caller, 69);
	if (!err)
		err = l->kind->offer(l, &(struct leg_news){.native = invite});
	assert_true(err == 0 || err == -ENOMEM);
	if (l)
		l->kind->release(l, &(struct leg_news){.status = 503, .cause = 41});
	mem_deref(l);
	sent[0] = '\0';
}

static void memory_runs_out(void **state)
{
	each_allocation_fails(body, NULL);
}

#define LEG_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEG_TEST(the_invite_names_only_us),
		LEG_TEST(a_user_is_who_it_has_proved_to_be),
		LEG_TEST(an_unreachable_address_is_no_leg),
		LEG_TEST(ends_tell_why),
		LEG_TEST(a_leg_is_the_same_after_a_restart),
		LEG_TEST(an_incoming_leg_tells_progress),
		LEG_TEST(information_is_answered_by_the_other_side),
		LEG_TEST(a_refer_has_its_own_dialog),
		LEG_TEST(a_further_invite_takes_the_place_of_the_first),
		LEG_TEST(a_description_is_found_among_parts),
		LEG_TEST(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
