// SPDX-License-Identifier: GPL-3.0-or-later
/* What tandemctl can do. A new command is a row here; columns are the keys of the daemon's answer. */
#include "ctl/command.h"

static const struct column calls[] = {
	{"id", "CALL", AS_IS},	       {"state", "STATE", AS_IS}, {"from", "FROM", AS_IS},
	{"to", "TO", AS_IS},	       {"a", "A", AS_IS},	  {"b", "B", AS_IS},
	{"duration_ms", "TIME", AS_SECONDS}, {"engine", "ENGINE", AS_IS}, {0},
};

static const struct column registrations[] = {
	{"aor", "USER", AS_IS},		  {"contact", "CONTACT", AS_IS},       {"source", "FROM", AS_IS},
	{"expires_s", "EXPIRES", AS_IS}, {"user_agent", "PHONE", AS_IS},	 {"received_at", "SINCE", AS_TIME},
	{0},
};

static const struct column connections[] = {
	{"transport", "TRANSPORT", AS_IS}, {"peer", "PEER", AS_IS},	   {"address", "ADDRESS", AS_IS}, {"state", "STATE", AS_IS},
	{"age_ms", "AGE", AS_SECONDS},	   {"idle_ms", "IDLE", AS_SECONDS}, {"rx_bytes", "RECEIVED", AS_IS},
	{"tx_bytes", "SENT", AS_IS},	   {"queued", "QUEUED", AS_IS},	   {"tls", "TLS", AS_IS},	  {"names", "VERIFIED AS", AS_IS},
	{0},
};

static const struct column streams[] = {
	{"call", "CALL", AS_IS},     {"endpoint", "ENDPOINT", AS_IS}, {"connection", "CONN", AS_IS},
	{"local", "LOCAL", AS_IS},   {"remote", "REMOTE", AS_IS},     {"engine", "ENGINE", AS_IS},
	{"packets", "PACKETS", AS_IS}, {"lost", "LOST", AS_IS},	      {"jitter_ms", "JITTER", AS_IS},
	{"mos", "MOS", AS_IS},	     {"sources", "SOURCES", AS_IS},   {"latched", "LATCHED", AS_IS},
	{"refused", "REFUSED", AS_IS}, {"why", "WHY NOT FASTER", AS_IS},
	{0},
};

static const struct column endpoints[] = {
	{"endpoint", "ENDPOINT", AS_IS}, {"state", "STATE", AS_IS}, {"line", "LINE", AS_IS}, {"connections", "CONNECTIONS", AS_IS}, {0},
};

static const struct column counters[] = {
	{"daemon", "DAEMON", AS_IS}, {"group", "GROUP", AS_IS}, {"name", "COUNTER", AS_IS},
	{"value", "VALUE", AS_IS},   {"help", "MEANING", AS_IS}, {0},
};

static const struct column alarms[] = {
	{"severity", "SEVERITY", AS_IS}, {"name", "ALARM", AS_IS},	{"object", "OBJECT", AS_IS},
	{"since", "SINCE", AS_TIME},	 {"cleared", "CLEARED", AS_TIME}, {"count", "COUNT", AS_IS},
	{"detail", "DETAIL", AS_IS},	 {0},
};

static const struct column spans[] = {
	{"span", "SPAN", AS_IS}, {"kind", "KIND", AS_IS}, {"name", "NAME", AS_IS}, {"channels", "CHANNELS", AS_IS}, {"free", "FREE", AS_IS},
	{"used", "USED", AS_IS}, {"defects", "ALARMS", AS_IS}, {"looped", "LOOPED", AS_IS}, {"timing", "TIMING", AS_IS}, {"clock", "CLOCK", AS_IS},
	{"crc", "CRC", AS_IS}, {"bpv", "BPV", AS_IS}, {"slips", "SLIPS", AS_IS}, {"description", "DESCRIPTION", AS_IS}, {0},
};

static const struct column channels[] = {
	{"channel", "CHANNEL", AS_IS}, {"endpoint", "ENDPOINT", AS_IS}, {"signalling", "SIGNALLING", AS_IS}, {"law", "LAW", AS_IS},
	{"group", "GROUP", AS_IS}, {"state", "STATE", AS_IS}, {"faults", "WHY", AS_IS}, {"blocked", "BLOCKED", AS_IS}, {"bert", "BIT ERROR TEST", AS_IS}, {0},
};

static const struct column line_test[] = {
	{"from", "FROM", AS_IS}, {"to", "TO", AS_IS}, {"check", "CHECK", AS_IS}, {"measured", "MEASURED", AS_IS}, {"bound", "BOUND", AS_IS}, {"result", "RESULT", AS_IS},
	{"why", "WHY", AS_IS}, {0},
};

static const struct column tdm_verbs[] = {
	{"verb", "VERB", AS_IS}, {"help", "WHAT IT DOES", AS_IS}, {0},
};

static const struct column call_agents[] = {
	{"agent", "CALL AGENT", AS_IS}, {"address", "AT", AS_IS}, {"state", "STATE", AS_IS}, {"service", "SERVICE", AS_IS}, {"delay_s", "DELAY", AS_IS},
	{"endpoints", "ENDPOINTS", AS_IS}, {"waiting", "UNANSWERED", AS_IS}, {0},
};

static const struct column engines[] = {
	{"interface", "INTERFACE", AS_IS}, {"mode", "MODE", AS_IS}, {"version", "VERSION", AS_IS}, {"why", "WHY NOT FASTER", AS_IS}, {0},
};

static const struct column ports[] = {
	{"address", "ADDRESS", AS_IS}, {"local", "LOCAL", AS_IS}, {"first", "FIRST", AS_IS}, {"last", "LAST", AS_IS},
	{"used", "PAIRS USED", AS_IS}, {"total", "OF", AS_IS},	   {0},
};

static const struct column trunks[] = {
	{"trunk", "TRUNK", AS_IS}, {"state", "STATE", AS_IS}, {"registration", "REGISTRATION", AS_IS}, {"calls", "CALLS", AS_IS}, {"max_calls", "OF", AS_IS}, {"peers", "PEERS", AS_IS}, {0},
};

static const struct column lines[] = {
	{"line", "LINE", AS_IS}, {"kind", "KIND", AS_IS}, {"state", "STATE", AS_IS}, {"calls", "CALLS", AS_IS}, {"max_calls", "OF", AS_IS}, {"why", "WHY", AS_IS}, {0},
};

static const struct column gateways[] = {
	{"gateway", "GATEWAY", AS_IS}, {"state", "STATE", AS_IS}, {"address", "ADDRESS", AS_IS}, {0},
};

static const struct column processes[] = {
	{"name", "PROCESS", AS_IS},	   {"pid", "PID", AS_IS},	       {"state", "STATE", AS_IS},
	{"uptime_ms", "UP", AS_SECONDS}, {"restarts", "RESTARTS", AS_IS}, {"descriptors", "HELD", AS_IS},
	{"last_end", "LAST END", AS_IS}, {0},
};

static const struct column cdr[] = {
	{"setup", "SETUP", AS_TIME}, {"from", "FROM", AS_IS},	    {"to", "TO", AS_IS},
	{"duration_ms", "TIME", AS_SECONDS}, {"released_by", "ENDED BY", AS_IS}, {"sip_code", "SIP", AS_IS},
	{"cause", "CAUSE", AS_IS},   {"why", "WHY", AS_IS},	    {"codec", "CODEC", AS_IS},	    {"mos", "MOS", AS_IS},
	{0},
};

static const struct column sources[] = {
	{"source", "SOURCE", AS_IS},     {"proven", "PROVEN", AS_IS},   {"why", "BANNED FOR", AS_IS}, {"left_ms", "FOR", AS_SECONDS},
	{"bans", "BANS", AS_IS},	 {"messages", "MESSAGES", AS_IS}, {"dropped", "DROPPED", AS_IS}, {"seen_ms", "SEEN BEFORE", AS_SECONDS},
	{0},
};

static const struct column dns[] = {
	{"name", "NAME", AS_IS}, {"type", "TYPE", AS_IS}, {"state", "STATE", AS_IS}, {"ttl_s", "TTL", AS_IS}, {"answer", "ANSWER", AS_IS}, {0},
};

static const struct column dead_targets[] = {
	{"transport", "TRANSPORT", AS_IS}, {"address", "ADDRESS", AS_IS}, {"why", "WHY", AS_IS}, {"times", "TIMES", AS_IS}, {"left_ms", "LEFT", AS_SECONDS}, {0},
};

static const struct column steps[] = {
	{"step", "STEP", AS_IS}, {"result", "RESULT", AS_IS}, {0},
};

static const struct column overload[] = {
	{"class", "REQUESTS", AS_IS}, {"refused_percent", "REFUSED NOW %", AS_IS}, {"refused", "REFUSED", AS_IS}, {"occupancy_percent", "BUSY %", AS_IS}, {0},
};

static const struct column fraud[] = {
	{"rule", "RULE", AS_IS}, {"source", "SOURCE", AS_IS}, {"calls", "CALLS", AS_IS}, {"of", "OF", AS_IS},
	{"talked_ms", "TALKED TODAY", AS_SECONDS}, {"talk_max_ms", "OF", AS_SECONDS}, {0},
};

static const struct column isdn_groups[] = {
	{"group", "GROUP", AS_IS}, {"switch", "SWITCH", AS_IS}, {"side", "SIDE", AS_IS}, {"state", "STATE", AS_IS}, {"calls", "CALLS", AS_IS},
	{"channels", "CHANNELS", AS_IS}, {"free", "FREE", AS_IS}, {"out_of_service", "OUT", AS_IS}, {"d_channel", "D-CHANNEL", AS_IS}, {"why", "WHY", AS_IS}, {0},
};

static const struct column isdn_channels[] = {
	{"endpoint", "CHANNEL", AS_IS}, {"group", "GROUP", AS_IS}, {"state", "STATE", AS_IS}, {"call", "CALL", AS_IS}, {"why", "WHY", AS_IS}, {0},
};

static const struct column isdn_calls[] = {
	{"call", "CALL", AS_IS}, {"group", "GROUP", AS_IS}, {"endpoint", "CHANNEL", AS_IS}, {"direction", "DIRECTION", AS_IS}, {"state", "STATE", AS_IS},
	{"from", "FROM", AS_IS}, {"to", "TO", AS_IS}, {"bearer", "BEARER", AS_IS}, {"age_ms", "TIME", AS_SECONDS}, {0},
};

const struct command commands[] = {
	{.words = "show calls", .help = "calls in progress", .daemons = CA, .columns = calls, .none = "no calls", .run = run_calls},
	{.words = "show registrations", .help = "phones registered", .daemons = CA, .columns = registrations, .none = "no phone is registered"},
	{.words = "show connections", .help = "TCP and TLS connections of SIP", .daemons = CA, .columns = connections, .none = "no connections"},
	{.words = "show streams", .help = "media streams, their engine and quality", .daemons = MG, .columns = streams, .none = "no streams"},
	{.words = "show endpoints", .help = "MGCP endpoints in use", .daemons = MG, .columns = endpoints, .none = "no endpoint is in use"},
	{.words = "show engines", .help = "who relays media on which interface, and why not a faster one", .daemons = MG, .columns = engines,
	 .none = "no interfaces"},
	{.words = "show call-agents", .help = "whom the media gateway tells what happens, and whether they know of its service", .daemons = MG, .columns = call_agents,
	 .none = "nobody is told anything"},
	{.words = "service", .args = "restart|graceful|forced|cancel-graceful [SECONDS]", .help = "takes the media gateway out of service (gracefully: with the last call, or in so many seconds) and back",
	 .daemons = MG, .columns = call_agents, .none = "nobody is told anything", .arg_names = "method delay"},
	{.words = "show ports", .help = "media ports in use on each address", .daemons = MG, .columns = ports, .none = "no addresses"},
	{.words = "show spans", .help = "spans of telephone lines, their alarms, timing, errors and slips", .daemons = MG, .columns = spans, .none = "no spans"},
	{.words = "show channels", .args = "[SPAN]", .help = "telephone channels and their states", .daemons = MG, .columns = channels, .none = "no channels", .arg_names = "span"},
	{.words = "tdm", .args = "[VERB span N|group NAME|channel N|ENDPOINT]", .help = "locks, drains, blocks, resets, loops and tests telephone channels; alone, lists the verbs", .daemons = MG,
	 .columns = tdm_verbs, .none = "no verbs", .run = run_tdm, .own_args = true},
	{.words = "test", .args = "[span|group|channel] FROM [span|group|channel] TO [all] [number NUMBER] [caller NUMBER]", .help = "a test call out of one telephone channel and into another, by a number where a network is between them: each check, measured; alone, the last one",
	 .daemons = MG, .columns = line_test, .none = "no test was made", .run = run_line_test, .own_args = true},
	{.words = "show trunks", .help = "trunks, whether their peers answer, and their calls", .daemons = CA, .columns = trunks, .none = "no trunks"},
	{.words = "show lines", .help = "groups of ISDN channels and lines, whether they take calls, and their calls", .daemons = CA, .columns = lines, .none = "no lines"},
	{.words = "messages", .args = "LINE on|off", .help = "tells the user of a line that messages wait, by lamp and dial tone, or do no more", .daemons = CA,
	 .arg_names = "line waiting"},
	{.words = "trunk drain", .args = "TRUNK", .help = "no new calls over a trunk, an isdn group or a line, either way; those that are there go on, show trunks and show lines say how many", .daemons = CA, .arg_names = "trunk"},
	{.words = "trunk undrain", .args = "TRUNK", .help = "what was drained takes calls again", .daemons = CA, .arg_names = "trunk"},
	{.words = "route test", .args = "FROM TO [--caller NUMBER] [--time 2026-01-05T10:30] [--header \"NAME: VALUE\"]...",
	 .help = "what would become of a call from a user or trunk (or the address of one), rule by rule", .run = run_route_test, .own_args = true},
	{.words = "show gateways", .help = "media gateways and whether they answer", .daemons = CA, .columns = gateways, .none = "no gateways"},
	{.words = "show counters", .help = "every counter", .daemons = CA | MG | ISDN | KEEP, .columns = counters, .none = "no counters"},
	{.words = "show alarms", .help = "alarms that are on, and the last ones cleared", .daemons = CA | MG | ISDN | KEEP, .columns = alarms,
	 .none = "no alarms"},
	{.words = "show cdr", .help = "the last call detail records", .daemons = CA, .columns = cdr, .none = "no calls yet"},
	{.words = "show bans", .help = "addresses whose messages are dropped, and why", .daemons = CA, .columns = sources, .none = "nobody is banned"},
	{.words = "show sources", .help = "addresses that messages came from, the latest first", .daemons = CA, .columns = sources, .none = "no messages yet"},
	{.words = "show dns", .help = "what DNS has answered, and for how long that holds", .daemons = CA, .columns = dns, .none = "nothing has been asked"},
	{.words = "show dead-targets", .help = "places that failed lately and are tried last", .daemons = CA, .columns = dead_targets, .none = "none"},
	{.words = "resolve", .args = "URI [ADDRESS]", .help = "where a request to a SIP URI would go (from an address section's addresses), and why", .daemons = CA,
	 .columns = steps, .none = "nowhere", .arg_names = "uri address", .run = run_resolve},
	{.words = "show overload", .help = "how busy the call agent is, and what it refuses for that", .daemons = CA, .columns = overload, .none = "nothing"},
	{.words = "show fraud", .help = "what users have used of their fraud limits", .daemons = CA, .columns = fraud, .none = "no limit was touched"},
	{.words = "show processes", .help = "the daemons", .daemons = KEEP, .columns = processes, .none = "no processes"},
	{.words = "show config", .help = "the running configuration, passwords hidden", .daemons = CA},
	{.words = "show isdn", .help = "trunk groups of ISDN and their D-channels", .daemons = ISDN, .columns = isdn_groups, .none = "no groups"},
	{.words = "show isdn-channels", .args = "[GROUP]", .help = "B-channels of ISDN", .daemons = ISDN, .columns = isdn_channels, .none = "no channels", .arg_names = "group"},
	{.words = "show isdn-calls", .help = "calls of ISDN as its signalling has them", .daemons = ISDN, .columns = isdn_calls, .none = "no calls"},
	{.words = "isdn restart", .args = "ENDPOINT", .help = "restarts a B-channel, which clears its call", .daemons = ISDN, .arg_names = "endpoint"},
	{.words = "isdn service", .args = "ENDPOINT on|off", .help = "takes a B-channel out of service or back, and tells the far end where the switch type can", .daemons = ISDN,
	 .arg_names = "endpoint on"},
	{.words = "trace", .args = "[sip|mgcp|isdn|line]... [--pcap FILE]", .help = "SIP, MGCP and ISDN messages and signalling of other lines as they come and go; frames of ISDN into a capture file",
	 .daemons = CA | MG | ISDN, .run = run_trace, .own_args = true},
	{.words = "hangup", .args = "CALL", .help = "ends a call", .daemons = CA, .arg_names = "call"},
	{.words = "stream engine", .args = "ENDPOINT|CONN auto|module|null", .help = "who may relay what arrives there: the fastest engine, or none faster than this",
	 .daemons = MG, .columns = streams, .none = "no streams", .arg_names = "stream engine"},
	{.words = "ban", .args = "ADDRESS [SECONDS]", .help = "drops all messages of an address for a while", .daemons = CA, .columns = sources,
	 .none = "nobody was banned", .arg_names = "address seconds"},
	{.words = "unban", .args = "ADDRESS", .help = "ends a ban", .daemons = CA, .columns = sources, .none = "no ban was ended", .arg_names = "address"},
	{.words = "fraud reset", .args = "NAME", .help = "gives a user or trunk its fraud limits anew", .daemons = CA, .arg_names = "source"},
	{.words = "reload", .help = "reads the configuration again", .daemons = CA | MG | ISDN | KEEP, .run = run_reload},
	{.words = "restart", .args = "tandem-ca|tandem-mg|tandem-isdn", .help = "kills a daemon and starts it anew", .daemons = KEEP,
	 .arg_names = "name"},
	{.words = "leave", .help = "ends the daemons and keeps the calls for those that are started next (an upgrade)", .daemons = KEEP},
	{.words = "log level", .args = "[LEVEL]", .help = "shows or sets the log level until the next reload", .daemons = CA | MG | ISDN | KEEP,
	 .arg_names = "level"},
	{.words = "check-config", .args = "FILE", .help = "checks a configuration file", .run = run_check_config},
	{.words = "help config", .args = "[--man]", .help = "every option of the configuration (as a manual page)", .run = run_help_config},
	{.words = "help", .help = "this list", .run = run_help},
	{0},
};
