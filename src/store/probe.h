/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_PROBE_H
#define STORE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"
#include "store/s3.h"

/* Whether S3 takes what will be sent: at the start one multipart upload is begun and aborted under each distinct prefix
 * of the settings, at most 8, with its encryption and storage class. Nothing becomes visible. What fails is tried again
 * until it works, and holds up nothing. Thread: its uploader, but for probe_worked. */
#define PROBE_MAX_PREFIXES 8
#define PROBE_NAME "_kafka2s3_start" /* its key, below the prefix */

struct probe;

/* What settings say is copied. */
struct probe *probe_new(struct s3 *s3, const struct settings *settings);
void probe_free(struct probe *p); /* what is out is cancelled; NULL is fine */

/* Begin the next call when it is due. NULL is fine. */
void probe_tick(struct probe *p, int64_t now_boot_ms);
/* False: it is not its call. NULL is fine. */
bool probe_call_done(struct probe *p, const struct s3_call *c, int64_t now_boot_ms);
/* An upload was begun and is not aborted yet. NULL is fine. */
bool probe_is_open(const struct probe *p);

/* True: it worked, under all of them. Else text says what is in the way, "" when nothing has answered yet.
 * Thread: any. */
bool probe_worked(struct probe *p, char text[ERROR_TEXT_MAX]);

#endif
