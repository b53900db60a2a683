/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any bytes through the JSON scanner, held against jansson (tests/support/json_oracle.h). Build with
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu11 -D_GNU_SOURCE -Isrc -Itests \
 *     tests/fuzz/fuzz_json_scan.c tests/support/json_oracle.c src/encode/json_fast*.c src/encode/json_scan.c \
 *     src/encode/json_reserved.c src/base/mem.c src/base/text.c -ljansson -o fuzz
 * and run it with tests/fuzz/corpus/json_scan, which a unit test replays. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/json_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong = json_oracle(data, size);

	if (wrong != NULL) {
		fprintf(stderr, "%s: %.*s\n", wrong, (int)size, (const char *)data);
		abort();
	}
	return 0;
}
