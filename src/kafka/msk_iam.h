/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_MSK_IAM_H
#define KAFKA_MSK_IAM_H

#include <librdkafka/rdkafka.h>

#include "aws/credentials.h"
#include "settings/settings.h"

/* kafka.auth = "msk_iam": the tokens of one handle. */
struct msk_iam;

/* credentials: a hold is taken; NULL: it asks by itself. */
struct msk_iam *msk_iam_new(const struct settings *s, struct credential_provider *credentials);
/* NULL is fine. */
void msk_iam_free(struct msk_iam *m);

/* Give the handle a token, or say why there is none: it asks again in time, or ten seconds after a failure.
 * Thread: the background thread of the handle; waits at most some seconds for the first credentials. */
void msk_iam_refresh(struct msk_iam *m, rd_kafka_t *rk);

#endif
