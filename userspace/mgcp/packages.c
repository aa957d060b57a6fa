// SPDX-License-Identifier: GPL-3.0-or-later
/* The packages, a row an event: the columns of the tables of RFC 3660 and RFC 3064. What is left out does not hold: no detection, no
 * signal, no parameters, and for a time-out signal no time-out (infinite, or until it has been pulsed out). */
#include "mgcp/package.h"

#define X     MGCP_DETECTED
#define C     (MGCP_DETECTED | MGCP_ON_CONNECTION)
#define S     (MGCP_DETECTED | MGCP_HAS_STATE)
#define P     (MGCP_DETECTED | MGCP_PERSISTENT)
#define PS    (MGCP_DETECTED | MGCP_PERSISTENT | MGCP_HAS_STATE)
#define DIGIT (MGCP_DETECTED | MGCP_DIGIT)

#define OO MGCP_ON_OFF
#define TO MGCP_TIME_OUT
#define BR MGCP_BRIEF

#define TYPES(rows) .types = rows, .n = sizeof rows / sizeof *rows

/* Base package, RFC 3435 appendix B */
static const struct mgcp_event_type b_types[] = {
	{.name = "enf", .event = X},
	{.name = "oef", .event = X},
	{.name = "qbo", .event = X},
};
const struct mgcp_package mgcp_package_b = {.name = "B", .version = 0, TYPES(b_types)};

/* Generic media, RFC 3660 2.1 */
static const struct mgcp_event_type g_types[] = {
	{.name = "cf", .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "cg", .signal = TO},
	{.name = "ft", .event = X},
	{.name = "it", .signal = TO},
	{.name = "ld", .event = C},
	{.name = "mt", .event = X},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "pat", .event = X, .event_params = {1, 1}, .signal = OO, .signal_params = {1, 1}},
	{.name = "pt", .signal = TO},
	{.name = "rbk", .signal = TO, .timeout_ms = 180000, .signal_params = {1, 1}, .alias = "rt"},
	{.name = "rt", .signal = TO, .signal_on_connection = true, .timeout_ms = 180000, .signal_hook = MGCP_OFF_HOOK},
};
const struct mgcp_package mgcp_package_g = {.name = "G", .version = 1, TYPES(g_types)};

/* DTMF, RFC 3660 2.2 */
static const struct mgcp_event_type d_types[] = {
	{.name = "0", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "1", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "2", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "3", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "4", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "5", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "6", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "7", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "8", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "9", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "*", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "#", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "A", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "B", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "C", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "D", .event = DIGIT, .signal = BR, .signal_hook = MGCP_OFF_HOOK},
	{.name = "dd", .event = X, .event_params = {0, 3}, .signal = TO, .timeout_ms = 3000, .signal_params = {1, 1}},
	{.name = "do", .signal = OO, .signal_params = {1, 1}},
	{.name = "l", .event = X},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "T", .event = DIGIT, .signal = TO, .timeout_ms = 16000},
};
const struct mgcp_package mgcp_package_d = {.name = "D", .version = 1, TYPES(d_types)};

/* Trunk, RFC 3660 2.3 */
static const struct mgcp_event_type t_types[] = {
	{.name = "as", .event = X, .signal = BR},
	{.name = "bl", .signal = BR},
	{.name = "bz", .signal = TO, .timeout_ms = 30000},
	{.name = "co1", .event = X, .signal = TO, .timeout_ms = 3000},
	{.name = "co2", .event = X, .signal = TO, .timeout_ms = 3000},
	{.name = "ct", .signal = OO, .signal_params = {0, 2}},
	{.name = "lb", .signal = OO},
	{.name = "nm", .event = X, .signal = TO, .timeout_ms = 3000},
	{.name = "mm", .event = X, .signal = TO, .timeout_ms = 3000},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "om", .event = X, .signal = TO, .timeout_ms = 3000},
	{.name = "pst", .signal = TO},
	{.name = "qt", .signal = TO},
	{.name = "ro", .event = X, .signal = TO, .timeout_ms = 30000},
	{.name = "sit", .event = X, .event_params = {1, 1}, .signal = TO, .timeout_ms = 2000, .signal_params = {1, 1}},
	{.name = "tl", .event = X, .signal = TO},
	{.name = "tp", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 3000, .signal_params = {0, 1}},
	{.name = "zz", .event = X, .signal = TO, .timeout_ms = 2000},
};
const struct mgcp_package mgcp_package_t = {.name = "T", .version = 1, TYPES(t_types)};

/* Line, RFC 3660 2.4 */
static const struct mgcp_event_type l_types[] = {
	{.name = "adsi", .signal = BR, .signal_params = {1, 1}},
	{.name = "aw", .event = X, .signal = OO},
	{.name = "bz", .signal = TO, .timeout_ms = 30000, .signal_hook = MGCP_OFF_HOOK},
	{.name = "ci", .signal = BR, .signal_params = {0, 3}},
	{.name = "dl", .signal = TO, .timeout_ms = 16000, .signal_hook = MGCP_OFF_HOOK},
	{.name = "e", .event = X, .signal = TO, .timeout_ms = 2000},
	{.name = "hd", .event = S, .event_hook = MGCP_ON_HOOK},
	{.name = "hf", .event = X, .event_hook = MGCP_OFF_HOOK},
	{.name = "hu", .event = S, .event_hook = MGCP_OFF_HOOK},
	{.name = "ht", .signal = OO},
	{.name = "lsa", .signal = OO},
	{.name = "mwi", .signal = TO, .timeout_ms = 16000, .signal_hook = MGCP_OFF_HOOK},
	{.name = "nbz", .event = X, .signal = TO},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "osi", .signal = TO, .timeout_ms = 900},
	{.name = "ot", .signal = TO, .signal_hook = MGCP_OFF_HOOK},
	{.name = "p", .event = X, .signal = BR},
	{.name = "rg", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r0", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r1", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r2", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r3", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r4", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r5", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r6", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "r7", .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}, .signal_hook = MGCP_ON_HOOK},
	{.name = "ro", .signal = TO, .timeout_ms = 30000},
	{.name = "rs", .signal = BR, .signal_hook = MGCP_ON_HOOK},
	{.name = "s", .event = X, .event_params = {1, 1}, .signal = BR, .signal_params = {1, 1}},
	{.name = "sit", .signal = TO, .timeout_ms = 2000, .signal_params = {0, 1}},
	{.name = "sl", .signal = TO, .timeout_ms = 16000, .signal_params = {0, 1}, .signal_hook = MGCP_OFF_HOOK},
	{.name = "v", .signal = OO},
	{.name = "vmwi", .signal = OO},
	{.name = "wt", .signal = TO, .timeout_ms = 12000},
	{.name = "wt1", .signal = TO, .timeout_ms = 12000},
	{.name = "wt2", .signal = TO, .timeout_ms = 12000},
	{.name = "wt3", .signal = TO, .timeout_ms = 12000},
	{.name = "wt4", .signal = TO, .timeout_ms = 12000},
	{.name = "y", .signal = TO},
	{.name = "z", .signal = BR},
};
const struct mgcp_package mgcp_package_l = {.name = "L", .version = 1, TYPES(l_types)};

/* Handset emulation, RFC 3660 2.5: the line seen from the other end */
static const struct mgcp_event_type h_types[] = {
	{.name = "adsi", .event = X, .signal = BR, .signal_params = {1, 1}},
	{.name = "aw", .event = X, .signal = OO},
	{.name = "bz", .event = X, .signal = TO, .timeout_ms = 30000},
	{.name = "ci", .event = X, .signal = BR, .signal_params = {0, 3}},
	{.name = "dl", .event = X, .signal = TO, .timeout_ms = 16000},
	{.name = "e", .event = X, .signal = TO, .timeout_ms = 2000},
	{.name = "hd", .event = S, .signal = BR},
	{.name = "hf", .event = X, .signal = BR},
	{.name = "hu", .event = S, .signal = BR},
	{.name = "ht", .event = X, .signal = OO},
	{.name = "lsa", .event = X, .signal = OO},
	{.name = "mwi", .event = X, .signal = TO, .timeout_ms = 16000},
	{.name = "nbz", .event = X, .signal = TO},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "osi", .event = X, .signal = TO, .timeout_ms = 900},
	{.name = "ot", .event = X, .signal = TO},
	{.name = "p", .event = X, .signal = BR},
	{.name = "rg", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r0", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r1", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r2", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r3", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r4", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r5", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r6", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "r7", .event = X, .event_params = {0, 1}, .signal = TO, .timeout_ms = 180000, .signal_params = {0, 1}},
	{.name = "ro", .event = X, .signal = TO, .timeout_ms = 30000},
	{.name = "rs", .event = X, .signal = BR},
	{.name = "s", .event = X, .event_params = {1, 1}, .signal = BR, .signal_params = {1, 1}},
	{.name = "sit", .event = X, .event_params = {1, 1}, .signal = TO, .timeout_ms = 2000, .signal_params = {0, 1}},
	{.name = "sl", .event = X, .signal = TO, .timeout_ms = 16000, .signal_params = {0, 1}},
	{.name = "v", .event = X, .signal = OO},
	{.name = "vmwi", .event = X, .signal = OO},
	{.name = "wt", .event = X, .signal = TO, .timeout_ms = 12000},
	{.name = "wt1", .event = X, .signal = TO, .timeout_ms = 12000},
	{.name = "wt2", .event = X, .signal = TO, .timeout_ms = 12000},
	{.name = "wt3", .event = X, .signal = TO, .timeout_ms = 12000},
	{.name = "wt4", .event = X, .signal = TO, .timeout_ms = 12000},
	{.name = "y", .event = X, .signal = TO},
	{.name = "z", .event = X, .signal = BR},
};
const struct mgcp_package mgcp_package_h = {.name = "H", .version = 1, TYPES(h_types)};

/* Supplementary services tones, RFC 3660 2.6 */
static const struct mgcp_event_type sst_types[] = {
	{.name = "cd", .signal = BR},
	{.name = "cj", .signal = BR},
	{.name = "cm", .signal = TO},
	{.name = "cw", .signal = TO, .timeout_ms = 30000},
	{.name = "ht", .signal = OO},
	{.name = "ni", .signal = TO},
	{.name = "nu", .signal = TO},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "pr", .signal = BR},
	{.name = "pt", .signal = BR},
};
const struct mgcp_package mgcp_package_sst = {.name = "SST", .version = 0, TYPES(sst_types)};

/* Digit map extension, RFC 3660 2.7 */
const struct mgcp_package mgcp_package_dm1 = {.name = "DM1", .version = 0};

/* RTP, RFC 3660 2.10 */
static const struct mgcp_event_type r_types[] = {
	{.name = "co1", .event = C, .signal = TO, .signal_on_connection = true, .timeout_ms = 3000},
	{.name = "co2", .event = C, .signal = TO, .signal_on_connection = true, .timeout_ms = 3000},
	{.name = "iu", .event = C, .event_params = {0, 1}},
	{.name = "ji", .event = C},
	{.name = "ma", .event = C},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "pl", .event = C, .event_params = {1, 1}},
	{.name = "qa", .event = C},
	{.name = "rto", .event = C, .event_params = {0, 2}},
	{.name = "sr", .event = C},
	{.name = "uc", .event = C},
};
const struct mgcp_package mgcp_package_r = {.name = "R", .version = 1, TYPES(r_types)};

/* MF, single stage, RFC 3064 2.1 */
static const struct mgcp_event_type ms_types[] = {
	{.name = "ans", .event = P, .signal = BR},
	{.name = "bl", .event = S, .signal = BR},
	{.name = "bz", .signal = TO, .timeout_ms = 30000},
	{.name = "inf", .event = X},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "rel", .event = P, .signal = BR, .signal_params = {0, 1}},
	{.name = "res", .event = P, .signal = BR},
	{.name = "rlc", .event = PS, .signal = BR},
	{.name = "ro", .signal = TO, .timeout_ms = 30000},
	{.name = "rt", .signal = TO, .timeout_ms = 180000},
	{.name = "sup", .event = PS, .signal = TO, .pulsed = true, .signal_params = {1, 1}},
	{.name = "sus", .event = P, .signal = BR},
};
const struct mgcp_package mgcp_package_ms = {.name = "MS", .version = 0, TYPES(ms_types)};

/* Immediate start and basic DTMF and dial pulse, RFC 3064 2.2 */
static const struct mgcp_event_type dt_types[] = {
	{.name = "ans", .event = P, .signal = BR},
	{.name = "bl", .event = S, .signal = BR},
	{.name = "bz", .signal = TO, .timeout_ms = 30000},
	{.name = "dl", .signal = TO, .timeout_ms = 16000},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "rel", .event = P, .signal = BR, .signal_params = {0, 1}},
	{.name = "res", .event = P, .signal = BR},
	{.name = "rlc", .event = PS, .signal = BR},
	{.name = "ro", .signal = TO, .timeout_ms = 30000},
	{.name = "rt", .signal = TO, .timeout_ms = 180000},
	{.name = "sup", .event = PS, .signal = TO, .pulsed = true, .signal_params = {1, 1}},
	{.name = "sus", .event = P, .signal = BR},
};
const struct mgcp_package mgcp_package_dt = {.name = "DT", .version = 0, TYPES(dt_types)};

/* Basic PBX trunk seen from the office, RFC 3064 2.3 */
static const struct mgcp_event_type bl_types[] = {
	{.name = "bz", .signal = TO, .timeout_ms = 30000},
	{.name = "dl", .signal = TO, .timeout_ms = 16000, .signal_hook = MGCP_OFF_HOOK},
	{.name = "hd", .event = PS, .event_hook = MGCP_ON_HOOK},
	{.name = "hf", .event = P, .event_hook = MGCP_OFF_HOOK},
	{.name = "hu", .event = PS, .event_hook = MGCP_OFF_HOOK},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "rel", .signal = BR},
	{.name = "rg", .signal = TO, .timeout_ms = 180000, .signal_hook = MGCP_ON_HOOK},
	{.name = "ro", .signal = TO, .timeout_ms = 30000},
	{.name = "rt", .signal = TO, .signal_on_connection = true, .timeout_ms = 180000},
};
const struct mgcp_package mgcp_package_bl = {.name = "BL", .version = 0, TYPES(bl_types)};

/* MF with feature group D, RFC 3064 2.5 */
static const struct mgcp_event_type md_types[] = {
	{.name = "ans", .event = P, .signal = BR},
	{.name = "awk", .event = P, .signal = BR},
	{.name = "bl", .event = S, .signal = BR},
	{.name = "bz", .signal = TO, .timeout_ms = 30000},
	{.name = "cwk", .signal = BR},
	{.name = "inf", .event = X, .signal = TO, .pulsed = true, .signal_params = {1, 64}},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "rel", .event = P, .signal = BR, .signal_params = {0, 1}},
	{.name = "res", .event = P, .signal = BR},
	{.name = "rlc", .event = PS, .signal = BR},
	{.name = "ro", .signal = TO, .timeout_ms = 30000},
	{.name = "rt", .signal = TO, .timeout_ms = 180000},
	{.name = "sup", .event = PS, .signal = TO, .pulsed = true, .signal_params = {2, 4}},
	{.name = "sus", .event = P, .signal = BR},
	{.name = "swk", .event = X},
};
const struct mgcp_package mgcp_package_md = {.name = "MD", .version = 0, TYPES(md_types)};

/* MF to an operator, RFC 3064 2.6 */
static const struct mgcp_event_type mo_types[] = {
	{.name = "ans", .event = P},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "orbk", .event = X},
	{.name = "rbz", .event = PS},
	{.name = "rcl", .signal = BR},
	{.name = "rel", .event = P, .signal = BR, .signal_params = {0, 1}},
	{.name = "res", .signal = BR},
	{.name = "rlc", .event = PS, .signal = BR},
	{.name = "sup", .signal = TO, .pulsed = true, .signal_params = {2, 2}},
	{.name = "sus", .signal = BR},
	{.name = "swk", .event = X},
};
const struct mgcp_package mgcp_package_mo = {.name = "MO", .version = 0, TYPES(mo_types)};

/* FXO, RFC 3064 2.4 */
static const struct mgcp_event_type do_types[] = {
	{.name = "ci", .event = X},
	{.name = "hd", .signal = BR},
	{.name = "hf", .signal = BR},
	{.name = "hu", .signal = BR},
	{.name = "oc", .event = X},
	{.name = "of", .event = X},
	{.name = "rel", .event = P},
	{.name = "rg", .event = PS},
	{.name = "rlc", .event = PS, .signal = BR},
	{.name = "sup", .signal = TO, .pulsed = true, .signal_params = {1, 1}},
};
const struct mgcp_package mgcp_package_do = {.name = "DO", .version = 0, TYPES(do_types)};
