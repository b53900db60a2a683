/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_CSV_ORACLE_H
#define SUPPORT_CSV_ORACLE_H

#include <stddef.h>

#include "base/buf.h"

/* What a reader of comma-separated values must say of a text, as one: "1:a|b;" a row that began on line 1, "!3;" a bad
 * one. The rules of replay/csv.h, a character at a time over a text that is there as a whole; byte order marks and the
 * limits of a row's length and fields are not its. said is cleared first, and outlives the answer. */
const char *csv_oracle(const char *text, size_t len, char delimiter, struct buf *said);

#endif
