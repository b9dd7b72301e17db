/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 requests: request line, headers, known names, numbers, percent-decoding. */
#include "kernel.h"

enum { REQUESTS = 64, SPACE = 1024, HEADERS = 16, PASSES = 60 };

struct span {
	const char *start;
	uint32_t length;
};

struct request {
	struct span method, path, name[HEADERS], value[HEADERS];
	uint32_t headers, content_length;
	int keep_alive, minor_version;
};

static char requests[REQUESTS][SPACE];
static uint32_t lengths[REQUESTS];

static int is_token(uint8_t c)
{
	static const uint8_t map[32] = {0,    0,    0,    0,    0xfa, 0x6c, 0xff, 0x03,
	                                0xfe, 0xff, 0xff, 0xc7, 0xff, 0xff, 0xff, 0x57};
	return map[c >> 3] >> (c & 7) & 1;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int same_name(struct span span, const char *name)
{
	for (uint32_t i = 0; i < span.length; i++)
		if (lower(span.start[i]) != name[i] || !name[i])
			return 0;
	return name[span.length] == 0;
}

static const char *take_until(const char *at, const char *end, char stop, struct span *span)
{
	span->start = at;
	while (at < end && *at != stop && *at != '\r' && *at != '\n')
		at++;
	span->length = (uint32_t)(at - span->start);
	return at < end && *at == stop ? at + 1 : NULL;
}

static int parse_number(struct span span, uint32_t *number)
{
	uint32_t value = 0;
	for (uint32_t i = 0; i < span.length; i++) {
		uint32_t digit = (uint32_t)(uint8_t)span.start[i] - '0';
		if (digit > 9 || value > 100000000)
			return 0;
		value = value * 10 + digit;
	}
	*number = value;
	return span.length > 0;
}

static int note_header(struct request *r, struct span name, struct span value)
{
	if (same_name(name, "content-length"))
		return parse_number(value, &r->content_length);
	if (same_name(name, "connection"))
		r->keep_alive = same_name(value, "keep-alive");
	return 1;
}

static const char *parse_header(struct request *r, const char *at, const char *end)
{
	struct span name = {at, 0}, value;
	while (at < end && is_token((uint8_t)*at))
		at++;
	name.length = (uint32_t)(at - name.start);
	if (name.length == 0 || at >= end || *at++ != ':' || r->headers == HEADERS)
		return NULL;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	value.start = at;
	while (at < end && *at != '\r')
		at++;
	value.length = (uint32_t)(at - value.start);
	while (value.length && value.start[value.length - 1] == ' ')
		value.length--;
	if (end - at < 2 || at[1] != '\n' || !note_header(r, name, value))
		return NULL;
	r->name[r->headers] = name;
	r->value[r->headers++] = value;
	return at + 2;
}

/* Bytes used; 0 for a bad or incomplete request. */
static uint32_t parse(struct request *r, const char *start, uint32_t length)
{
	const char *end = start + length;
	r->headers = r->content_length = 0;
	const char *at = take_until(start, end, ' ', &r->method);
	if (!at || !(at = take_until(at, end, ' ', &r->path)) || end - at < 10)
		return 0;
	static const char version[] = "HTTP/1.";
	for (int i = 0; i < 7; i++)
		if (at[i] != version[i])
			return 0;
	r->minor_version = at[7] - '0';
	r->keep_alive = r->minor_version > 0;
	if (at[8] != '\r' || at[9] != '\n')
		return 0;
	at += 10;
	while (at && end - at >= 2 && *at != '\r')
		at = parse_header(r, at, end);
	if (!at || end - at < 2 || at[1] != '\n')
		return 0;
	return (uint32_t)(at + 2 - start);
}

static int hex_digit(char c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %xx and hashes what comes out. */
static uint32_t hash_path(struct span path)
{
	uint32_t digest = 0;
	for (uint32_t i = 0; i < path.length; i++) {
		int c = (uint8_t)path.start[i];
		if (c == '%' && i + 2 < path.length) {
			int high = hex_digit(path.start[i + 1]), low = hex_digit(path.start[i + 2]);
			if (high >= 0 && low >= 0) {
				c = high * 16 + low;
				i += 2;
			}
		}
		digest = digest * 31 + (uint32_t)c;
	}
	return digest;
}

static uint32_t text_length(const char *text)
{
	uint32_t length = 0;
	while (text[length])
		length++;
	return length;
}

static int right(void)
{
	static const char good[] =
	    "POST /a%20b HTTP/1.1\r\nHost: x\r\nCONTENT-Length:  42 \r\nConnection: close\r\n\r\nbody";
	static const char *const bad[] = {"GET /\r\n\r\n", "GET / HTTP/1.1\r\nHost x\r\n\r\n",
	                                  "GET / HTTP/1.1\r\nHost: x\r\n",
	                                  "GET / HTTP/1.1\r\nContent-Length: 4x\r\n\r\n"};
	struct request r;
	for (int i = 0; i < 4; i++)
		if (parse(&r, bad[i], text_length(bad[i])))
			return 0;
	return parse(&r, good, sizeof good - 1) == sizeof good - 1 - 4 && r.headers == 3 &&
	       r.content_length == 42 && !r.keep_alive && same_name(r.method, "post") &&
	       hash_path(r.path) == (((('/' * 31u) + 'a') * 31) + ' ') * 31 + 'b';
}

static uint32_t put(char *to, uint32_t at, const char *text)
{
	while (*text)
		to[at++] = *text++;
	return at;
}

static void build(void)
{
	static const char *const lines[] = {
	    "Host: www.example.org\r\n",
	    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101\r\n",
	    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
	    "Connection: keep-alive\r\n",
	    "Accept-Encoding: gzip, deflate, br\r\n",
	    "Content-Length: 1234\r\n",
	    "X-Forwarded-For: 192.0.2.7\r\n",
	    "Cookie: session=0123456789abcdef; theme=dark\r\n"};
	uint32_t state = 11;
	for (uint32_t i = 0; i < REQUESTS; i++) {
		uint32_t at = put(requests[i], 0, i & 1 ? "GET /" : "POST /");
		for (uint32_t k = next_random(&state) % 40; k > 0; k--)
			at = put(requests[i], at, next_random(&state) >> 29 ? "path" : "%2F");
		at = put(requests[i], at, " HTTP/1.1\r\n");
		for (uint32_t k = 3 + next_random(&state) % 8; k > 0; k--)
			at = put(requests[i], at, lines[next_random(&state) >> 29]);
		lengths[i] = put(requests[i], at, i % 16 ? "\r\n" : "broken\r\n");
	}
}

RF_EXPORT uint32_t httpparse(uint32_t n)
{
	if (n == 0) {
		build();
		return (uint32_t)right();
	}
	uint32_t digest = n;
	for (uint32_t pass = 0; pass < PASSES; pass++)
		for (uint32_t i = 0; i < REQUESTS; i++) {
			struct request r;
			uint32_t used = parse(&r, requests[i], lengths[i]);
			digest = mix(digest, used);
			if (used)
				digest = mix(digest, hash_path(r.path) + r.headers * 7 + r.content_length);
		}
	return digest;
}
