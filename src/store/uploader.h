/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_UPLOADER_H
#define STORE_UPLOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/error.h"
#include "batch/mailbox.h"
#include "batch/registry.h"
#include "batch/ring.h"
#include "board/board.h"
#include "schema/sampler.h"
#include "settings/settings.h"

/* An uploader thread: takes records from its ring, builds ranges and objects, sends them to S3 as commands allow, and
 * keeps its share of the memory. Thread: made, started and stopped by the daemon; everything inside is its own. */
struct uploader;

/* ring, commands, events and board must outlive it; their wakers for this side are set here. number: from 0 on.
 * Of the credentials, which are shared, it takes a hold. Errors: S3 settings. */
struct uploader *uploader_new(const struct settings *settings, struct ring *ring, struct mailbox *commands,
			      struct mailbox *events, struct credential_provider *credentials, int64_t memory_bytes,
			      struct board *board, int number, struct error *e);
/* Let it ask S3 once, at its start, whether it takes uploads (probe.h); one uploader is enough. Before uploader_start.
 */
void uploader_probe(struct uploader *u);
/* What came of that: see probe_worked. Thread: any. */
bool uploader_probed(const struct uploader *u, char text[ERROR_TEXT_MAX]);
/* Ranges count as published when this has their partitions. Before uploader_start; it must outlive the uploader. */
void uploader_registers(struct uploader *u, struct registry *registry);
/* Give it a sampler, which outlives it, for lines that are to be learnt from. Before uploader_start. */
void uploader_samples(struct uploader *u, struct sampler *sampler);
void uploader_start(struct uploader *u);
/* After COMMAND_STOP has been posted: wait until the thread has ended. */
void uploader_join(struct uploader *u);
void uploader_free(struct uploader *u);

#endif
