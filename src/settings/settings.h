/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"

/* The effective settings as plain values. The table in settings/table.c is the only place that knows names, types,
 * units, defaults and help; the parser, the printers, the sample file and the man page all come from it.
 * Immutable once loaded: a reload makes a new struct settings, a new generation, and each lives until nobody holds it.
 * Strings are never NULL ("" is "not given"). */

struct string_list {
	char **items;
	size_t n;
};

/* A column of a table that is said rather than learnt. */
struct column_setting {
	char *name; /* as the catalog has it */
	char *type; /* as Glue writes it (schema/type.h) */
	char *path; /* the JSON key at the top of the document; "": the name */
};

struct column_list {
	struct column_setting *items;
	size_t n;
};

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };
enum tombstones { TOMBSTONES_SKIP, TOMBSTONES_WRITE, TOMBSTONES_DEAD_LETTER };
enum partition_by { PARTITION_BY_HOUR, PARTITION_BY_DAY, PARTITION_BY_NONE };
enum kafka_auth { KAFKA_AUTH_OPTIONS, KAFKA_AUTH_MSK_IAM };
enum replay_order { REPLAY_SEQUENTIAL, REPLAY_RANDOM };
enum catalog { CATALOG_NONE, CATALOG_TABLE, CATALOG_CRAWLER };
enum glue_partitions { GLUE_PARTITIONS_PROJECTION, GLUE_PARTITIONS_REGISTERED };

/* Metadata columns, as bits of topic_settings.metadata. */
enum metadata_column {
	METADATA_TOPIC = 1 << 0,
	METADATA_PARTITION = 1 << 1,
	METADATA_OFFSET = 1 << 2,
	METADATA_TIMESTAMP = 1 << 3,
	METADATA_KEY = 1 << 4,
	METADATA_HEADERS = 1 << 5,
};

/* What may differ from topic to topic: the rows marked "per topic". */
struct topic_settings {
	char *table;         /* "" : the topic made a legal Glue name */
	char *prefix;        /* s3.prefix */
	char *storage_class; /* s3.storage_class, "": the bucket's default */
	char *sse;           /* s3.sse: "", "AES256", "aws:kms", "aws:kms:dsse" */
	char *kms_key_id;    /* s3.kms_key_id */
	char *format;        /* output.format: "json" */
	enum compression compression;
	int64_t level; /* output.level; -1: not given (gzip 3, zstd 1) */
	enum partition_by partition_by;
	char *key;         /* output.key: the key template */
	unsigned metadata; /* output.metadata: bits of enum metadata_column */
	enum tombstones tombstones;
	int64_t max_open_slots;
	int64_t max_record_bytes;
	char *dead_letter_prefix;
	int64_t dead_letter_limit_percent; /* output.dead_letter_limit = "10%" */
	int64_t roll_bytes;                /* compressed; 0: not by this */
	int64_t roll_records;              /* 0: not by this */
	int64_t roll_age_ms;               /* 0: not by this */
	struct column_list columns;        /* those that are said; others are learnt */
};

struct override {
	struct string_list topics;   /* names, or "^regex" */
	struct topic_settings topic; /* complete: what the entry does not say is copied from above */
	int line;                    /* where the entry begins in the file */
};

struct settings {
	char *file;              /* the path it was loaded from */
	atomic_int more_holders; /* beside the first */

	char *kafka_brokers;
	struct string_list kafka_topics;
	char *kafka_group;
	char *kafka_start;      /* "earliest", "latest", or a time; as it is written */
	int64_t kafka_start_ms; /* -2 earliest, -1 latest (as the protocol's ListOffsets), else ms since 1970 */
	int64_t kafka_stop_ms;  /* no setting: where a one-shot land ends (settings/redirect.h); INT64_MAX: nowhere */
	enum kafka_auth kafka_auth;       /* KAFKA_AUTH_OPTIONS: as kafka.options say */
	struct string_list kafka_skip;    /* "topic:partition:offset" (settings/skip.h) */
	char *kafka_rack;                 /* "": none; "auto": this instance's zone; else the text */
	struct string_list kafka_options; /* "property=value", checked against the properties that the daemon owns */

	char *s3_bucket;
	char *s3_expected_bucket_owner; /* an account; "": nobody looks */
	char *s3_region;                /* "": aws/region.h, else from the bucket's answer */
	char *s3_endpoint;              /* "": AWS; else "http://host:port" or "https://…" */
	bool s3_path_style;
	bool s3_dualstack;
	bool s3_fips;
	char *s3_access_key_id;
	char *s3_secret_access_key;
	char *s3_session_token;
	char *s3_credentials_file; /* AWS shared-credentials syntax, read again when it changes or a key expires */
	char *s3_profile;          /* of the files that the AWS tools share; "": AWS_PROFILE, else the default one */
	char *s3_role_arn;         /* "": none is assumed */
	char *s3_external_id;
	char *s3_role_session_name;
	int64_t s3_part_size_bytes;
	int64_t s3_connections;
	int64_t s3_bandwidth_bytes; /* per second; 0: no limit */
	char *s3_ca_file;
	char *s3_proxy;

	struct topic_settings topic; /* output, roll and s3 settings for topics that no override matches */
	struct override *overrides;
	size_t n_overrides;

	enum catalog catalog;
	char *glue_database; /* given unless catalog is none */
	enum glue_partitions glue_partitions;
	char *glue_region;       /* "": the region of all else */
	char *glue_endpoint;     /* "": AWS */
	char *glue_catalog_id;   /* "": the account's own */
	char *glue_crawler;      /* given when catalog is crawler */
	char *glue_crawler_role; /* "": the crawler is there already */
	int64_t glue_crawler_interval_ms;
	char *athena_workgroup;
	char *athena_output;   /* "s3://…/"; "": the workgroup's */
	char *athena_endpoint; /* "": AWS */

	int64_t memory_bytes;
	int64_t uploaders;
	int64_t start_timeout_ms;

	bool replay_enabled;
	char *replay_file;
	char *replay_topic;
	double replay_rate; /* rows per second; 0: as fast as Kafka takes them */
	enum replay_order replay_order;
	int64_t replay_seed;
	bool replay_loop;
	int64_t replay_limit;              /* rows; 0: all */
	char *replay_delimiter;            /* one character */
	bool replay_header;                /* the first row names the columns; false: column1, column2, … */
	struct string_list replay_strings; /* columns that are always strings */
	char *replay_key_column;           /* "": no key */
	char *replay_timestamp_column;     /* "": the time of sending */
	char *replay_pace_column;          /* "": by rate; else rows keep the distances of this time column */
	double replay_pace_factor;         /* 2.0: twice as fast as the column says */
	bool replay_strict;

	char *status_socket; /* "auto", a path, or "": none */
	char *metrics_listen;
	char *log_level;
	enum log_format log_format;

	struct string_list once_read; /* kafka.topics of the generations before this one (settings/change.h) */
	struct string_list doubts;    /* what works but is hardly meant: settings_tell_doubts */
	struct origins *origins;      /* where each value came from; for settings_print and messages only */
};

/* Load, check and resolve a file. On error *s is NULL and *e says file, line, what is wrong and the nearest name.
 * Owns: the caller frees with settings_free. Errors: GIVE_UP only (exit 78). Thread: any, one at a time. */
int settings_load(const char *path, struct settings **s, struct error *e);
/* Log what is doubtful, such as a file with secrets that others can read. */
void settings_tell_doubts(const struct settings *s);
/* The same for a look at the file alone: what lies below ${CREDENTIALS_DIRECTORY} need not be there, since whoever
 * looks may not be the service that gets it. Such settings are for nothing else. */
int settings_look_over(const char *path, struct settings **s, struct error *e);
/* One holder more; each gives its hold back with settings_free. Thread: any. */
const struct settings *settings_hold(const struct settings *s);
/* The last holder frees, and wipes the secrets; NULL is fine. Thread: any. */
void settings_free(const struct settings *s);

/* The settings of one topic: the first override that matches, else the common ones. Never NULL; lives as long as s. */
const struct topic_settings *settings_for_topic(const struct settings *s, const char *topic);

/* The Glue table name of a topic: topic_settings.table, or the topic in lower case with every other character made
 * "_", "t" put before a leading "_" or "."; at most 255 characters. Source: aws.md 1.1. Owns: caller frees. */
char *settings_table_name(const struct topic_settings *t, const char *topic);

/* Puts before e's text where this setting stands, as "FILE:LINE"; the file alone where it stands nowhere. */
int settings_blame(const struct settings *s, const char *group, const char *name, struct error *e);

/* Print the effective values in the file's syntax, each with where it came from, secrets masked. topic NULL: the
 * common ones and the overrides; else those of this topic. */
void settings_print(const struct settings *s, const char *topic, FILE *out);

#endif
