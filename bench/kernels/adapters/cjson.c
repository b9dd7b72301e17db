/* SPDX-License-Identifier: Apache-2.0 */
/* cJSON: documents parsed, walked, printed; vectors from RFC 8259, section 13, and malformed text. */
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "adapter.h"

enum { SPACE = 24000 };

static char document[SPACE];

static int same_print(const char *text, const char *expected)
{
	cJSON *root = cJSON_Parse(text);
	char *printed = root ? cJSON_PrintUnformatted(root) : NULL;
	int same = printed && strcmp(printed, expected) == 0;
	free(printed);
	cJSON_Delete(root);
	return same;
}

static int refuses(const char *text)
{
	cJSON *root = cJSON_ParseWithOpts(text, NULL, 1);
	cJSON_Delete(root);
	return root == NULL;
}

static int right(void)
{
	static const char image[] =
	    "{ \"Image\": { \"Width\": 800, \"Height\": 600, \"Title\": \"View from 15th Floor\","
	    "\"Thumbnail\": { \"Url\": \"http://www.example.com/image/481989943\", \"Height\": 125,"
	    "\"Width\": 100 }, \"Animated\" : false, \"IDs\": [116, 943, 234, 38793] } }";
	static const char printed[] =
	    "{\"Image\":{\"Width\":800,\"Height\":600,\"Title\":\"View from 15th Floor\","
	    "\"Thumbnail\":{\"Url\":\"http://www.example.com/image/481989943\",\"Height\":125,"
	    "\"Width\":100},\"Animated\":false,\"IDs\":[116,943,234,38793]}}";
	return same_print(image, printed) &&
	       same_print("[1.5e3, -0.25, 1e-7, \"\\u00e4\\n\"]", "[1500,-0.25,1e-07,\"\xc3\xa4\\n\"]") &&
	       same_print("[0.1, 123456789012, 3.14159265358979]", "[0.1,123456789012,3.14159265358979]") &&
	       refuses("[1,]") && refuses("{\"a\" 1}") && refuses("[\"\\ud800\"]") && refuses("nul") &&
	       refuses("[1] x");
}

static uint32_t put(uint32_t at, const char *text)
{
	while (*text && at + 1 < SPACE)
		document[at++] = *text++;
	document[at] = 0;
	return at;
}

static uint32_t put_number(uint32_t at, uint32_t value)
{
	char digits[12];
	int count = 11;
	digits[count] = 0;
	do
		digits[--count] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	return put(at, digits + count);
}

static void make_document(uint32_t seed)
{
	uint32_t state = seed | 1, at = put(0, "{\"rules\":[");
	for (int i = 0; i < 150; i++) {
		at = put(at, i ? ",{\"id\":" : "{\"id\":");
		at = put_number(at, next_random(&state) % 100000);
		at = put(at, ",\"action\":\"");
		at = put(at, next_random(&state) >> 31 ? "accept" : "drop\\u0021");
		at = put(at, "\",\"rate\":");
		at = put_number(at, next_random(&state) % 1000);
		at = put(at, next_random(&state) >> 31 ? ".5" : ".125e2");
		at = put(at, ",\"ports\":[53, 443, 8080],\"log\":true,\"name\":null}");
	}
	put(at, "]}");
}

static uint32_t walk(const cJSON *item, uint32_t digest)
{
	for (; item; item = item->next) {
		digest = mix(digest, (uint32_t)item->type + (uint32_t)item->valueint);
		if (item->valuestring)
			digest = digest_bytes(digest, item->valuestring, (uint32_t)strlen(item->valuestring));
		if (item->child)
			digest = walk(item->child, digest);
	}
	return digest;
}

RF_EXPORT uint32_t cjson_check(uint32_t n)
{
	(void)n;
	return (uint32_t)right();
}

RF_EXPORT uint32_t cjson(uint32_t n)
{
	if (n == 0)
		return 1;
	uint32_t digest = n;
	make_document(n);
	for (int i = 0; i < 4; i++) {
		cJSON *root = cJSON_Parse(document);
		if (!root)
			return 0;
		digest = walk(root, digest);
		const cJSON *rules = cJSON_GetObjectItem(root, "rules");
		digest =
		    mix(digest, (uint32_t)cJSON_GetObjectItem(cJSON_GetArrayItem(rules, 99), "id")->valueint);
		char *printed = cJSON_PrintUnformatted(root);
		if (printed)
			digest = digest_bytes(digest, printed, (uint32_t)strlen(printed));
		free(printed);
		cJSON_Delete(root);
	}
	return digest;
}
