/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_IMDS_H
#define AWS_IMDS_H

#include <stdint.h>

#include "base/error.h"

/* The instance metadata service of EC2, version 2 alone: each question bears a session token that was asked for before.
 * Where it is and how long it may take say the SDKs' own variables (AWS_EC2_METADATA_DISABLED,
 * AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, AWS_METADATA_SERVICE_TIMEOUT).
 * Thread: one at a time. Source: aws.md 4.1; EC2's user guide, "use IMDSv2". */
struct imds;

struct imds *imds_new(void);
void imds_free(struct imds *m); /* wipes the token; NULL is fine */

/* What stands under "/latest/meta-data/PATH". One try, of some seconds at most.
 * Owns: the caller gives *out to secret_free. Errors: GIVE_UP with code 0: this is no EC2 instance, or one that does
 * not say so; else WAIT_PERSON or RETRY with the HTTP status, or 0 for none, as code. */
int imds_get(struct imds *m, const char *path, char **out, struct error *e);

/* The region of this machine, and its zone's id ("euw1-az2"). What is known is kept for the life of the process, since
 * it does not move; what is not is asked for again by who comes three seconds later, since at boot the network may not
 * be up yet. patience_ms: how long silence is waited through, and the last try behind it. Never NULL; "": not known
 * now, and why says so. Lives for ever. Thread: any. */
const char *imds_region(void);
const char *imds_zone_id(int64_t patience_ms, struct error *why);

#endif
