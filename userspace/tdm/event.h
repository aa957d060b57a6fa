/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens on a channel, as DAHDI tells it. */
#pragma once

enum tdm_event_kind {
	TDM_NO_EVENT,
	TDM_EV_ONHOOK,         /* the far end hung up */
	TDM_EV_OFFHOOK,        /* it lifted the receiver, seized, or rings (the ring is over, on an FXO) */
	TDM_EV_WINK_FLASH,
	TDM_EV_ALARM, TDM_EV_ALARM_OVER,
	TDM_EV_FRAME_ABORTED, TDM_EV_FRAME_OVERRUN, TDM_EV_FRAME_BAD, /* HDLC */
	TDM_EV_DIALLED,        /* all digits are out */
	TDM_EV_RINGER_ON, TDM_EV_RINGER_OFF, /* ours */
	TDM_EV_HOOK_DONE,      /* a wink, flash or start of ours is over */
	TDM_EV_BITS,           /* the far end's signalling bits changed */
	TDM_EV_PULSE_START, TDM_EV_PULSE_DIGIT,
	TDM_EV_POLARITY,
	TDM_EV_RING_BEGIN,
	TDM_EV_REMOVED,        /* the channel is gone: close it */
	TDM_EV_MESSAGES, TDM_EV_NO_MESSAGES, /* the exchange's lamp, on an FXO */
	TDM_EV_CANCELLER_OFF,  /* a modem was heard */
	TDM_EV_NLP_OFF, TDM_EV_NLP_ON,
	TDM_EV_CED_SENT, TDM_EV_CED_HEARD, TDM_EV_CNG_SENT, TDM_EV_CNG_HEARD, /* fax */
	TDM_EV_READ_OVERRUN, TDM_EV_WRITE_UNDERRUN, /* slips between the line's clock and ours */
	TDM_EV_DTMF_DOWN, TDM_EV_DTMF_UP,
	TDM_EV_UNKNOWN,
	TDM_EVENTS
};

struct tdm_event {
	enum tdm_event_kind kind;
	char digit; /* of TDM_EV_PULSE_DIGIT and TDM_EV_DTMF_* */
	int code;   /* the driver's own number */
};

extern const char *const tdm_event_names[TDM_EVENTS];

/* From DAHDI's code. */
struct tdm_event tdm_event_of(int code);
