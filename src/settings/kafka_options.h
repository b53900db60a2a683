/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_KAFKA_OPTIONS_H
#define SETTINGS_KAFKA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The entries of kafka.options: "property=value". All are pure. */

/* Refuses what is no such entry, and the properties that the daemon owns, naming the setting to use instead.
 * Source: protocol.md H9; CONFIGURATION.md of librdkafka. */
int kafka_option_check(const char *option, struct error *e);

/* True when the property's name has password, secret, token or key in it; name_len bytes are looked at. */
bool kafka_option_is_secret(const char *name, size_t name_len);

/* The same, less those that hold a path or an address: what others should not read. */
bool kafka_option_holds_secret(const char *name, size_t name_len);

/* A text for the log when the entry is legal and yet doubtful; NULL: it is fine. */
const char *kafka_option_doubt(const char *option);

#endif
