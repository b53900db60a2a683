/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_ROLL_H
#define BATCH_ROLL_H

#include <stdint.h>

#include "settings/settings.h"

/* When a range is sealed, and why. Pure; time is a parameter. */
enum roll_reason {
	ROLL_NONE,
	ROLL_BYTES,
	ROLL_RECORDS,
	ROLL_AGE,
	ROLL_MEMORY,
	ROLL_SLOTS,
	ROLL_PARTS,
	ROLL_REVOKED,
	ROLL_SHUTDOWN,
	ROLL_INTENT, /* a recovered range has reached the end that its intent names */
	ROLL_STOP,   /* a one-shot land has reached its end */
	ROLL_REASONS,
};

/* More parts than this are never begun: S3 takes 10,000 (aws.md 5.4, protocol.md H21). */
#define ROLL_MAX_PARTS 9000

struct roll_state {
	int64_t bytes; /* compressed, all objects of the range */
	int64_t records;
	int64_t opened_boot_ms; /* when its first record came */
	int32_t most_parts;     /* of one object */
};

enum roll_reason roll_due(const struct topic_settings *t, const struct roll_state *s, int64_t now_boot_ms);

/* When the age will be due; INT64_MAX when age is not a reason. */
int64_t roll_deadline_ms(const struct topic_settings *t, const struct roll_state *s);

const char *roll_reason_name(enum roll_reason reason);

#endif
