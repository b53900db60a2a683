/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX 65 /* with the terminating zero */

/* SHA-256 by OpenSSL. One digest over the pieces between begin and end.
 * Thread: one at a time for each struct. */
struct sha256;

struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *s); /* NULL is fine */
void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, uint8_t out[SHA256_BYTES]);

/* One piece. */
void sha256_of(const void *data, size_t len, uint8_t out[SHA256_BYTES]);
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES]);

/* Version of OpenSSL as it runs. Thread: any. */
const char *sha256_library_version(void);

#endif
