/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_JSON_TEXT_H
#define ENCODE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Composing JSON: what the daemon writes itself, beside the values that pass through. Each put function writes at out
 * and returns the place behind; it writes exactly what the matching size function says. Thread: any; pure. */

#define JSON_INT_MAX 20 /* "-9223372036854775808" */
#define JSON_TIME_MAX 25

/* A string of any bytes, quotes included; NULL becomes null. UTF-8 goes through, escaped where JSON asks for it.
 * Everything else becomes "base64:" and its base64, and so does UTF-8 that begins with "base64:", so that each text can
 * be told back to the bytes it was. */
size_t json_text_size(const uint8_t *data, size_t len);
uint8_t *json_text_put(uint8_t *out, const uint8_t *data, size_t len);

/* Base64 in quotes; NULL becomes null. */
size_t json_base64_size(const uint8_t *data, size_t len);
uint8_t *json_base64_put(uint8_t *out, const uint8_t *data, size_t len);

uint8_t *json_int_put(uint8_t *out, int64_t value);         /* at most JSON_INT_MAX */
uint8_t *json_time_put(uint8_t *out, int64_t timestamp_ms); /* at most JSON_TIME_MAX; null when there is none usable */
uint8_t *json_raw_put(uint8_t *out, const char *text);

#endif
