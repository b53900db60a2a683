/* SPDX-License-Identifier: Apache-2.0 */
/* zstd. A block is one frame with its content size in the header; the context and its tables are used again from block
 * to block. */
#include "encode/codecs.h"

#include <assert.h>
#include <zstd.h>

#include "base/mem.h"

static void *zstd_open(int level)
{
	ZSTD_CCtx *cctx = mem_must(ZSTD_createCCtx());
	size_t rc = ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, level);

	assert(!ZSTD_isError(rc));
	(void)rc;
	return cctx;
}

static void zstd_close(void *state)
{
	ZSTD_freeCCtx(state);
}

static size_t zstd_bound(void *state, size_t len)
{
	(void)state;
	return ZSTD_compressBound(len);
}

static size_t zstd_compress(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t out_cap)
{
	size_t n = ZSTD_compress2(state, out, out_cap, in, len);

	if (ZSTD_isError(n)) {
		assert(out_cap >= ZSTD_compressBound(len));
		mem_must(NULL); /* with that room only its own allocation can fail */
	}
	return n;
}

const struct codec_ops codec_zstd = {
	.compression = COMPRESSION_ZSTD,
	.name = "zstd",
	.suffix = ".zst",
	.content_type = "application/zstd",
	.default_level = 1,
	.min_level = 1,
	.max_level = 19,
	.library = "libzstd",
	.library_version = ZSTD_versionString,
	.open = zstd_open,
	.close = zstd_close,
	.bound = zstd_bound,
	.compress = zstd_compress,
};
