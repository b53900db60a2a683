/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOARD_TEXTS_H
#define BOARD_TEXTS_H

#include <stdint.h>

#include "base/buf.h"

/* The texts of a section, one behind the other, so that a section is copied in a few pieces. A text is known by its
 * place; place 0 is "". Thread: its owner. */
struct texts {
	struct buf all;
	uint32_t last; /* the one that was put in last: many partitions in a row have the same topic */
};

typedef uint32_t text_at;

void texts_init(struct texts *t);
void texts_free(struct texts *t);
void texts_clear(struct texts *t);
/* "" for NULL, and for what has no room. */
text_at texts_add(struct texts *t, const char *s);
const char *texts_get(const struct texts *t, text_at at);
/* to becomes what from is. */
void texts_copy(struct texts *to, const struct texts *from);

#endif
