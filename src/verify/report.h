/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_REPORT_H
#define VERIFY_REPORT_H

#include <stdio.h>

#include "verify/prove.h"
#include "verify/scan.h"

/* The result, for a person and as one JSON document. Pure, but for what it prints to. */

struct report {
	const struct settings *settings;
	const struct scan_options *options;
	const struct scan_counts *counts;
	const struct ledger *ledger;
	const struct proof *proofs; /* of the ledger's partitions, in their order */
	const struct findings *findings;
	int64_t elapsed_ms;
};

void report_text(const struct report *r, FILE *out);
void report_json(const struct report *r, FILE *out);

#endif
