/* SPDX-License-Identifier: Apache-2.0 */
/* Aho-Corasick: many patterns in one pass, as an intrusion detector does it. */
#include "kernel.h"

enum { STATES = 2000, PATTERNS = 200, TEXT = 1 << 18 };

static uint16_t delta[STATES][256];
static uint16_t fail[STATES], queue[STATES];
static uint16_t matches[STATES]; /* patterns that end here, suffixes included */
static uint32_t states;
static uint8_t text[TEXT];

static void reset(void)
{
	for (uint32_t s = 0; s < STATES; s++) {
		fail[s] = matches[s] = 0;
		for (int c = 0; c < 256; c++)
			delta[s][c] = 0;
	}
	states = 1;
}

static void add_pattern(const uint8_t *pattern, uint32_t length)
{
	uint32_t s = 0;
	for (uint32_t i = 0; i < length; i++) {
		if (!delta[s][pattern[i]])
			delta[s][pattern[i]] = (uint16_t)states++;
		s = delta[s][pattern[i]];
	}
	matches[s]++;
}

/* Breadth first: completes each state's transitions from those of its longest proper suffix. */
static void link_states(void)
{
	uint32_t head = 0, tail = 0;
	for (int c = 0; c < 256; c++)
		if (delta[0][c])
			queue[tail++] = delta[0][c];
	while (head < tail) {
		uint32_t s = queue[head++];
		matches[s] = (uint16_t)(matches[s] + matches[fail[s]]);
		for (int c = 0; c < 256; c++) {
			uint32_t child = delta[s][c];
			if (child) {
				fail[child] = delta[fail[s]][c];
				queue[tail++] = (uint16_t)child;
			} else {
				delta[s][c] = delta[fail[s]][c];
			}
		}
	}
}

static uint32_t scan(const uint8_t *data, uint32_t length)
{
	uint32_t state = 0, count = 0;
	for (uint32_t i = 0; i < length; i++) {
		state = delta[state][data[i]];
		if (matches[state])
			count += matches[state] + (i & 1);
	}
	return count;
}

/* The example of Aho and Corasick's paper: "ushers" holds she, he and hers. */
static int right(void)
{
	reset();
	add_pattern((const uint8_t *)"he", 2);
	add_pattern((const uint8_t *)"she", 3);
	add_pattern((const uint8_t *)"his", 3);
	add_pattern((const uint8_t *)"hers", 4);
	link_states();
	return states == 10 && scan((const uint8_t *)"ushers", 6) == 3 + 1 + 1;
}

static void build(void)
{
	uint32_t state = 99;
	reset();
	for (int i = 0; i < PATTERNS; i++) {
		uint8_t pattern[10];
		uint32_t length = 3 + next_random(&state) % 7;
		for (uint32_t k = 0; k < length; k++)
			pattern[k] = (uint8_t)('a' + next_random(&state) % 6);
		add_pattern(pattern, length);
	}
	link_states();
	for (uint32_t i = 0; i < TEXT; i++)
		text[i] = (uint8_t)('a' + (next_random(&state) >> 9) % 7);
}

RF_EXPORT uint32_t ahocorasick(uint32_t n)
{
	if (n == 0) {
		int ok = right();
		build();
		return (uint32_t)ok;
	}
	return mix(n, scan(text + n % 64, TEXT - 64)) + mix(n, scan(text, TEXT / 2));
}
