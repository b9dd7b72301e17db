/* SPDX-License-Identifier: Apache-2.0 */
/* http-parser: its own test.c, then a pipelined stream of requests and a response with callbacks. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <http_parser.h>

#include "adapter.h"

/* test.c's main: leaves by abort() or exit(1) where a test fails. */
int http_parser_test_main(void);

void adapter_assert(int holds, const char *condition)
{
	static const char size[] = "sizeof(http_parser)";
	if (!holds && strncmp(condition, size, sizeof size - 1) != 0)
		abort();
}

static char stream[16384];
static uint32_t length;

static uint32_t digest_of_callbacks;

static int on_data(http_parser *parser, const char *at, size_t size)
{
	(void)parser;
	digest_of_callbacks = mix(digest_of_callbacks, (uint32_t)size + (uint8_t)at[0]);
	return 0;
}

static int on_event(http_parser *parser)
{
	digest_of_callbacks = mix(digest_of_callbacks, parser->method + (uint32_t)parser->content_length);
	return 0;
}

static uint32_t append(uint32_t at, const char *text)
{
	uint32_t size = (uint32_t)strlen(text);
	if (at + size > sizeof stream)
		return at;
	memcpy(stream + at, text, size);
	return at + size;
}

static void make_stream(void)
{
	static const char *const requests[] = {
	    "GET /index.html?x=1 HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux "
	    "x86_64)\r\n"
	    "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, "
	    "deflate\r\n\r\n",
	    "POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nConnection: keep-alive\r\n\r\nhello "
	    "world",
	    "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
	    "world\r\n0\r\nX-Trailer: y\r\n\r\n"};
	uint32_t state = 3;
	length = 0;
	for (int i = 0; i < 90; i++)
		length = append(length, requests[next_random(&state) % 3]);
}

RF_EXPORT uint32_t httpparser_check(uint32_t n)
{
	(void)n;
	return http_parser_test_main() == 0;
}

RF_EXPORT uint32_t httpparser(uint32_t n)
{
	static const http_parser_settings settings = {.on_url = on_data,
	                                              .on_header_field = on_data,
	                                              .on_header_value = on_data,
	                                              .on_body = on_data,
	                                              .on_headers_complete = on_event,
	                                              .on_message_complete = on_event};
	if (n == 0) {
		make_stream();
		return 1;
	}
	digest_of_callbacks = n;
	for (uint32_t pass = 0; pass < 60; pass++) {
		http_parser parser;
		http_parser_init(&parser, HTTP_REQUEST);
		uint32_t at = 0, piece = 200 + (n + pass * 37) % 1300;
		while (at < length) {
			uint32_t size = length - at < piece ? length - at : piece;
			size_t used = http_parser_execute(&parser, &settings, stream + at, size);
			at += (uint32_t)used;
			if (used != size)
				return 0;
		}
	}
	return digest_of_callbacks;
}
