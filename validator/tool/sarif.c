/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (OASIS, errata 01); section numbers are of that document. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <ringfence/contract.h>

#include "tool.h"

#define ROOT "SRCROOT" /* the usual name for the root of the sources, which GitHub knows too */

struct sarif {
	json_t *artifacts;
	json_t *results;
	json_t *notifications;
	json_t *indices; /* of artifacts, by URI */
	bool readable;   /* all files */
};

/* A string of any bytes; NULL, which jansson's pack functions pass on, if there is no memory. */
static json_t *text(const char *bytes)
{
	char *copy = utf8_copy(bytes);
	json_t *string = copy == NULL ? NULL : json_string(copy);

	free(copy);
	return string;
}

static json_t *message(const char *bytes)
{
	return json_pack("{s:o}", "text", text(bytes));
}

/* ---- Artifacts ---------------------------------------------------------- */

static bool is_below_root(const char *relative)
{
	return *relative != '/';
}

/* An artifactLocation (3.4), relative to the root of the sources where it can be. */
static json_t *artifact_location(const struct output *output, const char *path)
{
	const char *root = output->settings->root;
	char *relative = relative_path(root, root, path);
	char *uri = relative == NULL ? NULL : path_uri(relative);
	json_t *location = uri == NULL ? NULL : json_pack("{s:s}", "uri", uri);

	if (location != NULL && is_below_root(relative))
		(void)json_object_set_new(location, "uriBaseId", json_string(ROOT));
	free(relative);
	free(uri);
	return location;
}

/* Index of the artifact of that path, which is added if it is new. -1: no memory. */
static json_int_t artifact_index(const struct output *output, const char *path, json_t *properties)
{
	struct sarif *sarif = output->state;
	json_t *location = artifact_location(output, path);
	const char *uri = json_string_value(json_object_get(location, "uri"));
	json_t *known = uri == NULL ? NULL : json_object_get(sarif->indices, uri);
	json_int_t index =
	    known == NULL ? (json_int_t)json_array_size(sarif->artifacts) : json_integer_value(known);

	if (uri == NULL)
		index = -1;
	if (index >= 0 && known == NULL) {
		json_t *artifact = properties == NULL ? json_object() : json_incref(properties);

		if (json_object_set(artifact, "location", location) != 0 ||
		    json_array_append(sarif->artifacts, artifact) != 0 ||
		    json_object_set_new(sarif->indices, uri, json_integer(index)) != 0)
			index = -1;
		json_decref(artifact);
	}
	json_decref(location);
	json_decref(properties);
	return index;
}

static json_int_t target_index(const struct output *output, const struct result *result)
{
	json_t *properties =
	    json_pack("{s:[s], s:s}", "roles", "analysisTarget", "mimeType", "application/x-executable");

	if (result->error == NULL && result->sha256[0] != '\0') {
		(void)json_object_set_new(properties, "length", json_integer((json_int_t)result->size));
		(void)json_object_set_new(properties, "hashes",
		                          json_pack("{s:s}", "sha-256", result->sha256));
	}
	return artifact_index(output, result->place, properties);
}

/* ---- Locations ---------------------------------------------------------- */

/* An address (3.32), as the linker gave it; by name relative to its symbol. */
static json_t *address_of(const struct detail *detail)
{
	const struct rfv_finding *finding = detail->finding;
	json_t *address = json_pack("{s:I, s:i, s:s}", "absoluteAddress", (json_int_t)finding->address,
	                            "length", finding->length, "kind", "instruction");

	if (address != NULL && detail->place.symbol != NULL) {
		char *symbol = utf8_copy(detail->place.symbol);

		if (symbol != NULL)
			(void)json_object_set_new(
			    address, "fullyQualifiedName",
			    json_sprintf("%s+0x%x", symbol, (unsigned)detail->place.symbol_offset));
		free(symbol);
	}
	return address;
}

static json_t *binary_location(const struct output *output, const struct result *result,
                               const struct detail *detail)
{
	const struct rfv_finding *finding = detail->finding;
	json_t *artifact = artifact_location(output, result->place);
	json_t *region = json_pack("{s:I, s:i}", "byteOffset", (json_int_t)finding->file_offset, "byteLength",
	                           finding->length);
	json_t *physical = json_pack("{s:o, s:o}", "artifactLocation", artifact, "region", region);

	(void)json_object_set_new(artifact, "index", json_integer(target_index(output, result)));
	if (physical != NULL && finding->length > 0)
		(void)json_object_set_new(physical, "address", address_of(detail));
	return json_pack("{s:o}", "physicalLocation", physical);
}

static json_t *source_location(const struct output *output, const struct detail *detail)
{
	const char *path = detail->place.file;
	json_t *artifact = artifact_location(output, path);

	(void)json_object_set_new(artifact, "index", json_integer(artifact_index(output, path, NULL)));
	return json_pack("{s:{s:o, s:{s:i}}}", "physicalLocation", "artifactLocation", artifact, "region",
	                 "startLine", detail->place.line);
}

static json_t *logical_locations(const struct detail *detail)
{
	return json_pack("[{s:o, s:o, s:s}]", "name", text(detail->place.symbol), "fullyQualifiedName",
	                 text(detail->place.symbol), "kind", "function");
}

/* The source line comes first, if there is one: it is what people and GitHub look at. */
static void set_locations(const struct output *output, const struct result *result,
                          const struct detail *detail, json_t *object)
{
	json_t *binary = binary_location(output, result, detail);
	json_t *primary = detail->place.file == NULL ? binary : source_location(output, detail);

	if (detail->place.symbol != NULL)
		(void)json_object_set_new(primary, "logicalLocations", logical_locations(detail));
	(void)json_object_set_new(object, "locations", json_pack("[O]", primary));
	if (primary != binary) {
		char code[160];

		disassemble(detail->finding->bytes, detail->finding->length, detail->finding->address, code,
		            sizeof code);
		(void)json_object_set_new(binary, "id", json_integer(1));
		(void)json_object_set_new(binary, "message", message(code));
		(void)json_object_set_new(object, "relatedLocations", json_pack("[O]", binary));
		json_decref(primary);
	}
	json_decref(binary);
}

/* ---- Results ------------------------------------------------------------ */

static json_t *result_message(const struct result *result, const struct detail *detail)
{
	char *description = describe_finding(detail, result->path);
	json_t *object = description == NULL ? NULL : message(description);

	free(description);
	return object;
}

/*
 * GitHub tells results apart by primaryLocationLineHash; its upload action
 * computes that from the source line, so it is given only where there is none.
 */
static json_t *fingerprints(const struct detail *detail)
{
	json_t *object = json_pack("{s:s}", "ringfenceFinding/v1", detail->fingerprint);

	if (object != NULL && detail->place.file == NULL)
		(void)json_object_set_new(object, "primaryLocationLineHash",
		                          json_string(detail->fingerprint));
	return object;
}

static json_t *result_object(const struct output *output, const struct result *result,
                             const struct detail *detail)
{
	const enum rfv_rule rule = detail->finding->rule;
	json_t *object = json_pack(
	    "{s:s, s:i, s:s, s:s, s:o, s:o, s:o}", "ruleId", rfv_rule_name(rule), "ruleIndex", (int)rule - 1,
	    "kind", "fail", "level", "error", "message", result_message(result, detail), "analysisTarget",
	    artifact_location(output, result->place), "partialFingerprints", fingerprints(detail));

	if (object == NULL)
		return NULL;
	set_locations(output, result, detail, object);
	if (result->baseline && detail->known)
		(void)json_object_set_new(object, "suppressions",
		                          json_pack("[{s:s, s:s, s:s}]", "kind", "external", "status",
		                                    "accepted", "justification",
		                                    "listed in the baseline; the file would not load"));
	else if (result->baseline) /* 3.27.23: empty means that it is not suppressed */
		(void)json_object_set_new(object, "suppressions", json_array());
	return object;
}

/* ---- Notifications ------------------------------------------------------ */

static bool notify(struct output *output, const struct result *result, const char *level, const char *what,
                   const char *detail)
{
	struct sarif *sarif = output->state;
	char *buffer = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&buffer, &size);
	bool good = false;

	if (out == NULL)
		return false;
	(void)fputs(what, out);
	put_display(out, detail);
	if (fclose(out) == 0) {
		json_t *location = json_pack("{s:{s:o}}", "physicalLocation", "artifactLocation",
		                             artifact_location(output, result->place));

		good = json_array_append_new(sarif->notifications,
		                             json_pack("{s:s, s:o, s:[o]}", "level", level, "message",
		                                       message(buffer), "locations", location)) == 0;
	}
	free(buffer);
	return good;
}

static bool add_notifications(struct output *output, const struct result *result)
{
	bool good = true;

	if (result->verdict == RFV_NO_MEMORY) {
		((struct sarif *)output->state)->readable = false;
		good = notify(output, result, "error", "not enough memory to check the file", "");
	}
	if (result->places_problem != NULL)
		good = good && notify(output, result, "note",
		                      "symbols and lines may be missing: ", result->places_problem);
	if (result->report->total > shown_findings(output, result))
		good = good &&
		       notify(output, result, "note", "not all findings are shown; see --max-errors", "");
	for (const char *const *vanished = result->vanished; result->baseline && *vanished != NULL;
	     vanished++)
		good = good &&
		       notify(output, result, "note", "in the baseline and no longer found: ", *vanished);
	return good;
}

/* ---- The document ------------------------------------------------------- */

static json_t *rule_object(enum rfv_rule rule)
{
	const char *name = rfv_rule_name(rule);
	char *plain = rule_plain(rule);
	size_t size = 0;
	const char *markdown = rule_markdown(rule, &size);
	json_t *object =
	    json_pack("{s:s, s:s, s:{s:s}, s:{s:s}, s:o, s:{s:s}, s:{s:[ss], s:s, s:s}}", "id", name, "name",
	              name, "shortDescription", "text", rfv_rule_summary(rule), "defaultConfiguration",
	              "level", "error", "helpUri", json_sprintf("%s#%s", RF_RULES_URI, name),
	              "fullDescription", "text", rfv_rule_summary(rule), "properties", "tags", "security",
	              "sandbox", "precision", "very-high", "security-severity", "9.0");

	if (object != NULL && plain != NULL && markdown != NULL)
		(void)json_object_set_new(
		    object, "help", json_pack("{s:s, s:s#}", "text", plain, "markdown", markdown, size));
	free(plain);
	return object;
}

static json_t *tool_object(void)
{
	json_t *rules = json_array();

	for (int rule = RFV_RULE_NONE + 1; rule < RFV_RULE_COUNT; rule++)
		(void)json_array_append_new(rules, rule_object((enum rfv_rule)rule));
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:o, s:{s:i}}}", "driver", "name", "rf-validate",
	                 "fullName", "Ringfence validator", "version", rfv_version(), "semanticVersion",
	                 rfv_version(), "informationUri", RF_RULES_URI, "rules", rules, "properties",
	                 "contractVersion", RF_CONTRACT_VERSION);
}

static bool sarif_open(struct output *output)
{
	struct sarif *sarif = calloc(1, sizeof *sarif);

	if (sarif == NULL)
		return false;
	output->state = sarif;
	sarif->artifacts = json_array();
	sarif->results = json_array();
	sarif->notifications = json_array();
	sarif->indices = json_object();
	sarif->readable = true;
	return sarif->artifacts != NULL && sarif->results != NULL && sarif->notifications != NULL &&
	       sarif->indices != NULL;
}

static bool sarif_add(struct output *output, const struct result *result)
{
	struct sarif *sarif = output->state;

	if (target_index(output, result) < 0)
		return false;
	if (result->error != NULL) {
		sarif->readable = false;
		return notify(output, result, "error", "cannot read the file: ", result->error);
	}
	for (uint32_t i = 0; i < shown_findings(output, result); i++)
		if (json_array_append_new(sarif->results,
		                          result_object(output, result, &result->details[i])) != 0)
			return false;
	return add_notifications(output, result);
}

static json_t *root_uri(const struct output *output)
{
	const char *root = output->settings->root;
	char *uri = path_uri(*root == '\0' ? "/" : root);
	json_t *string = uri == NULL ? NULL : json_sprintf(*root == '\0' ? "%s" : "%s/", uri);

	free(uri);
	return string;
}

static bool sarif_close(struct output *output)
{
	struct sarif *sarif = output->state;
	json_t *invocation = json_pack("{s:b, s:o}", "executionSuccessful", sarif->readable,
	                               "toolExecutionNotifications", sarif->notifications);
	json_t *run =
	    json_pack("{s:o, s:[o], s:{s:{s:o}}, s:o, s:o, s:s}", "tool", tool_object(), "invocations",
	              invocation, "originalUriBaseIds", ROOT, "uri", root_uri(output), "artifacts",
	              sarif->artifacts, "results", sarif->results, "columnKind", "unicodeCodePoints");
	json_t *document =
	    json_pack("{s:s, s:s, s:[o]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json",
	              "version", "2.1.0", "runs", run);
	const bool good = document != NULL;

	if (good) {
		(void)json_dumpf(document, output->out, JSON_INDENT(2));
		(void)fputc('\n', output->out);
	}
	json_decref(document);
	json_decref(sarif->indices);
	free(sarif);
	return good;
}

const struct format sarif_format = {
    .name = "sarif", .max_shown = 5000, .open = sarif_open, .add = sarif_add, .close = sarif_close};
