// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a fuzz target on the files named, without libFuzzer. Prints "ok FILE" after each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_FILE = 1 << 20 };

static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 1;
	}
	/* Exactly as big as the input, so that reading past its end is seen. */
	uint8_t *whole = malloc(SIZE_MAX_FILE);
	size_t n = whole ? fread(whole, 1, SIZE_MAX_FILE, f) : 0;
	uint8_t *exact = whole ? realloc(whole, n ? n : 1) : NULL;
	fclose(f);
	if (!exact) {
		free(whole);
		return 1;
	}
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	printf("ok %s\n", path);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc && !failed; i++)
		failed = replay(argv[i]);
	return failed;
}
