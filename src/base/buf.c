/* SPDX-License-Identifier: Apache-2.0 */
/* The growable byte buffer. Passing its maximum is an answer, not an abort; out of memory ends the process. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAP 64

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_init_secret(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max, .secret = true };
}

static void give_back(struct buf *b)
{
	if (b->secret && b->data != NULL)
		explicit_bzero(b->data, b->cap);
	free(b->data);
}

void buf_free(struct buf *b)
{
	give_back(b);
	b->data = NULL;
	b->len = b->cap = 0;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

static void grow(struct buf *b, size_t cap)
{
	uint8_t *data;

	if (b->secret) {
		data = mem_alloc(cap);
		if (b->data != NULL)
			memcpy(data, b->data, b->len);
		give_back(b);
		b->data = data;
	} else {
		b->data = mem_realloc(b->data, cap);
	}
	b->cap = cap;
}

uint8_t *buf_reserve(struct buf *b, size_t extra)
{
	size_t cap = b->cap;

	if (extra > b->max - b->len)
		return NULL;
	if (b->cap - b->len >= extra && b->data != NULL)
		return b->data + b->len;
	cap += cap / 2;
	if (cap < FIRST_CAP)
		cap = FIRST_CAP;
	if (cap < b->len + extra)
		cap = b->len + extra;
	if (cap > b->max)
		cap = b->max;
	grow(b, cap);
	return b->data + b->len;
}

bool buf_add(struct buf *b, const void *data, size_t len)
{
	uint8_t *to = buf_reserve(b, len);

	if (to == NULL)
		return false;
	if (len > 0)
		memcpy(to, data, len);
	b->len += len;
	return true;
}

bool buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

bool buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	uint8_t *to;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
	if (to == NULL)
		return false;
	va_start(ap, fmt);
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return true;
}

const char *buf_str(struct buf *b)
{
	uint8_t *end;

	if (b->len == 0 && b->max == 0)
		return "";
	end = buf_reserve(b, 1);
	if (end == NULL) { /* it is full */
		grow(b, b->len + 1);
		end = b->data + b->len;
	}
	*end = '\0';
	return (const char *)b->data;
}
