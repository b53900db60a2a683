/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_FINGERPRINT_H
#define ENCODE_FINGERPRINT_H

#include <stdint.h>

#include "settings/settings.h"
#include "settings/skip.h"

/* What decides which record goes under which key, and whether it goes at all, as a hash: an intent is recovered under
 * its own keys only by a daemon with the same one. As narrow as that: not levels, rolls, memory, part size, encryption,
 * endpoint or version, so that a rolling upgrade doubles nothing. Pure. Source: design.md, Delivery; protocol.md H4,
 * H16. */
uint64_t fingerprint_of(const char *bucket, const char *table, const struct topic_settings *t,
			const char *isolation_level);

/* The same of the range [start, end), which also covers those offsets of kafka.skip that lie inside: without any it is
 * that of the settings. */
uint64_t fingerprint_of_range(uint64_t settings, const struct skip *k, int64_t start, int64_t end);

/* Where the objects of a topic go, as a hash: another one in a committed text means that the settings moved. */
uint64_t destination_of(const char *bucket, const struct topic_settings *t);

#endif
