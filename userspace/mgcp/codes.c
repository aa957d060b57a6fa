// SPDX-License-Identifier: GPL-3.0-or-later
/* Return codes and reason codes (RFC 3435 2.4, 2.5) in our words, and what a call agent makes of a refusal. */
#include "mgcp/internal.h"
#include <errno.h>

/* `err`: what a refusal means to whoever asked for a connection. -EBUSY: another try, or another gateway, may do. `gone`: the
 * gateway says that the connection, its call or its endpoint does not exist. */
static const struct code {
	unsigned code;
	const char *text;
	int err;
	bool gone;
} codes[] = {
	{0, "Response acknowledged", 0, false},
	{100, "Being executed", 0, false},
	{101, "Queued", 0, false},
	{200, "OK", 0, false},
	{250, "Connection deleted", 0, false},
	{400, "Transient error", -EBUSY, false},
	{401, "Phone is off hook", -EBUSY, false},
	{402, "Phone is on hook", -EBUSY, false},
	{403, "No resources now", -EBUSY, false},
	{404, "No bandwidth now", -EBUSY, false},
	{405, "Endpoint is restarting", -EBUSY, false},
	{406, "Transaction timed out", -EBUSY, false},
	{407, "Transaction aborted", -EBUSY, false},
	{409, "Overload", -EBUSY, false},
	{410, "No endpoint available", -EBUSY, false},
	{500, "Unknown endpoint", -EINVAL, true},
	{501, "Endpoint not ready", -EBUSY, false},
	{502, "Endpoint has not the resources", -EINVAL, false},
	{503, "Wildcard too complicated", -EINVAL, false},
	{504, "Unknown or unsupported command", -EINVAL, false},
	{505, "Unsupported remote description", -EINVAL, false},
	{506, "Options and remote description do not go together", -EINVAL, false},
	{507, "Unsupported functionality", -EINVAL, false},
	{508, "Unknown quarantine handling", -EINVAL, false},
	{509, "Error in remote description", -EINVAL, false},
	{510, "Protocol error", -EINVAL, false},
	{511, "Unrecognized extension", -EINVAL, false},
	{512, "Event cannot be detected", -EINVAL, false},
	{513, "Signal cannot be generated", -EINVAL, false},
	{514, "Announcement cannot be sent", -EINVAL, false},
	{515, "Incorrect connection-id", -EINVAL, true},
	{516, "Incorrect call-id", -EINVAL, true},
	{517, "Unsupported mode", -EINVAL, false},
	{518, "Unsupported package", -EINVAL, false},
	{519, "No digit map", -EINVAL, false},
	{520, "Endpoint is restarting", -EBUSY, false},
	{521, "Redirected to another call agent", -EINVAL, false},
	{522, "No such event or signal", -EINVAL, false},
	{523, "Unknown action", -EINVAL, false},
	{524, "Inconsistent local connection options", -EINVAL, false},
	{525, "Unknown extension in local connection options", -EINVAL, false},
	{526, "Not enough bandwidth", -EBUSY, false},
	{527, "Remote description missing", -EINVAL, false},
	{528, "Incompatible protocol version", -EINVAL, false},
	{529, "Hardware failure", -EBUSY, false},
	{530, "CAS protocol error", -EINVAL, false},
	{531, "Group of trunks failed", -EBUSY, false},
	{532, "Unsupported values in local connection options", -EINVAL, false},
	{533, "Response too large", -EINVAL, false},
	{534, "No common codec", -EINVAL, false},
	{535, "Packetization period not supported", -EINVAL, false},
	{536, "Unknown restart method", -EINVAL, false},
	{537, "Unknown digit map extension", -EINVAL, false},
	{538, "Bad event or signal parameter", -EINVAL, false},
	{539, "Invalid or unsupported parameter", -EINVAL, false},
	{540, "Too many connections on the endpoint", -EBUSY, false},
	{541, "Invalid local connection options", -EINVAL, false},
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

bool mgcp_code_gone(unsigned code)
{
	const struct code *c = find(code);
	return c && c->gone;
}
