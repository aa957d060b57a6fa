// SPDX-License-Identifier: GPL-3.0-or-later
/* What one side's description looks like to the other. */
#include "unit.h"
#include "sdp/internal.h"
#include <errno.h>

static struct sdp *parse(const char *text)
{
	struct sdp *s = NULL;
	const char *why = "";
	if (sdp_parse(&s, slice_str(text), &why))
		fail_msg("%s", why);
	return s;
}

static struct addr address(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, slice_str(text), 0), 0);
	return a;
}

static struct sdp_local_media at(const char *rtp, enum sdp_dir dir)
{
	struct sdp_local_media l = {.rtp = address(rtp), .dir = dir};
	l.rtcp = l.rtp;
	l.rtcp.port++;
	return l;
}

static void assert_relayed(const char *from, struct sdp_origin *o, const struct sdp_local_media *local, const char *want)
{
	struct sdp *s = parse(from);
	struct buf out = buf_growing();
	assert_int_equal(sdp_write_relayed(&out, s, o, local), 0);
	assert_string_equal(buf_z(&out), want);
	buf_reset(&out);
	mem_deref(s);
}

static void nothing_that_locates_a_browser_passes(void **state)
{
	struct sdp_origin o = {.id = 77, .version = 5};
	struct sdp_local_media local[] = {at("203.0.113.1:16384", SDP_SENDRECV), at("[2001:db8::1]:16400", SDP_SENDONLY)};
	local[1].rtcp_mux = true;
	assert_relayed("v=0\r\no=mozilla 4858251974351650128 0 IN IP4 10.1.1.1\r\ns=pc name\r\ni=secret\r\nu=http://10.1.1.1/\r\ne=me@10.1.1.1\r\n"
		       "c=IN IP4 10.1.1.1\r\nb=CT:1000\r\nt=0 0\r\nk=clear:x\r\na=ice-lite\r\na=ice-options:trickle\r\na=msid-semantic:WMS *\r\n"
		       "a=group:BUNDLE 0 1\r\na=group:LS 0 1\r\na=extmap-allow-mixed\r\n"
		       "m=audio 4000 RTP/AVP 0 101\r\ni=title\r\nb=AS:64\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n"
		       "a=maxptime:40\r\na=candidate:1 1 UDP 2130706431 10.1.1.1 4000 typ host\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\n"
		       "a=end-of-candidates\r\na=remote-candidates:1 10.1.1.2 1\r\na=ssrc:1 cname:me@10.1.1.1\r\na=rtcp:4003 IN IP4 10.1.1.1\r\na=mid:0\r\na=sendrecv\r\n"
		       "a=x-unknown:10.1.1.1\r\n"
		       "m=video 4002 RTP/AVPF 31\r\na=rtcp-fb:31 nack\r\na=sendonly\r\na=mid:1\r\na=content:main\r\na=label:7\r\n",
		       &o, local,
		       "v=0\r\no=- 77 5 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nb=CT:1000\r\nt=0 0\r\na=group:LS 0 1\r\n"
		       "a=extmap-allow-mixed\r\n"
		       "m=audio 16384 RTP/AVP 0 101\r\nb=AS:64\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n"
		       "a=maxptime:40\r\na=mid:0\r\na=sendrecv\r\n"
		       "m=video 16400 RTP/AVPF 31\r\nc=IN IP6 2001:db8::1\r\na=rtcp-fb:31 nack\r\na=mid:1\r\na=content:main\r\na=label:7\r\n"
		       "a=rtcp-mux\r\na=sendonly\r\n");
}

#define HEAD "v=0\r\no=a 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"

static void sdes_keys_pass(void **state)
{
	struct sdp_origin o = {.id = 1, .version = 1};
	struct sdp_local_media local[] = {at("203.0.113.1:16384", SDP_SENDRECV)};
	assert_relayed(HEAD "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n",
		       &o, local,
		       "v=0\r\no=- 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"
		       "m=audio 16384 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
		       "a=sendrecv\r\n");
}

static void unusable_streams_keep_their_place_with_port_zero(void **state)
{
	struct sdp_origin o = {.id = 1, .version = 1};
	struct sdp_local_media local[] = {at("203.0.113.1:16000", SDP_SENDRECV), at("203.0.113.1:16384", SDP_SENDRECV),
					  at("203.0.113.1:16002", SDP_SENDRECV), {.reject = true}, at("203.0.113.1:16004", SDP_SENDRECV)};
	assert_relayed(HEAD "m=image 4000 udptl t38\r\na=T38FaxVersion:0\r\nm=audio 4002 RTP/AVP 0\r\n"
			    "m=application 9 TCP/MSRP *\r\na=path:msrp://10.0.0.1/x\r\nm=video 4004 RTP/AVP 31\r\na=mid:2\r\nm=audio 0 RTP/AVP 8\r\n",
		       &o, local,
		       "v=0\r\no=- 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=image 0 udptl t38\r\n"
		       "m=audio 16384 RTP/AVP 0\r\na=sendrecv\r\nm=application 0 TCP/MSRP *\r\nm=video 0 RTP/AVP 31\r\nm=audio 0 RTP/AVP 8\r\n");
}

static void zero_hold_becomes_a_direction_in_the_other_family(void **state)
{
	struct sdp_origin o = {.id = 1, .version = 1};
	struct sdp_local_media local[] = {at("[2001:db8::1]:16384", SDP_SENDRECV)};
	assert_relayed("v=0\r\no=a 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n", &o, local,
		       "v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0\r\na=sendonly\r\n");
}

static void rtcp_is_told_when_it_is_elsewhere(void **state)
{
	struct sdp_origin o = {.id = 1, .version = 1};
	struct sdp_local_media local[] = {at("203.0.113.1:16384", SDP_SENDRECV), at("203.0.113.1:16386", SDP_INACTIVE)};
	local[0].rtcp.port = 17000;
	local[1].rtcp = address("[2001:db8::1]:16387");
	assert_relayed(HEAD "m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n", &o, local,
		       "v=0\r\no=- 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"
		       "m=audio 16384 RTP/AVP 0\r\na=rtcp:17000\r\na=sendrecv\r\n"
		       "m=audio 16386 RTP/AVP 0\r\na=rtcp:16387 IN IP6 2001:db8::1\r\na=inactive\r\n");
}

static uint64_t version_after(struct sdp_origin *o, const char *from, const struct sdp_local_media *local)
{
	struct sdp *s = parse(from);
	struct buf out = buf_growing();
	assert_int_equal(sdp_write_relayed(&out, s, o, local), 0);
	struct sdp *written = parse(buf_z(&out));
	uint64_t version, id;
	assert_int_equal(slice_u64(written->sess_version, UINT64_MAX, &version), 0);
	assert_int_equal(slice_u64(written->sess_id, UINT64_MAX, &id), 0);
	assert_int_equal(id, o->id);
	mem_deref(written);
	mem_deref(s);
	buf_reset(&out);
	return version;
}

static void version_grows_by_one_exactly_on_change(void **state)
{
	struct sdp_origin o;
	sdp_origin_init(&o);
	o.version = 9; /* the text grows by a digit at the change */
	struct sdp_local_media here[] = {at("203.0.113.1:16384", SDP_SENDRECV)}, there[] = {at("203.0.113.1:16390", SDP_SENDRECV)};
	assert_int_equal(version_after(&o, HEAD "m=audio 4000 RTP/AVP 0\r\n", here), 9);
	/* The other side's own version, address and session name are nothing to us. */
	assert_int_equal(version_after(&o, "v=0\r\no=a 1 2 IN IP4 10.0.0.9\r\ns=x\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n", here), 9);
	assert_int_equal(version_after(&o, HEAD "m=audio 4000 RTP/AVP 0 8\r\n", here), 10);
	assert_int_equal(version_after(&o, HEAD "m=audio 4000 RTP/AVP 0 8\r\n", here), 10);
	here[0].dir = SDP_SENDONLY;
	assert_int_equal(version_after(&o, HEAD "m=audio 4000 RTP/AVP 0 8\r\n", here), 11);
	assert_int_equal(version_after(&o, HEAD "m=audio 4000 RTP/AVP 0 8\r\n", there), 12);
}

static void two_origins_differ(void **state)
{
	struct sdp_origin a, b;
	sdp_origin_init(&a);
	sdp_origin_init(&b);
	assert_true(a.id != b.id);
}

static void a_full_buffer_changes_nothing(void **state)
{
	struct sdp *s = parse(HEAD "m=audio 4000 RTP/AVP 0\r\n");
	struct sdp_local_media local[] = {at("203.0.113.1:16384", SDP_SENDRECV)};
	struct sdp_origin o = {.id = 1, .version = 1, .last_hash = 5}, before = o;
	char mem[40];
	struct buf out = buf_fixed(mem, sizeof mem);
	assert_int_equal(sdp_write_relayed(&out, s, &o, local), -ENOSPC);
	assert_memory_equal(&o, &before, sizeof o);
	mem_deref(s);
}

static unsigned refusal(const char *text)
{
	struct sdp *s = parse(text);
	const char *why = NULL;
	unsigned code = sdp_offer_refusal(s, &why);
	assert_true(!code || why);
	mem_deref(s);
	return code;
}

static void offers_that_cannot_be_relayed_get_488(void **state)
{
	assert_int_equal(refusal(HEAD "m=audio 4000 RTP/AVP 0\r\n"), 0);
	assert_int_equal(refusal(HEAD "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 00\r\n"), 488);
	assert_int_equal(refusal(HEAD "a=fingerprint:sha-256 00\r\nm=audio 4000 RTP/SAVP 0\r\na=setup:actpass\r\n"), 488);
	assert_int_equal(refusal(HEAD "m=audio 4000 RTP/SAVP 0\r\na=fingerprint:sha-256 00\r\na=crypto:1 X inline:y\r\n"), 0);
	assert_int_equal(refusal(HEAD "m=image 4000 udptl t38\r\n"), 488);
	assert_int_equal(refusal(HEAD "m=image 4000 udptl t38\r\nm=video 4002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(refusal(HEAD), 0);
	assert_int_equal(refusal(HEAD "m=audio 0 RTP/AVP 0\r\n"), 0);
}

static void answers_must_match_the_offer(void **state)
{
	struct sdp *offer = parse(HEAD "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 31\r\n");
	struct sdp *good = parse(HEAD "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\n");
	struct sdp *short_of_one = parse(HEAD "m=audio 4000 RTP/AVP 0\r\n");
	struct sdp *swapped = parse(HEAD "m=video 4000 RTP/AVP 31\r\nm=audio 4002 RTP/AVP 0\r\n");
	const char *why = NULL;
	assert_int_equal(sdp_check_answer(offer, good, &why), 0);
	assert_int_equal(sdp_check_answer(offer, short_of_one, &why), -EBADMSG);
	assert_int_equal(sdp_check_answer(offer, swapped, &why), -EBADMSG);
	assert_non_null(why);
	mem_deref(offer);
	mem_deref(good);
	mem_deref(short_of_one);
	mem_deref(swapped);
}

static void a_stream_is_written_for_a_gateway(void **state)
{
	struct sdp *s = parse(HEAD "a=recvonly\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:4003\r\nm=video 4002 RTP/AVP 31\r\n");
	struct buf out = buf_growing();
	assert_int_equal(sdp_write_stream(&out, &s->media[0], NULL), 0);
	assert_string_equal(buf_z(&out), "v=0\r\no=- 0 0 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n"
					 "a=rtpmap:101 telephone-event/8000\r\na=rtcp:4003\r\na=recvonly\r\n");
	buf_reset(&out);
	struct sdp_local_media local = at("[2001:db8::5]:16384", SDP_SENDRECV);
	local.rtcp_mux = true;
	assert_int_equal(sdp_write_stream(&out, &s->media[1], &local), 0);
	assert_string_equal(buf_z(&out), "v=0\r\no=- 0 0 IN IP6 2001:db8::5\r\ns=-\r\nc=IN IP6 2001:db8::5\r\nt=0 0\r\nm=video 16384 RTP/AVP 31\r\n"
					 "a=rtcp-mux\r\na=sendrecv\r\n");
	buf_reset(&out);
	mem_deref(s);
}

static void every_attribute_of_the_table_is_found(void **state)
{
	/* The search is binary: a row out of order would be lost. */
	static const char *const names[] = {"acap", "candidate", "crypto", "extmap-allow-mixed", "fmtp", "group", "ice-ufrag", "inactive", "key-mgmt",
					    "mid", "ptime", "rtcp", "rtcp-fb", "rtcp-mux", "rtcp-mux-only", "rtcp-rsize", "rtpmap", "sdplang", "sendonly",
					    "sendrecv", "silenceSupp", "ssrc", "tool", "type", "zrtp-hash"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_string_equal(sdp_relay_rule(slice_str(names[i]))->name, names[i]);
	assert_string_equal(sdp_relay_rule(SLICE("x-else"))->name, "");
	for (unsigned i = 1; i < sdp_relay_rules_count(); i++)
		assert_true(strcmp(sdp_relay_rule_at(i - 1)->name, sdp_relay_rule_at(i)->name) < 0);
}

static void formats_are_chosen_by_name(void **state)
{
	static const char *const names[] = {"pcma", "opus"};
	struct sdp *s = parse(HEAD "m=audio 4000 RTP/AVP 0 96 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"
			      "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\nm=video 4002 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\n"), *t = NULL;
	assert_int_equal(sdp_select(&t, s, names, 2), 0);
	assert_int_equal(t->media[0].n_formats, 3);
	assert_true(slice_eq(t->media[0].formats[0].id, SLICE("8")));
	assert_true(slice_eq(t->media[0].formats[1].id, SLICE("96")));
	assert_true(slice_eq(t->media[0].formats[2].id, SLICE("101")));
	assert_int_equal(t->media[0].n_attrs, 5); /* all but the rtpmap of 0 */
	assert_int_equal(t->media[1].port, 0);
	mem_deref(t);
	assert_int_equal(sdp_select(&t, s, names + 1, 1), 0);
	assert_int_equal(t->media[0].n_formats, 2);
	mem_deref(t);
	mem_deref(s);
}

static void two_offers_are_each_others_answers(void **state)
{
	struct sdp *a = parse(HEAD "m=audio 4000 RTP/AVP 0 96 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n"
			      "m=video 4002 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\n");
	struct sdp *b = parse(HEAD "m=audio 5000 RTP/AVP 8 111 102\r\na=rtpmap:111 OPUS/48000/2\r\na=rtpmap:102 telephone-event/8000\r\n"
			      "m=video 5002 RTP/AVP 31\r\n"), *t = NULL;
	assert_int_equal(sdp_common(&t, b, a), 0);
	assert_int_equal(t->media[0].n_formats, 2);
	assert_true(slice_eq(t->media[0].formats[0].id, SLICE("111")));
	assert_true(slice_eq(t->media[0].formats[1].id, SLICE("102")));
	assert_int_equal(t->media[0].dir, SDP_RECVONLY);
	assert_int_equal(t->media[1].port, 0);
	mem_deref(t);
	/* An event alone is no conversation. */
	mem_deref(b);
	b = parse(HEAD "m=audio 5000 RTP/AVP 8 102\r\na=rtpmap:102 telephone-event/8000\r\nm=video 0 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\n");
	assert_int_equal(sdp_common(&t, a, b), 0);
	assert_int_equal(t->media[0].port, 0);
	assert_int_equal(t->media[1].port, 0);
	mem_deref(t);
	mem_deref(a);
	mem_deref(b);
}

static void check_oom(void *arg)
{
	struct sdp *s = arg;
	struct sdp_local_media local[] = {at("203.0.113.1:16384", SDP_SENDRECV)};
	struct sdp_origin o = {.id = 1, .version = 1};
	struct buf out = buf_growing();
	int err = sdp_write_relayed(&out, s, &o, local);
	assert_true(err == 0 || err == -ENOMEM);
	assert_int_equal(o.last_hash != 0, !err);
	buf_reset(&out);
}

static void out_of_memory_is_clean(void **state)
{
	struct sdp *s = parse(HEAD "m=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n");
	each_allocation_fails(check_oom, s);
	mem_deref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_locates_a_browser_passes),
		cmocka_unit_test(sdes_keys_pass),
		cmocka_unit_test(unusable_streams_keep_their_place_with_port_zero),
		cmocka_unit_test(zero_hold_becomes_a_direction_in_the_other_family),
		cmocka_unit_test(rtcp_is_told_when_it_is_elsewhere),
		cmocka_unit_test(version_grows_by_one_exactly_on_change),
		cmocka_unit_test(two_origins_differ),
		cmocka_unit_test(a_full_buffer_changes_nothing),
		cmocka_unit_test(offers_that_cannot_be_relayed_get_488),
		cmocka_unit_test(answers_must_match_the_offer),
		cmocka_unit_test(a_stream_is_written_for_a_gateway),
		cmocka_unit_test(every_attribute_of_the_table_is_found),
		cmocka_unit_test(formats_are_chosen_by_name),
		cmocka_unit_test(two_offers_are_each_others_answers),
		cmocka_unit_test(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
