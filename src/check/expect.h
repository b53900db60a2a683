/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_EXPECT_H
#define CHECK_EXPECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "settings/settings.h"

/* What a start will bring: how much there is to land first, and what a day gives. Pure but for the printing. */

/* Of one Kafka partition. */
struct expect_input {
	const struct topic_settings *topic;
	int64_t left;         /* records between where it begins and the log's end */
	double records_a_day; /* as of late */
	double record_bytes;  /* mean */
	double ratio;         /* compressed to raw */
};

struct expectation {
	double records, bytes, compressed; /* of the first start */
	double records_a_day, objects_a_day, bytes_a_day, requests_a_day;
};

void expect_add(struct expectation *x, const struct settings *s, const struct expect_input *in);

/* Of requests of the kind PUT, by the price of S3 Standard in us-east-1. */
double expect_dollars_a_day(const struct expectation *x);

void expect_print(const struct expectation *x, const struct settings *s, FILE *out);
json_t *expect_json(const struct expectation *x, const struct settings *s);

#endif
