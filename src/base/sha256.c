/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and its HMAC, by OpenSSL. A failure of the library here is out of memory or a broken build: both end. */
#include "base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

struct sha256 {
	EVP_MD_CTX *ctx;
};

static void must(int ok)
{
	if (!ok) {
		fputs("kafka2s3: SHA-256 is not available in this OpenSSL\n", stderr);
		_Exit(EX_SOFTWARE);
	}
}

struct sha256 *sha256_new(void)
{
	struct sha256 *s = malloc(sizeof(*s));

	must(s != NULL);
	s->ctx = EVP_MD_CTX_new();
	must(s->ctx != NULL);
	return s;
}

void sha256_free(struct sha256 *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

void sha256_begin(struct sha256 *s)
{
	must(EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL));
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	must(EVP_DigestUpdate(s->ctx, data, len));
}

void sha256_end(struct sha256 *s, uint8_t out[SHA256_BYTES])
{
	must(EVP_DigestFinal_ex(s->ctx, out, NULL));
}

void sha256_of(const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
	must(EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL));
}

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
	must(HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) != NULL);
}

const char *sha256_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}
