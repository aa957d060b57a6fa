/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a driver of telephone cards does for us, typed. There is one, `tdm_dahdi` (dahdi.c), and one in the unit tests. Functions return 0 or
 * negative errno; a channel in use by another program is -EBUSY, one that is not there -ENXIO, and -ENOENT says that there is no driver at
 * all. Descriptors are the caller's to close; `ctl` is what open(0) gave. */
#pragma once
#include "tdm/event.h"
#include "tdm/setup.h"

enum tdm_span_kind { TDM_SPAN_ANALOG, TDM_SPAN_T1, TDM_SPAN_E1, TDM_SPAN_BRI, TDM_SPAN_KINDS };

/* What a span may suffer from (G.775, T1.231), as seen now, without integration. */
enum tdm_defect {
	TDM_LOS,  /* loss of signal */
	TDM_LOF,  /* loss of frame alignment */
	TDM_LOMF, /* loss of multiframe alignment */
	TDM_AIS,  /* blue: the far end's equipment sends nothing but ones */
	TDM_RAI,  /* yellow: the far end does not hear us */
	TDM_LOOPED,  /* it is in loopback */
	TDM_DEFECTS
};

/* Errors that a span counts, from when its driver was loaded. */
enum tdm_error {
	TDM_CRC, TDM_BPV, TDM_EBIT, TDM_FAS, TDM_FRAME_ERRORS, TDM_CODE_VIOLATIONS, TDM_BIT_ERRORS, TDM_ERRORED_SECONDS, TDM_IRQ_MISSES,
	TDM_ERRORS
};

struct tdm_span_status {
	unsigned number;
	enum tdm_span_kind kind;
	char name[20], description[40], maker[40], device[40], location[40];
	unsigned channels;
	unsigned total_spans; /* of the machine */
	unsigned sync_source; /* the span whose far end gives the clock, 0: none does */
	unsigned defects;     /* 1 << enum tdm_defect */
	uint32_t errors[TDM_ERRORS];
};

struct tdm_channel_status {
	unsigned number, span, position; /* position: its place in the span, from 1 */
	char name[TDM_NAME_MAX];
	enum tdm_signalling signalling;
	enum tdm_law law;
	bool off_hook;           /* the far end is, or rings */
	uint8_t rx_bits, tx_bits; /* A is 8, B 4, C 2, D 1 */
	unsigned defects;
};

enum tdm_hook { TDM_ONHOOK, TDM_OFFHOOK, TDM_WINK, TDM_FLASH, TDM_START, TDM_RING, TDM_RING_OFF };
enum tdm_flush { TDM_FLUSH_READ = 1, TDM_FLUSH_WRITE = 2, TDM_FLUSH_EVENTS = 4 }; /* or-ed */
enum tdm_maintenance { TDM_NORMAL, TDM_LOOP_LOCAL, TDM_LOOP_LINE, TDM_LOOP_PAYLOAD, TDM_LOOP_UP, TDM_LOOP_DOWN, TDM_RESET_ERRORS };

struct tdm_buffers {
	unsigned count, bytes; /* so many, of so many bytes (8 a millisecond) */
	bool write_half_full;  /* sending begins when they are half full, not at once */
};

/* What becomes of each sample, in the channel's law. */
struct tdm_gains {
	uint8_t rx[256], tx[256];
};

#define TDM_CADENCE 16

/* errno of read() and write() while an event waits to be taken with event(). */
#define TDM_EVENT_WAITS 500

struct tdm_driver {
	const char *name;
	/* A channel for reading, writing and the below, not blocking; 0: the control device. The descriptor, or negative errno. */
	int (*open)(unsigned channel);

	/* Of the control device. */
	int (*span_read)(int ctl, unsigned span, struct tdm_span_status *ret); /* -ENXIO: no such span */
	int (*channel_read)(int ctl, unsigned channel, struct tdm_channel_status *ret);
	int (*span_setup)(int ctl, unsigned span, const struct tdm_span_setup *s);
	int (*ringing)(int ctl, const unsigned ms[TDM_CADENCE]); /* how phones ring unless cadence() says otherwise: needed once before any can; on, off, ... */
	int (*span_start)(int ctl, unsigned span);
	int (*channel_setup)(int ctl, unsigned channel, const struct tdm_channel_setup *c); /* signalling and law */
	int (*canceller)(int ctl, unsigned channel, const char *name); /* which one cancel_echo() switches, "": none. -ENOENT: there is none of that name */
	int (*dynamic_add)(int ctl, const struct tdm_dynamic_setup *d, unsigned *ret_span);
	int (*dynamic_remove)(int ctl, const struct tdm_dynamic_setup *d);
	int (*maintain)(int ctl, unsigned span, enum tdm_maintenance what);

	/* Of an open channel. What is set for a call is back as it was when the channel is closed. */
	int (*audio)(int fd, bool on);   /* a bearer channel carries voice, on: gains and canceller may be; off: bits, untouched */
	int (*hdlc)(int fd, bool on);    /* reads and writes are whole frames with their check sum (two bytes at the end) */
	int (*hdlc_rate)(int fd, unsigned kbit);       /* 56 or 64; this holds when the channel is closed, too */
	int (*law)(int fd, enum tdm_law law);
	int (*buffers)(int fd, const struct tdm_buffers *b);
	int (*buffer_events)(int fd, bool on); /* TDM_READ_OVERRUN and TDM_WRITE_UNDERRUN */
	int (*gains)(int fd, const struct tdm_gains *g);
	int (*cancel_echo)(int fd, unsigned tail); /* tail in samples, 1: the canceller's own; 0: off */
	int (*loop)(int fd, bool on);    /* what is received is sent back */
	int (*flush)(int fd, unsigned what);
	int (*event)(int fd, struct tdm_event *ret); /* the next one, TDM_NO_EVENT when there is none; poll() tells it with POLLPRI */
	int (*hook)(int fd, enum tdm_hook what);
	int (*bits_read)(int fd, uint8_t *ret);
	int (*bits_write)(int fd, uint8_t bits);
	int (*dial_pulses)(int fd, const char *digits);
	int (*cadence)(int fd, const unsigned ms[TDM_CADENCE]); /* of ringing: on, off, on, off, ... */
	int (*onhook_voice)(int fd, unsigned ms); /* for so long voice passes on hook: caller ID */
	int (*reverse)(int fd, bool on);          /* polarity */
	int (*messages)(int fd, unsigned count);  /* the lamp for waiting messages */
};

#define TDM_CTL_DEVICE "/dev/dahdi/ctl" /* there when DAHDI is */

/* Which calls DAHDI, by the ioctls of dahdi/user.h. */
extern const struct tdm_driver tdm_dahdi;

extern const char *const tdm_span_kind_names[TDM_SPAN_KINDS]; /* the unit types of RFC 3435 E.2: "ds1", "e1", ... */
extern const char *const tdm_defect_names[TDM_DEFECTS];
