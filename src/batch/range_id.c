/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/range_id.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"

#define MARK_DIGITS (RANGE_MARK_SIZE - 1)

void range_mark(const char *cluster, const char *group, char mark[RANGE_MARK_SIZE])
{
	char *both = mem_printf("%s\n%s", cluster, group);
	uint8_t digest[SHA256_BYTES];

	sha256_of(both, strlen(both), digest);
	text_hex(digest, MARK_DIGITS / 2, mark);
	free(both);
}

void range_id_draw(const char mark[RANGE_MARK_SIZE], char id[RANGE_ID_SIZE])
{
	uint8_t random[(RANGE_ID_SIZE - RANGE_MARK_SIZE) / 2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		abort();
	memcpy(id, mark, MARK_DIGITS);
	text_hex(random, sizeof(random), id + MARK_DIGITS);
}
