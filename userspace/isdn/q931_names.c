// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/q931_names.h"

const char *q931_name(const struct q931_code *table, unsigned value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

/* Q.931 table 4-2, and Q.932 */
const struct q931_code q931_messages[] = {
	{0x01, "ALERTING"},	  {0x02, "CALL PROCEEDING"}, {0x03, "PROGRESS"},	     {0x05, "SETUP"},	      {0x07, "CONNECT"},
	{0x0d, "SETUP ACKNOWLEDGE"}, {0x0f, "CONNECT ACKNOWLEDGE"}, {0x20, "USER INFORMATION"}, {0x21, "SUSPEND REJECT"}, {0x22, "RESUME REJECT"},
	{0x24, "HOLD"},		  {0x25, "SUSPEND"},	     {0x26, "RESUME"},		     {0x28, "HOLD ACKNOWLEDGE"}, {0x2d, "SUSPEND ACKNOWLEDGE"},
	{0x2e, "RESUME ACKNOWLEDGE"}, {0x30, "HOLD REJECT"}, {0x31, "RETRIEVE"},	     {0x33, "RETRIEVE ACKNOWLEDGE"}, {0x37, "RETRIEVE REJECT"},
	{0x45, "DISCONNECT"},	  {0x46, "RESTART"},	     {0x4d, "RELEASE"},		     {0x4e, "RESTART ACKNOWLEDGE"}, {0x5a, "RELEASE COMPLETE"},
	{0x60, "SEGMENT"},	  {0x62, "FACILITY"},	     {0x64, "REGISTER"},	     {0x6e, "NOTIFY"},	      {0x75, "STATUS ENQUIRY"},
	{0x79, "CONGESTION CONTROL"}, {0x7b, "INFORMATION"}, {0x7d, "STATUS"},		     {0},
};

/* Of the maintenance protocols of AT&T and National ISDN, whose numbers for the two are each other's. */
const struct q931_code q931_maintenance_att[] = {{0x0f, "SERVICE"}, {0x07, "SERVICE ACKNOWLEDGE"}, {0}};
const struct q931_code q931_maintenance_national[] = {{0x07, "SERVICE"}, {0x0f, "SERVICE ACKNOWLEDGE"}, {0}};

/* Q.931 4.5.5 */
const struct q931_code q931_capabilities[] = {
	{0x00, "speech"}, {0x08, "unrestricted digital"}, {0x09, "restricted digital"}, {0x10, "3.1 kHz audio"}, {0x11, "digital with tones"}, {0x18, "video"}, {0},
};
const struct q931_code q931_layer1[] = {
	{1, "V.110"}, {2, "mu-law"}, {3, "A-law"}, {4, "G.721"}, {5, "H.221"}, {6, "H.223"}, {7, "rate adaption of no standard"}, {8, "V.120"}, {9, "X.31"}, {0},
};

/* Q.850 2.2.3 */
const struct q931_code q931_locations[] = {
	{0, "user"}, {1, "private network here"}, {2, "public network here"}, {3, "transit network"}, {4, "public network there"},
	{5, "private network there"}, {7, "international network"}, {10, "beyond an interworking point"}, {0},
};
const struct q931_code q931_causes[] = {
	{1, "unallocated number"},
	{2, "no route to transit network"},
	{3, "no route to destination"},
	{4, "send special information tone"},
	{5, "misdialled trunk prefix"},
	{6, "channel unacceptable"},
	{7, "call awarded, in an established channel"},
	{8, "pre-emption"},
	{9, "pre-emption, circuit reserved"},
	{14, "ported number"},
	{16, "normal clearing"},
	{17, "user busy"},
	{18, "no user responding"},
	{19, "no answer"},
	{20, "subscriber absent"},
	{21, "call rejected"},
	{22, "number changed"},
	{23, "redirection to new destination"},
	{25, "exchange routing error"},
	{26, "non-selected user clearing"},
	{27, "destination out of order"},
	{28, "invalid number format"},
	{29, "facility rejected"},
	{30, "response to STATUS ENQUIRY"},
	{31, "normal, unspecified"},
	{34, "no channel available"},
	{38, "network out of order"},
	{41, "temporary failure"},
	{42, "switching equipment congestion"},
	{43, "access information discarded"},
	{44, "requested channel not available"},
	{46, "precedence call blocked"},
	{47, "resource unavailable, unspecified"},
	{49, "quality of service not available"},
	{50, "facility not subscribed"},
	{53, "outgoing calls barred within closed user group"},
	{55, "incoming calls barred within closed user group"},
	{57, "bearer capability not authorized"},
	{58, "bearer capability not available now"},
	{62, "inconsistent outgoing information"},
	{63, "service not available, unspecified"},
	{65, "bearer capability not implemented"},
	{66, "channel type not implemented"},
	{69, "facility not implemented"},
	{70, "only restricted digital is available"},
	{79, "service not implemented, unspecified"},
	{81, "invalid call reference"},
	{82, "channel does not exist"},
	{83, "suspended call exists, not of this identity"},
	{84, "call identity in use"},
	{85, "no call suspended"},
	{86, "suspended call has been cleared"},
	{87, "user not member of closed user group"},
	{88, "incompatible destination"},
	{90, "closed user group does not exist"},
	{91, "invalid transit network"},
	{95, "invalid message, unspecified"},
	{96, "mandatory element missing"},
	{97, "message type does not exist"},
	{98, "message not compatible with call state"},
	{99, "element does not exist"},
	{100, "invalid element contents"},
	{101, "message not compatible with call state"},
	{102, "recovery on timer expiry"},
	{103, "parameter does not exist, passed on"},
	{110, "message with unrecognized parameter discarded"},
	{111, "protocol error"},
	{127, "interworking, unspecified"},
	{0},
};

/* Q.931 4.5.7 */
const struct q931_code q931_call_states[] = {
	{0, "null"},		   {1, "call initiated"},	{2, "overlap sending"}, {3, "outgoing call proceeding"}, {4, "call delivered"},
	{6, "call present"},	   {7, "call received"},	{8, "connect request"}, {9, "incoming call proceeding"}, {10, "active"},
	{11, "disconnect request"}, {12, "disconnect indication"}, {15, "suspend request"}, {17, "resume request"},	 {19, "release request"},
	{22, "call abort"},	   {25, "overlap receiving"},	{61, "restart request"}, {62, "restart"},		 {0},
};
/* 4.5.23 */
const struct q931_code q931_progress[] = {
	{1, "call is not end-to-end ISDN"}, {2, "called party is not ISDN"}, {3, "calling party is not ISDN"}, {4, "call has returned to ISDN"},
	{5, "interworking changed the service"}, {8, "in-band information is available"}, {10, "delay in response of the called interface"}, {0},
};
/* 4.5.8, 4.5.10 */
const struct q931_code q931_number_types[] = {
	{0, "unknown"}, {1, "international"}, {2, "national"}, {3, "network specific"}, {4, "subscriber"}, {6, "abbreviated"}, {0},
};
const struct q931_code q931_plans[] = {{0, "unknown plan"}, {1, "ISDN plan"}, {3, "data plan"}, {4, "telex plan"}, {8, "national plan"}, {9, "private plan"}, {0}};
const struct q931_code q931_presentations[] = {{0, "presentation allowed"}, {1, "presentation restricted"}, {2, "not available"}, {0}};
const struct q931_code q931_screenings[] = {{0, "not screened"}, {1, "screening passed"}, {2, "screening failed"}, {3, "network provided"}, {0}};
/* Q.952 */
const struct q931_code q931_redirections[] = {
	{0, "unknown reason"}, {1, "busy"}, {2, "no reply"}, {4, "deflection"}, {9, "out of order"}, {10, "by the called terminal"}, {15, "unconditional"}, {0},
};
/* Q.931 4.5.22 and Q.73x */
const struct q931_code q931_notifications[] = {
	{0, "user suspended"}, {1, "user resumed"}, {2, "bearer changed"}, {0x42, "conference established"}, {0x43, "conference disconnected"},
	{0x60, "call is waiting"}, {0x68, "diversion is active"}, {0x69, "transfer, ringing"}, {0x6a, "transfer, answered"}, {0x79, "held"}, {0x7a, "retrieved"},
	{0x7b, "call is diverting"}, {0},
};
/* 4.5.25 */
const struct q931_code q931_restarts[] = {{0, "channels named"}, {6, "single interface"}, {7, "all interfaces"}, {0}};
/* 4.5.28 */
const struct q931_code q931_signals[] = {
	{0, "dial tone on"}, {1, "ring back tone on"}, {2, "intercept tone on"}, {3, "congestion tone on"}, {4, "busy tone on"}, {5, "confirm tone on"},
	{6, "answer tone on"}, {7, "call waiting tone"}, {8, "off-hook warning tone on"}, {0x3f, "tones off"}, {0x4f, "alerting off"}, {0},
};
/* Change status, of the maintenance protocols */
const struct q931_code q931_statuses[] = {{0, "in service"}, {1, "loop back"}, {2, "out of service"}, {3, "continuity check"}, {4, "shut down"}, {0}};

/* Q.921 table 5, without the P/F bit */
const struct q931_code q921_unnumbered[] = {
	{0x03, "UI"}, {0x0f, "DM"}, {0x43, "DISC"}, {0x63, "UA"}, {0x6f, "SABME"}, {0x87, "FRMR"}, {0xaf, "XID"}, {0},
};
const struct q931_code q921_supervisory[] = {{0x01, "RR"}, {0x05, "RNR"}, {0x09, "REJ"}, {0}};
/* 5.3.1 */
const struct q931_code q921_tei_messages[] = {
	{1, "identity request"}, {2, "identity assigned"}, {3, "identity denied"}, {4, "identity check request"}, {5, "identity check response"},
	{6, "identity remove"},	 {7, "identity verify"}, {0},
};
