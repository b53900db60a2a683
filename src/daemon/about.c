/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/about.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "http/http.h"
#include "kafka/consumer.h"
#include "settings/path.h"

static int64_t rss_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%*s %ld", &pages) != 1)
		pages = 0;
	fclose(f);
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

void about_begin(struct board_daemon *d, const struct settings *s)
{
	snprintf(d->version, sizeof(d->version), "%s", KAFKA2S3_VERSION);
	snprintf(d->libraries, sizeof(d->libraries), "librdkafka %s, libcurl %s, OpenSSL %s",
		 consumer_library_version(), http_library_version(), sha256_library_version());
	path_name(s->file, d->name, sizeof(d->name));
	snprintf(d->file, sizeof(d->file), "%s", s->file);
	snprintf(d->group, sizeof(d->group), "%s", s->kafka_group);
	snprintf(d->bucket, sizeof(d->bucket), "%s", s->s3_bucket);
	snprintf(d->brokers, sizeof(d->brokers), "%s", s->kafka_brokers);
	d->memory_bytes = s->memory_bytes;
	d->started_ms = clock_boot_ms();
	d->started_real_ms = clock_real_ms();
	d->generation = 1;
}

void about_tick(struct board_daemon *d, struct board *b, int64_t now_boot_ms)
{
	if (d->shown_ms != 0 && now_boot_ms < d->shown_ms + BOARD_EVERY_MS)
		return;
	d->rss_bytes = rss_bytes();
	d->shown_ms = now_boot_ms;
	board_daemon_show(b, d, now_boot_ms);
}
