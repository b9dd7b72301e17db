/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What __builtin_cpu_supports, __builtin_cpu_is and target_clones look at
 * (names and layout as in compiler-rt and libgcc). A cell cannot ask the
 * processor: it knows of no extension, so that code which chooses between
 * versions takes the one that runs everywhere.
 */
struct processor_model {
	unsigned vendor, type, subtype, features[1];
};

extern struct processor_model __cpu_model;
extern unsigned __cpu_features2[3];
void __cpu_indicator_init(void);

struct processor_model __cpu_model;
unsigned __cpu_features2[3];

void __cpu_indicator_init(void)
{
}
