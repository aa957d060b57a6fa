// SPDX-License-Identifier: GPL-3.0-or-later
/* How long it takes to read a SIP message: from the datagram to slices, its usual headers parsed, and freed again. One line a message: the best
 * of several runs, in nanoseconds of this thread's processor time. */
#include "base/mem.h"
#include "sdp/sdp.h"
#include "sip/msg.h"
#include <stdio.h>
#include <time.h>

#define RUNS  9
#define TIMES 20000

#define VIAS                                                                                   \
	"Via: SIP/2.0/UDP proxy.example.com:5060;branch=z9hG4bK74bf9d1a2c;rport\r\n"           \
	"Via: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bKnashds8f11;received=192.0.2.101\r\n"
#define PARTIES                                                                                \
	"From: \"Alice Example\" <sip:+14155550100@example.com>;tag=9fxced76sl\r\n"            \
	"To: <sip:+14155550123@example.com>"
#define ROUTES                                                                                 \
	"Record-Route: <sip:p1.example.com;lr>\r\nRecord-Route: <sip:p2.example.com;lr;ftag=9fxced76sl>\r\n"
#define SDP_TEXT                                                                               \
	"v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.101\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\n" \
	"m=audio 49170 RTP/AVP 0 8 9 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n" \
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"

static const struct sample {
	const char *name, *text;
} samples[] = {
	{"invite", "INVITE sip:+14155550123@198.51.100.7:5060;user=phone SIP/2.0\r\n" VIAS "Max-Forwards: 69\r\n" ROUTES PARTIES "\r\n"
		   "Call-ID: 3848276298220188511@192.0.2.101\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@192.0.2.101:5060;transport=udp>\r\n"
		   "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY\r\nSupported: 100rel, timer, replaces\r\n"
		   "P-Asserted-Identity: \"Alice\" <sip:+14155550100@example.com>\r\nSession-Expires: 1800\r\nUser-Agent: Phone/1.0\r\n"
		   "Content-Type: application/sdp\r\nContent-Length: 264\r\n\r\n" SDP_TEXT},
	{"180", "SIP/2.0 180 Ringing\r\n" VIAS ROUTES PARTIES ";tag=8321234356\r\nCall-ID: 3848276298220188511@192.0.2.101\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:bob@198.51.100.7:5060>\r\nContent-Length: 0\r\n\r\n"},
	{"200", "SIP/2.0 200 OK\r\n" VIAS ROUTES PARTIES ";tag=8321234356\r\nCall-ID: 3848276298220188511@192.0.2.101\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:bob@198.51.100.7:5060>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nContent-Type: application/sdp\r\n"
		"Content-Length: 264\r\n\r\n" SDP_TEXT},
	{"bye", "BYE sip:alice@192.0.2.101:5060 SIP/2.0\r\n" VIAS "Max-Forwards: 70\r\n" PARTIES ";tag=8321234356\r\n"
		"Call-ID: 3848276298220188511@192.0.2.101\r\nCSeq: 2 BYE\r\nReason: Q.850;cause=16\r\nContent-Length: 0\r\n\r\n"},
	{"register", "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bKnashds7;rport\r\nMax-Forwards: 70\r\n"
		     "From: <sip:1001@example.com>;tag=456248\r\nTo: <sip:1001@example.com>\r\nCall-ID: 843817637684230@998sdasdh09\r\n"
		     "CSeq: 1827 REGISTER\r\nContact: <sip:1001@192.0.2.101:5060>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"\r\n"
		     "Authorization: Digest username=\"1001\", realm=\"example.com\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\", uri=\"sip:example.com\", "
		     "response=\"7587245234b3434cc3412213e5f113a5\", algorithm=MD5, cnonce=\"0a4f113b\", qop=auth, nc=00000001\r\n"
		     "Expires: 3600\r\nContent-Length: 0\r\n\r\n"},
};

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int parse(struct slice text)
{
	struct sip_msg *m;
	unsigned status;
	const char *why;
	int err = sip_msg_parse(&m, text.p, text.len, &status, &why);
	if (!err)
		mem_deref(m);
	return err;
}

static int parse_sdp(struct slice text)
{
	struct sdp *s;
	const char *why;
	int err = sdp_parse(&s, text, &why);
	if (!err)
		mem_deref(s);
	return err;
}

static int measure(const char *name, struct slice text, int (*fn)(struct slice))
{
	double best = 0;
	for (int run = 0; run < RUNS; run++) {
		double from = now_ns();
		for (int i = 0; i < TIMES; i++) {
			int err = fn(text);
			if (err) {
				fprintf(stderr, "%s cannot be parsed: %s\n", name, strerror(-err));
				return err;
			}
		}
		double each = (now_ns() - from) / TIMES;
		best = run && best < each ? best : each;
	}
	printf("parse-%s %.0f ns (%zu bytes)\n", name, best, text.len);
	return 0;
}

int main(void)
{
	int err = measure("sdp", SLICE(SDP_TEXT), parse_sdp);
	for (size_t i = 0; !err && i < sizeof samples / sizeof *samples; i++)
		err = measure(samples[i].name, slice_str(samples[i].text), parse);
	return err != 0;
}
