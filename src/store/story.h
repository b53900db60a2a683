/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STORY_H
#define STORE_STORY_H

#include <stdint.h>

#include "board/board.h"
#include "store/writer.h"

/* What an uploader tells of its ranges and objects on the board; it remembers the last objects. Thread: its uploader.
 */
struct story;

struct story *story_new(void);
void story_free(struct story *s); /* NULL is fine */

/* An object of this writer's range is visible. */
void story_object(struct story *s, const struct writer *w, const struct range *r, const struct object *o,
		  int64_t now_boot_ms);
/* Fill in what concerns ranges, objects and S3. */
void story_show(const struct story *s, const struct upload_env *env, const struct writer *writers,
		struct board_uploader *out);

#endif
