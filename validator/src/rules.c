/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include <ringfence/validator.h>

static const struct {
	const char *name;
	const char *summary;
} rules[] = {{"none", "No rule."},
#define RULE(id, name, summary) {name, summary},
             RFV_RULES(RULE)
#undef RULE
};

const char *rfv_rule_name(enum rfv_rule rule)
{
	return rules[(unsigned)rule < RFV_RULE_COUNT ? rule : RFV_RULE_NONE].name;
}

const char *rfv_rule_summary(enum rfv_rule rule)
{
	return rules[(unsigned)rule < RFV_RULE_COUNT ? rule : RFV_RULE_NONE].summary;
}

const char *rfv_version(void)
{
	return RFV_VERSION;
}
