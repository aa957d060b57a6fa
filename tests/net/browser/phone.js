// SPDX-License-Identifier: GPL-3.0-or-later
// A browser's SIP phone as a scenario wants it (RFC 7118): registers with digest, asks OPTIONS, sends and answers MESSAGE. What happens is told to the
// scenario with POST /NAME. The address says ?server=wss://...&user=...&password=...&to=...
"use strict";
const args = new URLSearchParams(location.search);
const user = args.get("user"), server = args.get("server"), domain = args.get("domain");
const nowhere = `${crypto.randomUUID().slice(0, 8)}.invalid`;
const aor = `<sip:${user}@${domain}>`, tag = crypto.randomUUID().slice(0, 8);
const waiting = new Map(); // by CSeq
let socket, cseq = 0;

const tell = (name, body = "") => fetch(`/${name}`, {method: "POST", body});
const header = (text, name) => (text.match(new RegExp(`^${name}:\\s*(.*?)\\r$`, "im")) || [])[1] || "";
const headers = (text, name) => [...text.matchAll(new RegExp(`^${name}:\\s*(.*?)\\r$`, "gim"))].map(m => m[1]);

async function hash(text) {
	const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
	return [...new Uint8Array(bytes)].map(b => b.toString(16).padStart(2, "0")).join("");
}

async function credentials(challenge, method, uri) {
	const part = name => (challenge.match(new RegExp(`${name}="?([^",]*)`)) || [])[1];
	const [realm, nonce, cnonce, nc] = [part("realm"), part("nonce"), "b" + tag, "00000001"];
	const a1 = await hash(`${user}:${realm}:${args.get("password")}`), a2 = await hash(`${method}:${uri}`);
	const response = await hash(`${a1}:${nonce}:${nc}:${cnonce}:auth:${a2}`);
	return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=SHA-256, qop=auth, ` +
		`nc=${nc}, cnonce="${cnonce}"`;
}

function send(method, uri, more, body) {
	const lines = [`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/WSS ${nowhere};branch=z9hG4bK${crypto.randomUUID().slice(0, 8)}`, "Max-Forwards: 70",
		`From: ${aor};tag=${tag}`, `To: ${method === "REGISTER" ? aor : `<${uri}>`}`, `Call-ID: browser-${method}`, `CSeq: ${++cseq} ${method}`,
		`Content-Length: ${new TextEncoder().encode(body).length}`, ...more, "", body];
	socket.send(lines.join("\r\n"));
	return new Promise(done => waiting.set(cseq, done));
}

// With credentials when they are asked for.
async function ask(method, uri, more = [], body = "") {
	const first = await send(method, uri, more, body);
	const name = first.startsWith("SIP/2.0 407") ? "Proxy" : "WWW";
	const challenge = headers(first, `${name}-Authenticate`).find(c => c.includes("SHA-256"));
	if (!challenge)
		return first;
	const answer = await credentials(challenge, method, uri);
	return send(method, uri, [...more, `${name === "Proxy" ? "Proxy-Authorization" : "Authorization"}: ${answer}`], body);
}

function answer(request) {
	const keep = ["Via", "From", "Call-ID", "CSeq"].flatMap(name => headers(request, name).map(value => `${name}: ${value}`));
	socket.send(["SIP/2.0 200 OK", ...keep, `To: ${header(request, "To")};tag=${tag}`, "Content-Length: 0", "", ""].join("\r\n"));
	tell("request", request);
}

async function take(event) {
	const text = typeof event.data === "string" ? event.data : await event.data.text();
	const status = Number((text.match(/^SIP\/2\.0 (\d+)/) || [])[1]);
	if (!status)
		return answer(text);
	const number = parseInt(header(text, "CSeq"));
	if (status >= 200 && waiting.has(number)) {
		waiting.get(number)(text);
		waiting.delete(number);
	}
}

async function run() {
	const contact = `Contact: <sip:${user}@${nowhere};transport=ws>;expires=300`;
	await tell("registered", await ask("REGISTER", `sip:${domain}`, [contact, "Supported: path, outbound"]));
	await tell("options", await ask("OPTIONS", `sip:${domain}`));
	await tell("message", await ask("MESSAGE", `sip:${args.get("to")}@${domain}`, ["Content-Type: text/plain"], "grüße aus dem Browser"));
}

socket = new WebSocket(server, "sip");
socket.onopen = () => run().catch(e => tell("failed", String(e)));
socket.onmessage = take;
socket.onclose = e => tell("closed", `${e.code} ${e.reason}`);
