/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of lines that lead to an exchange, or to another switch by signalling of the channel's own. */
#pragma once
#include "callagent/mgcp_line.h"

/* When a call to an exchange's line counts as answered: the choices of line.answer. */
enum mgcp_answer { MGCP_ANSWER_TOLD, MGCP_ANSWER_DIALLED, MGCP_ANSWER_AFTER };

extern const struct mgcp_line_kind mgcp_fxo, mgcp_em, mgcp_em_mf, mgcp_fgd, mgcp_operator;
