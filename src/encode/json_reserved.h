/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_JSON_RESERVED_H
#define ENCODE_JSON_RESERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when a key, as it stands between its quotes in a valid document, would meet one of the metadata columns (bits of
 * enum metadata_column) in a reader that does not tell case: after unescaping, and lower-cased as Java does it.
 * Thread: any; pure. */
bool json_reserved(const uint8_t *key, size_t len, unsigned columns);

/* The name of one column: "kafka_topic". */
const char *json_metadata_name(unsigned column);

#endif
