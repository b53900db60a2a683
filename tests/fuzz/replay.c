/* SPDX-License-Identifier: Apache-2.0 */
/* The main of a fuzzer that is linked without libFuzzer: tries the files it is given, or else its corpus, one test
 * each. So the corpora are replayed by any compiler, under any sanitizer and under valgrind. */
#include <dirent.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "target.h"

#define CORPUS "tests/fuzz/corpus"

static void try_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b;
	uint8_t *exact;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	buf_init(&b, SIZE_MAX);
	for (size_t n = 1; n > 0; b.len += n)
		n = fread(buf_reserve(&b, 4096), 1, 4096, f);
	fclose(f);
	/* So that one byte behind it is one too many. */
	exact = malloc(b.len);
	if (b.len > 0)
		memcpy(exact, b.data, b.len);
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	buf_free(&b);
}

static int is_input(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	const char *name = strstr(argv[0], "fuzz_");
	struct dirent **files;
	char *folder;
	int n;

	for (const char *next = name; next != NULL; next = strstr(next + 1, "fuzz_"))
		name = next;
	for (int i = 1; i < argc; i++)
		try_file(argv[i]);
	if (argc > 1 || name == NULL)
		return name == NULL;
	folder = mem_printf(CORPUS "/%s", name + strlen("fuzz_"));
	n = scandir(folder, &files, is_input, alphasort);
	if (n <= 0) {
		fprintf(stderr, "%s: there is nothing in it\n", folder);
		return 1;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		char *path = mem_printf("%s/%s", folder, files[i]->d_name);

		try_file(path);
		printf("ok %d - %s\n", i + 1, files[i]->d_name);
		fflush(stdout);
		free(path);
		free(files[i]);
	}
	free(files);
	free(folder);
	return 0;
}
