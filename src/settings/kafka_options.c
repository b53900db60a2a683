/* SPDX-License-Identifier: Apache-2.0 */
/* Which librdkafka properties a file may hold. Those that decide what is read, committed or held in memory are the
 * daemon's: a wrong one would lose records silently. Whether the others exist is librdkafka's to say. Pure. */
#include "settings/kafka_options.h"

#include <stdio.h>
#include <string.h>

/* The daemon's own, and what a person may use instead. */
static const struct {
	const char *property;
	const char *instead;
} owned[] = {
	{ "bootstrap.servers", "use kafka.brokers" },
	{ "metadata.broker.list", "use kafka.brokers" },
	{ "group.id", "use kafka.group" },
	{ "client.rack", "use kafka.rack" },
	{ "auto.offset.reset", "use kafka.start" },
	{ "enable.auto.commit", "offsets are committed when their records are in S3" },
	{ "auto.commit.enable", "offsets are committed when their records are in S3" },
	{ "auto.commit.interval.ms", "offsets are committed when their records are in S3; use roll.age" },
	{ "enable.auto.offset.store", "offsets are committed when their records are in S3" },
	{ "offset.store.method", "offsets are kept in Kafka" },
	{ "offset.store.path", "offsets are kept in Kafka" },
	{ "offset.store.sync.interval.ms", "offsets are kept in Kafka" },
	{ "enable.partition.eof", "recovery needs it" },
	{ "group.protocol", "exactly-once delivery is proved for the classic one only" },
	{ "group.remote.assignor", "exactly-once delivery is proved for the classic protocol only" },
	{ "group.protocol.type", "exactly-once delivery is proved for consumers only" },
	{ "plugin.library.paths", "no foreign code runs inside of the daemon" },
	{ "queued.max.messages.kbytes", "use memory" },
	{ "queued.min.messages", "use memory" },
	{ "fetch.message.max.bytes", "use memory" },
	{ "max.partition.fetch.bytes", "use memory" },
	{ "fetch.max.bytes", "use memory" },
	{ "message.max.bytes", "use memory and output.max_record" },
	{ "receive.message.max.bytes", "use memory and output.max_record" },
	{ "message.copy.max.bytes", "use memory" },
	{ "consume.callback.max.messages", "use memory" },
	{ "statistics.interval.ms", "the daemon reads the statistics itself" },
	{ "enabled_events", "the daemon serves the events itself" },
	{ "log_level", "use log.level" },
	{ "log.queue", "use log.level" },
	{ "internal.termination.signal", "the daemon serves signals itself" },
	{ "enable.idempotence", "replay always is idempotent" },
	{ "acks", "replay always waits for all replicas" },
	{ "request.required.acks", "replay always waits for all replicas" },
	{ "transactional.id", "replay is idempotent without" },
	{ "enable.gapless.guarantee", "replay always keeps the order" },
	{ "queuing.strategy", "replay always keeps the order" },
	{ "delivery.report.only.error", "replay counts what arrived" },
	{ "message.timeout.ms", "replay waits for the broker however long it takes" },
	{ "delivery.timeout.ms", "replay waits for the broker however long it takes" },
	{ "opaque", "it is no text" },
	{ "interceptors", "it is no text" },
	{ "default_topic_conf", "it is no text" },
};

static const char strategy[] = "partition.assignment.strategy";

static bool name_is(const char *name, size_t len, const char *known)
{
	return strlen(known) == len && strncmp(name, known, len) == 0;
}

static bool name_ends(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && strncmp(name + len - n, end, n) == 0;
}

static bool name_holds(const char *name, size_t len, const char *word)
{
	return memmem(name, len, word, strlen(word)) != NULL;
}

bool kafka_option_is_secret(const char *name, size_t name_len)
{
	return name_holds(name, name_len, "password") || name_holds(name, name_len, "secret") ||
	       name_holds(name, name_len, "token") || name_holds(name, name_len, "key");
}

bool kafka_option_holds_secret(const char *name, size_t name_len)
{
	return kafka_option_is_secret(name, name_len) && !name_ends(name, name_len, ".location") &&
	       !name_ends(name, name_len, ".url") && !name_ends(name, name_len, ".keytab");
}

/* Only assignors that the delivery was tested with, and not cooperative and eager ones at once. */
static int check_strategy(const char *value, struct error *e)
{
	bool cooperative = false, eager = false;

	for (const char *p = value;; p++) {
		size_t len = strcspn(p, ",");

		if (name_is(p, len, "cooperative-sticky"))
			cooperative = true;
		else if (name_is(p, len, "range") || name_is(p, len, "roundrobin"))
			eager = true;
		else
			return error_set(e, ERROR_GIVE_UP, 0,
					 "%s: '%.*s' is none of cooperative-sticky, range, roundrobin", strategy,
					 (int)len, p);
		p += len;
		if (*p == '\0')
			break;
	}
	if (cooperative && eager)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "%s: cooperative-sticky does not go together with range or roundrobin", strategy);
	return 0;
}

int kafka_option_check(const char *option, struct error *e)
{
	size_t len = strcspn(option, "=");

	/* The whole of it may be a secret. */
	if (option[len] == '\0' || len == 0)
		return error_set(e, ERROR_GIVE_UP, 0, "an element is no \"property=value\"");
	if (len != strspn(option, "abcdefghijklmnopqrstuvwxyz0123456789._"))
		return error_set(e, ERROR_GIVE_UP, 0,
				 "'%.*s' is no name of a property: write \"property=value\" without spaces", (int)len,
				 option);
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		if (name_is(option, len, owned[i].property))
			return error_set(e, ERROR_GIVE_UP, 0, "'%s' belongs to the daemon: %s", owned[i].property,
					 owned[i].instead);
	if (name_ends(option, len, "_cb"))
		return error_set(e, ERROR_GIVE_UP, 0, "'%.*s' belongs to the daemon: it is no text", (int)len, option);
	if (name_is(option, len, strategy))
		return check_strategy(option + len + 1, e);
	return 0;
}

const char *kafka_option_doubt(const char *option)
{
	if (strcmp(option, "isolation.level=read_uncommitted") != 0)
		return NULL;
	return "isolation.level=read_uncommitted also lands records of aborted transactions; take it out unless they "
	       "are wanted";
}
