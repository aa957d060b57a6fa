// SPDX-License-Identifier: GPL-3.0-or-later
/* Connections on loopback, on the real loop: plain and TLS, in both families. */
#include "unit.h"
#include "base/counter.h"
#include "base/loop.h"
#include "base/timer.h"
#include "net/stream.h"
#include "net/websocket.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* One end and what it has seen. */
struct end {
	struct stream *s;
	unsigned opens, ends, sticks;
	int err;
	char why[128];
	size_t got, chunk; /* bytes taken; how many at a time, 0: all, SIZE_MAX: none */
	char data[64];     /* the first of them */
	bool stops;        /* the loop, when something came, once `want` bytes are there */
	size_t want;
};

static struct end near, far;
static struct stream_server *server;
static struct stream_params params;
static struct tls *tls_server;
static struct websocket *ws_server;
static struct timer patience;
static char dir[] = "/tmp/tandem-stream-XXXXXX";

static void on_open(void *arg)
{
	((struct end *)arg)->opens++;
	if (near.opens && far.opens && !near.want && !far.want)
		loop_stop();
}

static size_t on_recv(void *arg, char *data, size_t len)
{
	struct end *e = arg;
	size_t n = e->chunk == SIZE_MAX ? 0 : e->chunk && e->chunk < len ? e->chunk : len;
	for (size_t i = 0; i < n && e->got + i < sizeof e->data; i++)
		e->data[e->got + i] = data[i];
	e->got += n;
	if (e->want && (e->chunk == SIZE_MAX ? len : e->got) >= e->want)
		loop_stop();
	return n;
}

static void on_closed(void *arg, int err, const char *why)
{
	struct end *e = arg;
	e->ends++;
	e->err = err;
	snprintf(e->why, sizeof e->why, "%s", why);
	e->s = mem_deref(e->s);
	loop_stop();
}

static void on_stuck(void *arg, bool stuck)
{
	((struct end *)arg)->sticks += stuck;
}

static const struct stream_handlers handlers = {.open = on_open, .recv = on_recv, .closed = on_closed, .stuck = on_stuck};

static void out_of_patience(void *arg)
{
	loop_stop();
}

static void run(void)
{
	timer_start(&patience, 20000, out_of_patience, NULL);
	loop_run();
	assert_true(timer_running(&patience));
	timer_stop(&patience);
}

static void on_accepted(void *arg, int fd, const struct addr *peer)
{
	struct stream_params p = params;
	p.arg = &far;
	p.tls = tls_server;
	p.ws = ws_server;
	if (stream_adopt(&far.s, fd, &p))
		close(fd);
}

static uint64_t counted(const char *group, const char *name)
{
	json_t *all = counter_json(), *row;
	uint64_t value = 0;
	size_t i;
	json_array_foreach(all, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "group")), group) && !strcmp(json_string_value(json_object_get(row, "name")), name))
			value = (uint64_t)json_integer_value(json_object_get(row, "value"));
	json_decref(all);
	return value;
}

/* --- certificates ---------------------------------------------------------------------------------------------------------- */

static char paths[8][64];

static const char *path(const char *name)
{
	static unsigned i;
	char *p = paths[i++ % 8];
	snprintf(p, sizeof paths[0], "%s/%s", dir, name);
	return p;
}

static void openssl(const char *fmt, ...)
{
	char words[600], command[900];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	snprintf(command, sizeof command, "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 %s 2>/dev/null", dir, words);
	assert_int_equal(system(command), 0);
}

static void sign(const char *name, const char *alternatives)
{
	openssl("-CA ca.pem -CAkey ca.key -keyout %s.key -out %s.pem -subj /CN=%s -addext subjectAltName=%s -addext basicConstraints=CA:FALSE", name, name, name,
		alternatives);
}

static struct tls *tls(const char *cert, const char *second, enum tls_verify verify)
{
	char files[4][80];
	struct tls *t;
	struct buf why = buf_growing();
	const char *names[] = {cert, second};
	struct tls_cert certs[2];
	for (unsigned i = 0; i < 2 && names[i]; i++) {
		snprintf(files[2 * i], sizeof files[0], "%s/%s.pem", dir, names[i]);
		snprintf(files[2 * i + 1], sizeof files[0], "%s/%s.key", dir, names[i]);
		certs[i] = (struct tls_cert){names[i], files[2 * i], files[2 * i + 1]};
	}
	struct tls_params p = {.certs = certs, .n_certs = !!cert + !!second, .ca = path("ca.pem"), .verify = verify};
	int err = tls_new(&t, &p, &why);
	if (err)
		fail_msg("%s", buf_z(&why));
	buf_reset(&why);
	return t;
}

/* --- the stage --------------------------------------------------------------------------------------------------------------- */

static void listen_at(const char *local)
{
	struct stream_server_params p = {.fd = -1, .accepted = on_accepted};
	near = far = (struct end){0};
	params = (struct stream_params){.h = &handlers, .queue_max = 1 << 20, .handshake_ms = 10000, .dscp = 40};
	addr_parse(&p.local, slice_str(local), 0);
	assert_int_equal(stream_listen(&server, &p), 0);
}

static int begin(struct tls *client, const char *name)
{
	struct stream_params p = params;
	struct addr any = *stream_server_local(server);
	p.arg = &near;
	p.tls = client;
	p.name = name;
	return stream_connect(&near.s, &any, stream_server_local(server), &p);
}

static void settle(void)
{
	uv_run(loop_uv(), UV_RUN_NOWAIT);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void finish(void)
{
	near.s = mem_deref(near.s);
	far.s = mem_deref(far.s);
	server = mem_deref(server);
	tls_server = mem_deref(tls_server);
	settle();
}

/* --- plain ------------------------------------------------------------------------------------------------------------------- */

static void bytes_pass_both_ways(void **state)
{
	static const char *const locals[] = {"127.0.0.1:0", "[::1]:0"};
	for (unsigned i = 0; i < 2; i++) {
		listen_at(locals[i]);
		assert_int_equal(begin(NULL, NULL), 0);
		assert_int_equal(stream_send(near.s, SLICE("before it is open")), 0);
		far.want = 17;
		run();
		assert_int_equal(near.opens, 1);
		assert_memory_equal(far.data, "before it is open", 17);
		near.want = 4;
		stream_send(far.s, SLICE("ba"));
		stream_send(far.s, SLICE("ck"));
		run();
		assert_memory_equal(near.data, "back", 4);
		assert_int_equal(stream_tx_bytes(near.s), 17);
		assert_int_equal(stream_rx_bytes(far.s), 17);
		near.want = 0;
		far.s = mem_deref(far.s);
		run();
		assert_int_equal(near.ends, 1);
		assert_int_equal(near.err, 0);
		finish();
	}
}

static void what_is_not_taken_stays_in_the_kernel(void **state)
{
	char rest[64];
	listen_at("127.0.0.1:0");
	begin(NULL, NULL);
	far.want = 5;
	far.chunk = SIZE_MAX;
	stream_send(near.s, SLICE("hello"));
	run();
	/* It comes again only together with more. */
	far.want = 8;
	stream_send(near.s, SLICE("you"));
	run();
	int copy = dup(stream_fd(far.s));
	far.s = mem_deref(far.s);
	assert_int_equal(recv(copy, rest, sizeof rest, MSG_DONTWAIT), 8);
	assert_memory_equal(rest, "helloyou", 8);
	close(copy);
	finish();
}

static void an_end_within_a_message_is_an_end(void **state)
{
	listen_at("127.0.0.1:0");
	begin(NULL, NULL);
	far.want = 5;
	far.chunk = SIZE_MAX;
	stream_send(near.s, SLICE("hello"));
	run();
	near.s = mem_deref(near.s);
	run();
	assert_int_equal(far.ends, 1);
	finish();
}

static void nobody_there_is_told_by_closed(void **state)
{
	listen_at("127.0.0.1:0");
	struct addr gone = *stream_server_local(server), any = gone;
	server = mem_deref(server);
	struct stream_params p = params;
	p.arg = &near;
	assert_int_equal(stream_connect(&near.s, &any, &gone, &p), 0);
	run();
	assert_int_equal(near.err, -ECONNREFUSED);
	finish();
}

static void a_peer_that_does_not_read_is_given_up(void **state)
{
	static char data[65536];
	listen_at("127.0.0.1:0");
	begin(NULL, NULL);
	run();
	int quiet = dup(stream_fd(far.s)); /* keeps the connection, and reads nothing */
	far.s = mem_deref(far.s);
	int err = 0;
	for (unsigned i = 0; i < 1000 && !err; i++) {
		err = stream_send(near.s, slice_of(data, sizeof data));
		settle();
	}
	assert_int_equal(err, -ENOBUFS);
	if (!near.ends)
		run();
	assert_int_equal(near.err, -ENOBUFS);
	assert_true(near.sticks > 0);
	close(quiet);
	finish();
}

static void what_was_sent_arrives_before_an_end(void **state)
{
	listen_at("127.0.0.1:0");
	begin(NULL, NULL);
	run();
	stream_send(near.s, SLICE("bye"));
	stream_end(near.s);
	assert_int_equal(stream_send(near.s, SLICE("more")), -ENOTCONN);
	run(); /* the far end sees the end and goes */
	assert_memory_equal(far.data, "bye", 3);
	assert_int_equal(far.ends, 1);
	if (!near.ends)
		run();
	assert_int_equal(near.err, 0);
	finish();
}

/* --- TLS --------------------------------------------------------------------------------------------------------------------- */

static void tls_carries_bytes_and_names(void **state)
{
	struct tls *client = tls("client", NULL, TLS_VERIFY_MUTUAL);
	listen_at("127.0.0.1:0");
	tls_server = tls("one", "two", TLS_VERIFY_MUTUAL);
	assert_int_equal(begin(client, "two.example.com"), 0);
	stream_send(near.s, SLICE("secret"));
	far.want = 6;
	run();
	assert_memory_equal(far.data, "secret", 6);
	assert_string_equal(tls_version(stream_tls(near.s)), "TLSv1.3");
	assert_string_equal(tls_peer_names(stream_tls(near.s)), "two.example.com"); /* by SNI */
	/* RFC 5922 7.1: a SIP URI counts, and DNS names beside it do not. */
	assert_string_equal(tls_peer_names(stream_tls(far.s)), "client.example.com");
	assert_true(tls_peer_is(stream_tls(far.s), SLICE("CLIENT.example.com")));
	assert_false(tls_peer_is(stream_tls(far.s), SLICE("other.example.com")));
	mem_deref(client);
	finish();
}

static void a_name_that_is_not_the_certificates_is_refused(void **state)
{
	static const char *const names[] = {"three.example.com", "127.0.0.2", "sub.wild.example.com"};
	for (unsigned i = 0; i < 3; i++) {
		struct tls *client = tls(NULL, NULL, TLS_VERIFY_SERVER);
		listen_at("127.0.0.1:0");
		tls_server = tls(i == 2 ? "wild" : "one", NULL, TLS_VERIFY_NONE);
		begin(client, names[i]);
		near.want = 1;
		run();
		assert_int_equal(near.err, -EACCES);
		assert_non_null(strstr(near.why, names[i]));
		mem_deref(client);
		finish();
	}
}

static void an_address_may_be_the_certificates(void **state)
{
	struct tls *client = tls(NULL, NULL, TLS_VERIFY_SERVER);
	listen_at("127.0.0.1:0");
	tls_server = tls("one", NULL, TLS_VERIFY_NONE);
	begin(client, "127.0.0.1");
	run();
	assert_int_equal(near.opens, 1);
	mem_deref(client);
	finish();
}

static void who_shows_no_certificate_is_refused_when_it_must(void **state)
{
	struct tls *client = tls(NULL, NULL, TLS_VERIFY_SERVER);
	listen_at("127.0.0.1:0");
	tls_server = tls("one", NULL, TLS_VERIFY_MUTUAL);
	begin(client, "127.0.0.1");
	far.want = 1;
	while (!far.ends)
		run();
	assert_int_equal(far.err, -EPROTO);
	mem_deref(client);
	finish();
}

static void a_handshake_that_stops_ends_in_time(void **state)
{
	listen_at("127.0.0.1:0");
	tls_server = tls("one", NULL, TLS_VERIFY_NONE);
	params.handshake_ms = 100;
	begin(NULL, NULL);
	stream_send(near.s, slice_of("\x16\x03\x01\x02\x00\x01", 6));
	far.want = 1;
	while (!far.ends)
		run();
	assert_int_equal(far.err, -ETIMEDOUT);
	finish();
}

/* What the peer sends may be there before its connection is taken: it has failed by then. */
static void a_secure_websocket_may_fail_at_once(void **state)
{
	struct sockaddr_storage to;
	socklen_t len;
	listen_at("127.0.0.1:0");
	tls_server = tls("one", NULL, TLS_VERIFY_NONE);
	const struct websocket_params wp = {.protocol = "sip", .tls = tls_server, .message_max = 1000};
	assert_int_equal(websocket_new(&ws_server, &wp), 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	len = addr_to_sockaddr(stream_server_local(server), &to);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, len), 0);
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	uint64_t before = counted("websocket", "no-handshake");
	far.want = 1;
	while (!far.ends)
		run();
	assert_int_equal(far.err, -ECONNRESET);
	assert_int_equal(counted("websocket", "no-handshake"), before + 1);
	close(fd);
	ws_server = mem_deref(ws_server);
	finish();
}

static void a_certificate_is_replaced_under_connections(void **state)
{
	struct tls *client = tls(NULL, NULL, TLS_VERIFY_SERVER), *fresh = tls("two", NULL, TLS_VERIFY_NONE);
	listen_at("127.0.0.1:0");
	tls_server = tls("one", NULL, TLS_VERIFY_NONE);
	begin(client, "127.0.0.1");
	run();
	tls_take(tls_server, fresh);
	far.want = 2;
	stream_send(near.s, SLICE("on"));
	run();
	assert_memory_equal(far.data, "on", 2);
	near.s = mem_deref(near.s);
	run();
	near = far = (struct end){0};
	begin(client, "two.example.com");
	run();
	assert_int_equal(near.opens, 1);
	mem_deref(client);
	mem_deref(fresh);
	finish();
}

static void files_that_are_wrong_are_told(void **state)
{
	struct tls *t = NULL;
	struct buf why = buf_growing();
	struct tls_cert cert = {"x", path("ca.pem"), path("one.key")};
	struct tls_params p = {.certs = &cert, .n_certs = 1};
	assert_int_equal(tls_new(&t, &p, &why), -EINVAL);
	assert_non_null(strstr(buf_z(&why), "one.key"));
	buf_reset(&why);
	cert.file = "/nowhere/x.pem";
	assert_int_equal(tls_new(&t, &p, &why), -EINVAL);
	assert_non_null(strstr(buf_z(&why), "/nowhere/x.pem"));
	buf_reset(&why);
	assert_null(t);
}

static void try_to_listen(void *arg)
{
	struct stream_server_params p = {.fd = -1, .accepted = on_accepted};
	addr_parse(&p.local, SLICE("127.0.0.1:0"), 0);
	near = far = (struct end){0};
	params = (struct stream_params){.h = &handlers, .queue_max = 1 << 20, .handshake_ms = 500};
	int err = stream_listen(&server, &p);
	assert_true(!err || err == -ENOMEM);
	if (!err && !begin(NULL, NULL)) {
		stream_send(near.s, SLICE("x"));
		for (unsigned i = 0; i < 5; i++)
			settle();
	}
	finish();
}

static void survives_any_failed_allocation(void **state)
{
	settle();
	each_allocation_fails(try_to_listen, NULL);
}

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	openssl("-keyout ca.key -out ca.pem -subj /CN=authority");
	sign("one", "DNS:one.example.com,IP:127.0.0.1");
	sign("two", "DNS:two.example.com");
	sign("wild", "DNS:*.wild.example.com");
	sign("client", "URI:sip:client.example.com,DNS:other.example.com");
	return loop_init();
}

static int teardown(void **state)
{
	char command[100];
	snprintf(command, sizeof command, "rm -r %s", dir);
	loop_close();
	return system(command) || mem_blocks() ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_pass_both_ways),
		cmocka_unit_test(what_is_not_taken_stays_in_the_kernel),
		cmocka_unit_test(an_end_within_a_message_is_an_end),
		cmocka_unit_test(nobody_there_is_told_by_closed),
		cmocka_unit_test(a_peer_that_does_not_read_is_given_up),
		cmocka_unit_test(what_was_sent_arrives_before_an_end),
		cmocka_unit_test(tls_carries_bytes_and_names),
		cmocka_unit_test(a_name_that_is_not_the_certificates_is_refused),
		cmocka_unit_test(an_address_may_be_the_certificates),
		cmocka_unit_test(who_shows_no_certificate_is_refused_when_it_must),
		cmocka_unit_test(a_handshake_that_stops_ends_in_time),
		cmocka_unit_test(a_secure_websocket_may_fail_at_once),
		cmocka_unit_test(a_certificate_is_replaced_under_connections),
		cmocka_unit_test(files_that_are_wrong_are_told),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
