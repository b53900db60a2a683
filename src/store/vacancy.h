/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_VACANCY_H
#define STORE_VACANCY_H

#include "base/error.h"
#include "settings/settings.h"

/* What a folder of the bucket holds, as far as its first object tells. */
enum vacancy {
	VACANCY_EMPTY,
	VACANCY_OURS,  /* written by this group */
	VACANCY_TAKEN, /* by someone else */
};

/* Asks for the first object under prefix/, and for its metadata when there is one. Blocks, for a minute at most.
 * *key: that object; NULL: none; the caller frees. Errors: the bucket cannot be read. Thread: any. */
int vacancy_ask(const struct settings *s, const char *prefix, const char *group, enum vacancy *v, char **key,
		struct error *e);

#endif
