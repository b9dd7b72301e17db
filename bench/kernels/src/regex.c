/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions: parsed, compiled to Thompson's NFA, turned into a DFA state by state
 * as the text asks for it, and searched with.
 */
#include "kernel.h"

enum { NODES = 128, STATES = 256, TEXT = 1 << 17 };
enum { SPLIT = 256, MATCH = 257, ANY = 258, DIGIT = 259, WORD = 260 };

struct node {
	uint16_t symbol; /* a byte, or one of the above */
	int16_t out, other;
};

struct regex {
	struct node node[NODES];
	int nodes, start;
	uint32_t set[STATES][NODES / 32];
	int16_t next[STATES][256]; /* -1: not known yet */
	uint8_t accepts[STATES];
	int states;
};

/* A piece of NFA: its entry, and the chain of dangling exits, linked through the exits themselves. */
struct fragment {
	int start, exits;
};

struct parser {
	struct regex *regex;
	const char *at;
};

static struct regex machine;
static uint8_t text[TEXT];

static int16_t *exit_of(struct regex *r, int exit)
{
	return exit & 1 ? &r->node[exit >> 1].other : &r->node[exit >> 1].out;
}

static void patch(struct regex *r, int exits, int to)
{
	while (exits >= 0) {
		int16_t *link = exit_of(r, exits);
		exits = *link;
		*link = (int16_t)to;
	}
}

static int append_exits(struct regex *r, int first, int second)
{
	if (first < 0)
		return second;
	int last = first;
	while (*exit_of(r, last) >= 0)
		last = *exit_of(r, last);
	*exit_of(r, last) = (int16_t)second;
	return first;
}

static int add_node(struct regex *r, int symbol, int out, int other)
{
	r->node[r->nodes] = (struct node){(uint16_t)symbol, (int16_t)out, (int16_t)other};
	return r->nodes++;
}

static struct fragment parse_choice(struct parser *p);

static struct fragment parse_atom(struct parser *p)
{
	int symbol = (uint8_t)*p->at++;
	if (symbol == '(') {
		struct fragment inner = parse_choice(p);
		p->at++;
		return inner;
	}
	if (symbol == '.')
		symbol = ANY;
	if (symbol == '\\') {
		symbol = (uint8_t)*p->at++;
		if (symbol == 'd')
			symbol = DIGIT;
		else if (symbol == 'w')
			symbol = WORD;
	}
	int n = add_node(p->regex, symbol, -1, -1);
	return (struct fragment){n, 2 * n};
}

static struct fragment parse_repeat(struct parser *p)
{
	struct fragment f = parse_atom(p);
	for (; *p->at == '*' || *p->at == '+' || *p->at == '?'; p->at++) {
		int split = add_node(p->regex, SPLIT, f.start, -1);
		if (*p->at == '?') {
			f = (struct fragment){split, append_exits(p->regex, f.exits, 2 * split + 1)};
			continue;
		}
		patch(p->regex, f.exits, split);
		f = (struct fragment){*p->at == '*' ? split : f.start, 2 * split + 1};
	}
	return f;
}

static struct fragment parse_sequence(struct parser *p)
{
	struct fragment f = parse_repeat(p);
	while (*p->at && *p->at != '|' && *p->at != ')') {
		struct fragment g = parse_repeat(p);
		patch(p->regex, f.exits, g.start);
		f.exits = g.exits;
	}
	return f;
}

static struct fragment parse_choice(struct parser *p)
{
	struct fragment f = parse_sequence(p);
	while (*p->at == '|') {
		p->at++;
		struct fragment g = parse_sequence(p);
		int split = add_node(p->regex, SPLIT, f.start, g.start);
		f = (struct fragment){split, append_exits(p->regex, f.exits, g.exits)};
	}
	return f;
}

static void close_over(const struct regex *r, uint32_t *set, int n)
{
	while (!(set[n / 32] >> n % 32 & 1)) {
		set[n / 32] |= 1u << n % 32;
		if (r->node[n].symbol != SPLIT)
			return;
		close_over(r, set, r->node[n].other);
		n = r->node[n].out;
	}
}

static int intern_state(struct regex *r, const uint32_t *set)
{
	for (int s = 0; s < r->states; s++)
		if (same_bytes(r->set[s], set, sizeof r->set[s]))
			return s;
	if (r->states == STATES)
		r->states = 1; /* forget all but the start */
	int s = r->states++;
	r->accepts[s] = 0;
	for (int i = 0; i < NODES / 32; i++)
		r->set[s][i] = set[i];
	for (int c = 0; c < 256; c++)
		r->next[s][c] = -1;
	for (int n = 0; n < r->nodes; n++)
		if ((set[n / 32] >> n % 32 & 1) && r->node[n].symbol == MATCH)
			r->accepts[s] = 1;
	return s;
}

static void compile(struct regex *r, const char *pattern)
{
	struct parser p = {r, pattern};
	uint32_t set[NODES / 32] = {0};
	r->nodes = r->states = 0;
	struct fragment f = parse_choice(&p);
	patch(r, f.exits, add_node(r, MATCH, -1, -1));
	r->start = f.start;
	close_over(r, set, r->start);
	intern_state(r, set);
}

static int is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static int matches(uint32_t symbol, int c)
{
	switch (symbol) {
	case ANY:
		return c != '\n';
	case DIGIT:
		return c >= '0' && c <= '9';
	case WORD:
		return is_word(c);
	default:
		return symbol == (uint32_t)c;
	}
}

/* A search: the start set joins every step, so a match may begin anywhere. */
static int step(struct regex *r, int state, int c)
{
	uint32_t set[NODES / 32] = {0};
	for (int n = 0; n < r->nodes; n++)
		if ((r->set[state][n / 32] >> n % 32 & 1) && r->node[n].symbol != SPLIT &&
		    r->node[n].symbol != MATCH && matches(r->node[n].symbol, c))
			close_over(r, set, r->node[n].out);
	close_over(r, set, r->start);
	int to = intern_state(r, set);
	if (to > state || r->states > 1)
		r->next[state][c] = (int16_t)to;
	return to;
}

/* Ends of matches, weighted by where they are. */
static uint32_t search(struct regex *r, const uint8_t *data, uint32_t length)
{
	int state = 0;
	uint32_t found = 0;
	for (uint32_t i = 0; i < length; i++) {
		int to = r->next[state][data[i]];
		state = to >= 0 ? to : step(r, state, data[i]);
		if (r->accepts[state])
			found += 1 + (i << 8);
	}
	return found;
}

static uint32_t count(const char *pattern, const char *subject)
{
	uint32_t length = 0;
	while (subject[length])
		length++;
	compile(&machine, pattern);
	return search(&machine, (const uint8_t *)subject, length) & 0xff;
}

static int right(void)
{
	return count("ab*c", "ac abbbc bc abx") == 2 && count("(get|post) /\\w+\\.php", "get /a1.php") == 1 &&
	       count("\\d+-\\d+", "12-34 x-1 5-") == 2 && count("a.c?d", "abd abcd acd a\nd") == 3 &&
	       count("(a|b)+c", "ababc xc") == 1;
}

static void build(void)
{
	static const char *const words[] = {
	    "GET /", "index", ".html", "user=",    "admin", "' or 1=1",   "POST /", ".php",
	    "id=",   "4711",  "\n",    "cookie: ", "../",   "etc/passwd", "a",      "select "};
	uint32_t state = 21, at = 0;
	while (at < TEXT) {
		const char *word = words[next_random(&state) >> 28];
		while (*word && at < TEXT)
			text[at++] = (uint8_t)*word++;
	}
}

RF_EXPORT uint32_t regex(uint32_t n)
{
	static const char *const patterns[] = {"(GET|POST) /(\\.\\./)+etc/passwd", "user=\\w*' or \\d+=\\d+",
	                                       "(select|union) .*(id|user)="};
	if (n == 0) {
		build();
		return (uint32_t)right();
	}
	uint32_t digest = n;
	for (int i = 0; i < 3; i++) {
		compile(&machine, patterns[i]);
		for (int pass = 0; pass < 2; pass++)
			digest = mix(digest, search(&machine, text + n % 32, TEXT - 32));
	}
	return digest;
}
