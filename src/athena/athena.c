/* SPDX-License-Identifier: Apache-2.0 */
/* Athena's five calls. Leaves signing to aws/service, and what is done with a result to rows.c. */
#include "athena/athena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "aws/credentials_cache.h"
#include "aws/exchange.h"
#include "aws/region.h"
#include "aws/service.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define LIMIT_MS 60000
#define LOOK_MS 50
#define PAGE_ROWS 1000
#define CATALOG "AwsDataCatalog"

struct athena {
	const struct settings *settings;
	struct aws_service *service;
	uint64_t seed;
};

struct athena *athena_new(const struct settings *s, struct error *e)
{
	struct athena *a = mem_zalloc(sizeof(*a));
	struct credential_provider *credentials = credentials_shared(s, NULL);
	char *region = s->glue_region[0] != '\0' ? mem_strdup(s->glue_region) : region_resolve(s);
	const struct aws_service_options o = { .service = "athena",
					       .region = region,
					       .endpoint = s->athena_endpoint,
					       .ca_file = s->s3_ca_file,
					       .proxy = s->s3_proxy,
					       .provider = credentials };

	a->settings = s;
	a->service = aws_service_new(&o, e);
	if (getrandom(&a->seed, sizeof(a->seed), 0) < 0)
		a->seed = (uint64_t)clock_boot_ms();
	credentials->free(credentials);
	free(region);
	if (a->service != NULL)
		return a;
	athena_free(a);
	return NULL;
}

void athena_free(struct athena *a)
{
	if (a->service != NULL)
		aws_service_free(a->service);
	free(a);
}

/* False: it was stopped meanwhile. */
static bool rest(int64_t ms)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t until = clock_boot_ms() + ms;

	while (clock_boot_ms() < until && !exchange_stopped())
		nanosleep(&look, NULL);
	return !exchange_stopped();
}

static int call(struct athena *a, const char *target, const json_t *in, json_t **out, struct error *e)
{
	int64_t deadline = clock_boot_ms() + LIMIT_MS;
	struct aws_fault f;
	int failures = 0;

	while (aws_service_call(a->service, target, in, out, &f, e) < 0) {
		if (e->action != ERROR_RETRY || clock_boot_ms() >= deadline ||
		    !rest(backoff_ms(&a->seed, ++failures, 0)))
			return -1;
	}
	return 0;
}

static json_t *start_input(const struct settings *s, const char *sql)
{
	unsigned char random[16];
	char token[2 * sizeof(random) + 1];
	json_t *in;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort();
	text_hex(random, sizeof(random), token);
	in = json_pack("{s:s, s:s, s:s}", "QueryString", sql, "ClientRequestToken", token, "WorkGroup",
		       s->athena_workgroup);
	if (s->glue_database[0] != '\0')
		json_object_set_new(in, "QueryExecutionContext",
				    json_pack("{s:s, s:s}", "Catalog", CATALOG, "Database", s->glue_database));
	if (s->athena_output[0] != '\0')
		json_object_set_new(in, "ResultConfiguration", json_pack("{s:s}", "OutputLocation", s->athena_output));
	return in;
}

int athena_start(struct athena *a, const char *sql, char id[ATHENA_ID_MAX], struct error *e)
{
	json_t *in = start_input(a->settings, sql), *out = NULL;
	const char *got = NULL;
	int rc = call(a, "AmazonAthena.StartQueryExecution", in, &out, e);

	if (rc == 0 && (json_unpack(out, "{s:s}", "QueryExecutionId", &got) < 0 || strlen(got) >= ATHENA_ID_MAX))
		rc = error_set(e, ERROR_RETRY, 0, "Athena has begun a query without naming it");
	if (rc == 0)
		snprintf(id, ATHENA_ID_MAX, "%s", got);
	json_decref(in);
	json_decref(out);
	return rc;
}

static const char *string_of(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static enum athena_state state_of(const char *word)
{
	static const char *const words[] = {
		[ATHENA_DONE] = "SUCCEEDED", [ATHENA_FAILED] = "FAILED", [ATHENA_CANCELLED] = "CANCELLED"
	};

	for (size_t i = ATHENA_DONE; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum athena_state)i;
	return ATHENA_WAITS;
}

static void read_status(const json_t *execution, struct athena_status *status)
{
	const json_t *s = json_object_get(execution, "Status");
	const char *why = string_of(json_object_get(s, "AthenaError"), "ErrorMessage");

	text_plain(string_of(s, "State"), status->word, sizeof(status->word));
	text_plain(why[0] != '\0' ? why : string_of(s, "StateChangeReason"), status->why, sizeof(status->why));
	status->state = state_of(status->word);
	status->scanned_bytes =
		json_integer_value(json_object_get(json_object_get(execution, "Statistics"), "DataScannedInBytes"));
	status->selects = strcmp(string_of(execution, "StatementType"), "DML") == 0;
}

int athena_ask(struct athena *a, const char *id, struct athena_status *status, struct error *e)
{
	json_t *in = json_pack("{s:s}", "QueryExecutionId", id), *out = NULL;
	int rc = call(a, "AmazonAthena.GetQueryExecution", in, &out, e);

	if (rc == 0)
		read_status(json_object_get(out, "QueryExecution"), status);
	json_decref(in);
	json_decref(out);
	return rc;
}

int athena_stop(struct athena *a, const char *id, struct error *e)
{
	json_t *in = json_pack("{s:s}", "QueryExecutionId", id), *out = NULL;
	int rc = call(a, "AmazonAthena.StopQueryExecution", in, &out, e);

	json_decref(in);
	json_decref(out);
	return rc;
}

int athena_page(struct athena *a, const char *id, const char *token, json_t **page, struct error *e)
{
	json_t *in = json_pack("{s:s, s:i}", "QueryExecutionId", id, "MaxResults", PAGE_ROWS);
	int rc;

	if (token[0] != '\0')
		json_object_set_new(in, "NextToken", json_string(token));
	rc = call(a, "AmazonAthena.GetQueryResults", in, page, e);
	json_decref(in);
	return rc;
}
