/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An in-toto Statement v1 with the test-result predicate v0.1, unsigned. The
 * tests are the rules. Files are its subjects, and it says PASSED only if all were
 * accepted: a baseline has no part in it.
 */
#include <stdlib.h>

#include <jansson.h>

#include <ringfence/contract.h>

#include "tool.h"

struct attest {
	json_t *subjects;
	bool rejected;
	bool decided; /* for every file */
	bool failed[RFV_RULE_COUNT];
};

static bool attest_open(struct output *output)
{
	struct attest *attest = calloc(1, sizeof *attest);

	if (attest == NULL)
		return false;
	output->state = attest;
	attest->subjects = json_array();
	attest->decided = true;
	return attest->subjects != NULL;
}

static bool attest_add(struct output *output, const struct result *result)
{
	struct attest *attest = output->state;
	char *name;
	bool good;

	if (result->error != NULL || result->verdict == RFV_NO_MEMORY) {
		output->refusal = "not all files could be checked";
		return true;
	}
	if (result->sha256[0] == '\0') {
		output->refusal = "a file is too long to be read whole";
		return true;
	}
	name = utf8_copy(result->path);
	good = name != NULL &&
	       json_array_append_new(attest->subjects, json_pack("{s:s, s:{s:s}}", "name", name, "digest",
	                                                         "sha256", result->sha256)) == 0;
	free(name);
	attest->rejected = attest->rejected || result->verdict != RFV_ACCEPTED;
	attest->decided = attest->decided && all_rules_decided(result);
	for (uint32_t i = 0; i < result->report->stored; i++)
		attest->failed[result->report->findings[i].rule] = true;
	return good;
}

/* Where a rule was not decided for some file it is in neither list. */
static json_t *rule_names(const struct attest *attest, bool failed)
{
	json_t *names = json_array();

	for (int rule = RFV_RULE_NONE + 1; rule < RFV_RULE_COUNT; rule++)
		if (attest->failed[rule] == failed && (failed || attest->decided))
			(void)json_array_append_new(names, json_string(rfv_rule_name((enum rfv_rule)rule)));
	return names;
}

static json_t *configuration(void)
{
	return json_pack("[{s:s, s:o, s:{s:s, s:i}}]", "name", "rf-validate", "uri",
	                 json_sprintf("pkg:generic/ringfence/rf-validate@%s", rfv_version()), "annotations",
	                 "validatorVersion", rfv_version(), "contractVersion", RF_CONTRACT_VERSION);
}

static bool attest_close(struct output *output)
{
	struct attest *attest = output->state;
	json_t *predicate =
	    json_pack("{s:s, s:o, s:o, s:[], s:o}", "result", attest->rejected ? "FAILED" : "PASSED",
	              "configuration", configuration(), "passedTests", rule_names(attest, false),
	              "warnedTests", "failedTests", rule_names(attest, true));
	json_t *statement = json_pack(
	    "{s:s, s:o, s:s, s:o}", "_type", "https://in-toto.io/Statement/v1", "subject", attest->subjects,
	    "predicateType", "https://in-toto.io/attestation/test-result/v0.1", "predicate", predicate);
	const bool good = statement != NULL;

	if (good) {
		(void)json_dumpf(statement, output->out, JSON_INDENT(2));
		(void)fputc('\n', output->out);
	}
	json_decref(statement);
	free(attest);
	return good;
}

const struct format attest_format = {
    .name = "attestation", .needs_all = true, .open = attest_open, .add = attest_add, .close = attest_close};
