/* SPDX-License-Identifier: Apache-2.0 */

/* The least that compressing and hashing take: the codec's own library over files in 1 MiB blocks, and SHA-256 over
 * what comes out.
 *     codec_floor none|gzip|zstd LEVEL FILE...
 * Prints one line of JSON: bytes in and out, CPU seconds of the codec and of the hash; reading is not counted. */

#include <libdeflate.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <zstd.h>

#define BLOCK ((size_t)1 << 20)
#define OUT (2 * BLOCK)

struct floor {
	struct libdeflate_compressor *gzip;
	ZSTD_CCtx *zstd;
	int level;
	EVP_MD_CTX *hash;
	char in[BLOCK], out[OUT];
	long long in_bytes, out_bytes;
	double codec_seconds, hash_seconds;
};

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t compress_block(struct floor *f, size_t n)
{
	if (f->gzip != NULL)
		return libdeflate_gzip_compress(f->gzip, f->in, n, f->out, OUT);
	return ZSTD_compressCCtx(f->zstd, f->out, OUT, f->in, n, f->level);
}

static void take_block(struct floor *f, size_t n)
{
	double start = cpu_seconds(), middle;
	const char *hashed = f->in;
	size_t len = n;

	if (f->gzip != NULL || f->zstd != NULL) {
		len = compress_block(f, n);
		hashed = f->out;
	}
	middle = cpu_seconds();
	EVP_DigestUpdate(f->hash, hashed, len);
	f->codec_seconds += middle - start;
	f->hash_seconds += cpu_seconds() - middle;
	f->in_bytes += (long long)n;
	f->out_bytes += (long long)len;
}

static void take_file(struct floor *f, const char *path)
{
	FILE *file = fopen(path, "rbe");
	size_t n;

	if (file == NULL) {
		perror(path);
		exit(EX_NOINPUT);
	}
	while ((n = fread(f->in, 1, BLOCK, file)) > 0)
		take_block(f, n);
	fclose(file);
}

int main(int argc, char **argv)
{
	static struct floor f;

	if (argc < 4) {
		fputs("usage: codec_floor none|gzip|zstd LEVEL FILE...\n", stderr);
		return EX_USAGE;
	}
	f.hash = EVP_MD_CTX_new();
	f.level = (int)strtol(argv[2], NULL, 10);
	if (strcmp(argv[1], "gzip") == 0)
		f.gzip = libdeflate_alloc_compressor(f.level);
	else if (strcmp(argv[1], "zstd") == 0)
		f.zstd = ZSTD_createCCtx();
	EVP_DigestInit_ex(f.hash, EVP_sha256(), NULL);
	for (int i = 3; i < argc; i++)
		take_file(&f, argv[i]);
	printf("{\"in\": %lld, \"out\": %lld, \"codec\": %.3f, \"sha256\": %.3f}\n", f.in_bytes, f.out_bytes,
	       f.codec_seconds, f.hash_seconds);
	ZSTD_freeCCtx(f.zstd);
	libdeflate_free_compressor(f.gzip);
	EVP_MD_CTX_free(f.hash);
	return EX_OK;
}
