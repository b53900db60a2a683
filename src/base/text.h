/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Small text tools. All of them are pure. */

/* Lower-case hex of len bytes; out holds 2 * len + 1. */
void text_hex(const void *data, size_t len, char *out);

/* Base64 with padding (RFC 4648, 4); out holds text_base64_size(len). Returns the length without the zero. */
size_t text_base64_size(size_t len);
size_t text_base64(const void *data, size_t len, char *out);

/* "128MiB", "64KiB", "1GiB", "10MB", "512" (bytes). False: no such size, negative, or beyond int64. */
bool text_parse_size(const char *s, int64_t *bytes);
/* "5min", "250ms", "30s", "1h", "2d"; a bare "0" is fine. False: no such duration or beyond int64. */
bool text_parse_duration(const char *s, int64_t *ms);
/* The shortest exact form: "128MiB", "5min". out holds 32. */
void text_format_size(int64_t bytes, char out[32]);
void text_format_duration(int64_t ms, char out[32]);

/* True when len bytes are UTF-8 (no surrogates, no overlong forms, up to U+10FFFF). */
bool text_is_utf8(const void *data, size_t len);

/* A text from outside for a line that a person reads: control characters (C0, DEL, C1) and bytes that are no UTF-8 come
 * as "\xNN", so that it can neither steer a terminal nor look like a line of its own. out is cut to size, between
 * characters. Returns the length without the zero. */
size_t text_plain(const char *s, char *out, size_t size);

/* Edit distance of two short names, for "did you mean"; more than 63 characters count as far. */
unsigned text_distance(const char *a, const char *b);

#endif
