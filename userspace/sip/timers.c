// SPDX-License-Identifier: GPL-3.0-or-later
/* The timers of RFC 3261 table 4, RFC 6026 and 13.3.1, in one table: each follows from T1, T2 or T4 except the two that
 * the standard gives in minutes, and some are for unreliable transports only. */
#include "sip/stack_priv.h"

enum base { OF_T1, OF_T4, FIXED_MS };

static const struct {
	enum base base;
	uint32_t times;
	bool unreliable; /* 17.1, 17.2: zero over a reliable transport */
} table[SIP_TIMERS] = {
	[SIP_TIMER_A] = {OF_T1, 1, true},	      /* INVITE retransmission, doubling without bound */
	[SIP_TIMER_B] = {OF_T1, 64},	      /* INVITE transaction time-out */
	[SIP_TIMER_C] = {FIXED_MS, 180000},   /* an INVITE rings for so long (16.6 step 11) */
	[SIP_TIMER_D] = {OF_T1, 64, true},	      /* response retransmissions absorbed; at least 32 s with the usual T1 */
	[SIP_TIMER_E] = {OF_T1, 1, true},	      /* non-INVITE retransmission, doubling up to T2 */
	[SIP_TIMER_F] = {OF_T1, 64},	      /* non-INVITE transaction time-out */
	[SIP_TIMER_G] = {OF_T1, 1, true},	      /* INVITE final response retransmission, doubling up to T2 */
	[SIP_TIMER_H] = {OF_T1, 64},	      /* no ACK came */
	[SIP_TIMER_I] = {OF_T4, 1, true},	      /* ACK retransmissions absorbed */
	[SIP_TIMER_J] = {OF_T1, 64, true},	      /* non-INVITE retransmissions answered again */
	[SIP_TIMER_K] = {OF_T4, 1, true},	      /* non-INVITE response retransmissions absorbed */
	[SIP_TIMER_L] = {OF_T1, 64},	      /* INVITE retransmissions after a 2xx absorbed (RFC 6026) */
	[SIP_TIMER_M] = {OF_T1, 64},	      /* further 2xx taken, also of forks (RFC 6026) */
	[SIP_TIMER_2XX] = {OF_T1, 1},
	[SIP_TIMER_2XX_END] = {OF_T1, 64},
	[SIP_TIMER_CANCEL] = {OF_T1, 64},
	[SIP_TIMER_PROGRESS] = {FIXED_MS, 60000},
};

uint32_t sip_timer_ms(const struct sip_timers *t, enum sip_timer_id id, bool reliable)
{
	if (reliable && table[id].unreliable)
		return 0;
	switch (table[id].base) {
	case OF_T1:
		return t->t1 * table[id].times;
	case OF_T4:
		return t->t4 * table[id].times;
	default:
		return table[id].times;
	}
}

uint32_t sip_timer_next(const struct sip_timers *t, uint32_t ms)
{
	return ms * 2 < t->t2 ? ms * 2 : t->t2;
}
