/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_METADATA_H
#define ENCODE_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "encode/encoder.h"

/* The metadata columns of a record as members of a JSON object: ,"kafka_topic":"…",…
 * kafka_topic string · kafka_partition, kafka_offset integers · kafka_timestamp "yyyy-MM-dd HH:mm:ss.SSS" in UTC, null
 * when there is none or none of the years 1970 to 9999 · kafka_key string or null · kafka_headers an array, empty when
 * there are none, of {"key": string, "value": string or null}. Strings that are not UTF-8 become "base64:…"
 * (json_text.h); so each column keeps its type.
 * Thread: any; pure. Source: aws.md 1.3. */

/* The bytes that metadata_put writes at most; exact but for numbers and the time. 0 when no column is asked for. */
size_t metadata_size(unsigned columns, const struct record_source *source, const struct record *r);

/* Write the members, each with a comma before it, and return the place behind. */
uint8_t *metadata_put(uint8_t *out, unsigned columns, const struct record_source *source, const struct record *r);

/* An array of a record's headers. */
size_t headers_size(const struct record *r);
uint8_t *headers_put(uint8_t *out, const struct record *r);

#endif
