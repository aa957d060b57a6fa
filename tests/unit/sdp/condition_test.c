// SPDX-License-Identifier: GPL-3.0-or-later
/* Preconditions (RFC 3312): how an offer stands, and what an answerer says whose own segment is reserved. */
#include "unit.h"
#include "sdp/sdp.h"

#define HEAD  "v=0\r\no=x 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define AUDIO "m=audio 4000 RTP/AVP 0\r\n"

static struct sdp *parse(const char *text)
{
	struct sdp *s = NULL;
	const char *why;
	assert_int_equal(sdp_parse(&s, slice_str(text), &why), 0);
	return s;
}

static void an_offer_waits_for_the_offerer_alone(void **state)
{
	static const struct {
		const char *text;
		enum sdp_conditions stands;
	} rows[] = {
		{HEAD AUDIO, SDP_UNCONDITIONAL},
		{HEAD AUDIO "a=curr:qos local none\r\na=des:qos optional local sendrecv\r\n", SDP_CONDITIONS_MET},
		{HEAD AUDIO "a=curr:qos local none\r\na=des:qos mandatory local sendrecv\r\n", SDP_CONDITIONS_WAIT},
		{HEAD AUDIO "a=curr:qos local send\r\na=des:qos mandatory local sendrecv\r\n", SDP_CONDITIONS_WAIT},
		{HEAD AUDIO "a=curr:qos local sendrecv\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\na=des:qos mandatory remote sendrecv\r\n", SDP_CONDITIONS_MET},
		{HEAD AUDIO "a=des:qos mandatory local send\r\n", SDP_CONDITIONS_WAIT}, /* nothing is said of now */
		{HEAD AUDIO "a=curr:qos e2e none\r\na=des:qos mandatory e2e sendrecv\r\n", SDP_CONDITIONS_WAIT},
		{HEAD AUDIO "a=curr:qos e2e send\r\na=des:qos mandatory e2e sendrecv\r\n", SDP_CONDITIONS_MET},
		{HEAD AUDIO "a=curr:foo e2e none\r\na=des:foo mandatory e2e sendrecv\r\n", SDP_CONDITIONS_UNKNOWN},
		{HEAD AUDIO "a=curr:foo local none\r\na=des:foo mandatory local sendrecv\r\n", SDP_CONDITIONS_WAIT},
		{HEAD AUDIO "a=des:foo optional e2e sendrecv\r\n", SDP_CONDITIONS_MET},
		{HEAD AUDIO "m=audio 0 RTP/AVP 0\r\na=des:qos mandatory local sendrecv\r\n", SDP_UNCONDITIONAL}, /* 8.1 */
		{HEAD AUDIO "m=audio 4002 RTP/AVP 0\r\na=des:qos mandatory local sendrecv\r\n", SDP_CONDITIONS_WAIT},
		{HEAD AUDIO "a=des:qos mandatory\r\na=des\r\na=des:qos mandatory local sideways\r\n", SDP_UNCONDITIONAL},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sdp *s = parse(rows[i].text);
		if (sdp_conditions(s) != rows[i].stands)
			fail_msg("row %u: %d", i, (int)sdp_conditions(s));
		mem_deref(s);
	}
}

static void assert_answered(const char *said, const char *offer, const char *want)
{
	struct sdp *s = parse(said), *o = parse(offer);
	struct buf out = buf_growing();
	assert_int_equal(sdp_answer_conditions(&out, s, o), 0);
	assert_string_equal(buf_z(&out), want);
	buf_reset(&out);
	mem_deref(s);
	mem_deref(o);
}

/* Table 4: what is local to one is remote to the other. */
static void the_answer_turns_it_round(void **state)
{
	assert_answered(HEAD AUDIO "a=ptime:20\r\na=curr:qos local sendrecv\r\n" "m=video 4002 RTP/AVP 31\r\na=label:1\r\n",
			HEAD AUDIO "a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local send\r\na=des:qos optional remote sendrecv\r\n"
				   "m=video 4002 RTP/AVP 31\r\na=curr:qos e2e send\r\na=des:qos mandatory e2e sendrecv\r\n",
			HEAD AUDIO "a=ptime:20\r\na=curr:qos remote none\r\na=des:qos mandatory remote recv\r\na=conf:qos remote recv\r\n"
				   "a=curr:qos local sendrecv\r\na=des:qos optional local sendrecv\r\n"
				   "m=video 4002 RTP/AVP 31\r\na=label:1\r\na=curr:qos e2e sendrecv\r\na=des:qos mandatory e2e sendrecv\r\n");
	assert_answered(HEAD AUDIO, HEAD AUDIO, HEAD AUDIO);
	assert_answered(HEAD "m=audio 0 RTP/AVP 0\r\n", HEAD AUDIO "a=des:qos mandatory local send\r\n", HEAD "m=audio 0 RTP/AVP 0\r\n");
}

static void only_who_knows_them_is_told(void **state)
{
	struct sdp *s = parse(HEAD AUDIO "a=curr:qos local none\r\na=des:qos mandatory local send\r\na=conf:qos remote send\r\n");
	for (int knows = 0; knows < 2; knows++) {
		struct sdp_origin o = {.id = 1, .version = 1, .conditions = knows};
		struct sdp_local_media at = {.rtp = s->media[0].rtp, .dir = SDP_SENDRECV};
		struct buf out = buf_growing(), one = buf_growing();
		assert_int_equal(sdp_write_relayed(&out, s, &o, &at), 0);
		assert_true((strstr(buf_z(&out), "a=curr:qos local none\r\na=des:qos mandatory local send\r\na=conf:qos remote send\r\n") != NULL) == knows);
		assert_true(knows || !strstr(buf_z(&out), "qos"));
		assert_int_equal(sdp_write_stream(&one, &s->media[0], NULL), 0);
		assert_null(strstr(buf_z(&one), "qos")); /* nothing to a gateway */
		buf_reset(&out);
		buf_reset(&one);
	}
	mem_deref(s);
}

static void a_failure_names_nobody(void **state)
{
	struct sdp *s = parse(HEAD "m=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=des:qos failure e2e send\r\n");
	struct sdp_origin o = {.id = 7, .version = 1};
	struct buf out = buf_growing();
	assert_int_equal(sdp_write_failed(&out, s, &o), 0);
	assert_string_equal(buf_z(&out), "v=0\r\no=- 7 2 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=des:qos failure e2e send\r\n");
	buf_reset(&out);
	mem_deref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offer_waits_for_the_offerer_alone),
		cmocka_unit_test(the_answer_turns_it_round),
		cmocka_unit_test(only_who_knows_them_is_told),
		cmocka_unit_test(a_failure_names_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
