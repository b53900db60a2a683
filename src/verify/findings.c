/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what is wrong, kept to a size: a bucket with a million faults is described by its first thousand. */
#include "verify/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define TEXT_MAX 2048

void findings_init(struct findings *f)
{
	*f = (struct findings){ .items = mem_array(FINDINGS_MAX, sizeof(f->items[0])) };
}

void findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->items[i].topic);
		free(f->items[i].text);
	}
	free(f->items);
	*f = (struct findings){ 0 };
}

void findings_add(struct findings *f, const struct finding *what, const char *fmt, ...)
{
	char text[TEXT_MAX] = "";
	struct finding *to;
	va_list ap;

	f->counts[what->kind]++;
	if (f->n == FINDINGS_MAX)
		return;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	to = &f->items[f->n++];
	*to = *what;
	to->topic = what->topic != NULL ? mem_strdup(what->topic) : NULL;
	to->text = mem_strdup(text);
}

uint64_t findings_total(const struct findings *f)
{
	uint64_t sum = 0;

	for (int i = 0; i < FINDING_KINDS; i++)
		sum += f->counts[i];
	return sum;
}

const char *finding_kind_name(enum finding_kind kind)
{
	static const char *const names[] = { [FINDING_MISSING] = "missing",
					     [FINDING_DOUBLE] = "double",
					     [FINDING_DAMAGED] = "damaged",
					     [FINDING_CHAIN] = "chain" };

	return names[kind];
}
