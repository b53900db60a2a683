/* SPDX-License-Identifier: Apache-2.0 */
#include "board/texts.h"

#include <string.h>

#define MAX_BYTES (64U << 20)

void texts_init(struct texts *t)
{
	buf_init(&t->all, MAX_BYTES);
	t->last = 0;
}

void texts_free(struct texts *t)
{
	buf_free(&t->all);
}

void texts_clear(struct texts *t)
{
	buf_clear(&t->all);
	t->last = 0;
}

text_at texts_add(struct texts *t, const char *s)
{
	size_t at;

	if (s == NULL || s[0] == '\0')
		return 0;
	if (t->all.len == 0 && !buf_addc(&t->all, '\0'))
		return 0;
	if (t->last != 0 && strcmp(texts_get(t, t->last), s) == 0)
		return t->last;
	at = t->all.len;
	if (!buf_add(&t->all, s, strlen(s) + 1))
		return 0;
	t->last = (uint32_t)at;
	return t->last;
}

const char *texts_get(const struct texts *t, text_at at)
{
	return at > 0 && at < t->all.len ? (const char *)t->all.data + at : "";
}

void texts_copy(struct texts *to, const struct texts *from)
{
	buf_clear(&to->all);
	buf_add(&to->all, from->all.data, from->all.len);
	to->last = from->last;
}
