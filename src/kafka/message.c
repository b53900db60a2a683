/* SPDX-License-Identifier: Apache-2.0 */
/* The record's client handle: released by whoever took the record out of the ring; headers on demand. */
#include "kafka/message.h"

void record_release(struct record *r)
{
	if (r->message == NULL)
		return;
	rd_kafka_message_destroy(r->message);
	r->message = NULL;
}

int record_header(const struct record *r, size_t n, const char **name, const uint8_t **value, size_t *len)
{
	rd_kafka_headers_t *headers;
	const void *data;

	if (rd_kafka_message_headers(r->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    rd_kafka_header_get_all(headers, n, name, &data, len) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	*value = data;
	return 1;
}
