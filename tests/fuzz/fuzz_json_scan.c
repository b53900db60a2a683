/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes through the JSON scanner, held against jansson (tests/support/json_oracle.h). */
#include "support/json_oracle.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong = json_oracle(data, size);

	if (wrong != NULL) {
		fprintf(stderr, "%s: %.*s\n", wrong, (int)size, (const char *)data);
		abort();
	}
	return 0;
}
