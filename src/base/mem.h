/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Allocation that cannot fail: out of memory ends the process with exit code 70, and Kafka replays.
 * Owns: the caller frees with free(). */
void *mem_alloc(size_t size);  /* not zeroed */
void *mem_zalloc(size_t size); /* zeroed */
void *mem_realloc(void *p, size_t size);
void *mem_array(size_t n, size_t size); /* zeroed; n * size is checked for overflow */
char *mem_strdup(const char *s);
void *mem_must(void *p); /* p, which a library allocated; NULL ends the process too */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
