// SPDX-License-Identifier: GPL-3.0-or-later
/* Return codes and reason codes (RFC 3435 2.4, 2.5) in our words, and what a call agent makes of a refusal. */
#include "mgcp/internal.h"
#include <errno.h>

/* `err`: what a refusal means to whoever asked for a connection. -EBUSY: another try, or another gateway, may do. `fate`: what it says of a
 * connection that was there. It stands, unless the gateway knows no such connection, call or endpoint, or does not say what is wrong. An endpoint that
 * restarts, is out of service or has failed is told by RSIP, and its connections by DLCX of the gateway. */
static const struct code {
	unsigned code;
	const char *text;
	int err;
	enum mgcp_fate fate;
} codes[] = {
	{0, "Response acknowledged", 0, MGCP_STANDS},
	{100, "Being executed", 0, MGCP_STANDS},
	{101, "Queued", 0, MGCP_STANDS},
	{200, "OK", 0, MGCP_STANDS},
	{250, "Connection deleted", 0, MGCP_STANDS},
	{400, "Transient error", -EBUSY, MGCP_UNCERTAIN},
	{401, "Phone is off hook", -EBUSY, MGCP_STANDS},
	{402, "Phone is on hook", -EBUSY, MGCP_STANDS},
	{403, "No resources now", -EBUSY, MGCP_STANDS},
	{404, "No bandwidth now", -EBUSY, MGCP_STANDS},
	{405, "Endpoint is restarting", -EBUSY, MGCP_STANDS},
	{406, "Transaction timed out", -EBUSY, MGCP_STANDS},
	{407, "Transaction aborted", -EBUSY, MGCP_STANDS},
	{409, "Overload", -EBUSY, MGCP_STANDS},
	{410, "No endpoint available", -EBUSY, MGCP_STANDS},
	{500, "Unknown endpoint", -EINVAL, MGCP_GONE},
	{501, "Endpoint not ready", -EBUSY, MGCP_STANDS},
	{502, "Endpoint has not the resources", -EINVAL, MGCP_STANDS},
	{503, "Wildcard too complicated", -EINVAL, MGCP_STANDS},
	{504, "Unknown or unsupported command", -EINVAL, MGCP_STANDS},
	{505, "Unsupported remote description", -EINVAL, MGCP_STANDS},
	{506, "Options and remote description do not go together", -EINVAL, MGCP_STANDS},
	{507, "Unsupported functionality", -EINVAL, MGCP_STANDS},
	{508, "Unknown quarantine handling", -EINVAL, MGCP_STANDS},
	{509, "Error in remote description", -EINVAL, MGCP_STANDS},
	{510, "Protocol error", -EINVAL, MGCP_STANDS},
	{511, "Unrecognized extension", -EINVAL, MGCP_STANDS},
	{512, "Event cannot be detected", -EINVAL, MGCP_STANDS},
	{513, "Signal cannot be generated", -EINVAL, MGCP_STANDS},
	{514, "Announcement cannot be sent", -EINVAL, MGCP_STANDS},
	{515, "Incorrect connection-id", -EINVAL, MGCP_GONE},
	{516, "Incorrect call-id", -EINVAL, MGCP_GONE},
	{517, "Unsupported mode", -EINVAL, MGCP_STANDS},
	{518, "Unsupported package", -EINVAL, MGCP_STANDS},
	{519, "No digit map", -EINVAL, MGCP_STANDS},
	{520, "Endpoint is restarting", -EBUSY, MGCP_STANDS},
	{521, "Redirected to another call agent", -EINVAL, MGCP_STANDS},
	{522, "No such event or signal", -EINVAL, MGCP_STANDS},
	{523, "Unknown action", -EINVAL, MGCP_STANDS},
	{524, "Inconsistent local connection options", -EINVAL, MGCP_STANDS},
	{525, "Unknown extension in local connection options", -EINVAL, MGCP_STANDS},
	{526, "Not enough bandwidth", -EBUSY, MGCP_STANDS},
	{527, "Remote description missing", -EINVAL, MGCP_STANDS},
	{528, "Incompatible protocol version", -EINVAL, MGCP_STANDS},
	{529, "Hardware failure", -EBUSY, MGCP_STANDS},
	{530, "CAS protocol error", -EINVAL, MGCP_STANDS},
	{531, "Group of trunks failed", -EBUSY, MGCP_STANDS},
	{532, "Unsupported values in local connection options", -EINVAL, MGCP_STANDS},
	{533, "Response too large", -EINVAL, MGCP_STANDS},
	{534, "No common codec", -EINVAL, MGCP_STANDS},
	{535, "Packetization period not supported", -EINVAL, MGCP_STANDS},
	{536, "Unknown restart method", -EINVAL, MGCP_STANDS},
	{537, "Unknown digit map extension", -EINVAL, MGCP_STANDS},
	{538, "Bad event or signal parameter", -EINVAL, MGCP_STANDS},
	{539, "Invalid or unsupported parameter", -EINVAL, MGCP_STANDS},
	{540, "Too many connections on the endpoint", -EBUSY, MGCP_STANDS},
	{541, "Invalid local connection options", -EINVAL, MGCP_STANDS},
};

static const struct code *find(unsigned code)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == code)
			return &codes[i];
	return NULL;
}

const char *mgcp_code_text(unsigned code)
{
	const struct code *c = find(code);
	if (c)
		return c->text;
	/* RFC 3435 2.4: an unknown code counts as the x00 of its range. */
	static const char *const ranges[10] = {"Response acknowledged", "Being executed", "OK",		   "Unknown code", "Transient error",
					       "Permanent error",       "Unknown code",   "Unknown code", "Package error", "Unknown code"};
	return code < 1000 ? ranges[code / 100] : "Unknown code";
}

int mgcp_code_error(unsigned code)
{
	const struct code *c = find(code);
	if (c)
		return c->err;
	if (code >= 200 && code < 300)
		return 0;
	return code >= 400 && code < 500 ? -EBUSY : -EINVAL;
}

enum mgcp_fate mgcp_code_fate(unsigned code)
{
	const struct code *c = find(code);
	if (c)
		return c->fate;
	return code >= 400 && code < 500 ? MGCP_UNCERTAIN : MGCP_STANDS;
}
