// SPDX-License-Identifier: GPL-3.0-or-later
/* WebSockets on loopback, on the real loop: whole messages both ways, fragments, what is too long, a peer that does not read, ends of either side. */
#include "unit.h"
#include "base/loop.h"
#include "base/timer.h"
#include "net/websocket.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct websocket *ws;
static struct stream *stream;
static struct timer patience;
static unsigned opened, closed;
static int last_err;
static bool drop_on_message;
static char got[4096];
static size_t got_len;
static int peer = -1;

static void on_open(void *arg)
{
	opened++;
	loop_stop();
}

static size_t on_recv(void *arg, char *data, size_t len)
{
	got_len = len < sizeof got ? len : 0;
	memcpy(got, data, got_len);
	got[got_len] = '\0';
	if (drop_on_message)
		stream = mem_deref(stream);
	loop_stop();
	return len;
}

static void on_closed(void *arg, int err, const char *why)
{
	closed++;
	last_err = err;
	stream = mem_deref(stream);
	loop_stop();
}

static const struct stream_handlers handlers = {.open = on_open, .recv = on_recv, .closed = on_closed};

static void out_of_patience(void *arg)
{
	loop_stop();
}

static void run(void)
{
	timer_start(&patience, 20000, out_of_patience, NULL);
	loop_run();
	timer_stop(&patience);
}

/* The server's end becomes a stream; ours stays a blocking socket. */
static void join(size_t queue_max, unsigned handshake_ms)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval patience_of_ours = {.tv_sec = 20};
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	peer = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience_of_ours, sizeof patience_of_ours);
	assert_int_equal(connect(peer, (struct sockaddr *)&at, sizeof at), 0);
	int fd = accept(listener, NULL, NULL);
	close(listener);
	const struct stream_params p = {.h = &handlers, .ws = ws, .queue_max = queue_max, .handshake_ms = handshake_ms};
	assert_int_equal(stream_adopt(&stream, fd, &p), 0);
	opened = closed = 0;
	got_len = 0;
	last_err = 0;
}

static const char hello[] = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n";

static void shake_hands(void)
{
	char answer[1000] = "";
	assert_int_equal(write(peer, hello, sizeof hello - 1), sizeof hello - 1);
	run();
	assert_int_equal(opened, 1);
	assert_true(read(peer, answer, sizeof answer - 1) > 0);
	/* The example of RFC 6455 1.3. */
	assert_non_null(strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

static void say(unsigned first, const char *text)
{
	char frame[300] = {(char)first, (char)(0x80 | strlen(text)), 1, 2, 3, 4};
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++)
		frame[6 + i] = (char)(text[i] ^ (i % 4 + 1));
	assert_int_equal(write(peer, frame, 6 + n), 6 + n);
}

/* Runs the loop until so much has come at our end, or the end of all. Returns how much it was. */
static ssize_t comes(char *to, size_t len)
{
	ssize_t n = -1;
	for (unsigned i = 0; i < 300 && n && n < (ssize_t)len; i++) {
		timer_start(&patience, 10, out_of_patience, NULL);
		loop_run();
		n = recv(peer, to, len, MSG_PEEK | MSG_DONTWAIT);
	}
	return n > 0 ? read(peer, to, n) : n;
}

static void leave(void)
{
	close(peer);
	if (stream)
		run();
	assert_null(stream);
}

static void messages_come_and_go_whole(void **state)
{
	char frame[64] = "";
	join(10000, 10000);
	shake_hands();
	say(0x01, "INV");
	say(0x80, "ITE");
	run();
	assert_string_equal(got, "INVITE");
	assert_int_equal(stream_send(stream, SLICE("SIP/2.0 200 OK")), 0);
	assert_int_equal(stream_send(stream, SLICE("\xff\xfe")), 0);
	assert_int_equal(comes(frame, 16), 16);
	assert_memory_equal(frame, "\x81\x0eSIP/2.0 200 OK", 16);
	assert_int_equal(comes(frame, 4), 4);
	assert_memory_equal(frame, "\x82\x02\xff\xfe", 4); /* no UTF-8: binary */
	assert_int_equal(stream_rx_bytes(stream), 6);
	assert_int_equal(stream_tx_bytes(stream), 16);
	leave();
	assert_int_equal(closed, 1);
}

static void a_message_that_is_too_long_ends_it(void **state)
{
	char text[120], frame[64];
	memset(text, 'x', sizeof text);
	text[119] = '\0';
	join(10000, 10000);
	shake_hands();
	for (unsigned i = 0; i < 10; i++)
		say(i ? 0x00 : 0x01, text);
	run();
	assert_int_equal(closed, 1);
	assert_int_equal(last_err, -EMSGSIZE);
	assert_int_equal(comes(frame, 4), 4);
	assert_memory_equal(frame + 2, "\x03\xf1", 2); /* 1009 */
	leave();
}

static void a_peer_that_does_not_read_is_left(void **state)
{
	static char text[60000];
	memset(text, 'y', sizeof text);
	join(200000, 10000);
	shake_hands();
	int err = 0;
	for (unsigned i = 0; i < 200 && !err; i++)
		err = stream_send(stream, slice_of(text, sizeof text));
	assert_int_equal(err, -ENOBUFS);
	run();
	assert_int_equal(closed, 1);
	assert_int_equal(last_err, -ENOBUFS);
	leave();
}

static void we_end_it(void **state)
{
	char frame[64];
	join(10000, 10000);
	shake_hands();
	stream_send(stream, SLICE("last"));
	stream_end(stream);
	assert_int_equal(stream_send(stream, SLICE("too late")), -ENOTCONN);
	assert_int_equal(comes(frame, 6), 6);
	assert_memory_equal(frame, "\x81\x04last", 6);
	assert_int_equal(comes(frame, 4), 4);
	assert_memory_equal(frame, "\x88\x02\x03\xe8", 4);
	say(0x88, "\x03\xe8");
	if (!closed)
		run();
	assert_int_equal(closed, 1);
	assert_int_equal(last_err, 0);
	leave();
}

static void its_user_may_let_go_at_any_time(void **state)
{
	char frame[64];
	join(10000, 10000);
	shake_hands();
	drop_on_message = true;
	say(0x81, "x");
	run();
	drop_on_message = false;
	assert_null(stream);
	assert_int_equal(closed, 0);
	assert_true(comes(frame, 1) == 0 || frame[0] == '\x88'); /* the end, maybe with a close frame before it */
	close(peer);
	join(10000, 10000);
	stream = mem_deref(stream);
	assert_int_equal(comes(frame, 1), 0);
	leave();
}

static void a_handshake_that_never_comes(void **state)
{
	join(10000, 100);
	assert_int_equal(write(peer, "GET", 3), 3);
	run();
	assert_int_equal(closed, 1);
	assert_int_equal(last_err, -ETIMEDOUT);
	leave();
}

static int start(void **state)
{
	const struct websocket_params p = {.protocol = "sip", .message_max = 1000};
	return loop_init() || websocket_new(&ws, &p);
}

static int end(void **state)
{
	ws = mem_deref(ws);
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_and_go_whole),
		cmocka_unit_test(a_message_that_is_too_long_ends_it),
		cmocka_unit_test(a_peer_that_does_not_read_is_left),
		cmocka_unit_test(we_end_it),
		cmocka_unit_test(its_user_may_let_go_at_any_time),
		cmocka_unit_test(a_handshake_that_never_comes),
	};
	return cmocka_run_group_tests(tests, start, end);
}
