/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_SAMPLE_H
#define CHECK_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "batch/record.h"
#include "settings/settings.h"

/* Some records of a topic, for how large they are and how well they compress. Thread: one. */
#define SAMPLE_RECORDS 200

struct sample {
	const char *topic; /* borrowed */
	int64_t records, bytes;
	struct buf lines; /* the first of them, as they would be compressed */
};

void sample_init(struct sample *s, const char *topic);
void sample_free(struct sample *s);
/* For group_read: takes a struct sample, releases the record; false when there are enough. */
bool sample_take(void *sample, struct record *r);

/* Mean bytes of a record; 0: there is none. */
double sample_mean(const struct sample *s);
/* Compressed size of a byte, by the codec of the settings; 1 where there is nothing to try it on. */
double sample_ratio(const struct sample *s, const struct topic_settings *t);

#endif
