/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What became of a packet: one list for the XDP program, the daemon, the command line and every counter table. Rows are
 * only ever added at the end of a layout version (TANDEM_LAYOUT), because counters are indexed by them. */
#pragma once

#define TANDEM_REASONS(X)                                                                          \
	X(FORWARDED, "forwarded", "RTP sent on to the other side, or given to a telephone line")    \
	X(NO_STREAM, "no-stream", "to a media port that no stream uses")                           \
	X(DIRECTION, "direction", "RTP in a direction the session has on hold")                    \
	X(NO_PEER, "no-peer", "RTP of a stream that is joined to nothing, or whose other side is not known yet") \
	X(STRANGER, "stranger", "from a source that is neither signalled nor latched")             \
	X(OLD_SOURCE, "old-source", "from where the stream came before it moved")                  \
	X(BAD_SEQUENCE, "bad-sequence", "right SSRC from a new source, implausible sequence number") \
	X(RUNT, "runt", "too short for what its first byte says it is")                            \
	X(JUNK, "junk", "neither RTP, RTCP, STUN nor DTLS")                                        \
	X(STUN, "stun", "STUN on a port without ICE")                                              \
	X(DTLS, "dtls", "DTLS on a port without DTLS-SRTP")                                        \
	X(RTCP, "rtcp", "RTCP accepted")                                                           \
	X(RTCP_STRANGER, "rtcp-stranger", "RTCP from a source that is neither signalled nor latched") \
	X(RTP_ON_RTCP, "rtp-on-rtcp", "RTP to an RTCP port")                                       \
	X(RTCP_ON_RTP, "rtcp-on-rtp", "RTCP to an RTP port without rtcp-mux")                      \
	X(FRAGMENT, "fragment", "IP fragment passed to the kernel")                                \
	X(IP_OPTIONS, "ip-options", "IPv4 options or IPv6 extension headers: passed to the kernel") \
	X(BAD_HEADER, "bad-header", "inconsistent IP or UDP lengths, or a wrong checksum: passed to the kernel") \
	X(HOP_LIMIT, "hop-limit", "TTL or hop limit used up")                                      \
	X(TOO_BIG, "too-big", "larger than the path takes")                                        \
	X(UNRESOLVED, "unresolved", "next hop not known: passed to the daemon")                    \
	X(EGRESS, "egress", "leaves through an interface the fast path cannot send on: passed to the daemon") \
	X(BUSY, "busy", "stream being changed at this moment: passed to the daemon")               \
	X(SEND_FAILED, "send-failed", "the kernel refused to send it")                             \
	X(KEPT, "kept", "stream kept from this engine by the operator, or of a telephone line: passed on to a slower one")

#define TANDEM_REASON_ENUM(id, name, help) TANDEM_##id,
enum tandem_reason { TANDEM_REASONS(TANDEM_REASON_ENUM) TANDEM_REASON_COUNT };
#undef TANDEM_REASON_ENUM
