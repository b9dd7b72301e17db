/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends numbered frames into the cable of one NIC and checks every byte of
 * what comes out of another's: what is lost, there twice, out of order or not
 * what was sent. The cables are QEMU's "stream" sockets: each frame behind its
 * length, 32 bits, big-endian.
 *
 * Frames are Ethernet, IPv4 (with a correct checksum) and UDP to port 9
 * (discard). Behind the headers: magic, kind, flow, length, number, and then
 * bytes that depend on number, flow and seed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MIN 60
#define FRAME_MAX 1522
#define PREFIX 4   /* of a frame in a stream */
#define HEADERS 42 /* Ethernet, IPv4, UDP */
#define STAMP 14   /* magic 2, kind 1, flow 1, length 2, number 8 */
#define BUFFER (128 << 10)
#define COUNT_MAX (1ull << 32)
#define MAGIC 0x5246
#define TICK_MS 100
#define SILENCE_MS 1000 /* what has not come by then is taken for lost; the run goes on */
#define GIVE_UP_MS 20000
#define FLOWS 2

enum kind { KIND_PROBE, KIND_DATA };

struct options {
	uint64_t count;
	double seconds; /* > 0: stop sending then, however many are left */
	uint32_t shortest, longest, window;
	uint64_t seed;
	bool both_ways;
	int fd[2];
};

/* One cable. */
struct end {
	int fd;
	uint8_t in[BUFFER], out[BUFFER];
	size_t in_length, out_start, out_length;
};

/* One direction. Frames [0, next) are sent, those below `horizon` have come or never will. */
struct flow {
	struct end *from, *to;
	uint8_t number;
	bool up; /* a probe came through */
	uint64_t count, next, horizon;
	uint8_t *seen; /* one bit for each frame */
	uint64_t received, bytes, duplicated, reordered, torn, foreign, silences;
	int64_t heard_ms;
	uint64_t in_time; /* of `received`: when sending stopped */
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(3);
}

/* ---- Frames ------------------------------------------------------------------ */

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)(value >> 32));
	put32(at + 4, (uint32_t)value);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t get64(const uint8_t *at)
{
	return (uint64_t)get32(at) << 32 | get32(at + 4);
}

/* splitmix64's step and finish: neighbouring states give unrelated results. */
static uint64_t mix(uint64_t state)
{
	state += 0x9e3779b97f4a7c15;
	state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
	state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
	return state ^ (state >> 31);
}

static uint32_t checksum(const uint8_t *header, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static uint64_t frame_key(const struct options *options, uint8_t flow, uint64_t number)
{
	return mix(options->seed ^ mix(number << 8 | flow));
}

static uint32_t frame_length(const struct options *options, uint64_t key)
{
	return options->shortest + (uint32_t)(key % (options->longest - options->shortest + 1));
}

/* Writes frame `number`, every byte of it, and returns its length. */
static uint32_t make_frame(const struct options *options, uint8_t flow, enum kind kind, uint64_t number,
                           uint8_t *frame)
{
	const uint64_t key = frame_key(options, flow, number);
	const uint32_t length = frame_length(options, key);
	memset(frame, 0, HEADERS);
	memcpy(frame, (const uint8_t[]){2, 0, 0, 0, 1, flow, 2, 0, 0, 0, 2, flow, 8, 0, 0x45}, 15);
	put16(frame + 16, length - 14);
	frame[22] = 64;
	frame[23] = 17;
	memcpy(frame + 26, (const uint8_t[]){198, 18, 0, 1, 198, 19, 0, 1}, 8);
	put16(frame + 24, checksum(frame + 14, 20));
	put16(frame + 34, 1024 + (uint32_t)(key >> 54));
	put16(frame + 36, 9);
	put16(frame + 38, length - 34);
	uint8_t *stamp = frame + HEADERS;
	put16(stamp, MAGIC);
	stamp[2] = (uint8_t)kind;
	stamp[3] = flow;
	put16(stamp + 4, length);
	put64(stamp + 6, number);
	uint64_t state = key;
	for (uint32_t at = HEADERS + STAMP; at < length; at += 8) {
		state = mix(state);
		memcpy(frame + at, &state, length - at < 8 ? length - at : 8);
	}
	return length;
}

/* ---- Sending ------------------------------------------------------------------- */

/* Writes what the socket takes. */
static void flush(struct end *end)
{
	while (end->out_length > 0) {
		const ssize_t n = write(end->fd, end->out + end->out_start, end->out_length);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			fail("the cable is gone");
		end->out_start += (size_t)n;
		end->out_length -= (size_t)n;
	}
	end->out_start = 0;
}

static void queue_frame(const struct options *options, struct flow *flow, enum kind kind, uint64_t number)
{
	struct end *end = flow->from;
	uint8_t *at = end->out + end->out_start + end->out_length;
	const uint32_t length = make_frame(options, flow->number, kind, number, at + PREFIX);
	put32(at, length);
	end->out_length += PREFIX + length;
}

static bool has_room(const struct end *end)
{
	return end->out_start == 0 && end->out_length + PREFIX + FRAME_MAX + 8 <= BUFFER / 2;
}

static bool may_send(const struct options *options, const struct flow *flow)
{
	return flow->next < flow->count && flow->next - flow->horizon < options->window;
}

static void send_some(const struct options *options, struct flow *flow)
{
	flush(flow->from);
	while (may_send(options, flow) && has_room(flow->from))
		queue_frame(options, flow, KIND_DATA, flow->next++);
	flush(flow->from);
}

/* ---- Checking ------------------------------------------------------------------ */

static void take_number(struct flow *flow, uint64_t number, uint32_t length)
{
	uint8_t *byte = &flow->seen[number / 8];
	const uint8_t bit = (uint8_t)(1u << number % 8);
	if (*byte & bit) {
		flow->duplicated++;
		return;
	}
	*byte |= bit;
	flow->received++;
	flow->bytes += length;
	if (number < flow->horizon)
		flow->reordered++;
	else
		flow->horizon = number + 1;
}

static void check_frame(const struct options *options, struct flow *flow, const uint8_t *frame,
                        uint32_t length)
{
	uint8_t expected[FRAME_MAX + 8];
	const uint8_t *stamp = frame + HEADERS;
	if (length < FRAME_MIN || get32(frame + 12) >> 16 != 0x0800 || get32(stamp) >> 16 != MAGIC) {
		flow->foreign++;
		return;
	}
	const uint64_t number = get64(stamp + 6);
	const bool probe = stamp[2] == KIND_PROBE;
	if (length > FRAME_MAX || (!probe && number >= flow->next) ||
	    make_frame(options, flow->number, probe ? KIND_PROBE : KIND_DATA, number, expected) != length ||
	    memcmp(expected, frame, length) != 0) {
		flow->torn++;
		return;
	}
	flow->heard_ms = now_ms();
	if (probe)
		flow->up = true;
	else
		take_number(flow, number, length);
}

/* Reads once and checks all frames that are complete. */
static void receive_some(const struct options *options, struct flow *flow)
{
	struct end *end = flow->to;
	const ssize_t n = read(end->fd, end->in + end->in_length, BUFFER - end->in_length);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		fail("the cable is gone");
	end->in_length += (size_t)n;
	size_t at = 0;
	while (end->in_length - at >= PREFIX) {
		const uint32_t length = get32(end->in + at);
		if (length > BUFFER / 2) {
			fprintf(stderr, "traffic: a frame of %" PRIu32 " bytes\n", length);
			exit(1);
		}
		if (end->in_length - at < PREFIX + length)
			break;
		check_frame(options, flow, end->in + at + PREFIX, length);
		at += PREFIX + length;
	}
	memmove(end->in, end->in + at, end->in_length - at);
	end->in_length -= at;
}

/* ---- Runs ----------------------------------------------------------------------- */

/* Waits a moment for any cable, then receives; sends if `sending`. */
static void turn(const struct options *options, struct flow *flows, bool sending)
{
	struct pollfd waiting[2 * FLOWS];
	for (uint32_t i = 0; i < FLOWS; i++) {
		const bool wants = flows[i].from->out_length > 0 || (sending && may_send(options, &flows[i]));
		waiting[2 * i] = (struct pollfd){.fd = flows[i].to->fd, .events = POLLIN};
		waiting[2 * i + 1] = (struct pollfd){.fd = wants ? flows[i].from->fd : -1, .events = POLLOUT};
	}
	poll(waiting, 2 * FLOWS, TICK_MS);
	for (uint32_t i = 0; i < FLOWS; i++) {
		if (waiting[2 * i].revents)
			receive_some(options, &flows[i]);
		if (sending)
			send_some(options, &flows[i]);
		else
			flush(flows[i].from);
	}
}

/* Links take seconds to come up, and meanwhile lose what is sent. */
static void bring_up(const struct options *options, struct flow *flows)
{
	const int64_t start = now_ms();
	int64_t probed = 0;
	uint64_t number = 0;
	for (;;) {
		bool all = true;
		for (uint32_t i = 0; i < FLOWS; i++)
			all = all && flows[i].up;
		if (all)
			break;
		if (now_ms() - start > 3 * GIVE_UP_MS) {
			fprintf(stderr, "traffic: no frame comes through\n");
			exit(1);
		}
		if (now_ms() - probed > TICK_MS) {
			for (uint32_t i = 0; i < FLOWS; i++)
				if (flows[i].count > 0 && flows[i].from->out_length == 0)
					queue_frame(options, &flows[i], KIND_PROBE, number);
			number++;
			probed = now_ms();
		}
		turn(options, flows, false);
	}
	/* The stragglers. */
	for (const int64_t end = now_ms() + 3 * TICK_MS; now_ms() < end;)
		turn(options, flows, false);
}

/* False once everything has come, or is lost. */
static bool in_progress(struct flow *flow)
{
	const int64_t silence = now_ms() - flow->heard_ms;
	if (flow->horizon == flow->count && flow->from->out_length == 0)
		return false;
	if (flow->horizon < flow->next && silence > SILENCE_MS * (int64_t)(flow->silences + 1)) {
		flow->silences++;
		flow->horizon = flow->next;
	}
	return silence < GIVE_UP_MS;
}

/* Seconds until everything had come or, with --seconds, until they were over; what comes later is checked,
 * too. */
static double run(const struct options *options, struct flow *flows)
{
	const double start = now_s();
	double seconds = 0;
	bool active = true;
	for (uint32_t i = 0; i < FLOWS; i++)
		flows[i].heard_ms = now_ms();
	while (active) {
		turn(options, flows, true);
		const bool over = options->seconds > 0 && now_s() - start > options->seconds;
		active = false;
		for (uint32_t i = 0; i < FLOWS; i++) {
			if (over)
				flows[i].count = flows[i].next;
			active = in_progress(&flows[i]) || active;
		}
		if ((active && !over) || seconds > 0)
			continue;
		seconds = now_s() - start;
		for (uint32_t i = 0; i < FLOWS; i++)
			flows[i].in_time = flows[i].received;
		printf("end\n");
		fflush(stdout);
	}
	return seconds;
}

static void print_flow(const struct flow *flow)
{
	printf("{\"flow\": %u, \"sent\": %" PRIu64 ", \"received\": %" PRIu64 ", \"bytes\": %" PRIu64
	       ", \"lost\": %" PRIu64 ", \"duplicated\": %" PRIu64 ", \"reordered\": %" PRIu64
	       ", \"torn\": %" PRIu64 ", \"foreign\": %" PRIu64 ", \"silences\": %" PRIu64
	       ", \"in_time\": %" PRIu64 "}",
	       flow->number, flow->next, flow->received, flow->bytes, flow->next - flow->received,
	       flow->duplicated, flow->reordered, flow->torn, flow->foreign, flow->silences, flow->in_time);
}

static const char usage[] =
    "usage: traffic [--count N | --seconds S] [--length MIN[-MAX]] [--window N] [--seed N] [--both] FD FD\n"
    "Sends frames into the first cable and checks what comes out of the second one; with --both, the other\n"
    "way round at the same time. Prints \"start\", \"end\" (with --seconds: when they are over) and JSON.\n"
    "Exit status: 0 every frame came once, whole and in order, 1 not so, 2 wrong usage, 3 a cable broke.\n";

static bool number(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
	char *end;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *value >= low && *value <= high;
}

static bool length_range(const char *text, struct options *options)
{
	char end;
	if (sscanf(text, "%" SCNu32 "-%" SCNu32 "%c", &options->shortest, &options->longest, &end) != 2) {
		if (sscanf(text, "%" SCNu32 "%c", &options->shortest, &end) != 1)
			return false;
		options->longest = options->shortest;
	}
	return options->shortest >= FRAME_MIN && options->longest >= options->shortest &&
	       options->longest <= FRAME_MAX;
}

static bool parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {{"count", required_argument, NULL, 'c'},
	                                      {"seconds", required_argument, NULL, 's'},
	                                      {"length", required_argument, NULL, 'l'},
	                                      {"window", required_argument, NULL, 'w'},
	                                      {"seed", required_argument, NULL, 'x'},
	                                      {"both", no_argument, NULL, 'b'},
	                                      {0}};
	uint64_t value = 0;
	bool good = true;
	int option;
	*options = (struct options){
	    .count = 100000, .shortest = FRAME_MIN, .longest = FRAME_MAX, .window = 4096, .seed = 1};
	while (good && (option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		good =
		    option == 'b' || option == 'l' || (option != '?' && number(optarg, 1, COUNT_MAX, &value));
		if (option == 'c')
			options->count = value;
		else if (option == 's')
			options->seconds = (double)value;
		else if (option == 'w')
			options->window = (uint32_t)value;
		else if (option == 'x')
			options->seed = value;
		else if (option == 'b')
			options->both_ways = true;
		else if (option == 'l')
			good = length_range(optarg, options);
	}
	if (options->seconds > 0)
		options->count = COUNT_MAX;
	for (int i = 0; good && i < 2; i++) {
		good = optind + i < argc && number(argv[optind + i], 0, 1 << 20, &value);
		options->fd[i] = (int)value;
	}
	return good && optind + 2 == argc;
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct end ends[2];
	static struct flow flows[2];
	if (!parse(&options, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		ends[i].fd = options.fd[i];
		if (fcntl(ends[i].fd, F_SETFL, O_NONBLOCK) != 0)
			fail("the cable");
	}
	/* Without --both nothing is sent in the other direction, and what comes there is of no interest. */
	const uint32_t used = options.both_ways ? 2 : 1;
	for (uint32_t i = 0; i < FLOWS; i++) {
		const uint64_t count = i < used ? options.count : 0;
		flows[i] = (struct flow){.from = &ends[i],
		                         .to = &ends[1 - i],
		                         .number = (uint8_t)i,
		                         .up = i >= used,
		                         .count = count};
		/* A page of it is there only once it is written. */
		flows[i].seen = calloc(count / 8 + 1, 1);
		if (flows[i].seen == NULL)
			fail("no memory");
	}
	bring_up(&options, flows);
	printf("start\n");
	fflush(stdout);
	const double seconds = run(&options, flows);
	printf("{\"seconds\": %.3f, \"flows\": [", seconds);
	bool good = true;
	for (uint32_t i = 0; i < used; i++) {
		printf("%s", i > 0 ? ", " : "");
		print_flow(&flows[i]);
		good = good && flows[i].received == flows[i].next && flows[i].next == flows[i].count &&
		       flows[i].duplicated + flows[i].reordered + flows[i].torn + flows[i].foreign == 0;
	}
	for (uint32_t i = 0; i < FLOWS; i++)
		free(flows[i].seen);
	printf("]}\n");
	return good ? 0 : 1;
}
