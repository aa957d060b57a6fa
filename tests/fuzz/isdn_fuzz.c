// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames into a D-channel: libpri, what is made of its events, and the trace. Each is a length and its octets; those of the length 0 are a verb instead. */
#include "base/log.h"
#include "base/mem.h"
#include "config/schema.h"
#include "isdn/call.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int far = -1;

static int wire_open(unsigned channel)
{
	int fds[2];
	if (!channel || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	far = fds[1];
	return fds[0];
}

static int span_read(int ctl, unsigned span, struct tdm_span_status *ret)
{
	*ret = (struct tdm_span_status){.number = span, .kind = TDM_SPAN_E1, .channels = 31};
	return 0;
}

static int channel_read(int ctl, unsigned channel, struct tdm_channel_status *ret)
{
	*ret = (struct tdm_channel_status){.number = channel, .span = 1, .position = channel, .signalling = channel == 16 ? TDM_DCHAN : TDM_BCHAN};
	return channel > 31 ? -1 : 0;
}

static int buffers(int fd, const struct tdm_buffers *b)
{
	return 0;
}

static void publish(void *arg, const char *topic, json_t *event)
{
	json_decref(event);
}

static bool wanted(void *arg, const char *topic)
{
	return true;
}

static const struct tdm_driver driver = {.open = wire_open, .span_read = span_read, .channel_read = channel_read, .buffers = buffers};
static const char text[] = "address a { local = {\"127.0.0.1\"} }\ngateway g { }\nisdn pri { spans = {\"1\"} switch = ni2 overlap-receive = yes audit = 0 }\n";

/* libpri never frees a controller, so one serves all inputs, and its calls are let go after each. */
static struct isdn *isdn;

static void make(void)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	log_set_level(LOG_LEVEL_ERROR);
	if (config_load(&c, "fuzz", text, &why) ||
	    isdn_new(&isdn, &(struct isdn_params){.driver = &driver, .publish = publish, .wanted = wanted}) || isdn_configure(isdn, c, &why))
		abort();
	mem_deref(c);
}

static void settle(void)
{
	char sink[2048];
	clock_test_advance(50);
	while (read(far, sink, sizeof sink) > 0)
		;
}

static void act(struct group *g, unsigned what)
{
	static const char *const verbs[] = {"isdn proceeding", "isdn alerting", "isdn answer", "isdn release", "isdn progress"};
	struct call *c = list_first(&g->calls) ? container_of(list_first(&g->calls), struct call, link) : NULL;
	struct buf why = buf_growing();
	json_t *args = c ? json_pack("{s:s}", "call", c->id)
			 : json_pack("{s:s, s:s, s:{s:s}}", "call", "a", "group", "pri", "called", "number", "1"), *result = NULL;
	if (c)
		call_verb(isdn, verbs[what % (sizeof verbs / sizeof verbs[0])], args, &why);
	else
		call_setup(isdn, args, &result, &why);
	json_decref(args);
	json_decref(result);
	buf_reset(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t sabme[] = {0x02, 0x01, 0x7f, 0, 0};
	if (!isdn)
		make();
	struct group *g = isdn_group(isdn, "pri");
	struct dchannel *d = &g->dchannels[0];
	dchannel_inject(d, sabme, sizeof sabme);
	for (size_t at = 0; at < size;) {
		size_t n = data[at++];
		if (n == 0 && at < size) {
			act(g, data[at++]);
			continue;
		}
		uint8_t frame[260] = {0};
		n = n < size - at ? n : size - at;
		memcpy(frame, data + at, n);
		at += n;
		if (n < 3)
			continue;
		if (write(far, frame, n + 2) < 0)
			break;
		dchannel_read(d);
		settle();
	}
	while (list_first(&g->calls))
		call_over(container_of(list_first(&g->calls), struct call, link), 41, "the end");
	settle();
	return 0;
}
