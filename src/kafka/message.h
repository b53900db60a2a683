/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_MESSAGE_H
#define KAFKA_MESSAGE_H

#include <librdkafka/rdkafka.h>

#include "batch/record.h"

/* A message of the client, which holds a record and no error, as our record. Owns: whoever releases the record. */
static inline struct record message_record(rd_kafka_message_t *m, struct assignment *a)
{
	rd_kafka_timestamp_type_t type;
	int64_t timestamp_ms = rd_kafka_message_timestamp(m, &type);

	return (struct record){ .kind = RECORD_DATA,
				.assignment = a,
				.offset = m->offset,
				.timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
				.value = m->payload,
				.value_len = (uint32_t)m->len,
				.key = m->key,
				.key_len = (uint32_t)m->key_len,
				.message = m };
}

#endif
