// SPDX-License-Identifier: GPL-3.0-or-later
/* Calls of ISDN lines: what tandem-isdn, the gateway and the other party are told, in order. The other party is another line, or one under the test's hand. */
#include "isdn_calls.h"

static void numbers_and_names_go_out(void **state)
{
	static const struct shown caller = {.number = "+4930555", .display = "Anna"}, foreign = {.number = "+33123", .presentation = PRESENT_RESTRICTED}, nobody = {.number = "anonymous"};
	static const struct diversions by = {.d = {{.number = "+4930777", .reason = "user-busy", .cause = 486}}, .n = 1};
	make_out("pri", "+4989123", &caller, &by);
	offer(AUDIO(4000));
	assert_said("gw: crcx 1 sendrecv 4000\ngw: crcx 2 with 1 recvonly\n"
		    "isdn: setup OUT {'bearer':'speech','called':{'number':'89123','plan':'isdn','type':'national'},"
		    "'calling':{'name':'Anna','number':'30555','plan':'isdn','presentation':'allowed','screening':'passed','type':'national'},'group':'pri',"
		    "'redirecting':{'count':1,'number':'30777','plan':'isdn','presentation':'allowed','reason':'busy','type':'national'}}\n");
	call_end(call, CALL_BY_OPERATOR, &(struct leg_news){0});
	news(call_on_closed, a, 0, SLICE_NONE);
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(b)->call.id);
	assert_said("a: release\nisdn: release OUT {'cause':16}\ngw: dlcx 1\ngw: dlcx 2\n");
	out_says("release", "'cause':16");
	assert_over();

	make_out("pri", "+331234567", &foreign, NULL);
	offer(AUDIO(4000));
	assert_non_null(strstr(said, "'called':{'number':'331234567','plan':'isdn','type':'international'}"));
	assert_non_null(strstr(said, "'number':'33123','plan':'isdn','presentation':'restricted'"));
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();

	isdn_up();
	make_out("tie", "+4989123", &nobody, NULL);
	offer(AUDIO(4000));
	assert_non_null(strstr(said, "'called':{'number':'089123','plan':'isdn','type':'unknown'},'calling':{'presentation':'unavailable'"));
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* ALERTING without in-band information is 180 without a description, which nothing is heard behind; the answer cuts through. */
static void it_rings_and_answers(void **state)
{
	offered();
	out_says("proceeding", "");
	assert_said("gw: crcx 3 at ds/e1-1/7 recvonly 20004\n");
	gateway_answers();
	out_says("alerting", "");
	assert_said("a: progress 180\n");
	out_says("answer", "'connected':{'number':'89124','type':'national','plan':'isdn'}");
	assert_said("gw: mdcx 3 sendrecv arm 1\n");
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 20006 arm 2\na: answer 200 20002\n");
	news(call_on_confirmed, a, 0, SLICE_NONE);
	assert_string_equal(isdn_leg_of(b)->who.number, "+4989124");
	out_says("release", "'cause':17,'remote':true");
	assert_said("gw: dlcx 3\na: release\ngw: dlcx 1\ngw: dlcx 2\n");
	assert_int_equal(call->cdr.cause, 17);
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* RFC 4497 8.3.3, 8.3.4: with progress indicator 1 or 8 both carry a description. */
static void in_band_information_is_heard(void **state)
{
	offered();
	out_says("progress", "'progress':2");
	gateway_answers();
	assert_said("gw: crcx 3 at ds/e1-1/7 recvonly 20004\na: progress 183\n");
	out_says("alerting", "'progress':8");
	gateway_answers();
	assert_said("gw: mdcx 3 sendrecv arm 1\ngw: mdcx 2 sendrecv 20006 arm 2\na: progress 180 20002\n");
	out_says("answer", "");
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200 20002\n"));
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* All of it in the time that the gateway needs for the channel: told in order. */
static void the_network_may_be_faster_than_the_gateway(void **state)
{
	offered();
	out_says("alerting", "'progress':1");
	out_says("answer", "");
	assert_said("gw: crcx 3 at ds/e1-1/7 sendrecv 20004\n");
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 20006 arm 2\na: answer 200 20002\n");
	isdn_gone();
	assert_int_equal(call->cdr.cause, 41);
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void an_announcement_is_heard_and_bounded(void **state)
{
	for (int waits = 0; waits < 2; waits++) {
		offered();
		out_says("disconnect", "'cause':3,'progress':8");
		gateway_answers();
		assert_non_null(strstr(said, "a: progress 183 "));
		said[0] = '\0';
		if (waits)
			clock_test_advance(5001);
		else
			out_says("release", "'cause':16"); /* the network had enough */
		gateway_answers();
		/* Its own table says 410. */
		assert_non_null(strstr(said, "a: release 410\n"));
		assert_true(!waits == !strstr(said, "isdn: release OUT {'cause':3}\n"));
		assert_int_equal(call->cdr.cause, 3);
		if (waits)
			out_says("release", "");
		news(call_on_closed, a, 0, SLICE_NONE);
		assert_over();
	}
}

static void causes_become_statuses(void **state)
{
	static const struct {
		const char *cause, *told;
	} rows[] = {{"'cause':17", "a: release 486\n"}, {"'cause':1", "a: release 404\n"}, {"'cause':34", "a: release 503\n"}, {"'cause':18", "a: release 408\n"}};
	for (size_t i = 0; i < 4; i++) {
		offered();
		out_says("proceeding", "");
		gateway_answers();
		out_says("release", rows[i].cause);
		gateway_answers();
		assert_non_null(strstr(said, rows[i].told));
		news(call_on_closed, a, 0, SLICE_NONE);
		assert_over();
	}
}

/* What the other side has told goes before the table (RFC 3326). */
static void statuses_become_causes(void **state)
{
	static const struct leg_news ends[] = {{.status = 486}, {.status = 486, .cause = 21}, {.status = 200}, {.status = 603}};
	static const char *const told[] = {"{'cause':17}", "{'cause':21}", "{'cause':16}", "{'cause':21}"};
	for (size_t i = 0; i < 4; i++) {
		offered();
		call_end(call, CALL_BY_CALLER, &ends[i]);
		assert_non_null(strstr(said, told[i]));
		out_says("release", "");
		news(call_on_closed, a, 0, SLICE_NONE);
		assert_over();
	}
}

/* RFC 4497 8.4.4, note 8: 65 when another bearer might do. */
static void a_warning_of_media_becomes_a_cause(void **state)
{
	static const struct {
		const char *warning, *told;
	} rows[] = {{"305 phone \"Incompatible, 304\"", "{'cause':65}"}, {"399 phone \"305\", 304 phone \"x\"", "{'cause':65}"}, {"370 phone \"x\"", "{'cause':31}"}};
	for (size_t i = 0; i < 3; i++) {
		struct sip_msg *rsp;
		unsigned status;
		const char *why;
		char answer[400];
		int n = snprintf(answer, sizeof(answer), "SIP/2.0 488 No\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n"
				 "Call-ID: 1\r\nCSeq: 1 INVITE\r\nWarning: %s\r\nContent-Length: 0\r\n\r\n", rows[i].warning);
		assert_int_equal(sip_msg_parse(&rsp, answer, (size_t)n, &status, &why), 0);
		offered();
		call_end(call, CALL_BY_CALLER, &(struct leg_news){.status = 488, .native = rsp});
		assert_non_null(strstr(said, rows[i].told));
		out_says("release", "");
		news(call_on_closed, a, 0, SLICE_NONE);
		assert_over();
		mem_deref(rsp);
	}
}

/* RFC 4040: 64 kbit/s as they are, when nothing else is offered; a codec that a line cannot carry is no call. */
static void bearers(void **state)
{
	static const struct shown caller = {.number = "1001"};
	make_out("pri", "+4989123", &caller, NULL);
	offer("m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n");
	assert_non_null(strstr(said, "'bearer':'digital'"));
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	isdn_up();
	make_out("pri", "+4989123", &caller, NULL);
	offer("m=audio 4000 RTP/AVP 97 8\r\na=rtpmap:97 CLEARMODE/8000\r\n");
	assert_non_null(strstr(said, "'bearer':'speech'"));
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	isdn_up();
	isdn_says("calls", "{'event':'setup','call':'in-5','group':'tie','endpoint':'ds/ds1-2/3','bearer':'audio','called':{'number':'089123456'}}");
	gateway_answers();
	assert_non_null(strstr(said, "'bearer':'audio'"));
	isdn_gone();
	assert_over();
	isdn_up();
	make_out("pri", "+4989123", &caller, NULL);
	offer("m=audio 4000 RTP/AVP 18\r\n");
	assert_non_null(strstr(said, "a: release 488\n"));
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

#define CONDITIONS(local) \
	"m=audio 4000 RTP/AVP 8\r\na=curr:qos local " local "\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\na=des:qos none remote sendrecv\r\n"

/* A line knows no preconditions (RFC 3312): it is called when the caller's are met. */
static void preconditions_are_met_first(void **state)
{
	static const struct shown caller = {.number = "1001"};
	callers_conditions = true;
	make_out("pri", "+4989123", &caller, NULL);
	callers_conditions = false;
	offer(CONDITIONS("none"));
	assert_non_null(strstr(said, "a: progress 183 20002\n"));
	assert_null(strstr(said, "isdn: setup"));
	said[0] = '\0';
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", CONDITIONS("sendrecv")));
	gateway_answers();
	assert_non_null(strstr(said, "a: reply 200"));
	assert_non_null(strstr(said, "isdn: setup OUT {'bearer':'speech'"));
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* The called line makes the offer when the caller has made none. */
static void a_call_without_an_offer(void **state)
{
	static const struct shown caller = {.number = "1001"};
	make_out("pri", "+4989123", &caller, NULL);
	call_start(call, &(struct leg_news){0});
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(b)->call.id);
	said[0] = '\0';
	out_says("answer", "");
	assert_said("gw: crcx 1 at ds/e1-1/7 recvonly\n");
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200 "));
	said[0] = '\0';
	news(call_on_confirmed, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_non_null(strstr(said, "gw: mdcx 1 sendrecv 2000"));
	assert_int_equal(b->state, LEG_ACTIVE);
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void hold_is_the_other_sides(void **state)
{
	offered();
	out_says("answer", "");
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	said[0] = '\0';
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", "m=audio 4000 RTP/AVP 0 8\r\na=sendonly\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "gw: mdcx 3 recvonly"));
	assert_non_null(strstr(said, "isdn: notify OUT {'notify':121}\n"));
	assert_non_null(strstr(said, "a: reply 200 20002/recvonly\n"));
	/* It is told once. */
	for (unsigned i = 0; i < 2; i++) {
		said[0] = '\0';
		news(call_on_reoffer, a, 0, sdp("192.0.2.1", i ? AUDIO(4000) : "m=audio 4000 RTP/AVP 0 8\r\na=inactive\r\n"));
		gateway_answers();
		assert_int_equal(strstr(said, "isdn: notify OUT {'notify':122}\n") != NULL, i);
		assert_int_equal(strstr(said, "isdn: notify") != NULL, i);
	}
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* NOTIFY: the network's party is held, or is back; digits dialled as information; a name that comes late. */
static void what_the_network_tells_in_a_call(void **state)
{
	offered();
	out_says("answer", "");
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	said[0] = '\0';
	out_says("notify", "'notify':121");
	gateway_answers();
	assert_non_null(strstr(said, "a: reoffer 20002/sendonly\n"));
	said[0] = '\0';
	out_says("notify", "'notify':122"); /* while it is told the other */
	assert_said("");
	call_on_reoffer_done(a, &(struct leg_news){.status = 200, .sdp = sdp("192.0.2.1", "m=audio 4000 RTP/AVP 0 8\r\na=recvonly\r\n")});
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	assert_non_null(strstr(said, "a: reoffer 20002\n"));
	call_on_reoffer_done(a, &(struct leg_news){.status = 200, .sdp = sdp("192.0.2.1", AUDIO(4000))});
	gateway_answers();
	said[0] = '\0';
	out_says("notify", "'notify':60"); /* a call is waiting */
	assert_said("");
	out_says("keypad", "'digits':'5#'");
	assert_said("a: info 5\na: info #\n");
	out_says("party", "'party':{'name':'Zoe','presentation':'allowed'}");
	gateway_answers();
	assert_said("a: reoffer Zoe 20002\n");
	out_says("party", "'party':{'name':'Zoe','presentation':'allowed'}");
	assert_said("");
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* "Name follows": before anybody is called it is as if it had come with the SETUP. */
static void a_name_that_follows(void **state)
{
	isdn_says("calls", "{'event':'setup','call':'in-1','group':'tie','endpoint':'ds/ds1-2/3','bearer':'speech','called':{'number':'089123456'},'calling':{'number':'0305551'}}");
	in_says("party", "'party':{'name':'Bert','presentation':'allowed'}");
	gateway_answers();
	assert_non_null(strstr(said, "'calling':{'name':'Bert','number':'305551'"));
	isdn_gone();
	assert_over();
}

static void what_goes_wrong_at_the_gateway(void **state)
{
	offered();
	gateway_err = -EBUSY;
	gateway_err_from = 3;
	out_says("proceeding", "");
	gateway_answers();
	assert_non_null(strstr(said, "isdn: release OUT {'cause':47}\n"));
	assert_non_null(strstr(said, "a: release 503\n"));
	out_says("release", "");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void refused_at_once(void **state)
{
	offered();
	isdn_answers("isdn setup", NULL, "no such group");
	assert_non_null(strstr(said, "a: release 503\n"));
	news(call_on_closed, a, 0, SLICE_NONE);
	isdn_gone();
	assert_over();
}

/* The caller has given up meanwhile: there is nothing to release. */
static void refused_when_the_caller_has_gone(void **state)
{
	offered();
	call_end(call, CALL_BY_CALLER, &(struct leg_news){.status = 487});
	news(call_on_closed, a, 0, SLICE_NONE);
	isdn_answers("isdn setup", NULL, "no such group");
	isdn_answers("isdn release", NULL, "there is none");
	assert_over();
}

/* What the network says while we clear comes too late. */
static void what_crosses_our_release(void **state)
{
	offered();
	call_end(call, CALL_BY_CALLER, &(struct leg_news){.status = 487});
	news(call_on_closed, a, 0, SLICE_NONE);
	gateway_answers();
	said[0] = '\0';
	out_says("alerting", "'progress':8");
	out_says("answer", "");
	assert_said("");
	out_says("release", "");
	assert_over();
}

/* --- a call in ------------------------------------------------------------------------------------------------------ */

/* From one group to the other: nothing in between knows what they are. */
static void a_call_comes_in_and_goes_out(void **state)
{
	isdn_says("calls", SETUP_IN("{'number':'089123456'}", ",'redirecting':{'number':'1234567','type':'national','plan':'isdn','reason':'no-reply'}"));
	assert_said("isdn: proceeding in-1\ngw: crcx 1 at ds/ds1-2/3 recvonly\n");
	gateway_answers();
	assert_said("gw: crcx 2 sendrecv 20002\ngw: crcx 3 with 2 recvonly\n"
		    "isdn: setup OUT {'bearer':'speech','called':{'number':'89123456','plan':'isdn','type':'national'},"
		    "'calling':{'name':'Bert','number':'305551','plan':'isdn','presentation':'allowed','screening':'not-screened','type':'national'},'group':'pri',"
		    "'redirecting':{'count':1,'number':'1234567','plan':'isdn','presentation':'allowed','reason':'no-reply','type':'national'}}\n");
	call = the_call();
	assert_string_equal(call->cdr.called, "+4989123456");
	assert_string_equal(call->cdr.caller, "+49305551");
	struct leg *l;
	list_foreach(l, &call->legs, link)
		snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(l)->call.id);
	out_says("alerting", "");
	gateway_answers();
	/* Ringing without media is made here (RFC 3960 3.2), and stops with the answer. */
	assert_said("gw: crcx 4 at ds/e1-1/7 recvonly 20006\ngw: signal 'G/rt'\nisdn: alerting in-1 {'progress':8}\n");
	out_says("answer", "");
	gateway_answers();
	assert_non_null(strstr(said, "gw: signal ''\n"));
	assert_non_null(strstr(said, "gw: mdcx 1 sendrecv 20004"));
	assert_non_null(strstr(said, "isdn: answer in-1\n"));
	said[0] = '\0';
	assert_int_equal(call->state, CALL_ACTIVE);
	assert_int_equal(call->a->state, LEG_ACTIVE);
	in_says("release", "'cause':16");
	gateway_answers();
	assert_non_null(strstr(said, "isdn: release OUT {'cause':16}\n"));
	out_says("release", "'cause':16");
	assert_over();
}

static void early_media_reach_the_line(void **state)
{
	comes_in();
	said[0] = '\0';
	out_says("progress", "'progress':8");
	gateway_answers();
	assert_non_null(strstr(said, "gw: mdcx 1 sendrecv 20004"));
	assert_non_null(strstr(said, "isdn: progress in-1 {'progress':8}\n"));
	said[0] = '\0';
	out_says("alerting", "'progress':8");
	gateway_answers();
	assert_non_null(strstr(said, "isdn: alerting in-1 {'progress':8}\n"));
	assert_null(strstr(said, "G/rt"));
	isdn_gone();
	assert_over();
}

/* Who was heard has given up, and the next one only rings. */
static void ringing_is_made_again(void **state)
{
	static const struct shown caller = {.number = "1"};
	comes_in();
	struct target t = {.kind = TARGET_LINE, .line = tel_lines_find(&agent.tel_lines, SLICE("pri")), .called = "+4989123"};
	const struct leg_call how = {.target = &t, .caller = &caller, .ring_ms = 60000};
	struct leg *second;
	out_says("progress", "'progress':8");
	gateway_answers();
	assert_int_equal(leg_isdn_outgoing(&second, &agent, &how), 0);
	assert_int_equal(call_add_leg(call, second), 0);
	out_says("release", "'cause':41");
	gateway_answers();
	said[0] = '\0';
	call_offer_leg(second);
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(second)->call.id);
	out_says("alerting", "");
	gateway_answers();
	assert_non_null(strstr(said, "gw: signal 'G/rt'\n"));
	isdn_gone();
	assert_over();
}

static void failures_reach_the_line(void **state)
{
	comes_in();
	said[0] = '\0';
	out_says("release", "'cause':17");
	gateway_answers();
	/* A cause that was told goes before the line's own table. */
	assert_non_null(strstr(said, "isdn: release in-1 {'cause':17}\n"));
	in_says("release", "");
	assert_over();
	isdn_says("calls", SETUP_IN("{'number':'99'}", ""));
	gateway_answers();
	assert_non_null(strstr(said, "isdn: release in-1 {'cause':1}\n"));
	in_says("release", "");
	assert_over();
}

/* Its own table speaks when the other side has told a status only. */
static void statuses_of_who_is_called_go_by_the_table(void **state)
{
	static const struct leg_news ends[] = {{.status = 486}, {.status = 486, .cause = 17}, {.status = 404}};
	static const char *const told[] = {"{'cause':34}", "{'cause':17}", "{'cause':1}"};
	for (size_t i = 0; i < 3; i++) {
		comes_in();
		struct leg *phone = party_new("p", SIDE_B, AF_INET);
		assert_int_equal(call_add_leg(call, phone), 0);
		call_offer_leg(phone);
		out_says("release", "'cause':41");
		gateway_answers();
		said[0] = '\0';
		call_on_closed(phone, &ends[i]);
		gateway_answers();
		assert_non_null(strstr(said, told[i]));
		in_says("release", "");
		assert_over();
	}
}

static void calls_beyond_a_limit_are_refused(void **state)
{
	tel_lines_find(&agent.tel_lines, SLICE("tie"))->limits.max_calls = 1;
	comes_in();
	said[0] = '\0';
	isdn_says("calls", "{'event':'setup','call':'in-2','group':'tie','endpoint':'ds/ds1-2/4','called':{'number':'089123456'}}");
	assert_said("isdn: release in-2 {'cause':34}\n");
	isdn_says("calls", "{'event':'setup','call':'in-3','group':'gone','endpoint':'ds/ds1-2/4','called':{'number':'1'}}");
	assert_said("isdn: release in-3 {'cause':38}\n");
	isdn_gone();
	assert_over();
}

/* Calls for help are taken beyond any limit, as soon as their number is there, whatever type it has. */
static void calls_for_help(void **state)
{
	static const char *const types[] = {"unknown", "subscriber", "national"};
	for (size_t i = 0; i < 3; i++) {
		char line[300];
		agent.calls.most = 0;
		snprintf(line, sizeof(line), "{'event':'setup','call':'in-1','group':'pri','endpoint':'ds/e1-1/9','overlap':true,'called':{'number':'112','type':'%s','plan':'isdn'}}", types[i]);
		isdn_says("calls", line);
		gateway_answers();
		assert_non_null(strstr(said, "isdn: proceeding in-1\n"));
		assert_non_null(strstr(said, "'called':{'number':'112','plan':'isdn','type':'unknown'}"));
		isdn_gone();
		assert_over();
		isdn_up();
	}
}

/* With all channels taken, one is taken from a call that is none for help. */
static void a_call_for_help_takes_a_channel(void **state)
{
	comes_in();
	struct call *other = call;
	char others[64];
	snprintf(others, sizeof(others), "%s", our_id);
	static const struct shown caller = {.number = "1001"};
	make_out("pri", "112", &caller, NULL);
	call->cdr.emergency = EMERGENCY_CALL;
	snprintf(other->cdr.target, sizeof(other->cdr.target), "pri");
	offer(AUDIO(4000));
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(b)->call.id);
	said[0] = '\0';
	out_says("release", "'cause':34,'remote':false");
	assert_null(strstr(said, "a: release"));
	assert_non_null(strstr(said, "isdn: release OUT {'cause':8}"));
	said[0] = '\0';
	for (int i = 0; i < 2; i++) { /* not free yet */
		clock_test_advance(200);
		assert_non_null(strstr(said, "isdn: setup OUT {'bearer':'speech','called':{'number':'112'"));
		said[0] = '\0';
		if (!i)
			out_says("release", "'cause':34,'remote':false");
	}
	out_says("answer", "");
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200"));
	news(call_on_confirmed, a, 0, SLICE_NONE);
	isdn_gone();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	/* There is nobody whom it could take one from. */
	isdn_up();
	make_out("pri", "112", &caller, NULL);
	call->cdr.emergency = EMERGENCY_CALL;
	offer(AUDIO(4000));
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(b)->call.id);
	out_says("release", "'cause':34,'remote':false");
	assert_non_null(strstr(said, "a: release 503"));
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* --- the state of lines, and agreeing on calls ----------------------------------------------------------------------- */

static void groups_are_up_and_down(void **state)
{
	unsigned cause;
	const struct tel_line *pri = tel_lines_find(&agent.tel_lines, SLICE("pri"));
	assert_null(tel_line_refusal(pri, &agent.calls.lines, &cause));
	isdn_says("spans", "{'event':'group','group':'pri','up':false}");
	assert_string_equal(tel_line_refusal(pri, &agent.calls.lines, &cause), "no D-channel is up");
	isdn_says("spans", "{'event':'group','group':'pri','up':true}");
	assert_null(tel_line_refusal(pri, &agent.calls.lines, &cause));
	isdn_gone();
	assert_string_equal(tel_line_refusal(pri, &agent.calls.lines, &cause), "tandem-isdn is not there");
}

static void what_only_one_side_has_is_ended(void **state)
{
	offered();
	isdn->h.up(isdn->arg); /* connected again */
	said[0] = '\0';
	isdn_answers("show isdn-calls", json_of("[]"), NULL);
	isdn_answers("show isdn-calls", json_of("[{'call':'in-9'}]"), NULL);
	assert_non_null(strstr(said, "isdn: release in-9 {'cause':41}\n"));
	assert_non_null(strstr(said, "a: release 503\n"));
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* One that is connected and says nothing has as good as gone: its calls end (cause 41), no new ones begin, until it answers. */
static void one_that_hangs_counts_as_gone(void **state)
{
	const struct tel_line *pri = tel_lines_find(&agent.tel_lines, SLICE("pri"));
	unsigned cause;
	offered();
	out_says("answer", "");
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	clock_test_advance(20000);
	assert_true(isdn_link_is_up(agent.isdn));
	assert_int_equal(b->state, LEG_ACTIVE);
	said[0] = '\0';
	isdn_hangs = true;
	clock_test_advance(4500);
	assert_said("");
	clock_test_advance(1500);
	assert_non_null(strstr(said, "isdn: given up\n"));
	assert_non_null(strstr(said, "a: release"));
	assert_int_equal(call->cdr.cause, 41);
	assert_string_equal(tel_line_refusal(pri, &agent.calls.lines, &cause), "tandem-isdn hangs");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	/* Connected to again, it still hangs: no call is tried there. */
	isdn->up = true;
	isdn->n = 0;
	isdn->h.up(isdn->arg);
	assert_false(isdn_link_is_up(agent.isdn));
	assert_non_null(tel_line_refusal(pri, &agent.calls.lines, &cause));
	clock_test_advance(6000);
	assert_said("isdn: given up\n");
	isdn_hangs = false;
	isdn_up();
	assert_true(isdn_link_is_up(agent.isdn));
	assert_null(tel_line_refusal(pri, &agent.calls.lines, &cause));
}

/* A call whose end was among events that were lost does not stay for ever. */
static void after_lost_events_both_sides_agree_anew(void **state)
{
	char list[100];
	comes_in();
	isdn_answers("show isdn-calls", json_of("[]"), NULL);
	snprintf(list, sizeof(list), "[{'call':'%s'}]", our_id);
	said[0] = '\0';
	isdn->h.event(isdn->arg, "calls", NULL, 3);
	isdn_answers("show isdn-calls", json_of(list), NULL);
	gateway_answers();
	assert_said("gw: dlcx 1\nisdn: release OUT {'cause':41}\ngw: dlcx 2\ngw: dlcx 3\n");
	out_says("release", "");
	assert_over();
}

/* A link may end before its calls. */
static void calls_outlive_their_link(void **state)
{
	offered();
	agent.isdn = mem_deref(agent.isdn);
	assert_null(isdn_leg_of(b)->call.by_id.pprev);
	call_end(call, CALL_BY_OPERATOR, &(struct leg_news){0});
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* --- memory runs out ------------------------------------------------------------------------------------------------- */

static struct isdn_leg *out_leg(void)
{
	struct leg *l;
	if (list_empty(&agent.calls.all))
		return NULL;
	list_foreach(l, &the_call()->legs, link)
		return isdn_leg_of(l);
	return NULL;
}

static void in_and_out(void *arg)
{
	our_id[0] = '\0';
	isdn_says("calls", SETUP_IN("{'number':'089123456'}", ",'overlap':true"));
	in_says("digits", "'complete':true");
	gateway_answers();
	if (out_leg())
		snprintf(our_id, sizeof(our_id), "%s", out_leg()->call.id);
	out_says("alerting", "");
	gateway_answers();
	out_says("answer", "'progress':8");
	gateway_answers();
	in_says("release", "'cause':16");
	out_says("release", "'cause':16");
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	assert_int_equal(calls_count(&agent.calls), 0);
	assert_true(list_empty(&conns));
	said[0] = '\0';
	isdn->n = 0;
}

static void memory_runs_out(void **state)
{
	in_and_out(NULL); /* what is made once */
	each_allocation_fails(in_and_out, NULL);
}

/* --- in a store ----------------------------------------------------------------------------------------------------- */

/* What one process wrote another goes on with: the channel is adopted, and the call at tandem-isdn. */
static void an_answered_leg_is_taken_over(void **state)
{
	struct buf record = buf_growing();
	struct leg *l;
	offered();
	out_says("answer", "");
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	b->kind->save(b, &record);
	isdn_link_remove(agent.isdn, &isdn_leg_of(b)->call);
	said[0] = '\0';
	assert_int_equal(leg_isdn_restore(&l, SIDE_B, "pri", buf_text(&record), &agent), 0);
	assert_said("gw: adopt 3 on rtpbridge/1\n");
	assert_string_equal(isdn_leg_of(l)->call.id, our_id);
	assert_string_equal(isdn_leg_of(l)->endpoint, "ds/e1-1/7");
	assert_int_equal(l->party.signalling.family, AF_INET);
	struct buf again = buf_growing();
	l->kind->save(l, &again);
	assert_int_equal(again.len, record.len);
	mem_deref(l);
	/* Its line is not configured any more; the record is damaged: what is left is a leg that is over. */
	assert_int_equal(leg_isdn_restore(&l, SIDE_B, "gone", buf_text(&record), &agent), -EADDRNOTAVAIL);
	assert_int_equal(leg_isdn_restore(&l, SIDE_B, "pri", SLICE("rubbish"), &agent), -EBADMSG);
	assert_int_equal(leg_isdn_restore(&l, SIDE_B, "gone", SLICE_NONE, &agent), 0);
	mem_deref(l);
	for (size_t n = 0; n < record.len; n++)
		if (!leg_isdn_restore(&l, SIDE_B, "pri", slice_of(record.p, n), &agent))
			mem_deref(l);
	buf_reset(&again);
	buf_reset(&record);
	call_end(call, CALL_BY_OPERATOR, &(struct leg_news){0});
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ISDN_TEST(numbers_and_names_go_out),
		ISDN_TEST(it_rings_and_answers),
		ISDN_TEST(in_band_information_is_heard),
		ISDN_TEST(the_network_may_be_faster_than_the_gateway),
		ISDN_TEST(an_announcement_is_heard_and_bounded),
		ISDN_TEST(causes_become_statuses),
		ISDN_TEST(statuses_become_causes),
		ISDN_TEST(a_warning_of_media_becomes_a_cause),
		ISDN_TEST(bearers),
		ISDN_TEST(preconditions_are_met_first),
		ISDN_TEST(a_call_without_an_offer),
		ISDN_TEST(hold_is_the_other_sides),
		ISDN_TEST(what_the_network_tells_in_a_call),
		ISDN_TEST(a_name_that_follows),
		ISDN_TEST(what_goes_wrong_at_the_gateway),
		ISDN_TEST(refused_at_once),
		ISDN_TEST(refused_when_the_caller_has_gone),
		ISDN_TEST(what_crosses_our_release),
		ISDN_TEST(a_call_comes_in_and_goes_out),
		ISDN_TEST(early_media_reach_the_line),
		ISDN_TEST(ringing_is_made_again),
		ISDN_TEST(failures_reach_the_line),
		ISDN_TEST(statuses_of_who_is_called_go_by_the_table),
		ISDN_TEST(calls_beyond_a_limit_are_refused),
		ISDN_TEST(calls_for_help),
		ISDN_TEST(a_call_for_help_takes_a_channel),
		ISDN_TEST(groups_are_up_and_down),
		ISDN_TEST(what_only_one_side_has_is_ended),
		ISDN_TEST(one_that_hangs_counts_as_gone),
		ISDN_TEST(after_lost_events_both_sides_agree_anew),
		ISDN_TEST(calls_outlive_their_link),
		ISDN_TEST(an_answered_leg_is_taken_over),
		ISDN_TEST(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
