/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_CATALOG_H
#define GLUE_CATALOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "aws/service.h"
#include "base/error.h"
#include "settings/settings.h"

/* Calls of the Glue Data Catalog, one at a time, each waited for. Thread: the one that opened it.
 * Source: aws.md 3.1. */
struct data_catalog {
	struct aws_service *service;
	const struct settings *settings;
	struct aws_fault fault;  /* of the last call */
	uint64_t calls, refused; /* so far */
};

/* settings and the provider must outlive it. Errors: region or endpoint. */
int catalog_open(struct data_catalog *c, const struct settings *s, struct credential_provider *p, struct error *e);
void catalog_close(struct data_catalog *c);

/* One call of AWSGlue.ACTION. Owns: takes in; *out (may be NULL) is the caller's to json_decref. Errors: RETRY what
 * passes; else catalog_said tells; the text names the action, as IAM does. */
int catalog_call(struct data_catalog *c, const char *action, json_t *in, json_t **out, struct error *e);
/* Was that the code of the last call's failure? */
bool catalog_said(const struct data_catalog *c, const char *code);

/* *out: GetTable's "Table", the caller's to json_decref; NULL: there is none, or not even its database. */
int catalog_get_table(struct data_catalog *c, const char *table, json_t **out, struct error *e);

#endif
