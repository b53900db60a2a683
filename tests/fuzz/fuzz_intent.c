/* SPDX-License-Identifier: Apache-2.0 */
/* The text behind a committed offset: any bytes, which in Kafka anyone may write. What is taken for ours must be, to
 * the letter, what would be written; a shorter naming of ranges is ours too; what a newer program added is never ours.
 */
#include "kafka/intent.h"

#include <string.h>

#include "base/mem.h"
#include "target.h"

static void check_ours(const char *text, const struct intent_text *t)
{
	char out[INTENT_TEXT_MAX], later[INTENT_TEXT_MAX + 16];
	struct intent_text fewer = *t, again;
	int len = intent_write(t, t->n, out);

	must((size_t)len == strlen(out) && strcmp(text, out) == 0);
	snprintf(later, sizeof(later), "%s later=1", out);
	must(intent_read(later, &again) == INTENT_NEWER);
	for (int n = t->n; n >= 0; n--) {
		intent_write(t, n, out);
		must(intent_read(out, &again) == INTENT_OURS);
		must(memcmp(&again, &fewer, sizeof(again)) == 0);
		if (n > 0)
			memset(&fewer.ranges[n - 1], 0, sizeof(fewer.ranges[0]));
		fewer.n = n - 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_alloc(size + 1);
	struct intent_text t;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (intent_read(text, &t) == INTENT_OURS)
		check_ours(text, &t);
	free(text);
	return 0;
}
