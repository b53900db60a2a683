/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_MSK_H
#define AWS_MSK_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/buf.h"

/* How a client proves to Amazon MSK who it is: a signed link, given as an OAUTHBEARER token. All of it is pure.
 * Source: AWS's aws-msk-iam-sasl-signer; aws.md 6.1. */

/* A token is taken for so long after it was signed. */
#define MSK_TOKEN_LIFETIME_S 900

/* Append the token. It lets its bearer in: it belongs in no log. */
void msk_token(const char *region, const struct credentials *c, int64_t now_real_ms, struct buf *out);

/* Until when a token that is signed now is good: no longer than the credentials that sign it. */
int64_t msk_token_expires_ms(const struct credentials *c, int64_t now_real_ms);

/* The region that a broker's own name has in it (b-1.NAME.ID.c2.kafka.REGION.amazonaws.com:9098), of the first of these
 * that has one. brokers: as kafka.brokers. False: none has. */
#define MSK_REGION_MAX 64
bool msk_region_of(const char *brokers, char region[MSK_REGION_MAX]);

#endif
