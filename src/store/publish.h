/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_PUBLISH_H
#define STORE_PUBLISH_H

#include "store/writer.h"

/* The second half of a writer: its sealed ranges, from the permission to publish on to the event that says that they
 * are. Internal to src/store: writer.c has the first half. */

/* To the consumer thread, of this assignment and epoch. */
void writer_tell(struct writer *w, struct message *m);
/* Once: this partition cannot go on. */
void writer_tell_trouble(struct writer *w, enum wait_reason wait, const struct error *e);

/* Has the writer's table partitions? Without them nothing is to be registered. */
bool writer_has_partitions(const struct writer *w);

/* Does it hold all of its objects, or those of one pass? */
bool range_is_whole(const struct range *r);
/* With its objects, whatever has become of them. */
void writer_free_range(struct writer *w, struct range *r, int64_t now_boot_ms);
/* All that was made of it is durable: tell, and free what is published of the oldest. r may be gone afterwards. */
void writer_finish_range(struct writer *w, struct range *r, int64_t now_boot_ms);
void writer_pop_published(struct writer *w, int64_t now_boot_ms);

#endif
