/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_LISTING_H
#define VERIFY_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/s3.h"
#include "verify/places.h"

/* The keys under all prefixes that the settings fill, page by page, one page ahead of who takes them. Its calls go
 * through the caller's s3. Thread: the one that runs it. */
struct listing {
	struct s3 *s3;
	const struct places *places;
	struct s3_call call;
	bool asking;
	size_t prefix;   /* whose pages are asked for */
	char *next_page; /* of it; NULL: its first */
	char *ahead;     /* the page that comes next */
	char *page, *at; /* the one in work */
	uint64_t requests;
};

struct listing_row {
	int64_t bytes, modified_ms;
	char *key; /* until the next row is taken */
};

/* s3 and places must outlive it. */
void listing_init(struct listing *l, struct s3 *s3, const struct places *places);
void listing_free(struct listing *l);

/* Ask for the next page, if there is one and room for it. */
void listing_start(struct listing *l, int64_t now_boot_ms);
/* Its call is done. Errors: as s3 says. */
int listing_take(struct listing *l, struct error *e);
/* False: there is none now. */
bool listing_next(struct listing *l, struct listing_row *r);
bool listing_ended(const struct listing *l);

#endif
