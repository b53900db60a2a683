/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_FAKE_HEADERS_H
#define SUPPORT_FAKE_HEADERS_H

#include "support/fake_record.h"

/* Headers without a Kafka client: a record's message is a struct fake_headers. To be included by one file of a test. */
int record_header(const struct record *r, size_t n, const char **name, const uint8_t **value, size_t *len)
{
	const struct fake_headers *h = r->message;

	if (n >= h->n)
		return 0;
	*name = h->items[n].name;
	*value = h->items[n].value;
	*len = h->items[n].len;
	return 1;
}

#endif
