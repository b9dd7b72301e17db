/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"

#ifndef RF_VERSION
#error "the build says which version this is"
#endif

#define SLOTS_DEFAULT 4096
/* Enough for the largest burst in flight and the rings of a few ports. */
#define SLOTS_MIN 512

enum {
	OPT_IN = 256,
	OPT_OUT,
	OPT_BIDIR,
	OPT_BURST,
	OPT_COPY,
	OPT_STATS,
	OPT_MEM,
	OPT_HUGE,
	OPT_ON_FAULT,
	OPT_BUDGET,
	OPT_CALL,
	OPT_REPEAT,
	OPT_ONE_TENANT,
	OPT_SLOTS,
	OPT_GDB,
	OPT_VERSION,
	OPT_HELP
};

static const struct option long_options[] = {
    {"in", required_argument, NULL, OPT_IN},
    {"out", required_argument, NULL, OPT_OUT},
    {"bidir", no_argument, NULL, OPT_BIDIR},
    {"burst", required_argument, NULL, OPT_BURST},
    {"copy", no_argument, NULL, OPT_COPY},
    {"stats", required_argument, NULL, OPT_STATS},
    {"mem", required_argument, NULL, OPT_MEM},
    {"huge", required_argument, NULL, OPT_HUGE},
    {"on-fault", required_argument, NULL, OPT_ON_FAULT},
    {"budget", required_argument, NULL, OPT_BUDGET},
    {"call", required_argument, NULL, OPT_CALL},
    {"repeat", required_argument, NULL, OPT_REPEAT},
    {"one-tenant", no_argument, NULL, OPT_ONE_TENANT},
    {"slots", required_argument, NULL, OPT_SLOTS},
    {"gdb", required_argument, NULL, OPT_GDB},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static const char usage[] =
    "usage: rf-run A.nf B.nf[,config=FILE] … --in PORT --out PORT [options]\n"
    "       rf-run --call NAME[=U32] [--call …] [--repeat N] [options] FILE.nf[,config=FILE]\n";

static void print_help(void)
{
	printf(
	    "%s\n"
	    "Validates network functions, runs them in cells, and moves packets from the input through all\n"
	    "of them in order to the output. Ends at the end of the input, or on SIGINT or SIGTERM (a "
	    "second\n"
	    "one: at once); SIGUSR1 prints the statistics so far.\n"
	    "\n"
	    "Ports:\n",
	    usage);
	ports_print_usage(stdout);
	printf(
	    "\n"
	    "  --in PORT           receive here; may be given several times\n"
	    "  --out PORT          send here; the first is number 0, and so on. What leaves the last "
	    "network\n"
	    "                      function with \"next\" goes from the nth input to the nth output, or to\n"
	    "                      output 0 if there is none\n"
	    "  --bidir             with one --in and one --out: both ports receive and send. The --in port "
	    "is\n"
	    "                      number 0, the --out port number 1, and each one's packets leave by the "
	    "other\n"
	    "  --burst N           packets for one call of a network function, 1 to 256 (32)\n"
	    "  --copy              copy packets into the cells' own memory and out again, instead of zero "
	    "copy\n"
	    "  --mem SIZE          heap of each cell: bytes, or with K, M or G (64M)\n"
	    "  --huge SIZE         of each cell's variables and heap, what is put into pages of 2 MiB at "
	    "the\n"
	    "                      start, where the kernel has them (4M); 0: pages of 4 KiB, as they are "
	    "used\n"
	    "  --on-fault=POLICY   packets of a cell that fails are dropped (drop, the default), go on past "
	    "it\n"
	    "                      (pass), or the run ends (stop)\n"
	    "  --budget MS         CPU time that a cell may take for one burst or call (100; --call: 60000)\n"
	    "  --one-tenant        all network functions belong together: do not clear what one may have "
	    "left\n"
	    "                      in a packet's slot before the next one gets it\n"
	    "  --slots N           packet buffers of 4 KiB (4096)\n"
	    "  --stats=text|json   how statistics are printed (text); JSON is one document a line\n"
	    "  --call NAME[=U32]   call the exported function uint32_t NAME(uint32_t) and print what it\n"
	    "                      returns, as a line of JSON; all calls are made in order in the same cell\n"
	    "  --repeat N          make each call N times (1), print the last result and the mean time\n"
	    "  --gdb FILE          write commands for gdb that make it know the network functions, and stop\n"
	    "                      before their first instruction when run by gdb\n"
	    "  --help, --version\n"
	    "\n"
	    "Exit status: 0 well, 1 a network function was rejected or failed, 2 wrong usage, 3 a file or\n"
	    "device could not be used.\n");
}

static bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("rf-run: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	return false;
}

/* A decimal or 0x number in [low, high], nothing behind it. */
static bool parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	const unsigned long long number =
	    strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (errno != 0 || *end != '\0' || number < low || number > high)
		return false;
	*value = number;
	return true;
}

static bool number_option(const char *name, const char *text, uint64_t low, uint64_t high, uint32_t *value)
{
	uint64_t number;
	if (!parse_number(text, low, high, &number))
		return complain("--%s %s: expected a number from %llu to %llu", name, text,
		                (unsigned long long)low, (unsigned long long)high);
	*value = (uint32_t)number;
	return true;
}

static bool size_option(const char *name, const char *text, uint64_t low, uint64_t *size)
{
	static const char units[] = "KMG";
	char digits[24];
	size_t length = strlen(text);
	unsigned shift = 0;
	const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
	if (unit != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		length--;
	}
	if (length >= sizeof(digits))
		return complain("--%s %s: too large", name, text);
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (!parse_number(digits, low, (uint64_t)RF_CELL_SIZE >> shift, size))
		return complain("--%s %s: expected a size such as 65536, 512K, 64M or 1G, at most 3G", name,
		                text);
	*size <<= shift;
	return true;
}

static bool huge_option(const char *text, uint64_t *size)
{
	if (!size_option("huge", text, 0, size))
		return false;
	if (*size == 0)
		*size = RF_HUGE_NONE;
	return true;
}

static bool port_option(const char *name, const char *text, const char **list, uint32_t *count)
{
	if (*count == RF_WORKER_PORTS_MAX)
		return complain("--%s %s: more than %d ports", name, text, RF_WORKER_PORTS_MAX);
	list[(*count)++] = text;
	return true;
}

static bool call_option(struct options *options, const char *text)
{
	if (options->call_count == CALLS_MAX)
		return complain("--call %s: more than %d calls", text, CALLS_MAX);
	struct call_spec *call = &options->calls[options->call_count++];
	const char *equals = strchr(text, '=');
	uint64_t argument = 0;
	if (equals != NULL && !parse_number(equals + 1, 0, UINT32_MAX, &argument))
		return complain("--call %s: the argument is no number from 0 to 4294967295", text);
	call->argument = (uint32_t)argument;
	call->name = equals != NULL ? strndup(text, (size_t)(equals - text)) : strdup(text);
	return call->name != NULL;
}

static bool nf_argument(struct options *options, const char *text)
{
	static const char separator[] = ",config=";
	if (options->nf_count == RF_STAGES_MAX)
		return complain("%s: more than %d network functions", text, RF_STAGES_MAX);
	struct nf_spec *nf = &options->nfs[options->nf_count++];
	const char *config = strstr(text, separator);
	nf->path = config != NULL ? strndup(text, (size_t)(config - text)) : strdup(text);
	if (config != NULL)
		nf->config_path = strdup(config + strlen(separator));
	return nf->path != NULL && (config == NULL || nf->config_path != NULL);
}

static bool policy_option(struct options *options, const char *text)
{
	static const char *const names[] = {
	    [RF_ON_FAULT_DROP] = "drop", [RF_ON_FAULT_PASS] = "pass", [RF_ON_FAULT_STOP] = "stop"};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		options->on_fault = (enum rf_on_fault)i;
		return true;
	}
	return complain("--on-fault=%s: expected drop, pass or stop", text);
}

static bool stats_option(struct options *options, const char *text)
{
	if (strcmp(text, "text") == 0)
		options->stats = STATS_TEXT;
	else if (strcmp(text, "json") == 0)
		options->stats = STATS_JSON;
	else
		return complain("--stats=%s: expected text or json", text);
	return true;
}

static bool apply(struct options *options, int option, const char *value)
{
	uint64_t number;
	switch (option) {
	case OPT_IN:
		return port_option("in", value, options->inputs, &options->input_count);
	case OPT_OUT:
		return port_option("out", value, options->outputs, &options->output_count);
	case OPT_BIDIR:
		options->bidirectional = true;
		return true;
	case OPT_BURST:
		return number_option("burst", value, 1, RF_BURST_MAX, &options->burst);
	case OPT_COPY:
		options->copy = true;
		return true;
	case OPT_STATS:
		return stats_option(options, value);
	case OPT_MEM:
		return size_option("mem", value, 1, &options->heap_size);
	case OPT_HUGE:
		return huge_option(value, &options->huge_size);
	case OPT_ON_FAULT:
		return policy_option(options, value);
	case OPT_BUDGET:
		return number_option("budget", value, 1, 3600000, &options->budget_ms);
	case OPT_CALL:
		return call_option(options, value);
	case OPT_REPEAT:
		if (!parse_number(value, 1, UINT64_MAX, &number))
			return complain("--repeat %s: expected a number from 1", value);
		options->repeat = number;
		return true;
	case OPT_ONE_TENANT:
		options->one_tenant = true;
		return true;
	case OPT_GDB:
		options->gdb_path = value;
		return true;
	case OPT_SLOTS:
		return number_option("slots", value, SLOTS_MIN, RF_POOL_SLOTS_MAX, &options->slots);
	default:
		/* getopt_long has said what is wrong. */
		return false;
	}
}

/* What only makes sense together. */
static bool check(const struct options *options)
{
	if (options->call_count > 0) {
		if (options->input_count + options->output_count > 0)
			return complain("--call runs no packets: leave out --in and --out");
		if (options->nf_count != 1)
			return complain("--call takes exactly one network function");
		return true;
	}
	if (options->nf_count == 0)
		return complain("which network function? Name at least one .nf file");
	if (options->input_count == 0 || options->output_count == 0)
		return complain("where from and where to? Give --in PORT and --out PORT, or --call NAME");
	if (options->bidirectional && (options->input_count != 1 || options->output_count != 1))
		return complain("--bidir joins exactly one --in and one --out port");
	return true;
}

enum options_result options_parse(struct options *options, int argc, char **argv)
{
	*options = (struct options){.repeat = 1, .slots = SLOTS_DEFAULT};
	bool good = true;
	int option;
	while (good && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			print_help();
			return OPTIONS_SHOWN;
		}
		if (option == OPT_VERSION) {
			printf("rf-run %s (contract version %d)\n", RF_VERSION, RF_CONTRACT_VERSION);
			return OPTIONS_SHOWN;
		}
		good = apply(options, option, optarg);
	}
	while (good && optind < argc)
		good = nf_argument(options, argv[optind++]);
	if (good && check(options))
		return OPTIONS_RUN;
	fprintf(stderr, "%srf-run --help tells more.\n", usage);
	return OPTIONS_BAD;
}

void options_free(struct options *options)
{
	for (uint32_t i = 0; i < options->nf_count; i++) {
		free(options->nfs[i].path);
		free(options->nfs[i].config_path);
	}
	for (uint32_t i = 0; i < options->call_count; i++)
		free(options->calls[i].name);
}
