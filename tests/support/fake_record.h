/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_FAKE_RECORD_H
#define SUPPORT_FAKE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "batch/record.h"
#include "settings/settings.h"

/* Records without a Kafka client. A test that gives them headers includes fake_headers.h, which takes the place of
 * kafka/message.c. */
struct fake_header {
	const char *name;
	const void *value;
	size_t len;
};

struct fake_headers {
	const struct fake_header *items;
	size_t n;
};

/* The settings of a topic as they are when the file says nothing. */
struct topic_settings fake_settings(void);

/* A record with this text as its value (NULL: a tombstone) and this key (NULL: none), at offset 4711, 2026-11-22
 * 15:04:05.678. */
struct record fake_record(const char *value, const char *key);

#endif
