/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by libdeflate. A block is one member without time or name in its header: the same bytes in, the same bytes out
 * (with the same libdeflate). */
#include "encode/codecs.h"

#include <assert.h>
#include <libdeflate.h>

#include "base/mem.h"

static void *gzip_open(int level)
{
	return mem_must(libdeflate_alloc_compressor(level));
}

static void gzip_close(void *state)
{
	libdeflate_free_compressor(state);
}

static size_t gzip_bound(void *state, size_t len)
{
	return libdeflate_gzip_compress_bound(state, len);
}

static size_t gzip_compress(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t out_cap)
{
	size_t n = libdeflate_gzip_compress(state, in, len, out, out_cap);

	assert(n > 0); /* 0 means that out_cap is below the bound */
	return n;
}

/* The library tells only what it was built with. */
static const char *gzip_library_version(void)
{
	return LIBDEFLATE_VERSION_STRING;
}

const struct codec_ops codec_gzip = {
	.compression = COMPRESSION_GZIP,
	.name = "gzip",
	.suffix = ".gz",
	.content_type = "application/gzip",
	.default_level = 3,
	.min_level = 1,
	.max_level = 12,
	.library = "libdeflate",
	.library_version = gzip_library_version,
	.open = gzip_open,
	.close = gzip_close,
	.bound = gzip_bound,
	.compress = gzip_compress,
};
