/* SPDX-License-Identifier: Apache-2.0 */
/* Writes generated programs into a folder, as starting points for the fuzzer. */
#include <stdio.h>
#include <stdlib.h>

#include "generate.h"

int main(int argc, char **argv)
{
	static struct nf_file file;
	const long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

	if (count < 1 || count > 100000) {
		fputs("usage: fuzz-seeds FOLDER COUNT\n", stderr);
		return 2;
	}
	for (long i = 0; i < count; i++) {
		char path[512];
		FILE *out;

		(void)generate(&file, (uint64_t)i + 1, (uint32_t)i % 3);
		(void)snprintf(path, sizeof path, "%s/seed-%04ld", argv[1], i);
		out = fopen(path, "wb");
		if (out == NULL || fwrite(&file, 1, nf_size(&file), out) != nf_size(&file) ||
		    fclose(out) != 0) {
			perror(path);
			return 3;
		}
	}
	return 0;
}
