// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "sdp/sdp.h"
#include <errno.h>

static struct sdp *parse(const char *text)
{
	struct sdp *s = NULL;
	const char *why = "";
	int err = sdp_parse(&s, slice_str(text), &why);
	if (err)
		fail_msg("%s", why);
	return s;
}

static void assert_slice(struct slice s, const char *want)
{
	char text[256];
	assert_int_equal(slice_copy(s, text, sizeof text), 0);
	assert_string_equal(text, want);
}

static void assert_addr(const struct addr *a, const char *want)
{
	char text[ADDR_STR_LEN];
	assert_string_equal(addr_str(a, text), want);
}

static const char *const two_streams =
	"v=0\r\no=alice 2890844526 2890844527 IN IP4 host.atlanta.example.com\r\ns=talk\r\nc=IN IP4 192.0.2.10\r\nb=AS:512\r\nt=0 0\r\n"
	"a=sendonly\r\na=tool:x\r\n"
	"m=audio 49170/1 RTP/AVP 0 97 101\r\na=rtpmap:97 iLBC/8000\r\na=rtpmap:101 telephone-event/8000/1\r\na=fmtp:101 0-15\r\n"
	"a=ptime:20\r\na=label:1\r\na=rtcp:53020\r\n"
	"m=video 51372 RTP/AVPF 31 99\r\nc=IN IP6 2001:db8::7\r\nb=TIAS:64000\r\na=rtpmap:99 h263-1998/90000\r\na=recvonly\r\na=rtcp-mux\r\na=mid:v\r\n";

static void reads_all_of_a_description(void **state)
{
	struct sdp *s = parse(two_streams);
	assert_slice(s->origin_user, "alice");
	assert_slice(s->sess_version, "2890844527");
	assert_slice(s->origin_addr, "host.atlanta.example.com");
	assert_slice(s->name, "talk");
	assert_int_equal(s->dir, SDP_SENDONLY);
	assert_int_equal(s->n_media, 2);
	const struct sdp_media *a = &s->media[0], *v = &s->media[1];
	assert_slice(a->type, "audio");
	assert_addr(&a->rtp, "192.0.2.10:49170");
	assert_addr(&a->rtcp, "192.0.2.10:53020");
	assert_int_equal(a->dir, SDP_SENDONLY);
	assert_int_equal(a->ptime_ms, 20);
	assert_int_equal(a->n_formats, 3);
	assert_slice(a->formats[0].name, "PCMU");
	assert_int_equal(a->formats[0].clock_hz, 8000);
	assert_slice(a->formats[1].name, "iLBC");
	assert_slice(a->formats[2].fmtp, "0-15");
	assert_int_equal(a->formats[2].pt, 101);
	assert_slice(a->label, "1");
	assert_false(a->rtcp_mux);
	assert_addr(&v->rtp, "[2001:db8::7]:51372");
	assert_addr(&v->rtcp, "[2001:db8::7]:51373");
	assert_int_equal(v->dir, SDP_RECVONLY);
	assert_true(v->rtcp_mux);
	assert_slice(v->mid, "v");
	assert_slice(sdp_attr(s, NULL, SLICE("tool"))->value, "x");
	assert_null(sdp_attr(s, v, SLICE("ptime")));
	mem_deref(s);
}

static void bare_line_feeds_and_missing_lines_are_read(void **state)
{
	/* As a media gateway may write it (RFC 3435 3.4). */
	struct sdp *s = parse("v=0\nc=IN IP4 127.0.0.1\nm=audio 4002 RTP/AVP 8\n\n");
	assert_addr(&s->media[0].rtp, "127.0.0.1:4002");
	assert_int_equal(s->media[0].dir, SDP_SENDRECV);
	mem_deref(s);
}

static void hold_by_zero_address_is_a_direction(void **state)
{
	struct sdp *s = parse("v=0\r\no=a 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
			      "m=audio 4002 RTP/AVP 0\r\na=recvonly\r\nm=video 0 RTP/AVP 31\r\n");
	assert_true(s->media[0].hold_zero);
	assert_int_equal(s->media[0].dir, SDP_SENDONLY);
	assert_int_equal(s->media[1].dir, SDP_INACTIVE);
	assert_false(s->media[2].hold_zero);
	mem_deref(s);
}

static void keys_and_ice_are_seen(void **state)
{
	struct sdp *s = parse("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=ice-ufrag:x\r\n"
			      "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"
			      "m=audio 4002 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 00\r\n");
	assert_true(s->media[0].sdes);
	assert_true(s->media[0].ice);
	assert_false(s->media[0].dtls);
	assert_int_equal(s->media[0].proto, SDP_RTP_SAVP);
	assert_true(s->media[1].dtls);
	assert_int_equal(s->media[1].proto, SDP_DTLS);
	assert_true(sdp_media_relayable(&s->media[0]));
	assert_false(sdp_media_relayable(&s->media[1]));
	mem_deref(s);
}

#define HEAD "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static void refuses_what_is_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"\r\n",
		"o=a 1 1 IN IP4 192.0.2.1\r\n",
		"v=1\r\n",
		"v=0\r\nv=0\r\n",
		"v=0\r\no=a 1 1 IN IP4\r\n",
		HEAD "m=audio\r\n",
		HEAD "m=audio 4000\r\n",
		HEAD "m=audio 4000 RTP/AVP\r\n",
		HEAD "m=audio 65536 RTP/AVP 0\r\n",
		HEAD "m=audio -1 RTP/AVP 0\r\n",
		HEAD "m=audio 4000 RTP/AVP 128\r\n",
		HEAD "m=audio 4000 RTP/AVP PCMU\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\nt=0 0\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 192.0.2.1\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\na=:x\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\n\r\nm=audio 4002 RTP/AVP 0\r\n",
		HEAD "nonsense\r\n",
		HEAD "x=1\r\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct sdp *s = NULL;
		const char *why = NULL;
		int err = sdp_parse(&s, slice_str(bad[i]), &why);
		if (err != -EBADMSG || !why || s)
			fail_msg("case %zu: %d", i, err);
	}
}

static void limits_hold(void **state)
{
	struct buf b = buf_growing();
	struct sdp *s = NULL;
	const char *why = NULL;
	buf_str(&b, HEAD);
	for (int i = 0; i < SDP_MAX_MEDIA; i++)
		buf_str(&b, "m=audio 4000 RTP/AVP 0\r\n");
	assert_int_equal(sdp_parse(&s, buf_text(&b), &why), 0);
	s = mem_deref(s);
	buf_str(&b, "m=audio 4000 RTP/AVP 0\r\n");
	assert_int_equal(sdp_parse(&s, buf_text(&b), &why), -E2BIG);
	buf_reset(&b);
	buf_str(&b, HEAD "m=audio 4000 RTP/AVP");
	for (int i = 0; i <= SDP_MAX_FORMATS; i++)
		buf_printf(&b, " %d", i);
	assert_int_equal(sdp_parse(&s, buf_text(&b), &why), -E2BIG);
	buf_reset(&b);
	buf_str(&b, HEAD);
	for (int i = 0; i < 7000; i++)
		buf_str(&b, "a=whatever\r\n");
	assert_int_equal(sdp_parse(&s, buf_text(&b), &why), -E2BIG);
	buf_reset(&b);
	assert_int_equal(sdp_parse(&s, slice_of("v=0\r\ns=\0\r\n", 11), &why), -EBADMSG);
}

static void host_names_leave_the_address_unset(void **state)
{
	struct sdp *s = parse("v=0\r\no=a 1 1 IN IP4 x.example\r\ns=-\r\nc=IN IP4 media.example.com\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n");
	assert_false(addr_is_set(&s->media[0].rtp));
	assert_false(sdp_media_relayable(&s->media[0]));
	mem_deref(s);
}

static void static_types_are_those_of_the_rfc(void **state)
{
	struct sdp_format f = {0};
	assert_int_equal(sdp_static_format(&f, 9), 0);
	assert_slice(f.name, "G722");
	assert_int_equal(f.clock_hz, 8000);
	assert_int_equal(sdp_static_format(&f, 10), 0);
	assert_int_equal(f.channels, 2);
	assert_int_equal(sdp_static_format(&f, 2), -ENOENT);
	assert_int_equal(sdp_static_format(&f, 96), -ENOENT);
}

static void check_oom(void *arg)
{
	struct sdp *s = NULL;
	const char *why = NULL;
	int err = sdp_parse(&s, slice_str(two_streams), &why);
	assert_true(!err || err == -ENOMEM);
	mem_deref(s);
}

static void out_of_memory_is_clean(void **state)
{
	each_allocation_fails(check_oom, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_of_a_description),
		cmocka_unit_test(bare_line_feeds_and_missing_lines_are_read),
		cmocka_unit_test(hold_by_zero_address_is_a_direction),
		cmocka_unit_test(keys_and_ice_are_seen),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(host_names_leave_the_address_unset),
		cmocka_unit_test(static_types_are_those_of_the_rfc),
		cmocka_unit_test(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
