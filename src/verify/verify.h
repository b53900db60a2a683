/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "settings/settings.h"

/* The command `kafka2s3 verify`: proves from S3 alone that the chain of each partition is whole. */

struct verify_options {
	const char *topic; /* NULL: all that the settings consume */
	int64_t since_ms;  /* INT64_MIN: not given */
	bool deep;
	bool json;
};

/* Exit code: 0 whole, 1 something is missing or double, 69 the bucket cannot be read. */
int verify_command(const struct settings *s, const struct verify_options *o);

#endif
