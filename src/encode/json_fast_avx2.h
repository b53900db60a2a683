/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_JSON_FAST_AVX2_H
#define ENCODE_JSON_FAST_AVX2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* json_fast_accept() for an object of at least two bytes, on processors with AVX2. amd64 only. */
bool json_fast_avx2_usable(void);
bool json_fast_avx2_accept(const uint8_t *in, size_t len, bool plain_keys, uint8_t *out);

#endif
