// SPDX-License-Identifier: GPL-3.0-or-later
/* DAHDI's event codes and ours. */
#include "unit.h"
#include "tdm/event.h"
#include <dahdi/user.h>

static void each_code_has_its_event(void **state)
{
	static const struct {
		int code;
		enum tdm_event_kind kind;
	} all[] = {
		{DAHDI_EVENT_NONE, TDM_NO_EVENT},
		{DAHDI_EVENT_ONHOOK, TDM_EV_ONHOOK},
		{DAHDI_EVENT_RINGOFFHOOK, TDM_EV_OFFHOOK},
		{DAHDI_EVENT_WINKFLASH, TDM_EV_WINK_FLASH},
		{DAHDI_EVENT_ALARM, TDM_EV_ALARM},
		{DAHDI_EVENT_NOALARM, TDM_EV_ALARM_OVER},
		{DAHDI_EVENT_BADFCS, TDM_EV_FRAME_BAD},
		{DAHDI_EVENT_BITSCHANGED, TDM_EV_BITS},
		{DAHDI_EVENT_POLARITY, TDM_EV_POLARITY},
		{DAHDI_EVENT_REMOVED, TDM_EV_REMOVED},
		{DAHDI_EVENT_EC_DISABLED, TDM_EV_CANCELLER_OFF},
		{DAHDI_EVENT_WRITE_UNDERRUN, TDM_EV_WRITE_UNDERRUN},
		{DAHDI_EVENT_WRITE_UNDERRUN + 1, TDM_EV_UNKNOWN},
		{-1, TDM_EV_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct tdm_event e = tdm_event_of(all[i].code);
		assert_int_equal(e.kind, all[i].kind);
		assert_int_equal(e.code, all[i].code);
		assert_int_equal(e.digit, 0);
	}
}

static void digits_come_with_their_event(void **state)
{
	struct tdm_event e = tdm_event_of(DAHDI_EVENT_DTMFDOWN | '#');
	assert_int_equal(e.kind, TDM_EV_DTMF_DOWN);
	assert_int_equal(e.digit, '#');
	e = tdm_event_of(DAHDI_EVENT_DTMFUP | '#');
	assert_int_equal(e.kind, TDM_EV_DTMF_UP);
	e = tdm_event_of(DAHDI_EVENT_PULSEDIGIT | '7');
	assert_int_equal(e.kind, TDM_EV_PULSE_DIGIT);
	assert_int_equal(e.digit, '7');
}

static void every_event_has_a_name_of_its_own(void **state)
{
	for (unsigned i = 0; i < TDM_EVENTS; i++) {
		assert_non_null(tdm_event_names[i]);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(tdm_event_names[i], tdm_event_names[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_has_its_event),
		cmocka_unit_test(digits_come_with_their_event),
		cmocka_unit_test(every_event_has_a_name_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
