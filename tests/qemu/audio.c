// SPDX-License-Identifier: GPL-3.0-or-later
/* audio SYSTEM.CONF: what a telephone channel of the kernel's DAHDI sounds like. The file makes two E1 back to back, the first with echo cancellers. This
 * program has the bearer of a channel, is the peer of its RTP, and what hangs at the far end of the line: a telephone whose hybrid gives echo, that dials, or a
 * modem. */
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include "media/events.h"
#include "media/measure.h"
#include "mediagw/bearer.h"
#include "mediagw/span_thread.h"
#include "rtp/packet.h"
#include "tdm/tdm.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <spandsp/telephony.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/modem_connect_tones.h>

#define GATEWAY_PORT 20000
#define PEER_PORT    4000
#define PACKET       160
#define FAR_BLOCK    16   /* octets: 2 ms, the least there is */
#define FAR_AHEAD    5    /* blocks written ahead: more than the span takes at once */
#define KEPT         (1 << 17)
#define HYBRID_DB    10.0 /* the echo's return loss, and */
#define HYBRID_AT    24   /* its delay in the hybrid, octets */
#define EVENT_PT     101

static unsigned failures;
static struct tdm *tdm;
static struct fastpath *fp;
static struct span_thread *thread;
static struct bearer *bearer;
static struct bearer_connection connection;
static bool modem_heard;

static void result(const char *what, bool good)
{
	failures += !good;
	printf("%s %s\n", good ? "ok" : "FAIL", what);
	fflush(stdout);
}

_Noreturn static void die(const char *what, int err)
{
	printf("FAIL %s: %s\n", what, strerror(-err));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- the far end of the line --------------------------------------------------------------------------------------- */

/* What it says, knowing what it hears. */
typedef void (*answer_fn)(uint8_t *out, const uint8_t *in, size_t n);

static struct {
	int fd;
	struct loop_watch *watch;
	answer_fn answer;
	uint64_t octets;          /* read */
	uint8_t heard[KEPT];
	int64_t seen_soonest;     /* ns: of the line's clock, as far as it is known by when octets come */
} far_end;

static void is_silent(uint8_t *out, const uint8_t *in, size_t n)
{
	memset(out, law_idle[LAW_A], n);
}

/* A hybrid whose echo comes at once, and fainter a little later. */
static void has_hybrid(uint8_t *out, const uint8_t *in, size_t n)
{
	static const double loss = 0.2973, tail = 0.1; /* -10.5 dB and -20 dB: 10 dB together */
	for (size_t i = 0; i < n; i++) {
		uint64_t at = far_end.octets - n + i;
		double echo = at < HYBRID_AT ? 0 : loss * law_linear[LAW_A][far_end.heard[at % KEPT]] - tail * law_linear[LAW_A][far_end.heard[(at - HYBRID_AT) % KEPT]];
		out[i] = law_octet(LAW_A, (int16_t)echo);
	}
}

static struct digit_sender *dialler;

static void dials(uint8_t *out, const uint8_t *in, size_t n)
{
	int16_t linear[FAR_BLOCK];
	digit_sender_make(dialler, linear, n);
	law_encode(LAW_A, out, linear, n);
}

static modem_connect_tones_tx_state_t *modem;

static void answers_as_modem(uint8_t *out, const uint8_t *in, size_t n)
{
	int16_t linear[FAR_BLOCK] = {0};
	modem_connect_tones_tx(modem, linear, (int)n);
	law_encode(LAW_A, out, linear, n);
}

static FILE *speech;

static void speaks(uint8_t *out, const uint8_t *in, size_t n)
{
	int16_t linear[FAR_BLOCK] = {0};
	if (fread(linear, sizeof *linear, n, speech) < n)
		fseek(speech, 44, SEEK_SET);
	law_encode(LAW_A, out, linear, n);
}

static void on_far_end(void *arg, int events)
{
	uint8_t in[FAR_BLOCK], out[FAR_BLOCK];
	struct tdm_event event;
	ssize_t n;
	while ((n = read(far_end.fd, in, sizeof in)) < 0 && errno == TDM_EVENT_WAITS)
		(void)tdm_dahdi.event(far_end.fd, &event);
	if (n != FAR_BLOCK)
		return;
	for (ssize_t i = 0; i < n; i++)
		far_end.heard[far_end.octets++ % KEPT] = in[i];
	int64_t line = (int64_t)now_ns() - (int64_t)far_end.octets * 125000;
	far_end.seen_soonest = line < far_end.seen_soonest ? line : far_end.seen_soonest;
	far_end.answer(out, in, sizeof in);
	if (write(far_end.fd, out, sizeof out) < 0 && errno == TDM_EVENT_WAITS) {
		(void)tdm_dahdi.event(far_end.fd, &event);
		(void)!write(far_end.fd, out, sizeof out);
	}
}

/* --- the peer ------------------------------------------------------------------------------------------------------ */

static struct {
	int fd;
	struct loop_watch *watch;
	struct timer timer;
	bool speaking;
	void (*say)(uint8_t octets[PACKET], uint32_t n);
	unsigned jitter;      /* ms a packet takes, at most */
	unsigned skip;        /* packets that are not sent */
	uint64_t begun;       /* ns */
	uint32_t said;        /* packets */
	uint16_t seq;
	uint32_t random;
	struct late {
		uint64_t due;
		uint16_t seq;
		uint32_t n;
	} underway[8];
	/* What came. */
	int16_t heard[KEPT];  /* by its timestamp */
	uint32_t ssrc, first_timestamp, octets;
	bool any;
	char keys[256];
	unsigned n_keys, flashes;
	uint32_t event_at;
} peer;

static int16_t probe[KEPT]; /* what the peer says when echo is measured */

static void says_probe(uint8_t octets[PACKET], uint32_t n)
{
	law_encode(LAW_A, octets, probe + n * PACKET % KEPT, PACKET);
}

/* Pairs of octets are the number of their pair, by the time they are said at. */
static void says_when(uint8_t octets[PACKET], uint32_t n)
{
	uint32_t place = (uint32_t)((peer.begun + n * 20000000ull) / 125000) - PACKET;
	for (uint32_t i = 0; i < PACKET; i++, place++)
		octets[i] = (uint8_t)(place & 1 ? place / 2 >> 8 : place / 2);
}

static void send_packet(uint8_t pt, bool marker, uint16_t seq, uint32_t timestamp, const uint8_t *payload, size_t len)
{
	uint8_t data[12 + PACKET];
	const struct rtp_packet r = {.pt = pt, .marker = marker, .seq = seq, .timestamp = timestamp, .ssrc = 0x1234};
	rtp_write(&r, data);
	memcpy(data + 12, payload, len);
	(void)!send(peer.fd, data, 12 + len, 0);
}

static void send_said(const struct late *l)
{
	uint8_t octets[PACKET];
	peer.say(octets, l->n);
	send_packet(8, false, l->seq, l->n * PACKET, octets, sizeof octets);
}

/* Each millisecond: a packet is said when its time has come, and sent when it has been under way for long enough. */
static void on_peer_time(void *arg)
{
	uint64_t now = now_ns();
	timer_start(&peer.timer, 1, on_peer_time, NULL);
	while (peer.speaking && now >= peer.begun + peer.said * 20000000ull) {
		struct late *l = &peer.underway[peer.said % 8];
		peer.random = peer.random * 1664525 + 1013904223;
		*l = (struct late){.due = peer.begun + peer.said * 20000000ull + (peer.jitter ? (uint64_t)(peer.random >> 8) % (peer.jitter * 1000) * 1000 : 0), .seq = peer.seq++, .n = peer.said++};
		if (peer.skip) {
			peer.skip--;
			l->due = 0;
		}
	}
	for (unsigned i = 0; i < 8; i++)
		if (peer.underway[i].due && peer.underway[i].due <= now) {
			send_said(&peer.underway[i]);
			peer.underway[i].due = 0;
		}
}

static void on_event(const struct rtp_packet *r)
{
	struct event_report e;
	if (event_read(&e, r->payload, r->len) || (peer.n_keys && r->timestamp == peer.event_at) || peer.n_keys == sizeof peer.keys - 1)
		return;
	peer.keys[peer.n_keys++] = event_key(e.code);
	peer.event_at = r->timestamp;
}

static void on_rtp(void *arg, int events)
{
	uint8_t data[2048];
	struct rtp_packet r;
	ssize_t n = recv(peer.fd, data, sizeof data, 0);
	if (n < 12 || rtp_read(&r, data, (size_t)n))
		return;
	if (r.pt == EVENT_PT)
		on_event(&r);
	if (r.pt != 8 || r.len != PACKET)
		return;
	if (!peer.any || r.ssrc != peer.ssrc)
		peer.first_timestamp = r.timestamp;
	peer.any = true;
	peer.ssrc = r.ssrc;
	uint32_t at = r.timestamp - peer.first_timestamp;
	for (uint32_t i = 0; i < PACKET; i++)
		peer.heard[(at + i) % KEPT] = law_linear[LAW_A][r.payload[i]];
	peer.octets = at + PACKET;
}

static void speak(void (*say)(uint8_t octets[PACKET], uint32_t n))
{
	peer.say = say;
	peer.speaking = true;
	peer.begun = now_ns();
	peer.said = 0;
	peer.any = false;
	peer.n_keys = 0;
	memset(peer.keys, 0, sizeof peer.keys);
}

/* --- setting up ---------------------------------------------------------------------------------------------------- */

static void run(unsigned ms)
{
	uint64_t until = now_ns() + ms * 1000000ull;
	while (now_ns() < until)
		uv_run(loop_uv(), UV_RUN_ONCE);
}

static struct addr at(unsigned port)
{
	struct addr a;
	addr_parse(&a, SLICE("127.0.0.1"), (uint16_t)port);
	return a;
}

static void make_spans(const char *path)
{
	static char text[4096];
	struct tdm_setup *s = tdm_setup_new();
	struct buf why = buf_growing();
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (n < 0 || tdm_system_conf(s, path, slice_of(text, (size_t)n), &why))
		die(path, n < 0 ? -errno : -EINVAL);
	close(fd);
	int err = tdm_open(&tdm, &tdm_dahdi, s, true, 1000, NULL, NULL);
	if (err)
		die("spans", err);
	mem_deref(s);
	tdm_poll(tdm);
	tdm_poll(tdm);
}

static int open_channel(unsigned span)
{
	struct tdm_channel *c = tdm_channel_at(tdm, span, 1);
	int fd = c ? tdm_dahdi.open(c->number) : -ENXIO;
	if (fd < 0)
		die("channel", fd);
	return fd;
}

/* From nothing, and so far ahead. */
static void begin_far_end(void)
{
	uint8_t octets[FAR_BLOCK];
	far_end.octets = 0;
	far_end.seen_soonest = INT64_MAX;
	is_silent(octets, NULL, sizeof octets);
	(void)tdm_dahdi.flush(far_end.fd, TDM_FLUSH_READ | TDM_FLUSH_WRITE);
	for (unsigned i = 0; i < FAR_AHEAD; i++)
		(void)!write(far_end.fd, octets, sizeof octets);
}

static void open_far_end(void)
{
	const struct tdm_buffers b = {.count = 16, .bytes = FAR_BLOCK};
	far_end.fd = open_channel(2);
	far_end.answer = is_silent;
	int err = tdm_dahdi.buffers(far_end.fd, &b);
	if (!err)
		begin_far_end();
	if (err || loop_watch(&far_end.watch, far_end.fd, UV_READABLE, on_far_end, NULL))
		die("far end", err);
}

static void open_peer(void)
{
	struct addr local = at(PEER_PORT), remote = at(GATEWAY_PORT);
	struct sockaddr_storage ss;
	peer.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(peer.fd, (struct sockaddr *)&ss, addr_to_sockaddr(&local, &ss)) || connect(peer.fd, (struct sockaddr *)&ss, addr_to_sockaddr(&remote, &ss)) ||
	    loop_watch(&peer.watch, peer.fd, UV_READABLE, on_rtp, NULL))
		die("peer", -errno);
	peer.say = says_when;
	on_peer_time(NULL);
}

static void on_heard(void *arg, const struct heard *h)
{
	modem_heard |= h->kind == HEARD_VOICEBAND && h->voiceband != VOICEBAND_FAX_CALLING;
	peer.flashes += h->kind == HEARD_FLASH;
}

static void open_bearer(void)
{
	struct fp_local local = {at(0), GATEWAY_PORT, GATEWAY_PORT + 99};
	struct fp_params p = {.locals = &local, .n_locals = 1, .want = FP_WANT_NULL, .threads = 1, .handlers = {.rtp = span_thread_rtp}};
	struct bearer_params b = {.driver = &tdm_dahdi, .fd = open_channel(1), .law = LAW_A, .digital = true, .tail = 256, .heard = on_heard};
	struct addr port = at(GATEWAY_PORT);
	connection = (struct bearer_connection){.mode = BEARER_SENDRECV, .format = PLAYOUT_PCMA, .pt = 8, .ptime = 20, .event_pt = EVENT_PT, .event_pt_sent = EVENT_PT, .flash_sent = true};
	int err = fastpath_open(&fp, &p);
	if (!err)
		err = span_thread_open(&thread, fp, 1);
	if (!err)
		err = bearer_start(&bearer, thread, &b);
	if (!err)
		err = fastpath_slot(fp, &port, &connection.slot);
	if (!err)
		err = fastpath_open_port(fp, connection.slot);
	struct fp_stream s = {.remote = at(PEER_PORT), .signalling = at(PEER_PORT), .send = true, .receive = true, .clock_hz = 8000, .arm = 1};
	s.deliver = err ? 0 : bearer_deliver(bearer);
	if (!err)
		err = fastpath_upsert(fp, connection.slot, &s);
	if (err)
		die("bearer", err);
}

/* Another call on the channel. */
static void call(bool echo, answer_fn answer, void (*say)(uint8_t octets[PACKET], uint32_t n))
{
	bearer_disconnect(bearer, connection.slot);
	connection.echo = echo;
	modem_heard = false;
	far_end.answer = answer;
	int err = bearer_connect(bearer, &connection);
	if (err)
		die("connection", err);
	begin_far_end();
	speak(say);
}

static uint64_t count(enum bearer_counter which)
{
	uint64_t values[BEARER_COUNTERS];
	bearer_read(bearer, values);
	return values[which];
}

/* --- what is shown ------------------------------------------------------------------------------------------------- */

static unsigned pair_at(uint64_t i)
{
	return far_end.heard[i % KEPT] | far_end.heard[(i + 1) % KEPT] << 8;
}

/* How far what the line hears is behind what was said, in ms: the least and the most of the last `octets`, by the line's own clock. */
static void delay_of(unsigned octets, double *least, double *most)
{
	*least = 1e9, *most = -1e9;
	for (uint64_t i = far_end.octets - octets; i + 4 <= far_end.octets; i++) {
		unsigned one = pair_at(i);
		if (pair_at(i + 2) != ((one + 1) & 0xffff))
			continue;
		uint64_t line = (uint64_t)(far_end.seen_soonest + (int64_t)i * 125000) / 125000;
		double ms = (double)((uint32_t)(line - 2 * one) & 0x1ffff) / 8;
		*least = ms < *least ? ms : *least;
		*most = ms > *most ? ms : *most;
	}
}

static void the_delay_is_small(void)
{
	double least, most;
	call(false, is_silent, says_when);
	run(4000);
	delay_of(8000, &least, &most);
	printf("note delay from RTP to the line: packet time + %.1f to %.1f ms\n", least - 20, most - 20);
	result("one-way delay is at most the packet time and 10 ms, without jitter", least >= 20 && most <= 30 && !count(BEARER_LATE));
}

static void jitter_makes_few_late(void)
{
	peer.jitter = 40;
	call(false, is_silent, says_when);
	run(10000);
	uint64_t late = count(BEARER_LATE), all = count(BEARER_RECEIVED);
	run(62000);
	uint64_t more = count(BEARER_LATE) - late, of = count(BEARER_RECEIVED) - all;
	printf("note with 40 ms of jitter %llu of %llu packets were late, %llu of %llu in the 10 s before\n", (unsigned long long)more, (unsigned long long)of,
	       (unsigned long long)late, (unsigned long long)all);
	result("with 40 ms of jitter less than one packet in a thousand is late", of > 3000 && more * 1000 < of);
	peer.jitter = 0;
}

static char heard_keys[64];

static void on_digit(void *arg, char digit, int level)
{
	size_t n = strlen(heard_keys);
	if (digit && n < sizeof heard_keys - 1)
		heard_keys[n] = digit;
}

static void digits_cross(void)
{
	static const char keys[] = "1590*#ADD1234567";
	dialler = digit_sender_new(DIGIT_DTMF);
	digit_sender_shape(dialler, 40, 40, -10);
	call(false, dials, says_probe);
	for (unsigned i = 0; i < 4; i++) {
		digit_sender_put(dialler, slice_str(keys));
		run(16 * 80 + 100);
	}
	run(300);
	result("digits of 40 ms with 40 ms between them are all sent, as one event each", peer.n_keys == 64 && !strncmp(peer.keys + 48, keys, 16));
	mem_deref(dialler);
}

/* As a phone sends them: an update each 20 ms, the last three times. */
static void events_are_played(void)
{
	static const char keys[] = "159ADD*#";
	struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, NULL);
	call(false, is_silent, says_probe);
	peer.speaking = false;
	run(200);
	uint64_t from = far_end.octets;
	for (unsigned i = 0; i < 8; i++)
		for (unsigned k = 0; k < 4; k++) {
			const uint8_t payload[4] = {(uint8_t)event_code(keys[i]), k ? 0x80 | 10 : 10, k ? 320 >> 8 : 0, k ? 320 & 255 : 160};
			send_packet(EVENT_PT, !k, peer.seq++, 100000 + i * 640, payload, sizeof payload);
			run(20);
		}
	run(600);
	for (; from < far_end.octets; from++) {
		int16_t linear = law_linear[LAW_A][far_end.heard[from % KEPT]];
		digit_receiver_hear(r, &linear, 1);
	}
	result("telephone-events become digits on the line", !strcmp(heard_keys, keys));
	mem_deref(r);
	const uint8_t flash[4] = {EVENT_FLASH, 0x80 | 10, 800 >> 8, 800 & 255};
	send_packet(EVENT_PT, true, peer.seq++, 200000, flash, sizeof flash);
	run(200);
	result("a flash of the peer is told", peer.flashes == 1);
	unsigned keys_before = peer.n_keys;
	int err = bearer_tell(bearer, EVENT_FLASH, 100);
	run(300);
	result("a flash of the line is sent as event 16", !err && peer.n_keys == keys_before + 1 && peer.keys[keys_before] == event_key(EVENT_FLASH));
}

static void speech_is_no_digit(const char *path)
{
	speech = fopen(path, "rb");
	if (!speech) {
		printf("skip speech is no digit and no modem: no %s\n", path);
		return;
	}
	fseek(speech, 44, SEEK_SET);
	call(true, speaks, says_probe);
	run(22000);
	result("speech is no digit and no modem", !peer.n_keys && !modem_heard && bearer_cancels_echo(bearer));
	fclose(speech);
}

#define PART  4000 /* samples of half a second */
#define ROOM  1600 /* within which their echo comes */
#define EARLY 400  /* what came may have begun later than what was said */

/* The last half of a second of what the peer said, and what came back. */
struct return_path {
	int16_t sent[PART], heard[PART + ROOM];
};

static void take(struct return_path *p)
{
	uint32_t at = peer.octets - PART - ROOM;
	for (uint32_t i = 0; i < PART; i++)
		p->sent[i] = law_linear[LAW_A][law_octet(LAW_A, probe[(at + EARLY + i) % KEPT])];
	for (uint32_t i = 0; i < PART + ROOM; i++)
		p->heard[i] = peer.heard[(at + i) % KEPT];
}

/* Takes a while, in which nobody speaks or listens: for the end of a call. */
static double loss(const struct return_path *p)
{
	return measure_echo_return(p->sent, PART, p->heard, PART + ROOM);
}

static void echo_is_cancelled(void)
{
	static struct return_path begins, soon, converged, alone;
	call(false, has_hybrid, says_probe);
	run(3000);
	take(&alone);
	double without = loss(&alone);
	call(true, has_hybrid, says_probe);
	run(800);
	take(&begins);
	run(4000);
	take(&soon);
	run(10000);
	take(&converged);
	double after = loss(&converged);
	printf("note echo return loss: %.1f dB of the hybrid alone, %.1f dB 0.8 s after the canceller began, %.1f dB after 5 s, %.1f dB after 15 s: %.1f dB of enhancement\n", without,
	       loss(&begins), loss(&soon), after, after - without);
	result("without the canceller the hybrid's echo comes back", without > HYBRID_DB - 2 && without < HYBRID_DB + 2);
	result("the canceller takes at least 10 dB of it away", after >= without + 10);
}

/* Of the last `n` octets that the line heard those that are none of anybody's. */
static unsigned idle_of(unsigned n)
{
	unsigned idle = 0;
	for (uint64_t i = far_end.octets - n; i < far_end.octets; i++)
		idle += far_end.heard[i % KEPT] == law_idle[LAW_A];
	return idle;
}

static void a_modem_is_left_alone(int tone, const char *name)
{
	static struct return_path path;
	char what[120];
	modem = modem_connect_tones_tx_init(NULL, tone);
	call(true, is_silent, says_probe);
	run(1000);
	bool cancelled = bearer_cancels_echo(bearer);
	far_end.answer = answers_as_modem;
	run(3000);
	snprintf(what, sizeof what, "%s makes it a call of data, without canceller", name);
	result(what, cancelled && modem_heard && bearer_transparent(bearer) && !bearer_cancels_echo(bearer));
	far_end.answer = has_hybrid;
	run(3000);
	take(&path);
	uint64_t slips = count(BEARER_SKIPPED) + count(BEARER_REPEATED);
	peer.skip = 2;
	run(200);
	unsigned idle = idle_of(1600);
	slips = count(BEARER_SKIPPED) + count(BEARER_REPEATED) - slips;
	double db = loss(&path);
	printf("note after %s: echo return loss %.1f dB, %u octets of 320 that were lost are idle, %llu slips\n", name, db, idle, (unsigned long long)slips);
	snprintf(what, sizeof what, "nothing is cancelled after %s", name);
	result(what, db < HYBRID_DB + 2);
	result("nor concealed, and the buffer stays as it is", idle >= 300 && !slips);
	modem_connect_tones_tx_free(modem);
}

int main(int argc, char **argv)
{
	log_set_level(LOG_LEVEL_ERROR);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || loop_init())
		return 2;
	measure_probe(probe, KEPT, -13, 1);
	make_spans(argv[1]);
	loop_begin();
	open_bearer();
	open_far_end();
	open_peer();
	the_delay_is_small();
	digits_cross();
	events_are_played();
	echo_is_cancelled();
	a_modem_is_left_alone(MODEM_CONNECT_TONES_ANS, "2100 Hz");
	a_modem_is_left_alone(MODEM_CONNECT_TONES_ANSAM_PR, "V.8's ANSam");
	if (argc > 2)
		speech_is_no_digit(argv[2]);
	jitter_makes_few_late();
	mem_deref(bearer);
	mem_deref(thread);
	mem_deref(far_end.watch);
	mem_deref(peer.watch);
	mem_deref(fp);
	return failures != 0;
}
