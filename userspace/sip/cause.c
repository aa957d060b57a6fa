// SPDX-License-Identifier: GPL-3.0-or-later
/* SIP status to Q.850 cause (RFC 3398 8.2.6.1) and back (7.2.4.1). */
#include "sip/msg.h"

static const struct {
	uint16_t status;
	uint8_t cause;
} to_cause[] = {
	{400, 41},  {401, 21}, {402, 21}, {403, 21}, {404, 1},   {405, 63},  {406, 79}, {407, 21}, {408, 102},
	{410, 22},  {413, 127}, {414, 127}, {415, 79}, {416, 127}, {420, 127}, {421, 127}, {423, 127}, {480, 18},
	{481, 41},  {482, 25}, {483, 25}, {484, 28}, {485, 1},   {486, 17},  {487, 16}, {488, 31}, {500, 41},
	{501, 79},  {502, 38}, {503, 41}, {504, 102}, {505, 127}, {513, 127}, {580, 47}, {600, 17}, {603, 21},
	{604, 1},   {606, 31}, {607, 21}, {608, 21},
};

static const struct {
	uint8_t cause;
	uint16_t status;
} to_status[] = {
	{1, 404},   {2, 404},   {3, 404},  {16, 480}, {17, 486}, {18, 408}, {19, 480}, {20, 480}, {21, 403}, {22, 410},
	{23, 410},  {25, 483},  {26, 404}, {27, 502}, {28, 484}, {29, 501}, {31, 480}, {34, 503}, {38, 503}, {41, 503},
	{42, 503},  {47, 503},  {55, 403}, {57, 403}, {58, 503}, {65, 488}, {70, 488}, {79, 501}, {87, 403}, {88, 503},
	{102, 504}, {111, 500}, {127, 500},
};

/* Statuses that have no row take 31 "normal, unspecified"; success is 16 "normal call clearing". */
unsigned sip_cause_of_status(unsigned status)
{
	if (status < 300)
		return 16;
	for (size_t i = 0; i < sizeof to_cause / sizeof *to_cause; i++)
		if (to_cause[i].status == status)
			return to_cause[i].cause;
	return 31;
}

unsigned sip_status_of_cause(unsigned cause)
{
	for (size_t i = 0; i < sizeof to_status / sizeof *to_status; i++)
		if (to_status[i].cause == cause)
			return to_status[i].status;
	return 500;
}
