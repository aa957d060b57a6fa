// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/outcome.h"
#include "base/counter.h"
#include "sip/msg.h"

enum {
	CNT_ATTEMPTS, CNT_ANSWERED, CNT_TAKEN_OVER, CNT_BUSY, CNT_NO_ANSWER, CNT_CANCELLED, CNT_DECLINED, CNT_UNREACHABLE, CNT_NOT_FOUND, CNT_NOT_ACCEPTABLE,
	CNT_NO_MEDIA, CNT_OTHER, CNT_MEDIA_LOST, CNT_SIGNALLING_LOST, CNT_TOO_LONG, CNT_UNKNOWN_SOURCE, CNT_UNAUTHENTICATED,
	CNT_BAD_REQUEST, CNT_LIMIT, CNT_INCOMPLETE, CNT_TRANSFERRED, CNT_NOT_TRANSFERRED, CNT_MAX,
};

static const struct counter_def defs[CNT_MAX] = {
	[CNT_ATTEMPTS] = {"attempts", "calls begun"},
	[CNT_ANSWERED] = {"answered", "calls answered"},
	[CNT_TAKEN_OVER] = {"taken-over", "answered calls of an earlier process that this one goes on with"},
	[CNT_BUSY] = {"failed-busy", "calls whose called party was busy (486, 600)"},
	[CNT_NO_ANSWER] = {"failed-no-answer", "calls that nobody answered in time (480, 408)"},
	[CNT_CANCELLED] = {"failed-cancelled", "calls given up by the caller before the answer (487)"},
	[CNT_DECLINED] = {"failed-declined", "calls refused by the called party (403, 603)"},
	[CNT_UNREACHABLE] = {"failed-unreachable", "calls whose called party could not be reached (502, 504)"},
	[CNT_NOT_FOUND] = {"failed-not-found", "calls to numbers that lead nowhere (404, 410, 484, 604)"},
	[CNT_NOT_ACCEPTABLE] = {"failed-not-acceptable", "calls whose media the parties could not agree on (415, 488, 606)"},
	[CNT_NO_MEDIA] = {"failed-unavailable", "calls failed for want of a gateway, a port or a service (500, 503)"},
	[CNT_OTHER] = {"failed-other", "calls failed for another reason"},
	[CNT_MEDIA_LOST] = {"ended-media-lost", "answered calls ended because their media were gone"},
	[CNT_SIGNALLING_LOST] = {"ended-signalling-lost", "answered calls ended because a peer stopped answering"},
	[CNT_TOO_LONG] = {"ended-too-long", "answered calls ended at the longest duration allowed"},
	[CNT_UNKNOWN_SOURCE] = {"refused-unknown-source", "requests from addresses that are no trunk's and no user's"},
	[CNT_UNAUTHENTICATED] = {"refused-unauthenticated", "requests challenged or refused for their credentials"},
	[CNT_BAD_REQUEST] = {"refused-bad-request", "requests that ask for what is not offered here (405, 415, 416, 420, ...)"},
	[CNT_TRANSFERRED] = {"transferred", "parties connected with somebody else on request of their peer"},
	[CNT_NOT_TRANSFERRED] = {"transfers-failed", "transfers asked for that came to nothing"},
	[CNT_LIMIT] = {"refused-limit", "calls beyond a limit of the configuration, or for which no trunk was free"},
	[CNT_INCOMPLETE] = {"refused-incomplete", "calls whose number is too short to lead anywhere and may go on (484)"},
};
static uint64_t values[CNT_MAX];
static struct counter_group group = COUNTER_GROUP("calls", defs, values);

/* What each status is counted as, and what the caller is told in its place (0: itself). */
static const struct {
	unsigned status, told;
	int counter;
} statuses[] = {
	{401, 403, CNT_DECLINED},     {402, 0, CNT_DECLINED},        {403, 0, CNT_DECLINED},       {404, 0, CNT_NOT_FOUND},
	{405, 501, CNT_OTHER},        {407, 403, CNT_DECLINED},      {408, 0, CNT_NO_ANSWER},      {410, 0, CNT_NOT_FOUND},
	{415, 488, CNT_NOT_ACCEPTABLE}, {416, 404, CNT_NOT_FOUND},   {420, 500, CNT_OTHER},        {421, 500, CNT_OTHER},
	{480, 0, CNT_NO_ANSWER},      {481, 500, CNT_OTHER},         {484, 0, CNT_NOT_FOUND},      {486, 0, CNT_BUSY},
	{487, 0, CNT_CANCELLED},      {488, 0, CNT_NOT_ACCEPTABLE},  {491, 500, CNT_OTHER},        {493, 488, CNT_NOT_ACCEPTABLE},
	{494, 403, CNT_OTHER},        {500, 0, CNT_NO_MEDIA},        {502, 0, CNT_UNREACHABLE},    {503, 500, CNT_NO_MEDIA},
	{504, 0, CNT_UNREACHABLE},    {600, 0, CNT_BUSY},            {603, 0, CNT_DECLINED},       {604, 0, CNT_NOT_FOUND},
	{606, 0, CNT_NOT_ACCEPTABLE},
};

static int find(unsigned status)
{
	for (unsigned i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return (int)i;
	return -1;
}

/* Smaller is better: 6xx at once, then the lowest class; in 4xx what helps the caller to try again; 408 and 503, which
 * only say that one target was not there, come last of their class. */
static unsigned rank(unsigned status)
{
	switch (status) {
	case 401:
	case 407:
	case 415:
	case 420:
	case 484:
		return 400;
	case 408:
		return 499;
	case 503:
		return 599;
	case 500:
	case 501:
	case 502:
	case 504:
		return 550;
	case 486:
		return 410;
	default:
		if (status >= 600)
			return 1;
		return status >= 400 ? status / 100 * 100 + 50 : status;
	}
}

bool outcome_better(unsigned a, unsigned b)
{
	if (!a || !b)
		return a != 0;
	return rank(a) < rank(b);
}

/* Q.850: 102 recovery on timer expiry, as for any supervision that ran out; 41 temporary failure; 27 destination out of order, its interface does not work. */
unsigned outcome_loss_cause(enum mgcp_loss what)
{
	static const unsigned causes[] = {[MGCP_LOSS_SILENCE] = 102, [MGCP_LOSS_CONNECTION] = 41, [MGCP_LOSS_LINE] = 27};
	return causes[what];
}

/* Q.850: no circuit, network out of order, temporary failure, congestion, resource unavailable. */
static bool is_want_of_lines(unsigned cause)
{
	return cause == 34 || cause == 38 || cause == 41 || cause == 42 || cause == 47;
}

unsigned outcome_for_caller(unsigned status, unsigned cause)
{
	int i = find(status);
	if (status == 503 && is_want_of_lines(cause))
		return 503;
	if (status < 300 || status > 699)
		return 500;
	if (status < 400)
		return 480; /* a redirection is not followed (RFC 3261 16.7 leaves that open), and where it points to is not for the caller to see */
	return i >= 0 && statuses[i].told ? statuses[i].told : status;
}

unsigned outcome_cause(unsigned status)
{
	return sip_cause_of_status(status);
}

void outcome_register(void)
{
	counter_register(&group);
}

void outcome_attempt(void)
{
	values[CNT_ATTEMPTS]++;
}

void outcome_answered(void)
{
	values[CNT_ANSWERED]++;
}

void outcome_taken_over(void)
{
	values[CNT_TAKEN_OVER]++;
}

void outcome_failed(unsigned status)
{
	int i = find(status);
	values[i >= 0 ? statuses[i].counter : CNT_OTHER]++;
}

void outcome_lost(enum outcome_loss why)
{
	values[CNT_MEDIA_LOST + (int)why]++;
}

void outcome_transfer(bool done)
{
	values[done ? CNT_TRANSFERRED : CNT_NOT_TRANSFERRED]++;
}

void outcome_refused(enum outcome_refusal why)
{
	values[CNT_UNKNOWN_SOURCE + (int)why]++;
}
