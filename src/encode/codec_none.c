/* SPDX-License-Identifier: Apache-2.0 */
/* The codec that copies: objects of plain JSON lines. */
#include "encode/codecs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void *none_open(int level)
{
	(void)level;
	return mem_alloc(1);
}

static void none_close(void *state)
{
	free(state);
}

static size_t none_bound(void *state, size_t len)
{
	(void)state;
	return len;
}

static size_t none_compress(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t out_cap)
{
	(void)state;
	assert(len <= out_cap);
	memcpy(out, in, len);
	return len;
}

const struct codec_ops codec_none = {
	.compression = COMPRESSION_NONE,
	.name = "none",
	.suffix = "",
	.content_type = "application/x-ndjson",
	.open = none_open,
	.close = none_close,
	.bound = none_bound,
	.compress = none_compress,
};
