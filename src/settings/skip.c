/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of kafka.skip: what one must look like, and those of one partition. Pure. */
#include "settings/skip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Digits up to end, and nothing else. */
static bool number_of(const char *from, const char *end, int64_t max, int64_t *n)
{
	if (from == end || strspn(from, "0123456789") < (size_t)(end - from))
		return false;
	errno = 0;
	*n = strtoll(from, NULL, 10);
	return errno == 0 && *n <= max;
}

int skip_parse(const char *entry, size_t *topic_len, int32_t *partition, int64_t *offset, struct error *e)
{
	const char *end = entry + strlen(entry), *last = strrchr(entry, ':'), *first = strchr(entry, ':');
	int64_t id;

	if (first == NULL || first == last || first == entry ||
	    strspn(entry, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
		    (size_t)(first - entry) ||
	    !number_of(first + 1, last, INT32_MAX, &id) || !number_of(last + 1, end, INT64_MAX - 1, offset))
		return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no \"topic:partition:offset\"", entry);
	*topic_len = (size_t)(first - entry);
	*partition = (int32_t)id;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void skip_init(struct skip *k, const struct settings *s, const char *topic, int32_t partition)
{
	size_t len = strlen(topic), n = 0;

	*k = (struct skip){ .next = INT64_MAX };
	for (size_t i = 0; i < s->kafka_skip.n; i++) {
		const char *entry = s->kafka_skip.items[i];
		size_t topic_len;
		int32_t id;
		int64_t offset;
		struct error e;

		if (skip_parse(entry, &topic_len, &id, &offset, &e) < 0 || id != partition || topic_len != len ||
		    memcmp(entry, topic, len) != 0)
			continue;
		k->offsets = mem_realloc(k->offsets, (n + 1) * sizeof(*k->offsets));
		k->offsets[n++] = offset;
	}
	if (n == 0)
		return;
	qsort(k->offsets, n, sizeof(*k->offsets), by_value);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || k->offsets[i] != k->offsets[i - 1])
			k->offsets[k->n++] = k->offsets[i];
	}
	k->next = k->offsets[0];
}

void skip_free(struct skip *k)
{
	free(k->offsets);
	*k = (struct skip){ .next = INT64_MAX };
}

bool skip_reach(struct skip *k, int64_t offset)
{
	while (k->at < k->n && k->offsets[k->at] < offset)
		k->at++;
	k->next = k->at < k->n ? k->offsets[k->at] : INT64_MAX;
	return k->next == offset;
}
