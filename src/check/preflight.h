/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_PREFLIGHT_H
#define CHECK_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check/expect.h"
#include "check/lines.h"
#include "check/sample.h"
#include "kafka/group.h"
#include "settings/settings.h"
#include "store/s3.h"

/* What the probes share, and the probes. Each adds its lines, and leaves behind what later ones need; what cannot be
 * tried since something before it failed is not proved, and says so. Internal to src/check. */

#define PLACES_MAX 16
#define LIMIT_MS 15000

/* A folder that objects go to, and what goes with each of them. */
struct probe_place {
	char *root;
	const struct topic_settings *topic;
};

struct preflight {
	const struct settings *settings;
	struct lines lines;
	bool write;

	struct group *group;                /* NULL: no broker answers */
	struct group_partitions partitions; /* of all topics, with log, offsets and texts as far as they are known */
	bool log_known, offsets_known;
	struct sample *samples; /* one each topic, in the order of partitions */
	size_t n_samples;

	struct credential_provider *provider; /* s3 owns it */
	bool no_credentials;
	struct s3 *s3;     /* NULL: it cannot be asked */
	const char *no_s3; /* why, for what is not tried */
	char *region;      /* of the bucket, as S3 says; "": it does not */
	char *object;      /* one of those that lie in the first place; NULL: none is known */
	int head_status;   /* of the bucket, to one who does not sign */
	struct probe_place places[PLACES_MAX];
	size_t n_places, n_left_out;
};

void probe_settings(struct preflight *p);
void probe_template(struct preflight *p);

void probe_broker(struct preflight *p);
void probe_topics(struct preflight *p);
void probe_reading(struct preflight *p);
void probe_group(struct preflight *p);
void probe_offsets(struct preflight *p);
void probe_texts(struct preflight *p);
void probe_records(struct preflight *p);

void probe_reach(struct preflight *p);
void probe_bucket(struct preflight *p);
void probe_owner(struct preflight *p);
void probe_region(struct preflight *p);
void probe_uploads(struct preflight *p);
void probe_listing(struct preflight *p);
void probe_reading_back(struct preflight *p);
void probe_lifecycle(struct preflight *p);
void probe_condition(struct preflight *p);

void probe_catalog(struct preflight *p);

/* One call of S3, waited for. Errors: RETRY, no answer within the limit. */
int preflight_ask(struct preflight *p, struct s3_call *c, struct error *e);

#endif
