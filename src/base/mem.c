/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that cannot fail. A daemon that is out of memory holds nothing that Kafka does not hold too. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

void *mem_must(void *p)
{
	if (p == NULL) {
		fputs("kafka2s3: out of memory\n", stderr);
		_Exit(EX_SOFTWARE);
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return mem_must(malloc(size ? size : 1));
}

void *mem_zalloc(size_t size)
{
	return mem_must(calloc(1, size ? size : 1));
}

void *mem_realloc(void *p, size_t size)
{
	return mem_must(realloc(p, size ? size : 1));
}

void *mem_array(size_t n, size_t size)
{
	return mem_must(calloc(n ? n : 1, size ? size : 1));
}

char *mem_strdup(const char *s)
{
	return mem_must(strdup(s));
}

char *mem_printf(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return mem_must(s);
}
