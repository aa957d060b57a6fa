// SPDX-License-Identifier: GPL-2.0-or-later
#include "tdm/event.h"
#include <dahdi/user.h>
#include <stddef.h>

#define DIGIT_FLAGS (DAHDI_EVENT_PULSEDIGIT | DAHDI_EVENT_DTMFDOWN | DAHDI_EVENT_DTMFUP)

const char *const tdm_event_names[TDM_EVENTS] = {
	[TDM_NO_EVENT] = "none",
	[TDM_EV_ONHOOK] = "on-hook",
	[TDM_EV_OFFHOOK] = "off-hook",
	[TDM_EV_WINK_FLASH] = "wink-or-flash",
	[TDM_EV_ALARM] = "alarm",
	[TDM_EV_ALARM_OVER] = "alarm-over",
	[TDM_EV_FRAME_ABORTED] = "frame-aborted",
	[TDM_EV_FRAME_OVERRUN] = "frame-overrun",
	[TDM_EV_FRAME_BAD] = "frame-bad",
	[TDM_EV_DIALLED] = "dialled",
	[TDM_EV_RINGER_ON] = "ringer-on",
	[TDM_EV_RINGER_OFF] = "ringer-off",
	[TDM_EV_HOOK_DONE] = "hook-done",
	[TDM_EV_BITS] = "bits",
	[TDM_EV_PULSE_START] = "pulse-start",
	[TDM_EV_PULSE_DIGIT] = "pulse-digit",
	[TDM_EV_POLARITY] = "polarity",
	[TDM_EV_RING_BEGIN] = "ring-begin",
	[TDM_EV_REMOVED] = "removed",
	[TDM_EV_MESSAGES] = "messages",
	[TDM_EV_NO_MESSAGES] = "no-messages",
	[TDM_EV_CANCELLER_OFF] = "canceller-off",
	[TDM_EV_NLP_OFF] = "nlp-off",
	[TDM_EV_NLP_ON] = "nlp-on",
	[TDM_EV_CED_SENT] = "ced-sent",
	[TDM_EV_CED_HEARD] = "ced-heard",
	[TDM_EV_CNG_SENT] = "cng-sent",
	[TDM_EV_CNG_HEARD] = "cng-heard",
	[TDM_EV_READ_OVERRUN] = "read-overrun",
	[TDM_EV_WRITE_UNDERRUN] = "write-underrun",
	[TDM_EV_DTMF_DOWN] = "dtmf-down",
	[TDM_EV_DTMF_UP] = "dtmf-up",
	[TDM_EV_UNKNOWN] = "unknown",
};

static const unsigned char kinds[] = {
	[DAHDI_EVENT_NONE] = TDM_NO_EVENT,
	[DAHDI_EVENT_ONHOOK] = TDM_EV_ONHOOK,
	[DAHDI_EVENT_RINGOFFHOOK] = TDM_EV_OFFHOOK,
	[DAHDI_EVENT_WINKFLASH] = TDM_EV_WINK_FLASH,
	[DAHDI_EVENT_ALARM] = TDM_EV_ALARM,
	[DAHDI_EVENT_NOALARM] = TDM_EV_ALARM_OVER,
	[DAHDI_EVENT_ABORT] = TDM_EV_FRAME_ABORTED,
	[DAHDI_EVENT_OVERRUN] = TDM_EV_FRAME_OVERRUN,
	[DAHDI_EVENT_BADFCS] = TDM_EV_FRAME_BAD,
	[DAHDI_EVENT_DIALCOMPLETE] = TDM_EV_DIALLED,
	[DAHDI_EVENT_RINGERON] = TDM_EV_RINGER_ON,
	[DAHDI_EVENT_RINGEROFF] = TDM_EV_RINGER_OFF,
	[DAHDI_EVENT_HOOKCOMPLETE] = TDM_EV_HOOK_DONE,
	[DAHDI_EVENT_BITSCHANGED] = TDM_EV_BITS,
	[DAHDI_EVENT_PULSE_START] = TDM_EV_PULSE_START,
	[DAHDI_EVENT_TIMER_EXPIRED] = TDM_EV_UNKNOWN,
	[DAHDI_EVENT_TIMER_PING] = TDM_EV_UNKNOWN,
	[DAHDI_EVENT_POLARITY] = TDM_EV_POLARITY,
	[DAHDI_EVENT_RINGBEGIN] = TDM_EV_RING_BEGIN,
	[DAHDI_EVENT_EC_DISABLED] = TDM_EV_CANCELLER_OFF,
	[DAHDI_EVENT_REMOVED] = TDM_EV_REMOVED,
	[DAHDI_EVENT_NEONMWI_ACTIVE] = TDM_EV_MESSAGES,
	[DAHDI_EVENT_NEONMWI_INACTIVE] = TDM_EV_NO_MESSAGES,
	[DAHDI_EVENT_TX_CED_DETECTED] = TDM_EV_CED_SENT,
	[DAHDI_EVENT_RX_CED_DETECTED] = TDM_EV_CED_HEARD,
	[DAHDI_EVENT_TX_CNG_DETECTED] = TDM_EV_CNG_SENT,
	[DAHDI_EVENT_RX_CNG_DETECTED] = TDM_EV_CNG_HEARD,
	[DAHDI_EVENT_EC_NLP_DISABLED] = TDM_EV_NLP_OFF,
	[DAHDI_EVENT_EC_NLP_ENABLED] = TDM_EV_NLP_ON,
	[DAHDI_EVENT_READ_OVERRUN] = TDM_EV_READ_OVERRUN,
	[DAHDI_EVENT_WRITE_UNDERRUN] = TDM_EV_WRITE_UNDERRUN,
};

static enum tdm_event_kind digit_kind(int code)
{
	switch (code & DIGIT_FLAGS) {
	case DAHDI_EVENT_PULSEDIGIT:
		return TDM_EV_PULSE_DIGIT;
	case DAHDI_EVENT_DTMFDOWN:
		return TDM_EV_DTMF_DOWN;
	case DAHDI_EVENT_DTMFUP:
		return TDM_EV_DTMF_UP;
	default:
		return TDM_EV_UNKNOWN;
	}
}

struct tdm_event tdm_event_of(int code)
{
	struct tdm_event e = {.kind = TDM_EV_UNKNOWN, .code = code};
	if (code < 0)
		return e;
	if (code & DIGIT_FLAGS) {
		e.kind = digit_kind(code);
		e.digit = code & 0xff;
	} else if ((size_t)code < sizeof(kinds)) {
		e.kind = kinds[code];
	}
	return e;
}
