/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What a fuzzer defines: any bytes are tried, what must hold is said by must(). Its file says what the bytes mean;
 * inputs worth keeping lie in tests/fuzz/corpus/NAME. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                       \
	do {                                                                                  \
		if (!(condition)) {                                                           \
			fprintf(stderr, "%s:%d: must: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                              \
		}                                                                             \
	} while (0)

#endif
