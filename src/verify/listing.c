/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/listing.h"

#include <stdlib.h>
#include <string.h>

void listing_init(struct listing *l, struct s3 *s3, const struct places *places)
{
	*l = (struct listing){ .s3 = s3, .places = places };
}

void listing_free(struct listing *l)
{
	free(l->next_page);
	free(l->ahead);
	free(l->page);
	*l = (struct listing){ 0 };
}

void listing_start(struct listing *l, int64_t now_boot_ms)
{
	if (l->asking || l->ahead != NULL || l->prefix == l->places->n_prefixes)
		return;
	l->call =
		(struct s3_call){ .op = S3_LIST_OBJECTS, .key = l->places->prefixes[l->prefix], .page = l->next_page };
	l->asking = true;
	s3_start(l->s3, &l->call, now_boot_ms);
}

int listing_take(struct listing *l, struct error *e)
{
	l->asking = false;
	l->requests += (uint64_t)l->call.attempts;
	if (l->call.result != S3_DONE) {
		*e = l->call.error;
		return -1;
	}
	l->ahead = l->call.listed;
	free(l->next_page);
	l->next_page = l->call.next_page;
	l->call.listed = l->call.next_page = NULL;
	if (l->next_page == NULL)
		l->prefix++;
	return 0;
}

bool listing_next(struct listing *l, struct listing_row *r)
{
	char *end, *number;

	while (l->at == NULL || *l->at == '\0') {
		free(l->page);
		l->page = l->at = l->ahead;
		l->ahead = NULL;
		if (l->page == NULL)
			return false;
	}
	end = strchr(l->at, '\n');
	*end = '\0';
	r->bytes = strtoll(l->at, &number, 10);
	r->modified_ms = strtoll(number, &number, 10);
	r->key = number + 1;
	l->at = end + 1;
	return true;
}

bool listing_ended(const struct listing *l)
{
	return !l->asking && l->ahead == NULL && l->page == NULL && l->prefix == l->places->n_prefixes;
}
