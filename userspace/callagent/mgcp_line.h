/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line or telephone at a gateway that we drive by MGCP, one section `line` each: its endpoint, the connection there, and who is talked to over it. What
 * its events mean is the business of its kind: a telephone (mgcp_phone.c), or a trunk of some signalling (mgcp_trunk.c). */
#pragma once
#include "callagent/leg_mgcp.h"
#include "callagent/line_media.h"
#include "mgcp/ep.h"
#include "routing/line.h"

struct agent;
struct mgcp_line;
struct signalling;

/* None of it is called for a leg that has left the line. */
struct mgcp_line_kind {
	const char *name; /* as line.kind */
	mgcp_packages packages;
	/* It is in service; `fresh`: whatever was there is gone. The endpoint is to be asked for what the state needs. */
	void (*begin)(struct mgcp_line *l, bool fresh);
	/* It is not any more: its legs have been ended. */
	void (*stop)(struct mgcp_line *l);
	void (*event)(struct mgcp_line *l, const struct mgcp_observed *o, bool asked);
	/* Those were all of one notification. NULL: nobody asks. */
	void (*notified)(struct mgcp_line *l, bool asked);
	/* The endpoint is to be asked for what the state needs once more. */
	void (*again)(struct mgcp_line *l);
	/* The outcome of the oldest request, and its tag. */
	void (*answered)(struct mgcp_line *l, unsigned tag, int err, unsigned code);
	/* Where the hook is, after a restart of ours, or when the gateway was out of touch. */
	void (*hook)(struct mgcp_line *l, enum mgcp_hook hook);
	/* A call for it: 0, or the status to refuse it with. */
	unsigned (*called)(struct mgcp_line *l, struct mgcp_leg *g);
	/* The connection is there for the call. */
	void (*ready)(struct mgcp_line *l, struct mgcp_leg *g);
	/* The line's own call makes progress; is answered. */
	void (*progress)(struct mgcp_line *l, struct mgcp_leg *g, const struct leg_news *n);
	void (*taken)(struct mgcp_line *l, struct mgcp_leg *g);
	/* The other party hangs up, or the line's call fails: `status` as of leg_news. */
	void (*ended)(struct mgcp_line *l, struct mgcp_leg *g, unsigned status, unsigned cause);
	/* The gateway cannot join those who were to hear each other (mgcp_line_confer()). */
	void (*apart)(struct mgcp_line *l);
	/* A leg of another process's call is there again. */
	void (*restored)(struct mgcp_line *l, struct mgcp_leg *g);
	enum line_media_way early; /* what a call to it is until it is answered */
	const struct signalling *signalling; /* of trunks */
};

/* A connection of a line, and the description that it has last been given and how it was to be used. */
struct mgcp_line_conn {
	struct mgcp_line *line;
	struct line_media *media; /* NULL: none */
	struct sdp *pointed;
	enum line_media_way way;
	unsigned jobs;            /* answers about it that are still to come */
};

struct mgcp_line {
	struct link link;
	struct agent *agent;
	struct tel_line *tel; /* its section; referenced */
	const struct mgcp_line_kind *kind;
	struct mgcp_ep *ep;
	struct mgcp_line_conn conns[2];
	struct mgcp_line_conn *talk; /* one of them, with whoever is talked to. The other one is there in a three-way call, for who is held else */
	char object[96], address[64]; /* for the log; the name of the local address */
	unsigned state;        /* of its kind */
	bool off_hook;
	bool scripted;         /* the endpoint knows what to do when its hook goes off */
	bool reversed;         /* its polarity, as told */
	bool messages, told_messages; /* some wait for its user; as it has been told */
	char digits[128];      /* as they are dialled */
	char caller[128], caller_name[128]; /* what the line has told of who calls */
	const char *tone;      /* that is played to it */
	struct mgcp_leg *leg;     /* who is talked to, is called, or rings; it is heard */
	struct mgcp_leg *held;    /* who is on hold; or hears the others, if `confers` */
	struct mgcp_leg *waiting; /* who rings meanwhile */
	struct mgcp_leg *added;   /* who was called while another was held: may be joined to that one; NULL, borrowed */
	bool confers;             /* `leg` and `held` hear each other, or are about to */
	bool unmixed;             /* the gateway has refused that for these two */
	struct timer timer;       /* of its state */
	struct timer settled;     /* nothing had to be asked of the gateway */
};

/* All of an agent. */
struct mgcp_lines {
	struct list all;
	struct agent *agent;
};

/* Makes the lines of the agent's configuration, before calls are restored; what cannot be had is logged and shown as down. */
void mgcp_lines_open(struct mgcp_lines *ls, struct agent *a);
/* Afterwards: their endpoints are asked. */
void mgcp_lines_start(struct mgcp_lines *ls);
/* The configuration has changed: lines that are as they were go on. */
void mgcp_lines_reload(struct mgcp_lines *ls);
void mgcp_lines_close(struct mgcp_lines *ls);
/* NULL: there is none of that name. */
struct mgcp_line *mgcp_lines_find(const struct mgcp_lines *ls, struct slice name);
/* Tells the line's user that messages wait, or do no more. */
void mgcp_line_messages(struct mgcp_line *l, bool waiting);

/* --- what kinds use ------------------------------------------------------------------------------------------------- */
const char *mgcp_line_text(const struct mgcp_line *l, const char *option);
int64_t mgcp_line_int(const struct mgcp_line *l, const char *option);
bool mgcp_line_flag(const struct mgcp_line *l, const char *option);
/* Asks the endpoint; a failure comes as `answered`, later. */
void mgcp_line_ask(struct mgcp_line *l, const struct mgcp_ask *ask);
/* The connections are made, or follow l->leg and, in a three-way call, l->held; afterwards the legs that wait for that go on. */
void mgcp_line_sync(struct mgcp_line *l);
/* A call of the line's, to the number as the line writes it: l->leg. When the connection is there it begins. 0, or the status it cannot be made with. */
unsigned mgcp_line_dial(struct mgcp_line *l, const char *digits);
/* The line tells that the call to it rings (180) or makes progress (183), or answers it. */
void mgcp_line_rings(struct mgcp_line *l, struct mgcp_leg *g, unsigned status);
void mgcp_line_answers(struct mgcp_line *l, struct mgcp_leg *g);
/* Its user hangs up (status 0), or the call to it fails. The leg leaves the line. */
void mgcp_line_hangs_up(struct mgcp_line *l, struct mgcp_leg *g, unsigned status, unsigned cause);
/* A three-way call of l->leg and l->held, who are answered; `apart` follows when that cannot be. */
void mgcp_line_confer(struct mgcp_line *l);
/* It is none any more: l->held has no connection. */
void mgcp_line_part(struct mgcp_line *l);
/* The connection that a leg is described by. */
struct mgcp_line_conn *mgcp_line_conn(struct mgcp_line *l, const struct mgcp_leg *g);
/* The leg is the line's no more; who is left of a three-way call is l->leg. With the last one the connection goes. */
void mgcp_line_forget(struct mgcp_line *l, struct mgcp_leg *g);
/* Of its media; the name is the line's. */
struct media_party mgcp_line_party(const struct mgcp_line *l);
/* Takes over a leg's connection from a store, if it is not there. */
int mgcp_line_restore_media(struct mgcp_line *l, const struct mgcp_leg *g, struct slice record);

extern const struct mgcp_line_kind mgcp_phone, mgcp_pbx;
