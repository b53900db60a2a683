/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_JSON_FAST_H
#define ENCODE_JSON_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The quick way through plain rows: true when in[0..len) is certainly an object in valid JSON without white space
 * outside strings, and out holds a copy of it. False says nothing: the scanner decides, and out is garbage. It gives up
 * at backslashes, exponents, nesting beyond 64, and, if plain_keys, at any key that begins with "k" (as the names of
 * metadata columns do) and at what is not ASCII (as some letters become a "k" in lower case). out holds len bytes and
 * does not overlap. Thread: any; pure. */
bool json_fast_accept(const uint8_t *in, size_t len, bool plain_keys, uint8_t *out);

#endif
