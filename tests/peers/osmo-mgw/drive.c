// SPDX-License-Identifier: GPL-3.0-or-later
/* A plain relayed call through osmo-mgw, made by mgcp/agent.h: two connections on one endpoint, RTP both ways, a modification,
 * statistics; then a gateway that is full, one that dies and one that comes back. drive CONFIG */
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/timer.h"
#include "mgcp/agent.h"
#include "sdp/sdp.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PACKETS 50
#define PAYLOAD 160
#define COMES_MS  3000 /* what should come may take this long on a busy machine */
#define SILENT_MS 200

struct party {
	const char *name;
	int fd;
	uint16_t port;
	struct mgcp_conn *conn;
	struct addr gateway; /* where it sends */
	int done, lost, deleted, err;
	unsigned code;
	uint64_t received;   /* packets by its statistics */
};

static struct {
	struct mgcp_peer *peer;
	struct mgcp_gw *gw;
	enum mgcp_gw_state state;
	unsigned code_250;
	const char *config;
	pid_t pid;
	unsigned failed;
} d;

static void check(bool good, const char *what)
{
	printf("%s %s\n", good ? "ok  " : "FAIL", what);
	fflush(stdout);
	d.failed += !good;
}

/* Keeps something due, so that no turn of the loop sleeps for long. */
static void on_tick(void *arg)
{
	timer_start(arg, 20, on_tick, arg);
}

/* Runs the loop until `until(arg)`, at most for `ms`. */
static bool run_until(bool (*until)(void *arg), void *arg, uint64_t ms)
{
	static struct timer tick;
	uint64_t end = clock_utc_ms() + ms;
	on_tick(&tick);
	while (!until(arg) && clock_utc_ms() < end)
		uv_run(loop_uv(), UV_RUN_ONCE);
	timer_stop(&tick);
	return until(arg);
}

static bool never(void *arg)
{
	return false;
}

/* --- the gateway's process ---------------------------------------------------------------------------------------- */

static void gateway_start(void)
{
	char log[512];
	snprintf(log, sizeof log, "%.*s.log", (int)(strlen(d.config) - strlen(".cfg")), d.config);
	d.pid = fork();
	if (d.pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(fd, 1);
	dup2(fd, 2);
	execlp("osmo-mgw", "osmo-mgw", "-c", d.config, (char *)NULL);
	_exit(127);
}

static void gateway_kill(void)
{
	if (d.pid > 0) {
		kill(d.pid, SIGKILL);
		waitpid(d.pid, NULL, 0);
	}
	d.pid = 0;
}

static bool gateway_is_up(void *arg)
{
	return d.state == MGCP_GW_UP;
}

static bool gateway_is_down(void *arg)
{
	return d.state == MGCP_GW_DOWN;
}

static void on_state(void *arg, struct mgcp_gw *gw, enum mgcp_gw_state state, const char *why)
{
	d.state = state;
}

static void on_trace(void *arg, bool sent, const struct addr *peer, struct slice text)
{
	if (getenv("TRACE"))
		fprintf(stderr, "%s\n" SLICE_FMT "\n", sent ? ">>>" : "<<<", SLICE_ARG(text));
	d.code_250 += !sent && slice_starts(text, SLICE("250 "));
}

/* --- parties ------------------------------------------------------------------------------------------------------ */

static void party_open(struct party *p, const char *name, uint16_t port)
{
	struct addr a;
	struct sockaddr_storage ss;
	*p = (struct party){.name = name, .port = port};
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	addr_parse(&a, SLICE("127.0.0.1"), port);
	socklen_t len = addr_to_sockaddr(&a, &ss);
	if (bind(p->fd, (struct sockaddr *)&ss, len)) {
		perror("bind");
		exit(1);
	}
}

static void on_done(void *arg, struct mgcp_conn *c, int err, unsigned code, struct slice sdp)
{
	struct party *p = arg;
	struct sdp *s = NULL;
	const char *why;
	p->done++;
	p->err = err;
	p->code = code;
	if (!err && !slice_empty(sdp) && !sdp_parse(&s, sdp, &why) && s->n_media)
		p->gateway = s->media[0].rtp;
	mem_deref(s);
}

static void on_lost(void *arg, struct mgcp_conn *c, enum mgcp_loss what, const char *why)
{
	((struct party *)arg)->lost++;
}

static void on_deleted(void *arg, struct mgcp_conn *c, struct slice params, struct slice quality)
{
	struct party *p = arg;
	p->deleted++;
	slice_u64(mgcp_option(params, SLICE("PR"), '='), UINT32_MAX, &p->received);
}

static const struct mgcp_conn_handlers handlers = {on_done, on_lost, on_deleted};

static bool is_done(void *arg)
{
	return ((struct party *)arg)->done > 0;
}

static bool is_lost(void *arg)
{
	return ((struct party *)arg)->lost > 0;
}

static bool is_deleted(void *arg)
{
	return ((struct party *)arg)->deleted > 0;
}

static const char *description(uint16_t port)
{
	static char text[256];
	snprintf(text, sizeof text,
		 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n", port);
	return text;
}

static int create(struct party *p, struct mgcp_conn *with)
{
	struct mgcp_conn_setup s = {
		.call_id = "7A11", .with = with, .mode = "sendrecv", .options = "p:20, a:PCMU", .dscp = 46, .sdp = slice_str(description(p->port))};
	p->done = 0;
	return mgcp_conn_create(&p->conn, d.gw, &s, &handlers, p);
}

static bool modify(struct party *p, const char *mode, uint16_t port)
{
	struct mgcp_conn_setup s = {.mode = mode};
	if (port)
		s.sdp = slice_str(description(port));
	p->done = 0;
	return !mgcp_conn_modify(p->conn, &s) && run_until(is_done, p, 5000) && !p->err;
}

/* --- voice -------------------------------------------------------------------------------------------------------- */

static void fill(uint8_t *packet, uint16_t seq, uint8_t salt)
{
	uint32_t ts = (uint32_t)seq * PAYLOAD;
	uint8_t head[12] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(ts >> 24), (uint8_t)(ts >> 16), (uint8_t)(ts >> 8), (uint8_t)ts, 1, 2, 3, salt};
	memcpy(packet, head, sizeof head);
	for (int i = 0; i < PAYLOAD; i++)
		packet[12 + i] = (uint8_t)(seq * 7 + i + salt);
}

/* Whether the payload of `packet` comes out at `fd`; others, such as the packet the gateway begins with, are passed over. */
static bool comes(int fd, const uint8_t *packet, int wait_ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	uint8_t got[2048];
	while (poll(&pfd, 1, wait_ms) == 1)
		if (recv(fd, got, sizeof got, 0) == 12 + PAYLOAD && !memcmp(got + 12, packet + 12, PAYLOAD))
			return true;
	return false;
}

/* Sends PACKETS from `from`, waiting for each; returns how many came out at `fd` with the same payload, in order. The first that does not ends it. */
static unsigned talk(struct party *from, int fd, uint8_t salt, int wait_ms)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&from->gateway, &ss);
	unsigned good = 0;
	for (uint16_t seq = 0; seq < PACKETS; seq++) {
		uint8_t packet[12 + PAYLOAD];
		fill(packet, seq, salt);
		sendto(from->fd, packet, sizeof packet, 0, (struct sockaddr *)&ss, len);
		if (!comes(fd, packet, wait_ms))
			break;
		good++;
	}
	return good;
}

/* --- the story ---------------------------------------------------------------------------------------------------- */

static void a_call(struct party *a, struct party *b)
{
	create(a, NULL);
	create(b, a->conn);
	run_until(is_done, a, 5000);
	run_until(is_done, b, 5000);
	check(!a->err && !b->err && a->done && b->done, "two connections are created");
	check(!strcmp(mgcp_conn_endpoint(a->conn), mgcp_conn_endpoint(b->conn)) && strstr(mgcp_conn_endpoint(a->conn), "rtpbridge/"),
	      "both are on one packet-relay endpoint, the second asked for while the first was being made");
	check(mgcp_gw_state(d.gw) == MGCP_GW_UP, "the gateway is known to be up");
	check(talk(a, b->fd, 1, COMES_MS) == PACKETS, "what A sends comes out at B");
	check(talk(b, a->fd, 2, COMES_MS) == PACKETS, "what B sends comes out at A");

	struct party other;
	party_open(&other, "C", 25010);
	check(modify(b, NULL, other.port), "B's address is changed");
	check(talk(a, other.fd, 3, COMES_MS) == PACKETS, "what A sends comes out at the new address");
	check(modify(b, "inactive", 0), "B is put on hold");
	check(talk(a, other.fd, 4, SILENT_MS) == 0, "nothing comes out on hold");
	check(modify(b, "sendrecv", 0) && talk(a, other.fd, 5, COMES_MS) == PACKETS, "and again afterwards");
	close(other.fd);

	mgcp_conn_delete(a->conn);
	mgcp_conn_delete(b->conn);
	check(run_until(is_deleted, a, 5000) && run_until(is_deleted, b, 5000), "both are deleted");
	check(d.code_250 == 2, "with code 250");
	check(a->received >= 3 * PACKETS && b->received == PACKETS, "their statistics tell the packets received");
	a->conn = mem_deref(a->conn);
	b->conn = mem_deref(b->conn);
}

static void a_full_gateway(struct party *a)
{
	struct party many[6] = {0};
	unsigned made = 0;
	bool busy = false;
	for (int i = 0; i < 6; i++) {
		many[i].port = a->port;
		create(&many[i], NULL);
		run_until(is_done, &many[i], 5000);
		made += !many[i].err;
		busy |= many[i].err == -EBUSY && many[i].code >= 400;
	}
	check(made == 4 && busy, "a fifth endpoint of four is refused as busy");
	for (int i = 0; i < 6; i++)
		many[i].conn = mem_deref(many[i].conn);
	run_until(never, NULL, 200);
	create(a, NULL);
	check(run_until(is_done, a, 5000) && !a->err, "dropped connections are free again");
}

static void a_dead_gateway(struct party *a, struct party *b)
{
	gateway_kill();
	a->done = 0;
	mgcp_conn_modify(a->conn, &(struct mgcp_conn_setup){.mode = "inactive"});
	check(run_until(is_done, a, 5000) && a->err == -ETIMEDOUT, "a command to a dead gateway times out");
	check(run_until(gateway_is_down, NULL, 1000), "it is down");
	a->conn = mem_deref(a->conn);
	check(create(b, NULL) == -EHOSTUNREACH, "and not asked any more");
	gateway_start();
	check(run_until(gateway_is_up, NULL, 10000), "it is up again once it answers a probe");
	check(!create(b, NULL) && run_until(is_done, b, 5000) && !b->err, "and serves the next call");
	b->conn = mem_deref(b->conn);
	run_until(never, NULL, 200);
}

/* It comes back before anybody has noticed, and knows nothing of what there was; this one says 400 then. */
static void a_gateway_that_has_forgotten(struct party *a)
{
	create(a, NULL);
	run_until(is_done, a, 5000);
	gateway_kill();
	gateway_start();
	a->done = a->lost = 0;
	mgcp_conn_modify(a->conn, &(struct mgcp_conn_setup){.mode = "inactive"});
	check(run_until(is_done, a, 5000) && a->err && a->code >= 400, "a connection that the gateway does not know is refused");
	check(run_until(is_lost, a, 1000), "and is lost");
	check(mgcp_gw_state(d.gw) == MGCP_GW_UP, "though the gateway is up");
	a->conn = mem_deref(a->conn);
	create(a, NULL);
	check(run_until(is_done, a, 5000) && !a->err, "and the next one is made");
	a->conn = mem_deref(a->conn);
	run_until(never, NULL, 200);
}

int main(int argc, char **argv)
{
	struct party a, b;
	struct mgcp_peer_params pp = {.fd = -1, .on_trace = on_trace, .timers = {.rto_ms = 500, .rto_max_ms = 1000, .t_max_ms = 3000, .t_hist_ms = 6000, .longtran_ms = 1000}};
	struct mgcp_gw_params gp = {.name = "osmo", .domain = "mg.test", .profile = mgcp_profile_find("osmo-mgw"), .on_state = on_state};
	if (argc < 2)
		return 2;
	d.config = argv[1];
	log_open("drive", LOG_TO_STDERR);
	addr_parse(&pp.local, SLICE("127.0.0.1:2727"), 0);
	addr_parse(&gp.addr, SLICE("127.0.0.1:2427"), 0);
	if (loop_init() || mgcp_peer_open(&d.peer, &pp) || mgcp_gw_new(&d.gw, d.peer, &gp))
		return 2;
	mgcp_peer_trace(d.peer, true);
	party_open(&a, "A", 25000);
	party_open(&b, "B", 25002);
	gateway_start();
	mgcp_gw_resync(d.gw);
	a_call(&a, &b);
	a_full_gateway(&a);
	a_dead_gateway(&a, &b);
	a_gateway_that_has_forgotten(&a);
	gateway_kill();
	mem_deref(d.gw);
	mem_deref(d.peer);
	loop_close();
	check(mem_blocks() == 0, "everything is freed");
	return d.failed ? 1 : 0;
}
