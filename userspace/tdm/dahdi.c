// SPDX-License-Identifier: GPL-2.0-or-later
/* DAHDI's ioctls, each behind one function of struct tdm_driver and nowhere else. */
#include "tdm/driver.h"
#include <dahdi/user.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHANNEL "/dev/dahdi/channel"

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static int set_int(int fd, unsigned long request, int value)
{
	return call(fd, request, &value);
}

static int open_channel(unsigned channel)
{
	int fd = open(channel ? CHANNEL : TDM_CTL_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = channel ? set_int(fd, DAHDI_SPECIFY, channel) : 0;
	if (err) {
		close(fd);
		return err == -EINVAL ? -ENXIO : err;
	}
	return fd;
}

/* --- what is seen -------------------------------------------------------------------------------------------------- */

static const struct {
	unsigned theirs, ours;
} alarm_bits[] = {
	{DAHDI_ALARM_LOS, 1 << TDM_LOS},
	{DAHDI_ALARM_LFA, 1 << TDM_LOF},
	{DAHDI_ALARM_LMFA, 1 << TDM_LOMF},
	{DAHDI_ALARM_BLUE, 1 << TDM_AIS},
	{DAHDI_ALARM_YELLOW, 1 << TDM_RAI},
	{DAHDI_ALARM_LOOPBACK, 1 << TDM_LOOPED},
};

#define VERBOSE (DAHDI_ALARM_LOS | DAHDI_ALARM_LFA | DAHDI_ALARM_LMFA)

static unsigned defects_of(unsigned alarms)
{
	unsigned defects = 0;
	for (size_t i = 0; i < sizeof(alarm_bits) / sizeof(alarm_bits[0]); i++)
		if (alarms & alarm_bits[i].theirs)
			defects |= alarm_bits[i].ours;
	/* A red alarm of a driver that does not say of what: the frames are not found, at least. */
	if (alarms & DAHDI_ALARM_RED && !(alarms & (VERBOSE | DAHDI_ALARM_BLUE)))
		defects |= 1 << TDM_LOF;
	return defects;
}

static enum tdm_span_kind kind_of(const struct dahdi_spaninfo *i)
{
	if (!i->linecompat)
		return TDM_SPAN_ANALOG;
	if (i->totalchans == 3)
		return TDM_SPAN_BRI;
	return i->totalchans > 24 ? TDM_SPAN_E1 : TDM_SPAN_T1;
}

#define COPY(dst, src) slice_copy(slice_of((src), strnlen((src), sizeof(src))), (dst), sizeof(dst))

static int span_read(int ctl, unsigned span, struct tdm_span_status *ret)
{
	struct dahdi_spaninfo i = {.spanno = span};
	int err = call(ctl, DAHDI_SPANSTAT, &i);
	if (err)
		return err == -EINVAL ? -ENXIO : err;
	struct tdm_span_status s = {
		.number = span,
		.kind = kind_of(&i),
		.channels = i.totalchans,
		.total_spans = i.totalspans,
		.sync_source = i.syncsrc,
		.defects = defects_of(i.alarms),
		.errors = {[TDM_CRC] = i.crc4count, [TDM_BPV] = i.bpvcount, [TDM_EBIT] = i.ebitcount, [TDM_FAS] = i.fascount,
			   [TDM_FRAME_ERRORS] = i.fecount, [TDM_CODE_VIOLATIONS] = i.cvcount, [TDM_BIT_ERRORS] = i.becount,
			   [TDM_ERRORED_SECONDS] = i.errsec, [TDM_IRQ_MISSES] = i.irqmisses},
	};
	COPY(s.name, i.name);
	COPY(s.description, i.desc);
	COPY(s.maker, i.manufacturer);
	COPY(s.device, i.devicetype);
	COPY(s.location, i.location);
	*ret = s;
	return 0;
}

static const int sigtypes[TDM_SIGNALLINGS] = {
	[TDM_UNUSED] = DAHDI_SIG_NONE,
	[TDM_FXSLS] = DAHDI_SIG_FXSLS,
	[TDM_FXSGS] = DAHDI_SIG_FXSGS,
	[TDM_FXSKS] = DAHDI_SIG_FXSKS,
	[TDM_FXOLS] = DAHDI_SIG_FXOLS,
	[TDM_FXOGS] = DAHDI_SIG_FXOGS,
	[TDM_FXOKS] = DAHDI_SIG_FXOKS,
	[TDM_EM] = DAHDI_SIG_EM,
	[TDM_EM_E1] = DAHDI_SIG_EM_E1,
	[TDM_CAS] = DAHDI_SIG_CAS,
	[TDM_BCHAN] = DAHDI_SIG_CLEAR, /* and TDM_CLEAR: the same, bundled */
	[TDM_CLEAR] = DAHDI_SIG_CLEAR,
	[TDM_DCHAN] = DAHDI_SIG_HDLCFCS,
	[TDM_HARDHDLC] = DAHDI_SIG_HARDHDLC,
	[TDM_RAWHDLC] = DAHDI_SIG_HDLCRAW,
	[TDM_NETHDLC] = DAHDI_SIG_HDLCNET,
	[TDM_MTP2] = DAHDI_SIG_MTP2,
	[TDM_DACS] = DAHDI_SIG_DACS,
	[TDM_DACSRBS] = DAHDI_SIG_DACS_RBS,
};

static enum tdm_signalling signalling_of(int sigtype)
{
	for (unsigned i = 0; i < TDM_SIGNALLINGS; i++)
		if (sigtypes[i] == sigtype)
			return i;
	return TDM_UNUSED;
}

static int channel_read(int ctl, unsigned channel, struct tdm_channel_status *ret)
{
	struct dahdi_params p = {.channo = channel};
	int err = call(ctl, DAHDI_GET_PARAMS, &p);
	if (err)
		return err == -EINVAL ? -ENXIO : err;
	struct tdm_channel_status s = {
		.number = channel,
		.span = p.spanno,
		.position = p.chanpos,
		.signalling = signalling_of(p.sigtype),
		.law = p.curlaw == DAHDI_LAW_ALAW ? TDM_LAW_ALAW : TDM_LAW_MULAW,
		.off_hook = p.rxisoffhook,
		.rx_bits = p.rxbits & 15,
		.tx_bits = p.txbits & 15,
		.defects = defects_of(p.chan_alarms),
	};
	COPY(s.name, p.name);
	*ret = s;
	return 0;
}

/* --- set-up -------------------------------------------------------------------------------------------------------- */

static int span_setup(int ctl, unsigned span, const struct tdm_span_setup *s)
{
	static const int framings[TDM_FRAMINGS] = {[TDM_D4] = DAHDI_CONFIG_D4, [TDM_ESF] = DAHDI_CONFIG_ESF, [TDM_FRAMING_CCS] = DAHDI_CONFIG_CCS};
	static const int codings[TDM_CODINGS] = {[TDM_AMI] = DAHDI_CONFIG_AMI, [TDM_B8ZS] = DAHDI_CONFIG_B8ZS, [TDM_HDB3] = DAHDI_CONFIG_HDB3};
	struct dahdi_lineconfig c = {
		.span = span,
		.lbo = s->build_out,
		.sync = s->timing,
		.lineconfig = framings[s->framing] | codings[s->coding] | (s->crc4 ? DAHDI_CONFIG_CRC4 : 0) |
			      (s->yellow ? DAHDI_CONFIG_NOTOPEN : 0) | (s->nt ? DAHDI_CONFIG_NTTE : 0) | (s->terminate ? DAHDI_CONFIG_TERM : 0),
	};
	return call(ctl, DAHDI_SPANCONFIG, &c);
}

/* The tones are made elsewhere, with the voice; the driver only rings. It does not without a zone, and one zone is enough. */
static int ringing(int ctl, const unsigned ms[TDM_CADENCE])
{
	struct dahdi_tone_def_header zone = {.count = 0, .zone = 0, .name = "Tandem"};
	for (int i = 0; i < TDM_CADENCE && i < DAHDI_MAX_CADENCE; i++)
		zone.ringcadence[i] = ms[i];
	int err = call(ctl, DAHDI_LOADZONE, &zone);
	return err == -EBUSY || err == -EEXIST || err == -EINVAL ? 0 : err;
}

static int span_start(int ctl, unsigned span)
{
	return set_int(ctl, DAHDI_STARTUP, span);
}

static int channel_setup(int ctl, unsigned channel, const struct tdm_channel_setup *c)
{
	bool slave = c->master && c->master != channel;
	struct dahdi_chanconfig cc = {
		.chan = channel,
		.sigtype = slave ? DAHDI_SIG_SLAVE : sigtypes[c->signalling],
		.deflaw = (int[]){DAHDI_LAW_DEFAULT, DAHDI_LAW_MULAW, DAHDI_LAW_ALAW}[c->law],
		.master = c->master ? c->master : channel,
		.idlebits = c->dacs ? c->dacs : c->idle_bits,
	};
	memcpy(cc.netdev_name, c->device, sizeof(cc.netdev_name));
	return call(ctl, DAHDI_CHANCONFIG, &cc);
}

static int canceller(int ctl, unsigned channel, const char *name)
{
	struct dahdi_attach_echocan a = {.chan = channel};
	slice_copy(slice_str(name), a.echocan, sizeof(a.echocan));
	int err = call(ctl, DAHDI_ATTACH_ECHOCAN, &a);
	return err == -EINVAL ? -ENOENT : err;
}

static void dynamic_of(struct dahdi_dynamic_span *ret, const struct tdm_dynamic_setup *d)
{
	*ret = (struct dahdi_dynamic_span){.numchans = d->channels, .timing = d->timing};
	slice_copy(slice_str(d->driver), ret->driver, sizeof(ret->driver));
	slice_copy(slice_str(d->address), ret->addr, sizeof(ret->addr));
}

static int dynamic_add(int ctl, const struct tdm_dynamic_setup *d, unsigned *ret_span)
{
	struct dahdi_dynamic_span span;
	dynamic_of(&span, d);
	int err = call(ctl, DAHDI_DYNAMIC_CREATE, &span);
	if (!err)
		*ret_span = span.spanno;
	return err;
}

static int dynamic_remove(int ctl, const struct tdm_dynamic_setup *d)
{
	struct dahdi_dynamic_span span;
	dynamic_of(&span, d);
	return call(ctl, DAHDI_DYNAMIC_DESTROY, &span);
}

static int maintain(int ctl, unsigned span, enum tdm_maintenance what)
{
	static const int commands[] = {
		[TDM_NORMAL] = DAHDI_MAINT_NONE,
		[TDM_LOOP_LOCAL] = DAHDI_MAINT_LOCALLOOP,
		[TDM_LOOP_LINE] = DAHDI_MAINT_NETWORKLINELOOP,
		[TDM_LOOP_PAYLOAD] = DAHDI_MAINT_NETWORKPAYLOADLOOP,
		[TDM_LOOP_UP] = DAHDI_MAINT_LOOPUP,
		[TDM_LOOP_DOWN] = DAHDI_MAINT_LOOPDOWN,
		[TDM_RESET_ERRORS] = DAHDI_RESET_COUNTERS,
	};
	struct dahdi_maintinfo m = {.spanno = span, .command = commands[what]};
	return call(ctl, DAHDI_MAINT, &m);
}

/* --- an open channel ----------------------------------------------------------------------------------------------- */

static int audio(int fd, bool on)
{
	return set_int(fd, DAHDI_AUDIOMODE, on);
}

static int hdlc(int fd, bool on)
{
	return set_int(fd, DAHDI_HDLCFCSMODE, on);
}

static int hdlc_rate(int fd, unsigned kbit)
{
	return set_int(fd, DAHDI_HDLC_RATE, kbit);
}

static int law(int fd, enum tdm_law l)
{
	return set_int(fd, DAHDI_SETLAW, (int[]){DAHDI_LAW_DEFAULT, DAHDI_LAW_MULAW, DAHDI_LAW_ALAW}[l]);
}

static int buffers(int fd, const struct tdm_buffers *b)
{
	struct dahdi_bufferinfo i = {
		.txbufpolicy = b->write_half_full ? DAHDI_POLICY_HALF_FULL : DAHDI_POLICY_IMMEDIATE,
		.rxbufpolicy = DAHDI_POLICY_IMMEDIATE,
		.numbufs = b->count,
		.bufsize = b->bytes,
	};
	return call(fd, DAHDI_SET_BUFINFO, &i);
}

static int buffer_events(int fd, bool on)
{
	return set_int(fd, DAHDI_BUFFER_EVENTS, on);
}

static int gains(int fd, const struct tdm_gains *g)
{
	struct dahdi_gains table = {0};
	memcpy(table.rxgain, g->rx, sizeof(table.rxgain));
	memcpy(table.txgain, g->tx, sizeof(table.txgain));
	return call(fd, DAHDI_SETGAINS, &table);
}

static int cancel_echo(int fd, unsigned tail)
{
	return set_int(fd, DAHDI_ECHOCANCEL, tail);
}

static int loop(int fd, bool on)
{
	return set_int(fd, DAHDI_LOOPBACK, on);
}

static int flush(int fd, unsigned what)
{
	return set_int(fd, DAHDI_FLUSH, (what & TDM_FLUSH_READ ? DAHDI_FLUSH_READ : 0) | (what & TDM_FLUSH_WRITE ? DAHDI_FLUSH_WRITE : 0) |
						(what & TDM_FLUSH_EVENTS ? DAHDI_FLUSH_EVENT : 0));
}

/* Of a channel that is gone the driver gives its last event and fails at once. */
static int event(int fd, struct tdm_event *ret)
{
	int code = DAHDI_EVENT_NONE;
	int err = call(fd, DAHDI_GETEVENT, &code);
	if (err && err != -ENODEV)
		return err;
	*ret = tdm_event_of(err ? DAHDI_EVENT_REMOVED : code);
	return 0;
}

/* A hook state that takes its time is under way, and its end is TDM_EV_HOOK_DONE: not an error. */
static int hook(int fd, enum tdm_hook what)
{
	static const int states[] = {
		[TDM_ONHOOK] = DAHDI_ONHOOK, [TDM_OFFHOOK] = DAHDI_OFFHOOK, [TDM_WINK] = DAHDI_WINK, [TDM_FLASH] = DAHDI_FLASH,
		[TDM_START] = DAHDI_START, [TDM_RING] = DAHDI_RING, [TDM_RING_OFF] = DAHDI_RINGOFF,
	};
	int err = set_int(fd, DAHDI_HOOK, states[what]);
	return err == -EINPROGRESS ? 0 : err;
}

static int bits_read(int fd, uint8_t *ret)
{
	int bits;
	int err = call(fd, DAHDI_GETRXBITS, &bits);
	if (!err)
		*ret = bits & 15;
	return err;
}

static int bits_write(int fd, uint8_t bits)
{
	return set_int(fd, DAHDI_SETTXBITS, bits);
}

static int dial_pulses(int fd, const char *digits)
{
	struct dahdi_dialoperation d = {.op = DAHDI_DIAL_OP_APPEND, .dialstr = "P"};
	if (slice_copy(slice_str(digits), d.dialstr + 1, sizeof(d.dialstr) - 1))
		return -ENOSPC;
	return call(fd, DAHDI_DIAL, &d);
}

static int cadence(int fd, const unsigned ms[TDM_CADENCE])
{
	struct dahdi_ring_cadence c = {0};
	for (int i = 0; i < TDM_CADENCE && i < DAHDI_MAX_CADENCE; i++)
		c.ringcadence[i] = ms[i];
	return call(fd, DAHDI_SETCADENCE, &c);
}

static int onhook_voice(int fd, unsigned ms)
{
	return set_int(fd, DAHDI_ONHOOKTRANSFER, ms);
}

static int reverse(int fd, bool on)
{
	return set_int(fd, DAHDI_SETPOLARITY, on);
}

static int messages(int fd, unsigned count)
{
	return set_int(fd, DAHDI_VMWI, count);
}

const struct tdm_driver tdm_dahdi = {
	.name = "dahdi",
	.open = open_channel,
	.span_read = span_read,
	.channel_read = channel_read,
	.span_setup = span_setup,
	.ringing = ringing,
	.span_start = span_start,
	.channel_setup = channel_setup,
	.canceller = canceller,
	.dynamic_add = dynamic_add,
	.dynamic_remove = dynamic_remove,
	.maintain = maintain,
	.audio = audio,
	.hdlc = hdlc,
	.hdlc_rate = hdlc_rate,
	.law = law,
	.buffers = buffers,
	.buffer_events = buffer_events,
	.gains = gains,
	.cancel_echo = cancel_echo,
	.loop = loop,
	.flush = flush,
	.event = event,
	.hook = hook,
	.bits_read = bits_read,
	.bits_write = bits_write,
	.dial_pulses = dial_pulses,
	.cadence = cadence,
	.onhook_voice = onhook_voice,
	.reverse = reverse,
	.messages = messages,
};

const char *const tdm_span_kind_names[TDM_SPAN_KINDS] = {"aaln", "ds1", "e1", "bri"};
const char *const tdm_defect_names[TDM_DEFECTS] = {"LOS", "LOF", "LOMF", "AIS", "RAI", "looped"};
