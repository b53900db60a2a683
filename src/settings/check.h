/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_CHECK_H
#define SETTINGS_CHECK_H

#include <stdint.h>

#include "base/error.h"

/* What one value must look like. 0, or -1 with a text that says only what is wrong and what to do: the caller names
 * file, line and setting. All are pure. "" has been let through before, where it is legal. */
int check_brokers(const char *value, struct error *e);
int check_topic_name(const char *value, struct error *e);
int check_topic_pattern(const char *value, struct error *e); /* a name, or "^regex" */
int check_skip(const char *value, struct error *e);          /* "topic:partition:offset" */
int check_group(const char *value, struct error *e);
int check_start(const char *value, struct error *e);
int check_bucket(const char *value, struct error *e); /* Source: S3 user guide, "bucket naming rules" */
int check_prefix(const char *value, struct error *e);
int check_dead_letter_prefix(const char *value, struct error *e);
int check_table(const char *value, struct error *e); /* Source: aws.md 1.1 */
int check_database(const char *value, struct error *e);
int check_account(const char *value, struct error *e);   /* an AWS account: 12 digits */
int check_crawler(const char *value, struct error *e);   /* Source: Glue API, NameString */
int check_workgroup(const char *value, struct error *e); /* Source: Athena API, WorkGroupName */
int check_s3_folder(const char *value, struct error *e); /* "s3://BUCKET/FOLDER/" */
int check_endpoint(const char *value, struct error *e);
int check_role_arn(const char *value, struct error *e); /* of IAM; Source: STS API, AssumeRole */
int check_external_id(const char *value, struct error *e);
int check_session_name(const char *value, struct error *e);
int check_proxy(const char *value, struct error *e);
int check_word(const char *value, struct error *e); /* no white space, no control characters */
int check_delimiter(const char *value, struct error *e);

/* kafka.start as ms since 1970; -2: earliest, -1: latest, as ListOffsets has it. -1 with *e: it is none of them. */
int start_parse(const char *value, int64_t *ms, struct error *e);

#endif
