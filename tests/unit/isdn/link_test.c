// SPDX-License-Identifier: GPL-2.0-or-later
/* D-channels that are lost and come back, backups, RESTART, SERVICE, spans with alarms, and what else befalls a group. */
#include "wire.h"
#include "isdn/admin.h"

static int plain(void **state)
{
	wire_start("spans = {\"1\"} t309 = 10s t316 = 1s audit = 30s", 1, PRI_NETWORK, PRI_SWITCH_EUROISDN_E1);
	wire_up();
	return 0;
}

#define LOST_MS 20000 /* T203, then N200 times T200 for an answer, and as often to set the link up anew */

static void cut(bool on)
{
	for (unsigned s = 1; s <= WIRE_SPANS; s++)
		wire.far[s].deaf = wire.far[s].mute = on;
}

static bool is_alarm_on(const struct alarm_def *def, const char *object)
{
	return alarm_is_on(def, object);
}

static void answered_calls_outlive_a_link_that_is_back_within_t309(void **state)
{
	answered_out();
	far_call(1, "1", 1, false, true);
	expect("setup");
	cut(true);
	wire_pass(LOST_MS);
	assert_false(group_is_up(wire.g));
	assert_true(is_alarm_on(&alarm_group, "pri"));
	assert_true(is_alarm_on(&alarm_dchannel, "ds/e1-1/16"));
	json_t *told = expect("release");
	assert_string_equal(text_of(told, "call"), "in-1"); /* was not answered */
	assert_int_equal(int_of(told, "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	cut(false);
	wire_pass(4000);
	assert_true(group_is_up(wire.g));
	assert_false(is_alarm_on(&alarm_group, "pri"));
	wire_pass(20000);
	expect_nothing();
	assert_int_equal(list_count(&wire.g->calls), 1);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
	assert_all_free();
}

static void t309_ends_calls_of_a_link_that_stays_away(void **state)
{
	answered_out();
	cut(true);
	wire_pass(LOST_MS + 10000);
	json_t *told = expect("release");
	assert_int_equal(int_of(told, "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	cut(false);
	wire_pass(20000);
	assert_all_free(); /* none stays busy */
	assert_int_equal(channels_in(BCHANNEL_IDLE), 30);
}

static void without_a_link_there_are_no_calls(void **state)
{
	cut(true);
	wire_pass(16000);
	DO("isdn setup", SETUP);
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_NORMAL_CIRCUIT_CONGESTION);
}

/* What libpri says of it, without the end of its line. */
static void a_far_end_of_the_same_side_is_told_in_one_line(void **state)
{
	wire_start("spans = {\"1\"} side = user", 1, PRI_CPE, PRI_SWITCH_EUROISDN_E1);
	wire_pass(5000);
	assert_false(group_is_up(wire.g));
	assert_true(is_alarm_on(&alarm_dchannel, "ds/e1-1/16"));
	assert_non_null(strstr(wire.g->dchannels[0].why, "CPE"));
	assert_null(strchr(wire.g->dchannels[0].why, '\n'));
}

/* --- RESTART ------------------------------------------------------------------------------------------------------------- */

static void the_far_end_restarts_a_channel(void **state)
{
	answered_out();
	pri_reset(wire.far[1].pri, 31);
	wire_run();
	far_expect(1, PRI_EVENT_RESTART_ACK);
	json_t *told = expect("release");
	assert_int_equal(int_of(told, "cause"), PRI_CAUSE_NORMAL_TEMPORARY_FAILURE);
	assert_true(json_is_true(json_object_get(told, "remote")));
	assert_all_free();
}

/* RESTART of an interface, or of all (class 6 and 7), names no channel. Also after one that did. */
static void the_far_end_restarts_all_channels(void **state)
{
	for (uint8_t class = 6; class <= 7; class++) {
		const uint8_t frame[] = {0x02, 0x01, 0x03, 0x08, 2, 0, 0, 0x46, 0x79, 1, 0x80 | class, 0, 0};
		pri_reset(wire.far[1].pri, 5);
		wire_run();
		answered_out();
		dchannel_inject(&wire.g->dchannels[0], frame, sizeof(frame));
		assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_NORMAL_TEMPORARY_FAILURE);
		wire_run();
		assert_all_free();
		pri_reset(wire.far[1].pri, 31);
		wire_run();
	}
}

/* Of one that is no B-channel here: no call is touched. */
static void the_far_end_restarts_a_channel_that_is_not_ours(void **state)
{
	answered_out();
	pri_reset(wire.far[1].pri, D_CHANNEL);
	wire_run();
	expect_nothing();
	assert_int_equal(list_count(&wire.g->calls), 1);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
}

static void an_operator_restarts_a_channel(void **state)
{
	answered_out();
	DO("isdn restart", "{'endpoint':'ds/e1-1/31'}");
	expect("release");
	wire_run();
	assert_int_equal(far_expect(1, PRI_EVENT_RESTART)->restart.channel & 0xff, 31);
	assert_all_free();
	assert_int_equal(ask("isdn restart", "{'endpoint':'ds/e1-1/16'}", NULL), -ENOENT);
}

/* The far end's acknowledgements are lost (in libpri, an event that nobody sees, so all that it says is): T316 twice, and the audit tries again. */
static void a_restart_that_is_not_answered_takes_the_channel_out(void **state)
{
	wire.far[1].mute = true;
	DO("isdn restart", "{'endpoint':'ds/e1-1/31'}");
	wire_pass(500);
	assert_int_equal(channels_in(BCHANNEL_RESTARTING), 1);
	wire_pass(1600);
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 1);
	assert_int_equal(channels_in(BCHANNEL_RESTARTING), 0);
	wire.far[1].mute = false;
	wire_pass(35000);
	assert_all_free();
}

/* --- SERVICE ------------------------------------------------------------------------------------------------------------- */

static void channels_are_taken_out_of_service_by_both_sides(void **state)
{
	wire_start("spans = {\"1\"} switch = ni2", 1, PRI_NETWORK, PRI_SWITCH_NI2);
	wire_up();
	DO("isdn service", "{'endpoint':'ds/e1-1/31','on':false}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_SERVICE);
	assert_int_equal(e->service.channel & 0xff, 31);
	assert_int_equal(e->service.changestatus, 2);
	pri_maintenance_service(wire.far[1].pri, 0, 30, 2);
	wire_run();
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 2);
	json_t *result;
	assert_int_equal(ask("isdn setup", SETUP, &result), 0);
	assert_string_equal(text_of(result, "endpoint"), "ds/e1-1/29");
	json_decref(result);
	assert_string_equal(wire.barred, "+ds/e1-1/30 "); /* ours is no matter of the far end's */
	DO("isdn service", "{'endpoint':'ds/e1-1/31','on':'on'}");
	pri_maintenance_service(wire.far[1].pri, 0, 30, 0);
	wire_run();
	assert_string_equal(wire.barred, "+ds/e1-1/30 -ds/e1-1/30 ");
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 0);
	assert_int_equal(ask("isdn service", "{'endpoint':'ds/e1-1/31','on':7}", NULL), -EINVAL);
}

/* What tandem-mg shows of a channel. */
static void gateway_shows(const char *endpoint, const char *state)
{
	json_t *row = json_pack("{s:s, s:s}", "endpoint", endpoint, "state", state);
	admin_channel(wire.isdn, row);
	json_decref(row);
	wire_run();
}

static const char *chosen(void)
{
	static char endpoint[32];
	json_t *result;
	assert_int_equal(ask("isdn setup", SETUP, &result), 0);
	snprintf(endpoint, sizeof(endpoint), "%s", text_of(result, "endpoint"));
	json_decref(result);
	return endpoint;
}

static void what_operators_do_at_the_gateway_is_heeded(void **state)
{
	wire_start("spans = {\"1\"} switch = ni2", 1, PRI_NETWORK, PRI_SWITCH_NI2);
	wire_up();
	gateway_shows("ds/e1-1/31", "locked");
	pri_event *e = far_expect(1, PRI_EVENT_SERVICE);
	assert_int_equal(e->service.channel & 0xff, 31);
	assert_int_equal(e->service.changestatus, 2);
	gateway_shows("ds/e1-1/30", "blocked");
	gateway_shows("ds/e1-1/29", "out-of-order");
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 2); /* a blocked one takes calls from there */
	gateway_shows("ds/e1-9/1", "locked");
	gateway_shows("ds/e1-1/28", "unheard-of");
	assert_string_equal(chosen(), "ds/e1-1/28");
	gateway_shows("ds/e1-1/28", "in-use");
	gateway_shows("ds/e1-1/29", "in-service");
	gateway_shows("ds/e1-1/30", "in-use"); /* by a call from there */
	gateway_shows("ds/e1-1/31", "in-service");
	e = far_expect(1, PRI_EVENT_SERVICE);
	assert_int_equal(e->service.changestatus, 0);
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 0);
	assert_true(bchannel_find(wire.isdn, "ds/e1-1/30")->blocked);
	gateway_shows("ds/e1-1/30", "in-service");
	assert_false(bchannel_find(wire.isdn, "ds/e1-1/30")->blocked);
}

/* --- spans ---------------------------------------------------------------------------------------------------------------- */

static void an_alarm_takes_channels_out_and_its_end_brings_them_back(void **state)
{
	answered_out();
	wire.defects[1] = 1 << TDM_RAI;
	wire_pass(1500);
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 0); /* not at once */
	wire_pass(2000);
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 29);
	assert_true(group_is_up(wire.g)); /* the D-channel goes on, and so does the call */
	wire.defects[1] = 0;
	wire_pass(4000);
	assert_int_equal(channels_in(BCHANNEL_IDLE), 29);
	expect_nothing();
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
	assert_all_free();
}

/* 5.8.9: an alarm that lasts takes the D-channel along, and is no other loss of it. */
static void answered_calls_outlive_a_cable_that_is_back_within_t309(void **state)
{
	answered_out();
	wire.defects[1] = 1 << TDM_LOS;
	cut(true);
	wire_pass(LOST_MS);
	assert_false(group_is_up(wire.g));
	wire.defects[1] = 0;
	cut(false);
	wire_pass(20000);
	assert_true(group_is_up(wire.g));
	expect_nothing();
	assert_int_equal(list_count(&wire.g->calls), 1);
	assert_int_equal(channels_in(BCHANNEL_IDLE), 29);
}

static void t309_ends_calls_of_a_cable_that_stays_away(void **state)
{
	answered_out();
	wire.defects[1] = 1 << TDM_LOS;
	cut(true);
	wire_pass(LOST_MS + 10000);
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	wire.defects[1] = 0;
	cut(false);
	wire_pass(20000);
	assert_all_free();
}

static void a_span_is_pulled_and_put_back(void **state)
{
	answered_out();
	wire.absent[1] = true;
	close(wire.far[1].fd);
	wire.far[1].fd = -1;
	wire_pass(30000);
	assert_false(group_is_up(wire.g));
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	assert_int_equal(channels_in(BCHANNEL_OUT_OF_SERVICE), 30);
	wire.absent[1] = false;
	wire_pass(10000);
	assert_true(group_is_up(wire.g));
	assert_all_free();
}

/* The data link, which libpri has not missed yet, is there as soon as its channel is. */
static void a_span_that_is_back_before_its_link_is_lost(void **state)
{
	q931_call *c = answered_out();
	wire.absent[1] = true;
	close(wire.far[1].fd);
	wire.far[1].fd = -1;
	wire_pass(2500);
	assert_false(group_is_up(wire.g));
	assert_true(is_alarm_on(&alarm_group, "pri"));
	wire.absent[1] = false;
	wire_pass(4000);
	assert_true(group_is_up(wire.g));
	assert_false(is_alarm_on(&alarm_group, "pri"));
	assert_false(is_alarm_on(&alarm_dchannel, "ds/e1-1/16"));
	expect_nothing();
	assert_int_equal(channels_in(BCHANNEL_IDLE), 29);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	assert_ptr_equal(far_expect(1, PRI_EVENT_HANGUP_REQ)->hangup.call, c);
	pri_hangup(wire.far[1].pri, c, 16);
	wire_run();
	expect("release");
	assert_all_free();
}

/* It is over here at once; the far end, which hears nothing of it, learns so by RESTART when the link is back, whether that has missed anything or not. */
static void a_call_that_is_cleared_without_a_link_is_over(uint64_t away_ms)
{
	answered_out();
	wire.absent[1] = true;
	close(wire.far[1].fd);
	wire.far[1].fd = -1;
	wire_pass(20);
	wire.far[1].seen = wire.far[1].n;
	DO("isdn release", "{'call':'a'}");
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_NORMAL_CLEARING);
	wire_pass(away_ms);
	wire.absent[1] = false;
	wire_pass(5000);
	assert_true(group_is_up(wire.g));
	bool told = false;
	for (const pri_event *e; !told && (e = far_told(1, PRI_EVENT_RESTART));)
		told = e->restart.channel == 31;
	assert_true(told);
	assert_all_free();
}

static void a_call_that_is_not_answered_ends_with_its_card(void **state)
{
	DO("isdn setup", SETUP);
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	pri_acknowledge(wire.far[1].pri, e->ring.call, e->ring.channel, 0);
	wire_run();
	expect("proceeding");
	expect("alerting");
	wire.absent[1] = true;
	close(wire.far[1].fd);
	wire.far[1].fd = -1;
	wire_pass(20);
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	wire.absent[1] = false;
	wire_pass(5000);
	assert_true(group_is_up(wire.g));
	assert_all_free();
}

static void a_call_that_is_cleared_while_its_card_is_out_is_over(void **state)
{
	a_call_that_is_cleared_without_a_link_is_over(2500);
}

static void a_call_that_is_cleared_while_its_link_is_lost_is_over(void **state)
{
	a_call_that_is_cleared_without_a_link_is_over(LOST_MS);
}

/* The far end may not have heard that it is being cleared. */
static void a_call_that_was_being_cleared_ends_with_the_link(void **state)
{
	answered_out();
	cut(true);
	DO("isdn release", "{'call':'a'}");
	wire_pass(100);
	expect_nothing();
	wire_pass(LOST_MS);
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_NORMAL_CLEARING);
	cut(false);
	wire_pass(5000);
	assert_all_free();
}

/* The driver tells that it takes a span away, and shows it for a second still. */
static void a_channel_that_is_being_removed_is_not_opened_again(void **state)
{
	struct dchannel *d = &wire.g->dchannels[0];
	d->listener->lost(d->arg, d, -ENODEV);
	assert_false(group_is_up(wire.g));
	wire_pass(1500);
	assert_int_equal(d->fd, -1);
	assert_string_equal(d->why, "its span is not there");
	wire_pass(4000);
	assert_true(group_is_up(wire.g));
	assert_all_free();
}

/* --- several spans, NFAS (annex F) ---------------------------------------------------------------------------------------- */

static int nfas(void **state)
{
	/* The D-channel of span 1 is channel 16, that of span 2 channel 47. */
	wire_start("spans = {\"1\", \"2\"} d-channels = {\"16\", \"47\"} switch = ni2 t309 = 5s", 2, PRI_NETWORK, PRI_SWITCH_NI2);
	far_start(2, PRI_NETWORK, PRI_SWITCH_NI2);
	pri_enslave(wire.far[1].pri, wire.far[2].pri);
	wire_up();
	return 0;
}

static void one_d_channel_has_the_channels_of_all_spans(void **state)
{
	assert_int_equal(channels_in(BCHANNEL_IDLE), 60);
	assert_ptr_equal(wire.g->active, &wire.g->dchannels[0]);
	json_t *result;
	assert_int_equal(ask("isdn setup", SETUP, &result), 0);
	assert_string_equal(text_of(result, "endpoint"), "ds/e1-2/31");
	json_decref(result);
	wire_run();
	assert_int_equal(far_expect(1, PRI_EVENT_RING)->ring.channel, 1 << 16 | 1 << 8 | 31);
	far_call(1, "1", 1 << 16 | 1 << 8 | 4, true, true);
	assert_string_equal(text_of(expect("setup"), "endpoint"), "ds/e1-2/4");
}

/* RESTART of one interface (class 6), named or that of the D-channel, leaves the calls of the others alone. */
static void an_interface_is_restarted(void **state)
{
	const uint8_t named[] = {0x02, 0x01, 0x03, 0x08, 2, 0, 0, 0x46, 0x18, 2, 0xe0, 0x80, 0x79, 1, 0x86, 0, 0};
	const uint8_t own[] = {0x02, 0x01, 0x03, 0x08, 2, 0, 0, 0x46, 0x79, 1, 0x86, 0, 0};
	uint8_t other[sizeof(named)];
	answered_out();
	memcpy(other, named, sizeof(named));
	other[11] = 0x81;
	dchannel_inject(&wire.g->dchannels[0], named, sizeof(named));
	dchannel_inject(&wire.g->dchannels[0], own, sizeof(own));
	expect_nothing();
	dchannel_inject(&wire.g->dchannels[0], other, sizeof(other));
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_NORMAL_TEMPORARY_FAILURE);
	wire_run();
	assert_all_free();
}

static void the_backup_takes_over_and_calls_go_on(void **state)
{
	q931_call *c = answered_out();
	wire.far[1].deaf = wire.far[1].mute = true;
	wire_pass(16000);
	assert_true(group_is_up(wire.g));
	assert_ptr_equal(wire.g->active, &wire.g->dchannels[1]);
	assert_true(is_alarm_on(&alarm_dchannel, "ds/e1-1/16"));
	assert_false(is_alarm_on(&alarm_group, "pri"));
	wire_pass(10000);
	expect_nothing();
	DO("isdn release", "{'call':'a'}");
	wire_run();
	pri_event *e = far_expect(2, PRI_EVENT_HANGUP_REQ); /* over the other D-channel */
	assert_ptr_equal(e->hangup.call, c);
	pri_hangup(wire.far[2].pri, c, 16);
	wire_run();
	expect("release");
	assert_int_equal(list_count(&wire.g->calls), 0);
	far_call(2, "1", 1 << 16 | 3, true, true);
	assert_string_equal(text_of(expect("setup"), "endpoint"), "ds/e1-1/3");
}

/* Both begin with the primary, though the backup is up before it. */
static void the_primary_is_in_use_whichever_comes_up_first(void **state)
{
	cut(true);
	wire_pass(16000);
	wire.far[2].deaf = wire.far[2].mute = false;
	wire_pass(2500);
	assert_true(wire.g->dchannels[1].up);
	assert_false(group_is_up(wire.g));
	wire.far[1].deaf = wire.far[1].mute = false;
	wire_pass(2400);
	assert_ptr_equal(wire.g->active, &wire.g->dchannels[0]);
	wire_pass(10000);
	assert_ptr_equal(wire.g->active, &wire.g->dchannels[0]);
}

/* One that does not come up is not waited for, and takes nothing away when it does. */
static void the_backup_is_in_use_without_a_primary(void **state)
{
	cut(true);
	wire_pass(16000);
	wire.far[2].deaf = wire.far[2].mute = false;
	wire_pass(10000);
	assert_ptr_equal(wire.g->active, &wire.g->dchannels[1]);
	wire.far[1].deaf = wire.far[1].mute = false;
	wire_pass(10000);
	assert_true(wire.g->dchannels[0].up);
	assert_ptr_equal(wire.g->active, &wire.g->dchannels[1]);
	DO("isdn setup", SETUP);
	wire_run();
	far_expect(2, PRI_EVENT_RING);
}

/* Their voice is gone, and the D-channel has nothing to do with it. */
static void calls_of_a_failed_span_without_the_d_channel_are_cleared(void **state)
{
	answered_out();
	wire.defects[2] = 1 << TDM_LOS;
	wire_pass(1500);
	expect_nothing();
	wire_pass(2000);
	far_lets_go();
	json_t *told = expect("release");
	assert_string_equal(text_of(told, "endpoint"), "ds/e1-2/31");
	assert_int_equal(int_of(told, "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	assert_true(group_is_up(wire.g));
}

static void calls_of_a_failed_span_are_cleared_when_the_backup_takes_over(void **state)
{
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'1'},'endpoint':'ds/e1-1/7'}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	pri_answer(wire.far[1].pri, e->ring.call, e->ring.channel, 0);
	wire_run();
	expect("answer");
	wire.defects[1] = 1 << TDM_LOS;
	wire.far[1].deaf = wire.far[1].mute = true;
	wire_pass(5000);
	expect_nothing();
	wire_pass(11000);
	assert_ptr_equal(wire.g->active, &wire.g->dchannels[1]);
	assert_int_equal(far_expect(2, PRI_EVENT_HANGUP_REQ)->hangup.cause, PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	pri_hangup(wire.far[2].pri, e->ring.call, PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
	wire_run();
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
}

static void t309_ends_calls_when_both_are_lost(void **state)
{
	answered_out();
	cut(true);
	wire_pass(16000);
	assert_false(group_is_up(wire.g));
	expect_nothing();
	wire_pass(5000);
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_DESTINATION_OUT_OF_ORDER);
}

/* --- the audit ------------------------------------------------------------------------------------------------------------ */

/* The far end forgets a call without a word. */
static void a_call_that_the_far_end_has_not_is_cleared(void **state)
{
	q931_call *c = answered_out();
	pri_destroycall(wire.far[1].pri, c);
	wire_pass(29000 - 3000);
	expect_nothing();
	wire_pass(5000);
	expect("release");
	assert_all_free();
}

/* --- settings -------------------------------------------------------------------------------------------------------------- */

static void configure(const char *section, int want)
{
	struct buf why = buf_growing();
	struct conf *c = wire_conf(section);
	assert_int_equal(isdn_configure(wire.isdn, c, &why), want);
	assert_int_equal(want != 0, why.len != 0);
	mem_deref(c);
	buf_reset(&why);
	wire.g = isdn_group(wire.isdn, "pri");
}

static void a_reload_keeps_calls_unless_the_group_is_another(void **state)
{
	answered_out();
	configure("spans = {\"1\"} order = ascending overlap-send = yes t309 = 20s", 0);
	wire_run();
	expect_nothing();
	json_t *result;
	assert_int_equal(ask("isdn setup", "{'call':'b','group':'pri','called':{'number':'1'}}", &result), 0);
	assert_string_equal(text_of(result, "endpoint"), "ds/e1-1/1");
	json_decref(result);
	configure("spans = {\"one\"}", -EINVAL);
	expect_nothing();
	configure("spans = {\"1\"} side = network", 0);
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_NORMAL_TEMPORARY_FAILURE);
	expect("release");
	configure("", 0);
	assert_null(wire.g);
}

/* libpri says that a number is complete unless overlap sending is on. */
static void a_reload_turns_overlap_sending_on(void **state)
{
	configure("spans = {\"1\"} overlap-send = yes", 0);
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'30','complete':false}}");
	wire_run();
	assert_false(far_expect(1, PRI_EVENT_RING)->ring.complete);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
}

/* Whether new channels are locked has to be asked. */
static void channels_that_appear_are_told_of(void **state)
{
	assert_int_equal(wire.appeared, 1);
	wire_pass(3000);
	assert_int_equal(wire.appeared, 1);
	configure("spans = {\"1\"} side = network", 0);
	assert_int_equal(wire.appeared, 2);
}

/* The alarm of the group that was there before does not end that of the one in its place. */
static void a_group_in_the_place_of_another_has_its_alarm(void **state)
{
	wire.absent[1] = true;
	configure("spans = {\"1\"} side = network", 0);
	wire_pass(3000);
	assert_true(is_alarm_on(&alarm_group, "pri"));
}

/* --- what is malformed ------------------------------------------------------------------------------------------------------ */

/* Messages cut short, grown, and with every octet changed in turn, in unnumbered frames; the link and its calls must not mind. */
static void malformed_messages_disturb_nothing(void **state)
{
	static const uint8_t setup[] = {0x02, 0x01, 0x03, 0x08, 0x02, 0x01, 0x23, 0x05, 0x04, 0x03, 0x80, 0x90, 0xa3, 0x18, 0x03, 0xa9, 0x83, 0x81,
					0x1c, 0x04, 0x91, 0xa1, 0x01, 0x02, 0x6c, 0x04, 0x21, 0x81, 0x33, 0x30, 0x70, 0x03, 0xc1, 0x34, 0x32, 0xa1, 0, 0};
	answered_out();
	for (size_t n = 4; n < sizeof(setup); n++) {
		assert_int_equal(write(wire.far[1].fd, setup, n), n);
		wire_run();
	}
	for (size_t at = 3; at < sizeof(setup) - 2; at++)
		for (unsigned v = 0; v < 256; v += 5) {
			uint8_t frame[sizeof(setup)];
			memcpy(frame, setup, sizeof(setup));
			frame[at] = (uint8_t)v;
			assert_int_equal(write(wire.far[1].fd, frame, sizeof(frame)), sizeof(frame));
			wire_run();
			wire.far[1].n = wire.far[1].seen = 0;
			json_t *rows;
			assert_int_equal(ask("show isdn-calls", "{}", &rows), 0);
			size_t i;
			json_t *row;
			json_array_foreach(rows, i, row) {
				char args[96];
				snprintf(args, sizeof(args), "{'call':'%s'}", text_of(row, "call"));
				if (strcmp(text_of(row, "call"), "a") && strcmp(text_of(row, "state"), "clearing"))
					DO("isdn release", args);
			}
			json_decref(rows);
			json_array_clear(wire.told);
		}
	wire_pass(60000);
	json_array_clear(wire.told);
	assert_int_equal(list_count(&wire.g->calls), 1);
	assert_true(group_is_up(wire.g));
}

/* --- anything, in any order ------------------------------------------------------------------------------------------------ */

static unsigned dice(unsigned n)
{
	static uint32_t seed = 1;
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void agent_does_something(void)
{
	static const char *const verbs[] = {"isdn proceeding", "isdn alerting", "isdn progress", "isdn answer", "isdn notify", "isdn release", "isdn digits"};
	static unsigned made;
	char args[128];
	json_t *rows;
	assert_int_equal(ask("show isdn-calls", "{}", &rows), 0);
	size_t n = json_array_size(rows);
	if (!n || !dice(4)) {
		snprintf(args, sizeof(args), "{'call':'n%u','group':'pri','called':{'number':'1','complete':%s}}", made++, dice(2) ? "true" : "false");
		ask("isdn setup", args, NULL);
	} else {
		snprintf(args, sizeof(args), "{'call':'%s','digits':'1','notify':121}", text_of(json_array_get(rows, dice((unsigned)n)), "call"));
		ask(verbs[dice(7)], args, NULL);
	}
	json_decref(rows);
}

/* Answers what it was told last, one way or another, or not at all. */
static void far_does_something(void)
{
	struct far *f = &wire.far[1];
	for (; f->seen < f->n; f->seen++) {
		pri_event *e = &f->events[f->seen];
		if (e->e == PRI_EVENT_HANGUP || e->e == PRI_EVENT_HANGUP_REQ)
			pri_hangup(f->pri, e->hangup.call, e->hangup.cause);
		if (e->e != PRI_EVENT_RING)
			continue;
		switch (dice(6)) {
		case 0:
			pri_hangup(f->pri, e->ring.call, 34);
			break;
		case 1:
			pri_setup_ack(f->pri, e->ring.call, e->ring.channel, 0, 0);
			break;
		case 2:
			pri_proceeding(f->pri, e->ring.call, e->ring.channel, 0);
			break;
		case 3:
			pri_acknowledge(f->pri, e->ring.call, e->ring.channel, 1);
			break;
		case 4:
			pri_answer(f->pri, e->ring.call, e->ring.channel, 0);
			break;
		}
	}
	f->n = f->seen = 0;
	if (!dice(3))
		far_call(1, "1", (int)dice(32), dice(2), dice(2));
	if (!dice(20))
		pri_reset(f->pri, 1 + (int)dice(15));
}

static void release_all(void)
{
	struct call *c;
	for (bool again = true; again;) {
		again = false;
		list_foreach(c, &wire.g->calls, link)
			if (c->state != CALL_CLEARING) {
				call_clear(c, 16, "the end");
				again = true;
				break;
			}
	}
}

static void nothing_stays_whatever_happens(void **state)
{
	pri_set_overlapdial(wire.far[1].pri, 1);
	for (unsigned step = 0; step < 1500; step++) {
		agent_does_something();
		wire_run();
		far_does_something();
		wire_run();
		if (!dice(60))
			cut(true);
		else if (!dice(20))
			cut(false);
		if (!dice(100)) {
			wire.agent = !wire.agent;
			isdn_check_agent(wire.isdn);
		}
		wire_pass(dice(400));
		json_array_clear(wire.told);
		json_array_clear(wire.spans);
	}
	cut(false);
	for (unsigned i = 0; i < 20; i++) {
		release_all();
		wire_pass(5000);
		far_lets_go();
		wire.far[1].n = wire.far[1].seen = 0;
	}
	json_array_clear(wire.told);
	assert_true(group_is_up(wire.g));
	assert_all_free();
	assert_int_equal(channels_in(BCHANNEL_IDLE), 30);
}

/* --- memory ----------------------------------------------------------------------------------------------------------------- */

static void a_life(void *arg)
{
	struct conf *c = arg;
	struct isdn *isdn = NULL;
	struct buf why = buf_growing();
	wire.n_spans = 1;
	wire.kind = TDM_SPAN_E1;
	int err = isdn_new(&isdn, &(struct isdn_params){.driver = &wire_driver, .publish = wire_publish, .wanted = wire_wanted});
	if (!err)
		err = isdn_configure(isdn, c, &why);
	assert_true(!err || err == -ENOMEM);
	mem_deref(isdn);
	buf_reset(&why);
}

static void memory_may_run_out(void **state)
{
	struct conf *c = wire_conf("spans = {\"1\"}");
	wire.told = json_array();
	wire.spans = json_array();
	for (unsigned s = 0; s <= WIRE_SPANS; s++)
		wire.far[s].fd = -1;
	a_life(c); /* so that what is made once is there */
	each_allocation_fails(a_life, c);
	mem_deref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answered_calls_outlive_a_link_that_is_back_within_t309, plain, wire_stop),
		cmocka_unit_test_setup_teardown(t309_ends_calls_of_a_link_that_stays_away, plain, wire_stop),
		cmocka_unit_test_setup_teardown(without_a_link_there_are_no_calls, plain, wire_stop),
		cmocka_unit_test_setup_teardown(the_far_end_restarts_a_channel, plain, wire_stop),
		cmocka_unit_test_setup_teardown(the_far_end_restarts_all_channels, plain, wire_stop),
		cmocka_unit_test_setup_teardown(the_far_end_restarts_a_channel_that_is_not_ours, plain, wire_stop),
		cmocka_unit_test_setup_teardown(an_operator_restarts_a_channel, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_restart_that_is_not_answered_takes_the_channel_out, plain, wire_stop),
		cmocka_unit_test_teardown(channels_are_taken_out_of_service_by_both_sides, wire_stop),
		cmocka_unit_test_teardown(what_operators_do_at_the_gateway_is_heeded, wire_stop),
		cmocka_unit_test_setup_teardown(an_alarm_takes_channels_out_and_its_end_brings_them_back, plain, wire_stop),
		cmocka_unit_test_setup_teardown(answered_calls_outlive_a_cable_that_is_back_within_t309, plain, wire_stop),
		cmocka_unit_test_setup_teardown(t309_ends_calls_of_a_cable_that_stays_away, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_span_is_pulled_and_put_back, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_span_that_is_back_before_its_link_is_lost, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_that_is_not_answered_ends_with_its_card, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_that_is_cleared_while_its_card_is_out_is_over, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_that_is_cleared_while_its_link_is_lost_is_over, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_that_was_being_cleared_ends_with_the_link, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_channel_that_is_being_removed_is_not_opened_again, plain, wire_stop),
		cmocka_unit_test_teardown(a_far_end_of_the_same_side_is_told_in_one_line, wire_stop),
		cmocka_unit_test_setup_teardown(one_d_channel_has_the_channels_of_all_spans, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(an_interface_is_restarted, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(the_backup_takes_over_and_calls_go_on, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(calls_of_a_failed_span_without_the_d_channel_are_cleared, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(calls_of_a_failed_span_are_cleared_when_the_backup_takes_over, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(the_primary_is_in_use_whichever_comes_up_first, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(the_backup_is_in_use_without_a_primary, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(t309_ends_calls_when_both_are_lost, nfas, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_that_the_far_end_has_not_is_cleared, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_reload_keeps_calls_unless_the_group_is_another, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_reload_turns_overlap_sending_on, plain, wire_stop),
		cmocka_unit_test_setup_teardown(channels_that_appear_are_told_of, plain, wire_stop),
		cmocka_unit_test_setup_teardown(a_group_in_the_place_of_another_has_its_alarm, plain, wire_stop),
		cmocka_unit_test_setup_teardown(malformed_messages_disturb_nothing, plain, wire_stop),
		cmocka_unit_test_setup_teardown(nothing_stays_whatever_happens, plain, wire_stop),
		cmocka_unit_test_teardown(memory_may_run_out, wire_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
