/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Overload control: what begins something new is refused in time, so that what has begun is served. The share of new requests that is
 * taken follows how busy the processor is (the occupancy algorithm, of which RFC 6357 treats as of others): each interval it is
 * multiplied by wanted over measured occupancy. What waited in a socket so long that nobody waits for the answer is dropped. */
#pragma once
#include "base/conf.h"
#include "base/ctl.h"
#include "sip/msg.h"

struct overload; /* reference-counted */

struct overload_params {
	const struct conf *conf; /* section overload */
	/* The percentage that is refused has changed; NULL. */
	void (*changed)(void *arg, unsigned loss);
	/* Processor occupancy since the last call; NULL: of this thread and its control group. */
	double (*occupancy)(void *arg);
	void *arg;
};

int overload_new(struct overload **ret, const struct overload_params *p);
void overload_reconfigure(struct overload *o, const struct conf *conf);

/* What is known of a request besides its text. */
struct overload_request {
	bool emergency;  /* exempt */
	bool registered; /* from an address that a phone is registered from */
	bool controlled; /* its sender holds back by itself what it is told to (RFC 7339) */
	uint32_t waited_ms; /* before it was read */
};

enum overload_verdict { OVERLOAD_TAKE, OVERLOAD_REFUSE, OVERLOAD_STALE };
/* `retry_s`: for Retry-After, when it is refused. */
enum overload_verdict overload_judge(struct overload *o, const struct sip_msg *req, const struct overload_request *r, unsigned *retry_s);

/* `show overload`; the argument is the controller. */
extern const struct ctl_verb overload_verbs[];
