// SPDX-License-Identifier: GPL-2.0-or-later
/* Every section and option of tandem.conf. A row here is all it takes: defaults, checks, `tandemctl help config` and the manual
 * page come from it. */
#include "config/schema.h"
#include "config/check.h"
#include "config/target.h"

/* One option: name, type, default, help, and what else its type takes. */
#define OPTION(option_name, option_type, option_default, option_help, ...) \
	{.name = option_name, .type = option_type, .dflt = option_default, .help = option_help, __VA_ARGS__}

static const struct conf_option log_options[] = {
	OPTION("level", CONF_CHOICE, "info", "What is logged: failures of this machine (error), degradation and operators' mistakes (warn), "
	 "mistakes of peers (remote), calls and registrations (info), or everything (debug). Each includes those before it.",
	 .choices = "error|warn|remote|info|debug"),
	OPTION("to", CONF_CHOICE, "stderr", "Where the log goes.", .choices = "stderr|syslog"),
	{0},
};

static const struct conf_option state_options[] = {
	OPTION("directory", CONF_STRING, "/var/lib/tandem", "Directory of what survives a restart of the machine: registrations, call "
	 "state, call detail records.", .check = check_path),
	OPTION("runtime", CONF_STRING, "/run/tandem", "Directory of the control sockets. Several Tandems on one machine need one each.",
	 .check = check_path),
	OPTION("bpffs", CONF_STRING, "/sys/fs/bpf/tandem", "Directory on the BPF file system for pinned programs and tables, so that media "
	 "flows on while tandem-mg restarts. Empty: nothing is pinned.", .check = check_path_or_empty),
	{0},
};

static const struct conf_option process_options[] = {
	OPTION("user", CONF_STRING, "", "User that tandem-ca and tandem-mg run as. Empty: the user that started tandem-keep. They never have "
	 "capabilities, whoever they run as."),
	OPTION("grace", CONF_DURATION, "5s", "How long a daemon may take to end before it is killed.", .min = 100, .max = 60000),
	OPTION("restart-min", CONF_DURATION, "100ms", "First pause before a daemon is started again that has died within ten seconds of its start; it doubles "
	 "up to restart-max. One that has run longer is started again at once.",
	 .min = 10, .max = 60000),
	OPTION("restart-max", CONF_DURATION, "10s", "Longest pause before a daemon that keeps dying is started again.", .min = 10,
	 .max = 600000),
	{0},
};

static const struct conf_option sip_options[] = {
	OPTION("realm", CONF_STRING, "tandem", "Realm of digest authentication. Changing it makes every phone ask for its password anew."),
	OPTION("user-agent", CONF_STRING, "Tandem", "Value of the Server and User-Agent header fields. Empty: these are not sent."),
	OPTION("digest", CONF_CHOICE, "both", "Digest algorithms offered to users that do not choose their own: both offers SHA-256 first, then "
	 "MD5 (RFC 8760).", .choices = "both|sha-256|md5"),
	OPTION("t1", CONF_DURATION, "500ms", "Timer T1 of RFC 3261: estimated round trip. Most SIP timers are multiples of it.", .min = 5,
	 .max = 10000),
	OPTION("t2", CONF_DURATION, "4s", "Timer T2 of RFC 3261: longest retransmission interval of requests other than INVITE.", .min = 5,
	 .max = 60000),
	OPTION("t4", CONF_DURATION, "5s", "Timer T4 of RFC 3261: longest time a message stays in the network.", .min = 5, .max = 60000),
	OPTION("ring-timeout", CONF_DURATION, "3m", "A call that nobody answers ends after this time with 408 (Timer C of RFC 3261).",
	 .min = 100, .max = 3600000),
	OPTION("max-duration", CONF_DURATION, "12h", "An answered call ends after this time. 0: never; one that passes through a proxy is "
	 "counted for a day at most then, should its BYE not come.", .min = 0, .max = 2592000000),
	OPTION("probe-interval", CONF_DURATION, "5m", "How often each side of an answered call is asked with OPTIONS whether it is still there, the first "
	 "time after a tenth of this. Who answers 481, or has answered before and does so no more, ends the call. 0: never.", .min = 0, .max = 86400000),
	OPTION("session-expires", CONF_DURATION, "30m", "How long an answered call lives unless it is refreshed, asked of every peer that knows session "
	 "timers (RFC 4028). Read at start. 0: not asked for; what a peer asks for is granted.", .min = 0, .max = 86400000),
	OPTION("min-se", CONF_DURATION, "90s", "The shortest session that a peer may ask for (Min-SE of RFC 4028); a shorter one is answered with 422. Read at "
	 "start.", .min = 1000, .max = 3600000),
	OPTION("max-calls", CONF_INT, "10000", "Calls at the same time; a further one is answered with 503.", .min = 1, .max = 1000000),
	OPTION("max-calls-per-user", CONF_INT, "0", "Calls of one user at the same time, 0: no limit of its own.", .min = 0, .max = 1000000),
	OPTION("first-response", CONF_DURATION, "4s", "A called phone or trunk that answers nothing in this time, not even 100, is given up, and the next target is "
	 "tried. 0: only after 64 times T1.", .min = 0, .max = 600000),
	OPTION("country", CONF_STRING, "", "Country code of numbers that are dialled without one, such as \"49\".", .check = check_digits),
	OPTION("area", CONF_STRING, "", "Area code of numbers that are dialled without one, such as \"30\".", .check = check_digits),
	OPTION("international-prefix", CONF_STRING, "00", "Digits dialled before a country code.", .check = check_digits),
	OPTION("national-prefix", CONF_STRING, "0", "Digits dialled before an area code.", .check = check_digits),
	OPTION("max-diversions", CONF_INT, "5", "How often a call may be passed on by users it was for.", .min = 0, .max = 8),
	OPTION("time-zone", CONF_STRING, "", "Time zone of routes that name none, such as \"Europe/Berlin\". Empty: that of this machine.", .check = check_zone),
	OPTION("dead-time", CONF_DURATION, "30s", "How long a place that did not answer, could not be reached or answered 503 is tried only after the others that a "
	 "name leads to (RFC 3263 4.3). A 503 with Retry-After says so itself.", .min = 100, .max = 3600000),
	OPTION("max-forwards", CONF_INT, "70", "Max-Forwards of new requests.", .min = 1, .max = 255),
	{0},
};

static const struct conf_option limits_options[] = {
	OPTION("message", CONF_INT, "65535", "Bytes of a message; a longer one is refused with 513.", .min = 1024, .max = 65535),
	OPTION("headers", CONF_INT, "128", "Header fields of a message; one with more is refused with 513.", .min = 16, .max = 256),
	OPTION("header", CONF_INT, "8192", "Bytes of one header field; a message with a longer one is refused with 513.", .min = 256, .max = 65535),
	OPTION("uri", CONF_INT, "2048", "Bytes of the Request-URI and those of From and To; a longer one is refused with 414.", .min = 64, .max = 4096),
	OPTION("via", CONF_INT, "70", "Via values, that is proxies on the way; a message with more is refused with 400.", .min = 1, .max = 1000),
	OPTION("route", CONF_INT, "64", "Route, Record-Route and Path values together; a message with more is refused with 400.", .min = 1, .max = 1000),
	OPTION("contact", CONF_INT, "100", "Contact values; a message with more is refused with 400.", .min = 1, .max = 1000),
	OPTION("body", CONF_INT, "32768", "Bytes of a body; a longer one is refused with 413.", .min = 0, .max = 65535),
	{0},
};

static const struct conf_option security_options[] = {
	OPTION("unknown", CONF_CHOICE, "refuse", "What strangers get, that is whoever is no trunk, has no phone registered and is not in trusted, for anything but the "
	 "methods that act (INVITE, REGISTER, MESSAGE, ...), which are challenged: always the same 403 (refuse), or nothing at all (drop).",
	 .choices = "refuse|drop"),
	OPTION("trusted", CONF_LIST, "", "Networks whose members are no strangers, and neither limited nor banned.", .check = check_prefix),
	OPTION("message-rate", CONF_INT, "100", "Messages a second that are taken from a source (an IPv4 address, or a /64 of IPv6) that is a stranger; "
	 "more are dropped.", .min = 1, .max = 1000000),
	OPTION("message-burst", CONF_INT, "500", "How many may come at once.", .min = 1, .max = 1000000),
	OPTION("failure-rate", CONF_INT, "5", "Wrong passwords a minute from one source before it is banned, if it has shown to be where it says.", .min = 0,
	 .max = 100000),
	OPTION("failure-burst", CONF_INT, "10", "How many may come at once.", .min = 1, .max = 100000),
	OPTION("probe-rate", CONF_INT, "30", "Requests a minute of a stranger for what strangers may not before it is banned, likewise.", .min = 0,
	 .max = 100000),
	OPTION("probe-burst", CONF_INT, "60", "How many may come at once.", .min = 1, .max = 100000),
	OPTION("malformed-rate", CONF_INT, "30", "Malformed messages a minute from one source before it is banned, likewise.", .min = 0, .max = 100000),
	OPTION("malformed-burst", CONF_INT, "60", "How many may come at once.", .min = 1, .max = 100000),
	OPTION("ban-time", CONF_DURATION, "10m", "How long a ban lasts; each further one of a source twice as long. 0: nobody is banned but by an operator.",
	 .min = 0, .max = 2592000000),
	OPTION("ban-max", CONF_DURATION, "1d", "The longest ban.", .min = 0, .max = 2592000000),
	OPTION("sources", CONF_INT, "65536", "Sources remembered; those not seen for longest are forgotten first. Takes effect at the start.", .min = 16,
	 .max = 10000000),
	{0},
};

static const struct conf_option dns_options[] = {
	OPTION("servers", CONF_LIST, "", "DNS servers to ask, in this order, such as \"192.0.2.53\" or \"[2001:db8::53]:5353\". One that fails, refuses or is silent is "
	 "followed by the next. Empty: those of /etc/resolv.conf, which is read again when it changes.", .check = check_address),
	OPTION("attempt", CONF_DURATION, "1s", "How long one server may take before the next is asked.", .min = 10, .max = 30000),
	OPTION("timeout", CONF_DURATION, "5s", "How long the answer to one question may take in all.", .min = 50, .max = 60000),
	OPTION("cache", CONF_INT, "10000", "Answers remembered, each as long as it says. Full, what was not used for longest goes.", .min = 16, .max = 1000000),
	OPTION("prefer", CONF_CHOICE, "ipv6", "Which addresses are tried first where a name has both families and so has the address used (RFC 6724).",
	 .choices = "ipv6|ipv4"),
	{0},
};

static const struct conf_option overload_options[] = {
	OPTION("control", CONF_BOOL, "yes", "Whether part of what begins something new is refused with 503 when the processor cannot do it all. Requests within "
	 "calls and emergency calls never are; refreshed registrations a quarter as often as calls."),
	OPTION("occupancy", CONF_INT, "85", "How busy, in percent, tandem-ca's processor, or the control group that all daemons share, is let be.", .min = 10,
	 .max = 100),
	OPTION("delay", CONF_DURATION, "20ms", "How long messages may wait in a socket, all of them, before that is an overload as well.", .min = 1, .max = 10000),
	OPTION("stale", CONF_DURATION, "500ms", "A new request that waited this long is dropped: its sender is repeating it. 0: never.", .min = 0, .max = 32000),
	OPTION("calls-per-second", CONF_INT, "0", "New calls a second, 0: as many as there is time for.", .min = 0, .max = 1000000),
	OPTION("retry-after", CONF_DURATION, "10s", "Retry-After of the 503, each half as long to half as long again.", .min = 1000, .max = 3600000),
	OPTION("feedback", CONF_BOOL, "no", "Whether our own requests ask their servers to say how much is to be held back (RFC 7339). Peers that ask us are always told."),
	{0},
};

static const struct conf_option destination_options[] = {
	OPTION("prefix", CONF_LIST, NULL, "How numbers of this class begin, as they are sent to the trunk: \"0900\", \"+4491\"."),
	{0},
};

static const struct conf_option fraud_options[] = {
	OPTION("sources", CONF_LIST, "", "Users and trunks that the rule is for, each by itself. Empty: every one."),
	OPTION("destinations", CONF_LIST, "", "Names of destination sections: calls to numbers of these classes. Empty: every call over a trunk."),
	OPTION("time", CONF_LIST, "", "Only calls begun at these times, as route.time. Empty: always.", .check = check_span),
	OPTION("calls-per-minute", CONF_INT, "0", "Calls a minute, 0: no limit.", .min = 0, .max = 1000000),
	OPTION("calls", CONF_INT, "0", "Calls at the same time, 0: no limit.", .min = 0, .max = 1000000),
	OPTION("talk-per-day", CONF_DURATION, "0", "Talking time of a day, of all calls together; when it is used up they end. 0: no limit.", .min = 0,
	 .max = 2592000000),
	{0},
};

static const struct conf_option registrar_options[] = {
	OPTION("min-expiry", CONF_DURATION, "60s", "Shortest registration; a shorter one is answered with 423.", .min = 1000, .max = 86400000),
	OPTION("default-expiry", CONF_DURATION, "1h", "Life of a registration that asks for no time.", .min = 1000, .max = 604800000),
	OPTION("max-expiry", CONF_DURATION, "2h", "Longest registration; a longer one is shortened to this.", .min = 1000, .max = 604800000),
	OPTION("max-contacts", CONF_INT, "10", "Phones that one user may have registered at the same time.", .min = 1, .max = 100),
	OPTION("nonce-life", CONF_DURATION, "5m", "Life of a digest nonce; an older one is answered with stale=true.", .min = 1000,
	 .max = 86400000),
	OPTION("service-route", CONF_LIST, "", "URIs of proxies that requests of registered phones shall go through, such as \"sip:192.0.2.1;lr\" (Service-Route, "
	 "RFC 3608).", .check = check_route_uri),
	OPTION("flow-timer", CONF_DURATION, "0", "How often phones that register with outbound (RFC 5626) shall keep their flow alive, told them as Flow-Timer. A connection on which "
	 "nothing comes for a quarter longer is ended. 0: they choose.", .min = 0, .max = 3600000),
	OPTION("domains", CONF_LIST, "", "Domain names served besides the realm and the addresses of this machine. Empty: any name is taken for ours; an "
	 "IP address never is unless it is."),
	{0},
};

static const struct conf_option proxy_options[] = {
	OPTION("record-route", CONF_BOOL, "yes", "Whether proxies stay in the path of the dialogs they help to make (Record-Route)."),
	OPTION("path", CONF_BOOL, "yes", "Whether a registration that is passed on to another registrar says that requests must come back this way (RFC 3327)."),
	OPTION("recurse", CONF_BOOL, "no", "Whether the contacts of a redirection (3xx) are tried here instead of being passed to the caller."),
	OPTION("next-after", CONF_DURATION, "30s", "How long the contacts of one preference (q) ring before those of the next lower one are tried. 0: until they give "
	 "up.", .min = 0, .max = 3600000),
	OPTION("cdr", CONF_BOOL, "yes", "Whether call detail records are written of what proxies forward."),
	{0},
};

static const struct conf_option domain_options[] = {
	OPTION("role", CONF_CHOICE, "address", "What answers requests for this domain: as address.role; address: what the address they come to says.",
	 .choices = "address|b2bua|proxy|stateless|redirect"),
	OPTION("service-route", CONF_LIST, "", "As registrar.service-route, for phones that register in this domain. Empty: that one.", .check = check_route_uri),
	{0},
};

static const struct conf_option address_options[] = {
	OPTION("local", CONF_LIST, "{\"auto\"}", "IP addresses of this machine, at most one IPv4 and one IPv6. \"auto\" means those of the interface "
	 "of the default route, else of the first interface with a global address, else the loopback addresses.", .check = check_local),
	OPTION("public", CONF_LIST, "", "Behind one-to-one NAT or in a cloud: the public addresses, put into SDP, Via, Contact and Record-Route for "
	 "peers outside local-networks.", .check = check_ip),
	OPTION("local-networks", CONF_LIST, "", "Networks, such as \"192.168.0.0/16\", whose members see the local addresses and not the public ones.",
	 .check = check_prefix),
	OPTION("ports", CONF_STRING, "16384-32767", "Media ports, as FIRST-LAST. A stream takes two.", .check = check_ports),
	OPTION("role", CONF_CHOICE, "b2bua", "What answers requests that come here, unless the domain they are for has a role of its own: back-to-back user agent "
	 "(b2bua), a proxy that stays in the path of dialogs (proxy), one that keeps no state (stateless), or a redirect server (redirect). Registrations of our "
	 "domains are served in each.", .choices = "b2bua|proxy|stateless|redirect"),
	OPTION("sip-port", CONF_INT, "5060", "Port of SIP over UDP and TCP.", .min = 1, .max = 65535),
	OPTION("tls-port", CONF_INT, "5061", "Port of SIP over TLS.", .min = 1, .max = 65535),
	OPTION("ws-port", CONF_INT, "8080", "Port of SIP over WebSocket.", .min = 1, .max = 65535),
	OPTION("wss-port", CONF_INT, "8443", "Port of SIP over secure WebSocket.", .min = 1, .max = 65535),
	OPTION("ws-origins", CONF_LIST, "", "Origins of the pages that may connect by WebSocket, such as \"https://phone.example.com\". Empty: any. Programs that are no "
	 "browsers tell no origin and may always."),
	OPTION("transports", CONF_LIST, "{\"udp\", \"tcp\", \"tls\"}", "What SIP is spoken over: udp, tcp, tls, ws, wss (WebSocket, for browsers: RFC 7118). TLS "
	 "and wss are listened for only when there is a certificate.",
	 .check = check_transport),
	OPTION("certificates", CONF_LIST, "", "Names of the certificate sections that may be shown here; the first is shown to who asks for no name (SNI), or for "
	 "one that is in none of them. Empty: all there are."),
	OPTION("tls-ca", CONF_STRING, "", "File with the certificates (PEM) of the authorities whose certificates are believed. Empty: those of the system.",
	 .check = check_path_or_empty),
	OPTION("tls-verify", CONF_CHOICE, "server", "Whose certificates are checked: nobody's (none); of those we connect to (server), which must then be for the "
	 "name or address connected to (RFC 5922); also of those who connect to us, when they show one (ask) or always, else they are turned away (mutual).",
	 .choices = "none|server|ask|mutual"),
	OPTION("tls-min", CONF_CHOICE, "1.2", "Oldest version of TLS.", .choices = "1.2|1.3"),
	OPTION("engine", CONF_CHOICE, "auto", "Who may relay what arrives at this address: whatever media.engine allows (auto), nothing faster than the kernel "
	 "module (module), or only tandem-mg (null).", .choices = "auto|module|null"),
	OPTION("dscp-voice", CONF_INT, "46", "DSCP of media packets; 46 is EF.", .min = 0, .max = 63),
	OPTION("dscp-signalling", CONF_INT, "40", "DSCP of SIP packets; 40 is CS5.", .min = 0, .max = 63),
	OPTION("site", CONF_STRING, "", "Name of the site section for emergency calls that come in here. Empty: the first one."),
	{0},
};

static const struct conf_option certificate_options[] = {
	OPTION("file", CONF_STRING, NULL, "File with the certificate and those that lead to its root (PEM). It is read again at each reload; connections that are "
	 "there go on.", .check = check_path),
	OPTION("key", CONF_STRING, NULL, "File with its key (PEM). tandem-ca must be allowed to read it.", .check = check_path),
	{0},
};

static const struct conf_option connection_options[] = {
	OPTION("max", CONF_INT, "20000", "TCP, TLS and WebSocket connections at the same time; further ones are refused. 0: no limit.", .min = 0, .max = 1000000),
	OPTION("max-per-source", CONF_INT, "1000", "Connections from one IPv4 address, or a /64 of IPv6, at the same time. 0: no limit of its own.", .min = 0, .max = 1000000),
	OPTION("receive-timeout", CONF_DURATION, "10s", "How long connecting and the handshakes of TLS and WebSocket may take, the first message, and a message that has begun. "
	 "Who takes longer is disconnected.", .min = 100, .max = 600000),
	OPTION("idle-timeout", CONF_DURATION, "3h", "A connection on which nothing comes for this time is ended. 0: never. Longer than registrar.max-expiry, so that "
	 "a registered phone stays reachable.", .min = 0, .max = 604800000),
	OPTION("keep-alive", CONF_DURATION, "2m", "How often connections that this gateway has made to peers are kept alive, so that NATs and firewalls forget none: blank "
	 "lines (RFC 5626), up to a fifth sooner. Who has answered them once and does no more is disconnected. 0: never.", .min = 0, .max = 86400000),
	OPTION("queue", CONF_INT, "1048576", "Bytes that may wait for a peer that does not read; over it, it is disconnected.", .min = 65536, .max = 1073741824),
	{0},
};

static const struct conf_option media_options[] = {
	OPTION("engine", CONF_CHOICE, "auto", "Who relays media: the best that can be had on each interface (auto): XDP in the driver, XDP in the network stack, "
	 "the kernel module; or only XDP in the driver (native), only XDP in the network stack (generic), only the kernel module (module), or tandem-mg alone "
	 "(null). What the one named cannot relay, tandem-mg does.", .choices = "auto|native|generic|module|null"),
	OPTION("threads", CONF_INT, "0", "Threads in which tandem-mg relays what no kernel engine does. 0: one for each CPU it may use.", .min = 0,
	 .max = 32),
	OPTION("interfaces", CONF_LIST, "", "Interfaces that XDP is attached to. Empty: every one with an address of ours, except loopback and that of "
	 "the default route."),
	OPTION("keep-xdp", CONF_BOOL, "no", "Attach XDP through libxdp's dispatcher, beside other programs made for it, which may come and go (xdp-loader). An "
	 "interface with a program of another kind is left alone either way, and says so. Wants state.bpffs and, for tandem-keep, CAP_SYS_ADMIN."),
	OPTION("silence-timeout", CONF_DURATION, "60s", "A stream that should flow and does not for this time is reported, and its call ends. 0: never.",
	 .min = 0, .max = 86400000),
	OPTION("bind", CONF_STRING, "127.0.0.1:2427", "Where tandem-mg listens for MGCP. MGCP has no authentication: keep it on loopback or a network of "
	 "its own, and say in call-agents who is there.", .check = check_address_port),
	OPTION("domain", CONF_STRING, "mg.tandem", "Domain name of this gateway's endpoints, after the @."),
	OPTION("agent", CONF_STRING, "127.0.0.1:2727", "Call agent that tandem-mg announces itself to (RSIP), and tells what happens until another one is named "
	 "(N:): an address or a host name, with or without a port, or several with commas; when one is silent the next is tried. Empty: whoever gave the last command.",
	 .check = check_call_agents),
	OPTION("call-agents", CONF_LIST, "", "Networks whose commands tandem-mg obeys, such as \"192.0.2.0/24\". This machine and the addresses of agent always may.",
	 .check = check_prefix),
	OPTION("restart-wait", CONF_DURATION, "60ms", "After a start the call agent is told at a random time up to this one (MWD of RFC 3435 4.4.6). Of many gateways that "
	 "are switched on together: 2.5s for a gateway with a T1, 10m for one of a few telephones.", .min = 0, .max = 3600000),
	OPTION("disconnected-first", CONF_DURATION, "1s", "A call agent that is silent is told again at a random time up to this one, then after twice the time each time (Tdinit of "
	 "RFC 3435 4.4.7, which has 15s for call agents with many gateways).", .min = 1, .max = 3600000),
	OPTION("disconnected-min", CONF_DURATION, "15s", "What happens on a line makes it be told sooner, but not more often than this (Tdmin).", .min = 0, .max = 3600000),
	OPTION("disconnected-max", CONF_DURATION, "60s", "The longest time between attempts (Tdmax of RFC 3435, which has 600s).", .min = 1, .max = 86400000),
	{0},
};

static const struct conf_option tdm_options[] = {
	OPTION("system-conf", CONF_STRING, "/etc/dahdi/system.conf", "DAHDI's own file of spans and channels, read when it is there; what the sections span, dynamic and channels "
	 "say goes before it. Empty: none.", .check = check_path_or_empty),
	OPTION("zone", CONF_STRING, "", "Country of the tones on lines, as DAHDI names them, such as \"us\" or \"de\". Empty: defaultzone of system.conf, else \"us\"."),
	OPTION("configure", CONF_BOOL, "yes", "Whether spans and channels are set up as said when they appear. no: dahdi_cfg has done it."),
	OPTION("poll", CONF_DURATION, "1s", "How often alarms and error counters of spans are read.", .min = 100, .max = 60000),
	{0},
};

static const struct conf_option span_options[] = {
	OPTION("timing", CONF_INT, "0", "Place among the sources of timing: the far end of the first that works gives the clock, 1 before 2. 0: never.", .min = 0, .max = 255),
	OPTION("build-out", CONF_INT, "0", "Line build-out: 0 to 4 for cables of up to 133, 266, 399, 533 and 655 feet; 5 to 7 for -7.5, -15 and -22.5 dB.", .min = 0, .max = 7),
	OPTION("framing", CONF_CHOICE, NULL, "T1: d4 or esf. E1: cas with signalling in timeslot 16, ccs without; ccs for BRI too.", .choices = "d4|esf|cas|ccs"),
	OPTION("coding", CONF_CHOICE, NULL, "T1: ami or b8zs. E1: ami or hdb3. BRI: ami.", .choices = "ami|b8zs|hdb3"),
	OPTION("crc4", CONF_BOOL, "no", "E1: check sums of frames."),
	OPTION("yellow", CONF_BOOL, "no", "Whether the remote alarm is sent while no channel is open."),
	OPTION("nt", CONF_BOOL, "no", "BRI: we are the network side."),
	OPTION("terminate", CONF_BOOL, "no", "BRI: the bus is terminated here."),
	{0},
};

static const struct conf_option dynamic_options[] = {
	OPTION("driver", CONF_STRING, NULL, "DAHDI's driver of it, such as \"eth\" or \"loc\"."),
	OPTION("address", CONF_STRING, NULL, "The driver's address, such as \"eth0/00:02:b3:35:43:9c\" or \"1:0\"."),
	OPTION("channels", CONF_INT, NULL, "How many channels it has.", .min = 1, .max = 256),
	OPTION("timing", CONF_INT, "0", "As span.timing.", .min = 0, .max = 255),
	{0},
};

static const struct conf_option channels_options[] = {
	OPTION("numbers", CONF_LIST, NULL, "DAHDI's numbers of the channels, such as \"1-15,17-31\"."),
	OPTION("signalling", CONF_STRING, "", "As the keywords of system.conf: \"bchan\", \"dchan\", \"hardhdlc\", \"fxsks\" (a port towards an exchange), \"fxoks\" (one with a telephone), "
	 "\"e&m\", \"cas\", \"clear\", ... Empty: as system.conf says."),
	OPTION("idle-bits", CONF_STRING, "", "With cas: the bits A, B, C and D of a channel that is free, such as 1101."),
	OPTION("join", CONF_INT, "0", "With dacs and dacsrbs: the channel that the first of these is joined to, the second to the next.", .min = 0, .max = 1024),
	OPTION("device", CONF_STRING, "", "With nethdlc: the name of the network device. Empty: hdlc and a number."),
	OPTION("hdlc-rate", CONF_CHOICE, "64", "Of D-channels and other frames, in kbit/s: 56 where the line robs bits.", .choices = "64|56"),
	OPTION("law", CONF_CHOICE, "default", "How voice is encoded there. default: as the span's driver says.", .choices = "default|mulaw|alaw"),
	OPTION("echo-canceller", CONF_STRING, "", "DAHDI's canceller, such as \"mg2\" or \"hwec\", or \"none\"; it is on unless a call needs it off. "
	 "Empty: mg2 where signalling is said here, else as system.conf says."),
	OPTION("echo-tail", CONF_DURATION, "0", "How late an echo may be, 0: as the canceller is made.", .min = 0, .max = 128),
	OPTION("rx-gain", CONF_INT, "0", "Gain of what is heard, in tenths of a decibel.", .min = -240, .max = 240),
	OPTION("tx-gain", CONF_INT, "0", "Gain of what is said, in tenths of a decibel.", .min = -240, .max = 240),
	OPTION("country", CONF_STRING, "", "Whose tones these channels have, such as \"us\" or \"de\". Empty: tdm.zone."),
	OPTION("tone-patterns", CONF_LIST, "", "Tones for the numbers of MGCP's L/s, H/s and G/pat, such as \"7=440/100,0/100\": frequencies in Hz joined by +, a length in ms behind /, "
	 "0 is silence, ! what is not repeated."),
	OPTION("attached", CONF_CHOICE, "telephone", "What is at a port with fxo signalling: a telephone (MGCP package L), or a telephone system (BL).", .choices = "telephone|pbx"),
	OPTION("dialling", CONF_CHOICE, "tones", "How numbers are sent and heard. feature-d and operator: MF as feature group D has it, towards an office and towards an operator.",
	 .choices = "tones|pulses|mf|feature-d|operator"),
	OPTION("start", CONF_CHOICE, "wink", "E&M: whether the other side winks when it wants digits.", .choices = "wink|immediate"),
	OPTION("caller-id", CONF_CHOICE, "bell", "How a caller is told, to a telephone or by an exchange: data after the first ring as in North America or as V.23, or tones before it.",
	 .choices = "none|bell|v23|dtmf"),
	OPTION("answer", CONF_CHOICE, "reversal", "When a call on an exchange's line counts as answered: the polarity is reversed, the number is dialled, so long after that, or somebody speaks. "
	 "Where it is the polarity, that also ends calls, of either side.",
	 .choices = "reversal|dialled|after|voice"),
	OPTION("answer-after", CONF_DURATION, "10s", "With answer = after.", .min = 0, .max = 600000),
	OPTION("dial-tone", CONF_DURATION, "3s", "How long an exchange's dial tone is waited for before dialling. 0: it is not checked.", .min = 0, .max = 60000),
	OPTION("busy-tone", CONF_BOOL, "yes", "Whether busy tone on an exchange's line ends a call."),
	OPTION("silence", CONF_DURATION, "0", "After how much silence a call on an exchange's line ends. 0: never.", .min = 0, .max = 86400000),
	OPTION("longest-call", CONF_DURATION, "0", "How long a call on an exchange's line may last. 0: for ever.", .min = 0, .max = 86400000),
	{0},
};

static const struct conf_option line_test_options[] = {
	OPTION("from", CONF_STRING, NULL, "Where the test call goes out: a span by its number, or as tandemctl tdm has targets: \"group NAME\", \"channel 7\", \"ds/ds1-1/[1-5]\"."),
	OPTION("to", CONF_STRING, NULL, "Where it comes in, likewise."),
	OPTION("number", CONF_STRING, "", "The number that leads back in, when the two are not joined directly but by a network, as a channel of an isdn section and a line are. It has to be for nothing else: "
	 "a call to it that comes in during a test is the test's. tandemctl test of the same two dials it, too, and has these bounds."),
	OPTION("caller", CONF_STRING, "", "Of such a call: the number that the network shows to who is called. Empty: it passes on what is sent by ISDN (5550199); of a call out of a line it is not known, and "
	 "not checked. A line that is shown another number does not answer."),
	OPTION("all", CONF_BOOL, "no", "Whether every channel of the one is tested with the one at the same place of the other; no: only the first pair that is free."),
	OPTION("every", CONF_DURATION, "1d", "How often.", .min = 10000, .max = 2592000000),
	OPTION("loss-max", CONF_INT, "3", "The most decibels that may be lost on the way.", .min = 0, .max = 60),
	OPTION("gain-max", CONF_INT, "1", "The most decibels that may be gained.", .min = 0, .max = 60),
	OPTION("delay-max", CONF_INT, "100", "The longest one-way delay in ms, of which 20 to 60 are in our own buffers.", .min = 20, .max = 500),
	OPTION("echo-return-min", CONF_INT, "20", "The least echo return loss, in dB.", .min = 0, .max = 90),
	OPTION("slips-max", CONF_INT, "0", "The most samples that may be lost or repeated during the call.", .min = 0, .max = 8000),
	{0},
};

static const struct conf_option agent_options[] = {
	OPTION("bind", CONF_STRING, "127.0.0.1:2727", "Where tandem-ca listens for MGCP.", .check = check_address_port),
	OPTION("t-hist", CONF_DURATION, "30s", "How long transactions are remembered, so that a repeated command is not executed again (RFC 3435 "
	 "3.5.1).", .min = 100, .max = 600000),
	OPTION("retry-min", CONF_DURATION, "200ms", "First retransmission of an MGCP command; the interval doubles up to retry-max.", .min = 5,
	 .max = 60000),
	OPTION("retry-max", CONF_DURATION, "4s", "Longest interval between retransmissions of an MGCP command.", .min = 5, .max = 60000),
	OPTION("t-max", CONF_DURATION, "20s", "A command is given up after this time (T-Max of RFC 3435 3.5.3).", .min = 50, .max = 600000),
	OPTION("audit", CONF_DURATION, "30s", "How often an idle gateway is asked whether it is there. 0: never.", .min = 0, .max = 3600000),
	{0},
};

static const struct conf_option gateway_options[] = {
	OPTION("address", CONF_STRING, "127.0.0.1:2427", "Where the gateway listens for MGCP: an address and port, or a name such as \"gw.example.net\", which is asked for anew while it "
	 "does not answer. Empty: where its RSIP comes from, which names its domain and is from one of its networks.", .check = check_gateway_address),
	OPTION("networks", CONF_LIST, "", "With no address: where the gateway may be, such as \"192.0.2.0/24\".", .check = check_prefix),
	OPTION("profile", CONF_CHOICE, "auto", "What kind of gateway it is; lines: telephones and lines alone, no packet relays for calls of others; auto: lines when line sections "
	 "name it, else tandem. One that relays does so instead of the one of this box.", .choices = "auto|tandem|osmo-mgw|rfc3435|lines"),
	OPTION("domain", CONF_STRING, "", "Domain name of its endpoints, after the @. Empty: mg.tandem; of one that has lines its address, such as gw.example.net or [192.0.2.1]."),
	OPTION("digit-map", CONF_STRING, "[0-9*#].T", "What may be dialled on its lines, where these say nothing else.", .check = check_digit_map),
	OPTION("notified-entity", CONF_STRING, "", "Whom its endpoints are to notify (N: of RFC 3435), such as \"ca@agents.example.net:2727\"; a gateway that finds "
	 "several addresses of that name fails over to the next. Empty: whoever asks them.", .check = check_call_agents),
	{0},
};

static const struct conf_option user_options[] = {
	OPTION("name", CONF_STRING, "", "User part of this user's SIP address. Empty: the name of the section."),
	OPTION("domain", CONF_STRING, "", "Domain this user belongs to, by the name of its section: \"alice\" in two domains is two users, whose passwords are for the realm "
	 "that is called like the domain. Empty: none; the user is served under every host name that is ours and has no other user of that name."),
	OPTION("password", CONF_STRING, NULL, "Password of digest authentication."),
	OPTION("digest", CONF_CHOICE, "default", "Digest algorithms this user may use; default: sip.digest.", .choices = "default|both|sha-256|md5"),
	OPTION("numbers", CONF_LIST, "", "Further numbers at which this user is called, besides the name of the section."),
	OPTION("display", CONF_STRING, "", "Name shown to those who are called."),
	OPTION("address", CONF_STRING, "", "Name of the address section the user is served at. Empty: any."),
	OPTION("latch", CONF_BOOL, "yes", "Whether media is accepted from behind a NAT: the first packet from the address the signalling comes from decides. "
	 "no: only from the address in the session description."),
	OPTION("site", CONF_STRING, "", "Name of the site section for this user's emergency calls. Empty: that of the address section, else the first."),
	OPTION("forward-all", CONF_STRING, "", "Number that all calls of this user are passed on to; it is routed like one that the user calls."),
	OPTION("forward-busy", CONF_STRING, "", "Number for calls while the user is busy."),
	OPTION("forward-no-answer", CONF_STRING, "", "Number for calls that the user does not answer in no-answer-time."),
	OPTION("forward-unreachable", CONF_STRING, "", "Number for calls while no phone of the user can be reached."),
	OPTION("no-answer-time", CONF_DURATION, "20s", "How long the user's phones ring before forward-no-answer.", .min = 100, .max = 3600000),
	OPTION("any-register", CONF_BOOL, "no", "Whether this user may register contacts of other users (third-party registration)."),
	OPTION("allow-transfer", CONF_BOOL, "yes", "Whether this user may transfer calls (REFER); whoever it names is called on its behalf."),
	OPTION("overlap", CONF_BOOL, "no", "As trunk.overlap, of a phone that dials on while it calls."),
	OPTION("any-from", CONF_BOOL, "no", "Whether this user may call with a From user that is neither its name nor one of its numbers."),
	{0},
};

static const struct conf_option trunk_options[] = {
	OPTION("peer", CONF_LIST, "", "Addresses and ports of the other side, such as \"192.0.2.1:5060\" or \"[2001:db8::1]:5060\", in the order they are "
	 "tried.", .check = check_address_port),
	OPTION("domain", CONF_STRING, "", "Domain of the other side: the host of Request-URIs to it and, without from-domain, of From and To. Without peer, what DNS says of it "
	 "(RFC 3263) are its addresses."),
	OPTION("transport", CONF_CHOICE, "udp", "How SIP goes to it.", .choices = "udp|tcp|tls"),
	OPTION("networks", CONF_LIST, "", "Further networks that its requests come from, such as \"198.51.100.0/24\". An address of another trunk's peer is that one's, and of "
	 "several networks the longest counts.", .check = check_prefix),
	OPTION("address", CONF_STRING, "", "Name of the address section used towards it. Empty: the first one of the peer's family."),
	OPTION("latch", CONF_BOOL, "no", "As user.latch."),
	OPTION("max-calls", CONF_INT, "0", "Calls at the same time over this trunk, 0: no limit of its own.", .min = 0, .max = 1000000),
	OPTION("max-rate", CONF_INT, "0", "New calls a second over this trunk, either way, 0: no limit of its own.", .min = 0, .max = 100000),
	OPTION("overlap", CONF_BOOL, "no", "Whether numbers of its calls may come in parts (RFC 3578): a further INVITE of a call, with more digits, goes on with it where the route leads to "
	 "groups with overlap-send, and else takes its place; a number that is too short to lead anywhere gets 484."),
	OPTION("allow-transfer", CONF_BOOL, "no", "Whether the peer may transfer calls (REFER), also to numbers that are charged for."),
	OPTION("auth-user", CONF_STRING, "", "User name when the peer asks for digest authentication."),
	OPTION("auth-realm", CONF_STRING, "", "The realm that auth-user and password are for: who asks for another gets no answer. Empty: any.", .check = check_realm),
	OPTION("password", CONF_STRING, "", "Password when the peer asks for digest authentication."),
	OPTION("their-user", CONF_STRING, "", "User name by which its requests are known, wherever they come from; those from its addresses are asked for it, too. Empty: its "
	 "addresses are enough."),
	OPTION("their-password", CONF_STRING, "", "Password that goes with their-user."),
	OPTION("certificate", CONF_STRING, "", "Name in the verified certificate of its TLS connections, by which it is known wherever they come from (RFC 5922). Empty: none."),
	OPTION("codecs", CONF_LIST, "", "Encoding names, such as \"PCMA\", that it may be offered and may offer, the preferred one first. Empty: any."),
	OPTION("register", CONF_CHOICE, "no", "Whether this gateway registers there, with auth-user and password: not at all (no), an address (yes), or for all "
	 "numbers that are routed here (many: RFC 6140).", .choices = "no|yes|many"),
	OPTION("register-user", CONF_STRING, "", "User part of the address that is registered. Empty: auth-user."),
	OPTION("contact-user", CONF_STRING, "", "User part of its Contact. Empty: register-user."),
	OPTION("register-expiry", CONF_DURATION, "10m", "How long a registration lives, as asked for; it is refreshed when three quarters of its life are over.",
	 .min = 1000, .max = 86400000),
	OPTION("register-retry-min", CONF_DURATION, "2s", "First pause before a registration that failed is tried again; it doubles up to register-retry-max.",
	 .min = 50, .max = 3600000),
	OPTION("register-retry-max", CONF_DURATION, "5m", "Longest pause before a registration is tried again.", .min = 50, .max = 86400000),
	OPTION("probe-interval", CONF_DURATION, "0", "How often each peer is asked with OPTIONS whether it is there. 0: never.", .min = 0, .max = 86400000),
	OPTION("probe-timeout", CONF_DURATION, "4s", "How long it may take to answer.", .min = 20, .max = 60000),
	OPTION("probe-failures", CONF_INT, "3", "So many failures in a row and the peer is down: no call goes there.", .min = 1, .max = 1000),
	OPTION("probe-successes", CONF_INT, "2", "So many answers in a row and it is up again.", .min = 1, .max = 1000),
	OPTION("from-domain", CONF_STRING, "", "Host part of From and To towards the peer. Empty: the addresses used."),
	OPTION("first-response", CONF_DURATION, "0", "A call that the peer answers nothing to in this time, not even 100, goes to the next target. 0: "
	 "sip.first-response.", .min = 0, .max = 600000),
	OPTION("answer-time", CONF_DURATION, "0", "A call that is not answered in this time goes to the next target. 0: sip.ring-timeout ends it.", .min = 0,
	 .max = 3600000),
	OPTION("failover", CONF_LIST, "{\"408\", \"500\", \"502\", \"503\", \"504\", \"34\", \"38\", \"41\", \"42\", \"44\", \"47\"}", "Outcomes after which the next target "
	 "of a call is tried: SIP statuses (400 to 699) and Q.850 causes (1 to 127) of a Reason header.", .check = check_outcome),
	OPTION("numbers-in", CONF_CHOICE, "as-is", "How numbers in its requests are to be read; they become +E.164: not at all (as-is), +4930123 (e164), 4930123 (digits), "
	 "or as they are dialled there (national, international).", .choices = "as-is|e164|digits|national|international"),
	OPTION("numbers-out", CONF_CHOICE, "as-is", "How numbers are written to it: as they are (as-is), +4930123 (e164), 4930123 (digits), 030123 or 001212 "
	 "(national), 004930123 (international).", .choices = "as-is|e164|digits|national|international"),
	OPTION("number-uri", CONF_CHOICE, "sip", "URIs of numbers to it: sip:N@host (sip), the same with user=phone (phone), or tel:N, with phone-context unless it is "
	 "+E.164 (tel).", .choices = "sip|phone|tel"),
	OPTION("country", CONF_STRING, "", "Country code of numbers there, such as \"49\". Empty: sip.country.", .check = check_digits),
	OPTION("area", CONF_STRING, "", "Area code of numbers there without its prefix, such as \"30\". Empty: sip.area.", .check = check_digits),
	OPTION("international-prefix", CONF_STRING, "", "As sip.international-prefix; empty: that one.", .check = check_digits),
	OPTION("national-prefix", CONF_STRING, "", "As sip.national-prefix; empty: that one.", .check = check_digits),
	OPTION("called-in", CONF_CHOICE, "request-uri", "What of its requests is the called number.", .choices = "request-uri|to|p-called-party-id"),
	OPTION("caller-in", CONF_CHOICE, "from", "What of its requests is the caller's number; From where the other header is absent.",
	 .choices = "from|p-asserted-identity|remote-party-id|diversion"),
	OPTION("caller-out", CONF_CHOICE, "from", "Which header of requests to it has the caller's number.",
	 .choices = "from|p-asserted-identity|p-preferred-identity|remote-party-id"),
	OPTION("from-user", CONF_STRING, "", "User part of From when another header has the caller's number, such as the name of an account. Empty: the number."),
	OPTION("believe-identity", CONF_BOOL, "yes", "Whether what it asserts of callers (P-Asserted-Identity) is believed and passed on (RFC 3325)."),
	OPTION("tell-identity", CONF_BOOL, "yes", "Whether it is told who calls although the caller wants privacy (Privacy: id), as a trusted peer is."),
	OPTION("diversion", CONF_CHOICE, "both", "How it is told who has passed a call on.", .choices = "both|diversion|history-info|none"),
	OPTION("emergency-urn", CONF_BOOL, "no", "Whether emergency calls to it are for urn:service:sos instead of the number dialled."),
	OPTION("headers-add", CONF_LIST, "", "Header lines that calls to it get, such as \"X-Site: 7\".", .check = config_header_line),
	OPTION("headers-remove", CONF_LIST, "", "Names of header fields that do not pass to it.", .check = config_header_name),
	OPTION("headers-pass", CONF_LIST, "", "Names of header fields that pass to it as they are, although they are not known to Tandem.", .check = config_header_name),
	{0},
};

/* What ISDN channels and other lines have in common with trunks, besides the causes that they speak. */
#define LINE_OPTIONS \
	OPTION("address", CONF_STRING, "", "Name of the address section whose addresses its media use between the gateway and the other party. Empty: the first one."), \
	OPTION("max-calls", CONF_INT, "0", "Calls at the same time, 0: no limit of its own.", .min = 0, .max = 1000000), \
	OPTION("max-rate", CONF_INT, "0", "New calls a second, either way, 0: no limit of its own.", .min = 0, .max = 100000), \
	OPTION("country", CONF_STRING, "", "Country code of numbers there, such as \"49\". Empty: sip.country.", .check = check_digits), \
	OPTION("area", CONF_STRING, "", "Area code of numbers there without its prefix, such as \"30\". Empty: sip.area.", .check = check_digits), \
	OPTION("international-prefix", CONF_STRING, "", "As sip.international-prefix; empty: that one.", .check = check_digits), \
	OPTION("national-prefix", CONF_STRING, "", "As sip.national-prefix; empty: that one.", .check = check_digits), \
	OPTION("numbers-in", CONF_CHOICE, "as-is", "How numbers from there that do not tell their own type are to be read; as trunk.numbers-in.", \
	 .choices = "as-is|e164|digits|national|international"), \
	OPTION("answer-time", CONF_DURATION, "0", "A call that is not answered in this time goes to the next target. 0: sip.ring-timeout ends it.", .min = 0, \
	 .max = 3600000), \
	OPTION("failover", CONF_LIST, "{\"500\", \"503\", \"34\", \"38\", \"41\", \"42\", \"44\", \"47\"}", "Outcomes after which the next target of a call is tried: SIP " \
	 "statuses (400 to 699) and Q.850 causes (1 to 127).", .check = check_outcome), \
	OPTION("cause-status", CONF_LIST, "", "SIP statuses that Q.850 causes from there become, such as \"17=486\", where they are to be others than those of RFC 3398.", \
	 .check = check_cause_status), \
	OPTION("status-cause", CONF_LIST, "", "Q.850 causes that SIP statuses become there, such as \"486=17\", likewise. A cause that the other side has told goes before.", \
	 .check = check_status_cause)

static const struct conf_option isdn_options[] = {
	OPTION("spans", CONF_LIST, "", "DAHDI's numbers of the spans, whose channels of the signalling bchan it has; of several (NFAS) the first has interface identifier 0, the next 1. Empty: tandem-isdn does not run it."),
	OPTION("d-channels", CONF_LIST, "", "DAHDI's channel numbers of the D-channel and its backup. Empty: the one of the signalling dchan or hardhdlc on the first span."),
	OPTION("switch", CONF_CHOICE, "euroisdn", "The kind of exchange.", .choices = "euroisdn|euroisdn-t1|ni2|dms100|5ess|4ess|ni1|qsig"),
	OPTION("side", CONF_CHOICE, "user", "Which side we are. QSIG: user is the slave, network the master.", .choices = "user|network"),
	OPTION("overlap-send", CONF_BOOL, "no", "Whether numbers may be sent in parts: a call that comes with overlap receiving goes on as soon as the routing leads to this group whatever "
	 "else is dialled, and further digits follow it."),
	OPTION("setup-digits", CONF_INT, "20", "With overlap-send: so many digits of a called number go into the SETUP, the others follow it.", .min = 1, .max = 60),
	OPTION("overlap-receive", CONF_BOOL, "no", "Whether numbers may come in parts: a SETUP without Sending complete is answered with SETUP ACKNOWLEDGE."),
	OPTION("order", CONF_CHOICE, "auto", "Which free channel is asked for. auto: the lowest on the network side, the highest on the user side.",
	 .choices = "auto|ascending|descending|round-robin"),
	OPTION("exclusive", CONF_BOOL, "no", "Whether only that channel will do, or the far end may choose another one."),
	OPTION("channel-numbers", CONF_CHOICE, "physical", "QSIG on an E1: whether timeslots 17 to 31 are called so or, logically, 16 to 30.", .choices = "physical|logical"),
	OPTION("restart", CONF_BOOL, "yes", "Whether channels without a call are restarted (RESTART) when the D-channel comes up."),
	OPTION("audit", CONF_DURATION, "10m", "How often the far end is told of each answered call (STATUS), so that one that it has not is cleared, and channels are tried again "
	 "whose RESTART it did not answer. 0: never.", .min = 0, .max = 86400000),
	OPTION("t200", CONF_DURATION, "1s", "Q.921: until a frame is sent again.", .min = 10, .max = 60000),
	OPTION("t203", CONF_DURATION, "10s", "Q.921: the longest silence on the data link.", .min = 100, .max = 600000),
	OPTION("n200", CONF_INT, "3", "Q.921: how often a frame is sent again.", .min = 1, .max = 20),
	OPTION("t301", CONF_DURATION, "3m", "Q.931: how long a call out may ring. 0: for ever.", .min = 0, .max = 3600000),
	OPTION("t302", CONF_DURATION, "10s", "Q.931: with overlap receiving, a called number that came in parts is complete when nothing is added to it in this time.",
	 .min = 100, .max = 60000),
	OPTION("t303", CONF_DURATION, "4s", "Q.931: until a SETUP is sent again, once.", .min = 50, .max = 60000),
	OPTION("t304", CONF_DURATION, "30s", "Q.931: the longest wait after a digit of a call out. 0: for ever.", .min = 0, .max = 600000),
	OPTION("t305", CONF_DURATION, "30s", "Q.931: from DISCONNECT to RELEASE when the far end says nothing.", .min = 50, .max = 600000),
	OPTION("t306", CONF_DURATION, "30s", "Q.931: the longest announcement of the far end after it has disconnected.", .min = 50, .max = 600000),
	OPTION("t308", CONF_DURATION, "4s", "Q.931: until a RELEASE is sent again, once.", .min = 50, .max = 60000),
	OPTION("t309", CONF_DURATION, "6s", "Q.931: how long answered calls outlive the D-channel.", .min = 0, .max = 600000),
	OPTION("t310", CONF_DURATION, "30s", "Q.931: the longest wait after CALL PROCEEDING. 0: for ever.", .min = 0, .max = 600000),
	OPTION("t313", CONF_DURATION, "4s", "Q.931, user side: how long CONNECT ACKNOWLEDGE is waited for.", .min = 50, .max = 60000),
	OPTION("t316", CONF_DURATION, "2m", "Q.931: until a RESTART is sent again.", .min = 50, .max = 600000),
	OPTION("n316", CONF_INT, "2", "Q.931: how often a RESTART is sent.", .min = 1, .max = 10),
	LINE_OPTIONS,
	OPTION("number-type", CONF_CHOICE, "typed", "How numbers are told to the network: +E.164 as a national number, or an international one, with its type (typed), or as "
	 "numbers-out says, of unknown type (unknown).", .choices = "typed|unknown"),
	OPTION("numbers-out", CONF_CHOICE, "national", "How numbers of unknown type are written; as trunk.numbers-out.", .choices = "as-is|e164|digits|national|international"),
	OPTION("bearer", CONF_CHOICE, "speech", "Bearer capability of calls with voice: speech, or 3.1 kHz audio, which modems and facsimile need. One that comes from ISDN goes on as it "
	 "came; CLEARMODE (RFC 4040) is unrestricted digital.", .choices = "speech|audio"),
	OPTION("tell-identity", CONF_BOOL, "yes", "Whether the network is told the number of a caller who does not want it shown; it is marked so."),
	OPTION("gateway", CONF_STRING, "", "Name of the gateway section of the gateway that has its channels. Empty: that of this box."),
	OPTION("notify-hold", CONF_BOOL, "yes", "Whether the network is told that its party is put on hold, and taken back, by NOTIFY (RFC 3398 9.2). EuroISDN only."),
	OPTION("announcement-time", CONF_DURATION, "20s", "How long an announcement of the network that comes with a cause is heard before the call is cleared. 0: not at all.",
	 .min = 0, .max = 120000),
	{0},
};

static const struct conf_option line_options[] = {
	LINE_OPTIONS,
	OPTION("numbers-out", CONF_CHOICE, "as-is", "How numbers are written to it; as trunk.numbers-out.", .choices = "as-is|e164|digits|national|international"),
	OPTION("gateway", CONF_STRING, "", "Name of the gateway section of the gateway that has it. Empty: the first one with packet relays, which is that of this machine if none is configured."),
	OPTION("endpoint", CONF_STRING, NULL, "Name of its endpoint there, such as \"aaln/3\"."),
	OPTION("kind", CONF_CHOICE, "phone", "What is there: a telephone (phone); a telephone system at ports as telephones have (pbx); a line of an exchange (fxo); an E&M trunk by tones or pulses (em), by MF (em-mf), of feature group D (fgd), "
	 "to an operator (operator).", .choices = "phone|pbx|fxo|em|em-mf|fgd|operator"),
	OPTION("number", CONF_STRING, "", "The number that its user calls from, as it is to be shown; a telephone is called at it, too, before any route but those before-users."),
	OPTION("display", CONF_STRING, "", "Name shown to those who are called."),
	OPTION("digit-map", CONF_STRING, "", "What may be dialled (RFC 3435 2.1.5), such as \"(0T|00T|[1-9]xxx|*xx)\": the gateway tells of digits when they are one of these, or can be none. "
	 "Empty: that of its gateway.", .check = check_digit_map),
	OPTION("hotline", CONF_STRING, "", "Number that is called as soon as it goes off hook, or rings here. Empty: it is dialled; who calls by an exchange's line "
	 "is answered with dial tone then."),
	OPTION("dial-tone", CONF_BOOL, "no", "Whether an E&M trunk gives dial tone when it is seized from there."),
	OPTION("answer", CONF_CHOICE, "told", "When a call to an exchange's line counts as answered: when the gateway tells so (H/lsa), which may go by reversal or voice; when the number is "
	 "out (dialled); answer-after later (after).", .choices = "told|dialled|after"),
	OPTION("answer-after", CONF_DURATION, "15s", "Of answer = after.", .min = 0, .max = 600000),
	OPTION("line-information", CONF_STRING, "00", "The two digits before the caller's number of feature group D: what kind of line that is.", .check = check_digits),
	OPTION("ring", CONF_CHOICE, "rg", "How it rings: the signal of MGCP's package L. A caller's Alert-Info with Bellcore-dr1 to dr7 asks for r1 to r7.", .choices = "rg|r0|r1|r2|r3|r4|r5|r6|r7"),
	OPTION("caller-id", CONF_BOOL, "yes", "Whether it is told who calls."),
	OPTION("call-waiting", CONF_BOOL, "yes", "Whether a call that comes while its user talks is announced; a hook flash takes it. no: such callers hear that it is busy."),
	OPTION("flash", CONF_BOOL, "yes", "Whether a hook flash puts the other party on hold, with dial tone for a second call; another one joins or changes (three-way)."),
	OPTION("three-way", CONF_BOOL, "yes", "Whether a hook flash while a second call of its user's is answered has all three hear each other; the next one lets go of the second. "
	 "no, or where the gateway does not mix: it changes between the two."),
	OPTION("reversal", CONF_BOOL, "no", "Whether the polarity is reversed while a call of its user's is answered, as pay stations want it (L/lsa)."),
	OPTION("open-loop", CONF_BOOL, "no", "Whether the loop is opened for a moment when the other party hangs up, as answering machines want it (L/osi), in place of a tone."),
	OPTION("allow-transfer", CONF_BOOL, "yes", "Whether hanging up with one party on hold, or with three who hear each other, connects the others. no: both are released."),
	OPTION("re-answer-time", CONF_DURATION, "0", "How long after hanging up a call to it may be taken up again, 0: not at all.", .min = 0, .max = 120000),
	OPTION("tone-time", CONF_DURATION, "30s", "How long a tone that says that nobody is there is played before the one that asks for the handset to be put back.", .min = 1000,
	 .max = 600000),
	{0},
};

static const struct conf_option site_options[] = {
	OPTION("emergency", CONF_LIST, "{\"112\", \"911\"}", "Numbers dialled here for help, besides urn:service:sos (RFC 5031). Such calls are never limited, banned or asked for a "
	 "password."),
	OPTION("emergency-to", CONF_LIST, NULL, "Who takes them, one after another, written as route.to; each trunk even when it is drained, and when all its lines are "
	 "busy another call is released."),
	OPTION("emergency-test", CONF_LIST, "", "Numbers dialled here to test that, besides urn:service:test.sos."),
	OPTION("emergency-test-to", CONF_LIST, "", "Who takes the tests. Empty: those of emergency-to."),
	OPTION("call-back", CONF_STRING, "", "Number shown to those who take them. Empty: the caller's."),
	OPTION("location", CONF_STRING, "", "URI of where the site is, told with a call whose caller tells no place (RFC 6442), such as "
	 "\"https://lis.example.com/berlin\".", .check = check_uri_or_empty),
	{0},
};

static const struct conf_option group_options[] = {
	OPTION("members", CONF_LIST, NULL, "Its trunks, and isdn and line sections: \"NAME\", or \"NAME priority=1 weight=10\". Those of the lowest priority are tried first; a weight is a "
	 "trunk's share among those of one priority."),
	OPTION("strategy", CONF_CHOICE, "order", "Which of one priority is tried first: as they are listed (order), by weight, in turn (round-robin), or the one "
	 "with the fewest calls for its weight (least-loaded).", .choices = "order|weight|round-robin|least-loaded"),
	{0},
};

static const struct conf_option hunt_options[] = {
	OPTION("members", CONF_LIST, NULL, "Names of users, or numbers, which are then routed."),
	OPTION("numbers", CONF_LIST, "", "Numbers at which the group is called."),
	OPTION("strategy", CONF_CHOICE, "all", "Who rings: all at the same time, one after another as they are listed (sequence), beginning with the next one at "
	 "each call (round-robin), or the one first that has not rung for the longest time (least-recent).",
	 .choices = "all|sequence|round-robin|least-recent"),
	OPTION("ring-time", CONF_DURATION, "20s", "How long all, or each one in turn, ring.", .min = 100, .max = 3600000),
	OPTION("then", CONF_STRING, "", "Number called when nobody answers. Empty: the call fails."),
	{0},
};

static const struct conf_option list_options[] = {
	OPTION("entries", CONF_LIST, "", "Numbers; one that ends in * stands for all that begin like it."),
	OPTION("file", CONF_STRING, "", "File with further ones, one a line; what follows a # is a remark. Read at start and at each reload.",
	 .check = check_path_or_empty),
	{0},
};

static const struct conf_option route_options[] = {
	OPTION("prefix", CONF_STRING, "", "Called numbers that begin like this take the route. Empty: every number. The route with the lowest order is taken; of "
	 "several, the one that matches most of the called number, then the one with the most further conditions, then the first in the file."),
	OPTION("called", CONF_LIST, "", "Called numbers that take the route: \"112\" is that one, \"0190*\" all that begin so, \"/^0[1-9]/\" a regular expression, "
	 "\"@NAME\" any entry of that list section. Empty: every number.", .check = check_pattern),
	OPTION("source", CONF_LIST, "", "Only calls from these trunks, lines or users. Empty: from anyone known."),
	OPTION("caller", CONF_LIST, "", "Only calls from these numbers, written as in called.", .check = check_pattern),
	OPTION("time", CONF_LIST, "", "Only at these times: \"mon-fri 08:00-17:30\", \"sat,sun\", \"22:00-06:00\". Empty: always.", .check = check_span),
	OPTION("time-zone", CONF_STRING, "", "Of time, such as \"Europe/Berlin\". Empty: sip.time-zone.", .check = check_zone),
	OPTION("header", CONF_LIST, "", "Only calls whose request has these header fields: \"Name: value\", the value written as in called.",
	 .check = check_header_condition),
	OPTION("order", CONF_INT, "100", "Routes with a lower order are taken before those with a higher one, whatever else they match.", .min = 0, .max = 1000000),
	OPTION("before-users", CONF_BOOL, "no", "Whether the route is taken before users and hunt groups are looked at. One that only blocks always is."),
	OPTION("to", CONF_LIST, NULL, "Who is called, one after another: names of trunks, isdn or line sections, groups, users or hunt groups, \"number:N\" (routed again), "
	 "\"enum:e164.arpa\", \"block\", \"block:603\" or \"block:cause=21\"."),
	OPTION("continue", CONF_BOOL, "no", "Whether the next route that matches is tried when all of these have failed."),
	OPTION("max-calls", CONF_INT, "0", "Calls at the same time that go by this route, 0: no limit of its own. One more is refused (503, cause 34) or, with continue, has the "
	 "next route that matches.", .min = 0, .max = 1000000),
	OPTION("strip", CONF_INT, "0", "Digits taken off the front of the called number.", .min = 0, .max = 32),
	OPTION("prepend", CONF_STRING, "", "Digits put in front of the called number, after strip."),
	OPTION("replace", CONF_STRING, "", "What of the called number is replaced, after strip: a regular expression such as \"/^00/\".", .check = check_regex),
	OPTION("with", CONF_STRING, "", "What it is replaced with; $1 is the first group of the expression."),
	OPTION("caller-strip", CONF_INT, "0", "As strip, of the caller's number.", .min = 0, .max = 32),
	OPTION("caller-prepend", CONF_STRING, "", "As prepend, for the caller's number."),
	OPTION("caller-replace", CONF_STRING, "", "As replace, of the caller's number.", .check = check_regex),
	OPTION("caller-with", CONF_STRING, "", "As with, for the caller's number."),
	OPTION("caller-number", CONF_STRING, "", "The number shown whoever calls. Empty: the caller's."),
	OPTION("caller-display", CONF_STRING, "", "The name shown whoever calls. Empty: the caller's."),
	OPTION("presentation", CONF_CHOICE, "as-sent", "Whether the called side is shown who calls: as the caller wishes (as-sent), in any case (allowed), or in none "
	 "(restricted: anonymous, with Privacy: id).", .choices = "as-sent|allowed|restricted"),
	OPTION("first-response", CONF_DURATION, "0", "As trunk.first-response, of every trunk of this route. 0: theirs.", .min = 0, .max = 600000),
	OPTION("answer-time", CONF_DURATION, "0", "As trunk.answer-time, of every trunk of this route. 0: theirs.", .min = 0, .max = 3600000),
	OPTION("headers-add", CONF_LIST, "", "As trunk.headers-add, for calls of this route.", .check = config_header_line),
	OPTION("headers-remove", CONF_LIST, "", "As trunk.headers-remove, for calls of this route.", .check = config_header_name),
	OPTION("headers-pass", CONF_LIST, "", "As trunk.headers-pass, for calls of this route.", .check = config_header_name),
	{0},
};

static const struct conf_option cdr_options[] = {
	OPTION("file", CONF_STRING, "cdr.sqlite", "SQLite database of call detail records; relative to state.directory. Empty: none are written."),
	{0},
};

static const struct conf_option trace_options[] = {
	OPTION("sip", CONF_BOOL, "yes", "Whether tandemctl trace shows SIP."),
	OPTION("mgcp", CONF_BOOL, "yes", "Whether tandemctl trace shows MGCP."),
	{0},
};

const struct conf_section config_schema[] = {
	{"log", NULL, "Logging.", log_options},
	{"state", NULL, "Where things are kept.", state_options},
	{"process", NULL, "How tandem-keep runs the daemons.", process_options},
	{"sip", NULL, "SIP in general.", sip_options},
	{"limits", NULL, "How much a SIP message may have of each thing. What is over a limit is refused and counted under its name.", limits_options},
	{"security", NULL, "Strangers, rates and bans. Trunks, registered phones and trusted networks are never limited or banned, emergency calls never refused.",
	 security_options},
	{"dns", NULL, "How names are resolved.", dns_options},
	{"overload", NULL, "What happens when more is asked than can be done.", overload_options},
	{"destination", "NAME", "A class of numbers, for fraud rules.", destination_options},
	{"fraud", "NAME", "A limit against toll fraud: what one user may call. What is over it is refused with 403, the alarm \"fraud\" is raised, and the call's "
	 "record says which limit it was. Emergency calls are exempt.", fraud_options},
	{"registrar", NULL, "Registration of phones.", registrar_options},
	{"address", "NAME", "A named pair of addresses of this machine, with its SIP port and its range of media ports. Users and trunks "
	 "name the one they use.", address_options},
	{"domain", "NAME", "A domain that is served, by the name in SIP addresses.", domain_options},
	{"proxy", NULL, "Proxy and redirect roles.", proxy_options},
	{"certificate", "NAME", "A certificate of ours for TLS, and its key.", certificate_options},
	{"connections", NULL, "TCP, TLS and WebSocket connections of SIP.", connection_options},
	{"media", NULL, "The media gateway, tandem-mg.", media_options},
	{"tdm", NULL, "Telephone lines through DAHDI.", tdm_options},
	{"span", "NUMBER", "A T1, E1 or BRI span, by DAHDI's number.", span_options},
	{"dynamic", "NAME", "A span over a network, or within this machine. They get the numbers after those of the hardware, in this order.", dynamic_options},
	{"channels", "NAME", "A group of channels that are alike.", channels_options},
	{"line-test", "NAME", "Test calls from one telephone channel of this machine to another that are made again and again. One that fails is an alarm.", line_test_options},
	{"agent", NULL, "The call agent's MGCP side, in tandem-ca.", agent_options},
	{"gateway", "NAME", "A media gateway that tandem-ca drives by MGCP. The one of this box, at media.bind, needs none.", gateway_options},
	{"user", "NAME", "A user who registers phones and makes calls; the name is the user part of the SIP address.", user_options},
	{"trunk", "NAME", "A SIP peer that does not register, such as a carrier.", trunk_options},
	{"isdn", "NAME", "A trunk group of ISDN: the channels that have a D-channel in common. Calls go to it and come from it by this name.", isdn_options},
	{"line", "NAME", "A telephone or a line at a gateway; calls go to it and come from it by this name.", line_options},
	{"site", "NAME", "Where emergency calls go from a place. Users and address sections name theirs; the first one is for all others.", site_options},
	{"group", "NAME", "Trunks that stand in for one another.", group_options},
	{"hunt", "NAME", "A hunt group: users who take calls for one another.", hunt_options},
	{"list", "NAME", "A list of numbers for routes, to block them for example.", list_options},
	{"route", "NAME", "Where called numbers go that are no user's; which calls are blocked.", route_options},
	{"cdr", NULL, "Call detail records.", cdr_options},
	{"trace", NULL, "What tandemctl trace may show.", trace_options},
	{0},
};

const char config_default[] = "address inside {\n"
			      "\tlocal = {\"auto\"}\n"
			      "}\n"
			      "gateway local {\n"
			      "}\n";
