/* SPDX-License-Identifier: Apache-2.0 */
/* The settings table: names, types, units, defaults, ranges, flags and help of every setting, and how to find a row.
 * A new setting is a field in settings.h and a row here; tools/settings-doc then makes the sample file and the man
 * page again. What two settings say to each other is in check.c. Pure. */
#include "settings/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "settings/check.h"
#include "settings/columns.h"
#include "settings/kafka_options.h"
#include "settings/listen.h"
#include "settings/settings.h"

#define KIB 1024.0
#define MIB (1024.0 * KIB)
#define GIB (1024.0 * MIB)
#define TIB (1024.0 * GIB)
#define SECOND 1000.0
#define DAY (86400.0 * SECOND)

#define NAMED(group_, name_, type_) .group = (group_), .name = (name_), .type = (type_)
#define COMMON(field) .offset = offsetof(struct settings, field)
#define TOPIC(field) .offset = offsetof(struct topic_settings, field)

/* Fields of an enum type are stored through unsigned. */
_Static_assert(sizeof(enum compression) == sizeof(unsigned) && sizeof(enum replay_order) == sizeof(unsigned),
	       "enums are of the size of unsigned");

static const char *const compressions[] = {
	[COMPRESSION_NONE] = "none",
	[COMPRESSION_GZIP] = "gzip",
	[COMPRESSION_ZSTD] = "zstd",
	NULL,
};
static const char *const tombstone_rules[] = {
	[TOMBSTONES_SKIP] = "skip",
	[TOMBSTONES_WRITE] = "write",
	[TOMBSTONES_DEAD_LETTER] = "dead-letter",
	NULL,
};
static const char *const partitionings[] = {
	[PARTITION_BY_HOUR] = "hour",
	[PARTITION_BY_DAY] = "day",
	[PARTITION_BY_NONE] = "none",
	NULL,
};
static const char *const orders[] = { [REPLAY_SEQUENTIAL] = "sequential", [REPLAY_RANDOM] = "random", NULL };
static const char *const catalogs[] = {
	[CATALOG_NONE] = "none",
	[CATALOG_TABLE] = "table",
	[CATALOG_CRAWLER] = "crawler",
	NULL,
};
static const char *const partition_sources[] = {
	[GLUE_PARTITIONS_PROJECTION] = "projection",
	[GLUE_PARTITIONS_REGISTERED] = "registered",
	NULL,
};
static const char *const kafka_auths[] = { [KAFKA_AUTH_OPTIONS] = "", [KAFKA_AUTH_MSK_IAM] = "msk_iam", NULL };
static const char *const metadata_columns[] = {
	"kafka_topic", "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_key", "kafka_headers", NULL
};
static const char *const formats[] = { "json", NULL };
static const char *const encryptions[] = { "", "AES256", "aws:kms", "aws:kms:dsse", NULL };
static const char *const storage_classes[] = {
	"",           "STANDARD", "STANDARD_IA",  "ONEZONE_IA",         "INTELLIGENT_TIERING",
	"GLACIER_IR", "GLACIER",  "DEEP_ARCHIVE", "REDUCED_REDUNDANCY", NULL,
};
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const log_formats[] = { [LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json", NULL };

static const struct row column_members[] = {
	{ NAMED("columns", "name", ROW_STRING), .offset = offsetof(struct column_setting, name), .flags = ROW_REQUIRED,
	  .fallback = "", .check = check_column },
	{ NAMED("columns", "type", ROW_STRING), .offset = offsetof(struct column_setting, type), .flags = ROW_REQUIRED,
	  .fallback = "", .check = check_column_type },
	{ NAMED("columns", "path", ROW_STRING), .offset = offsetof(struct column_setting, path), .fallback = "",
	  .check = check_column_path },
};

const struct row_group row_groups[] = {
	{ "kafka", "Where records come from." },
	{ "s3", "Where they go." },
	{ "output", "What an object looks like." },
	{ "roll", "When an object is finished: whatever comes first. At least one of the three is needed." },
	{ "", "The daemon itself." },
	{ "glue", "The Glue Data Catalog, unless catalog is \"none\"." },
	{ "athena", "What \"kafka2s3 query\" asks." },
	{ "replay", "The CSV producer, to try the whole path with no other one." },
	{ "status", "What \"kafka2s3 status\" asks." },
	{ "metrics", "Numbers for a monitoring system, and a page for a browser." },
	{ "log", "The log." },
};
const size_t n_row_groups = sizeof(row_groups) / sizeof(row_groups[0]);

const struct row rows[] = {
	{ NAMED("kafka", "brokers", ROW_STRING), COMMON(kafka_brokers), .fallback = "localhost:9092",
	  .check = check_brokers, .help = "Brokers to begin with, as HOST:PORT, separated by commas." },
	{ NAMED("kafka", "topics", ROW_STRINGS), COMMON(kafka_topics), .flags = ROW_REQUIRED | ROW_RELOAD,
	  .fallback = "", .check = check_topic_pattern, .example = "[ \"stock_market\" ]",
	  .help = "Topics by name, or by a POSIX extended regular expression that begins with \"^\". An expression also "
		  "takes topics that appear later, and never internal ones." },
	{ NAMED("kafka", "group", ROW_STRING), COMMON(kafka_group), .flags = ROW_REQUIRED, .fallback = "",
	  .check = check_group, .example = "\"stock-to-lake\"",
	  .help = "The consumer group. It belongs to kafka2s3 alone: its offsets carry what makes delivery exactly "
		  "once. There is no default, so that two installations do not share one by accident." },
	{ NAMED("kafka", "start", ROW_STRING), COMMON(kafka_start), .fallback = "earliest", .check = check_start,
	  .help = "Where a group without offsets begins: \"earliest\", \"latest\", a time such as "
		  "\"2026-01-02T03:04:05Z\", or milliseconds since 1970 in quotes. A time means the first record that "
		  "carries it or a later one. So does \"latest\" for a partition that is taken up after the group has "
		  "begun: the time of that. What is written later with an earlier timestamp, before any such record, is "
		  "not read; a partition or topic that is made later is read from its beginning." },
	{ NAMED("kafka", "auth", ROW_CHOICE), COMMON(kafka_auth), .fallback = "", .choices = kafka_auths,
	  .help = "How to prove to the brokers who this is. Empty: as kafka.options say (SCRAM, certificates, or nothing). "
		  "\"msk_iam\": by IAM, as Amazon MSK has it: over TLS, with a token that the credentials of s3 sign, made "
		  "anew before it is too old. The region is that of the brokers' names (*.kafka.REGION.amazonaws.com), else "
		  "s3.region. The ports of MSK for this are 9098, and 9198 from outside." },
	{ NAMED("kafka", "skip", ROW_STRINGS), COMMON(kafka_skip), .flags = ROW_RELOAD, .fallback = "",
	  .check = check_skip,
	  .help = "Records that go to the dead letters without a look into them, as \"topic:partition:offset\": the way "
		  "past one that ends the program. Changed while one of them is in a range that is sealed and not yet "
		  "committed, it makes that range at-least-once if the daemon dies then, and that is said." },
	{ NAMED("kafka", "rack", ROW_STRING), COMMON(kafka_rack), .fallback = "", .check = check_word,
	  .help = "The rack (availability zone) of this machine, as the brokers name theirs by broker.rack. Brokers with a "
		  "replica selector then let it read from a replica in the same zone, which costs nothing, where traffic "
		  "between zones costs more than the instance. \"auto\": the zone's id from the EC2 instance metadata, "
		  "as MSK names its racks; elsewhere it is said once and there is none." },
	{ NAMED("kafka", "options", ROW_STRINGS), COMMON(kafka_options), .fallback = "", .check = kafka_option_check,
	  .help = "Any librdkafka property as \"property=value\", except those that the daemon owns. The value of a "
		  "property with password, secret, token or key in its name is a secret and may be given as "
		  "\"property=file:PATH\"." },

	{ NAMED("s3", "bucket", ROW_STRING), COMMON(s3_bucket), .flags = ROW_REQUIRED, .fallback = "",
	  .check = check_bucket, .example = "\"my-lake\"",
	  .help = "The bucket; or an access point, by its alias or as "
		  "\"arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME\". Multi-region access points and directory buckets are "
		  "not supported." },
	{ NAMED("s3", "expected_bucket_owner", ROW_STRING), COMMON(s3_expected_bucket_owner), .fallback = "",
	  .check = check_account,
	  .help = "The account that the bucket belongs to. Given, S3 refuses each request where it does not: a bucket's name "
		  "that was freed can be had by anybody. Empty: nobody looks." },
	{ NAMED("s3", "prefix", ROW_STRING), TOPIC(prefix), .flags = ROW_PER_TOPIC, .fallback = "raw",
	  .check = check_prefix, .help = "What every table lies under. Without a slash at either end." },
	{ NAMED("s3", "region", ROW_STRING), COMMON(s3_region), .fallback = "", .check = check_word,
	  .environment = { "AWS_REGION", "AWS_DEFAULT_REGION" },
	  .help = "The bucket's region. Empty: from the environment, the profile (s3.profile), the EC2 instance (unless "
		  "s3.endpoint is given), else from the bucket's own answer." },
	{ NAMED("s3", "endpoint", ROW_STRING), COMMON(s3_endpoint), .fallback = "", .check = check_endpoint,
	  .help = "Another S3 than Amazon's, as \"https://HOST:PORT\" or \"http://HOST:PORT\"; or a VPC endpoint, as "
		  "\"https://bucket.vpce-ID.s3.REGION.vpce.amazonaws.com\", whose \"bucket.\" may be left out." },
	{ NAMED("s3", "path_style", ROW_BOOL), COMMON(s3_path_style), .fallback = "false",
	  .help = "Put the bucket into the path instead of the host name. Many stores other than Amazon's need it." },
	{ NAMED("s3", "dualstack", ROW_BOOL), COMMON(s3_dualstack), .fallback = "false",
	  .help = "Go to Amazon's endpoints that have IPv6 addresses too." },
	{ NAMED("s3", "fips", ROW_BOOL), COMMON(s3_fips), .fallback = "false",
	  .help = "Go to Amazon's endpoints with FIPS 140 cryptography, which some regions have." },
	{ NAMED("s3", "access_key_id", ROW_STRING), COMMON(s3_access_key_id), .flags = ROW_SECRET | ROW_RELOAD,
	  .fallback = "", .check = check_word, .environment = { "AWS_ACCESS_KEY_ID" },
	  .help = "Credentials. Empty: from s3.credentials_file, else from the environment (AWS_ACCESS_KEY_ID, "
		  "AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), a profile, or the role of the container or the instance: see "
		  "CREDENTIALS in kafka2s3(8). Each of the three may be given as \"file:PATH\"." },
	{ NAMED("s3", "secret_access_key", ROW_STRING), COMMON(s3_secret_access_key), .flags = ROW_SECRET | ROW_RELOAD,
	  .fallback = "", .check = check_word, .environment = { "AWS_SECRET_ACCESS_KEY" },
	  .help = "Goes with s3.access_key_id." },
	{ NAMED("s3", "session_token", ROW_STRING), COMMON(s3_session_token), .flags = ROW_SECRET | ROW_RELOAD,
	  .fallback = "", .check = check_word, .environment = { "AWS_SESSION_TOKEN" },
	  .help = "Goes with temporary credentials only." },
	{ NAMED("s3", "credentials_file", ROW_STRING), COMMON(s3_credentials_file), .flags = ROW_RELOAD | ROW_PATH,
	  .fallback = "",
	  .help = "A file in the AWS shared-credentials syntax, section [default] or that of s3.profile. It is read again when it changes or "
		  "a key expires." },
	{ NAMED("s3", "profile", ROW_STRING), COMMON(s3_profile), .flags = ROW_RELOAD, .fallback = "",
	  .help = "A profile of ~/.aws/config and ~/.aws/credentials (AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name "
		  "others). Given, it goes before the environment's credentials. Empty: AWS_PROFILE, else [default]." },
	{ NAMED("s3", "role_arn", ROW_STRING), COMMON(s3_role_arn), .flags = ROW_RELOAD, .fallback = "",
	  .check = check_role_arn,
	  .help = "A role that is assumed with the credentials that there are; its own are used for S3 and Glue: "
		  "\"arn:aws:iam::ACCOUNT:role/NAME\", of the bucket's account for instance. kafka.auth does without "
		  "it." },
	{ NAMED("s3", "external_id", ROW_STRING), COMMON(s3_external_id), .flags = ROW_RELOAD, .fallback = "",
	  .check = check_external_id, .help = "What the role's trust policy asks for as sts:ExternalId." },
	{ NAMED("s3", "role_session_name", ROW_STRING), COMMON(s3_role_session_name), .flags = ROW_RELOAD,
	  .fallback = "", .check = check_session_name, .environment = { "AWS_ROLE_SESSION_NAME" },
	  .help = "How CloudTrail calls the role's sessions. Empty: AWS_ROLE_SESSION_NAME, else kafka2s3 and the host's "
		  "name." },
	{ NAMED("s3", "part_size", ROW_SIZE), COMMON(s3_part_size_bytes), .fallback = "8MiB", .min = 5 * MIB,
	  .max = 5 * GIB, .unit = "bytes",
	  .help = "Up to this size an object is one PUT, above it a multipart upload of parts of this size." },
	{ NAMED("s3", "connections", ROW_INTEGER), COMMON(s3_connections), .flags = ROW_RELOAD, .fallback = "8",
	  .min = 1, .max = 256, .unit = "connections", .help = "Most connections to S3 at once." },
	{ NAMED("s3", "bandwidth", ROW_SIZE), COMMON(s3_bandwidth_bytes), .flags = ROW_RELOAD, .fallback = "0",
	  .min = 0, .max = TIB, .unit = "bytes per second", .help = "Upload limit per second. 0: none." },
	{ NAMED("s3", "storage_class", ROW_STRING), TOPIC(storage_class), .flags = ROW_PER_TOPIC, .fallback = "",
	  .choices = storage_classes,
	  .help = "Storage class of new objects. Empty: the bucket's default. Athena cannot read GLACIER and "
		  "DEEP_ARCHIVE." },
	{ NAMED("s3", "sse", ROW_STRING), TOPIC(sse), .flags = ROW_PER_TOPIC, .fallback = "", .choices = encryptions,
	  .help = "Encryption at rest. Empty: the bucket's default." },
	{ NAMED("s3", "kms_key_id", ROW_STRING), TOPIC(kms_key_id), .flags = ROW_PER_TOPIC, .fallback = "",
	  .check = check_word,
	  .help = "The KMS key, when s3.sse is \"aws:kms\" or \"aws:kms:dsse\". Empty: the account's own key for S3. An "
		  "override with another s3.sse does not inherit it." },
	{ NAMED("s3", "ca_file", ROW_STRING), COMMON(s3_ca_file), .flags = ROW_PATH, .fallback = "",
	  .help = "Certificates to trust, in PEM. Empty: the system's." },
	{ NAMED("s3", "proxy", ROW_STRING), COMMON(s3_proxy), .fallback = "", .check = check_proxy,
	  .help = "Proxy for S3, as \"http://HOST:PORT\"." },

	{ NAMED("", "table", ROW_STRING), TOPIC(table), .flags = ROW_PER_TOPIC | ROW_OVERRIDE_ONLY, .fallback = "",
	  .check = check_table,
	  .help = "The Glue table. Empty: the topic in lower case, every character but letters and digits made \"_\". "
		  "Stands in an override only, for otherwise all topics would share a table." },
	{ NAMED("output", "format", ROW_STRING), TOPIC(format), .flags = ROW_PER_TOPIC, .fallback = "json",
	  .choices = formats, .help = "\"json\": a JSON document a line." },
	{ NAMED("output", "compression", ROW_CHOICE), TOPIC(compression), .flags = ROW_PER_TOPIC, .fallback = "gzip",
	  .choices = compressions, .help = "Every reader of the lake knows gzip. zstd is smaller and cheaper." },
	{ NAMED("output", "level", ROW_INTEGER), TOPIC(level), .flags = ROW_PER_TOPIC, .fallback = NULL, .min = 1,
	  .max = 19, .example = "3",
	  .help = "How hard to compress: gzip 1 to 12, zstd 1 to 19. Absent: gzip 3, zstd 1. An override with another "
		  "output.compression does not inherit it." },
	{ NAMED("output", "partition_by", ROW_CHOICE), TOPIC(partition_by), .flags = ROW_PER_TOPIC, .fallback = "hour",
	  .choices = partitionings,
	  .help = "What the record's timestamp (UTC) makes of {dt} and {hour} in the key. A record without a usable one "
		  "goes to __HIVE_DEFAULT_PARTITION__." },
	{ NAMED("output", "key", ROW_STRING), TOPIC(key), .flags = ROW_PER_TOPIC,
	  .fallback = "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}",
	  .help = "Template of the object key. {topic}, {partition}, {start} and {id} must be in it." },
	{ NAMED("output", "metadata", ROW_SET), TOPIC(metadata), .flags = ROW_PER_TOPIC, .fallback = "",
	  .choices = metadata_columns,
	  .help = "Columns to append to each record. One that has a key of such a name already is a dead letter." },
	{ NAMED("output", "tombstones", ROW_CHOICE), TOPIC(tombstones), .flags = ROW_PER_TOPIC, .fallback = "skip",
	  .choices = tombstone_rules,
	  .help = "Records with a null value: left out and counted, written as {\"value\":null}, or sent to dead "
		  "letters." },
	{ NAMED("output", "max_open_slots", ROW_INTEGER), TOPIC(max_open_slots), .flags = ROW_PER_TOPIC,
	  .fallback = "64", .min = 1, .max = 10000, .unit = "slots",
	  .help = "Hours (or days) that may be open at once for a Kafka partition. One more finishes its objects." },
	{ NAMED("output", "max_record", ROW_SIZE), TOPIC(max_record_bytes), .flags = ROW_PER_TOPIC, .fallback = "32MiB",
	  .min = 1 * KIB, .max = 1 * GIB, .unit = "bytes",
	  .help = "A larger record becomes a dead letter without its value. Athena reads lines up to 32MiB." },
	{ NAMED("output", "dead_letter_prefix", ROW_STRING), TOPIC(dead_letter_prefix), .flags = ROW_PER_TOPIC,
	  .fallback = "dead-letter", .check = check_dead_letter_prefix,
	  .help = "What cannot be written as asked goes under this, from the bucket's root, outside every s3.prefix." },
	{ NAMED("output", "dead_letter_limit", ROW_PERCENT), TOPIC(dead_letter_limit_percent),
	  .flags = ROW_PER_TOPIC | ROW_RELOAD, .fallback = "10%", .min = 0, .max = 100, .unit = "percent",
	  .help = "A Kafka partition with more dead letters than this (and at least 1000 records) in what is about to be "
		  "published waits for a person, who releases it by a higher limit." },

	{ NAMED("roll", "bytes", ROW_SIZE), TOPIC(roll_bytes), .flags = ROW_PER_TOPIC | ROW_RELOAD,
	  .fallback = "128MiB", .min = 0, .max = 5 * TIB, .unit = "bytes",
	  .help = "Compressed size of an object. 0: not by this." },
	{ NAMED("roll", "records", ROW_INTEGER), TOPIC(roll_records), .flags = ROW_PER_TOPIC | ROW_RELOAD,
	  .fallback = "0", .min = 0, .max = 1e12, .unit = "records", .help = "Records of an object. 0: not by this." },
	{ NAMED("roll", "age", ROW_DURATION), TOPIC(roll_age_ms), .flags = ROW_PER_TOPIC | ROW_RELOAD,
	  .fallback = "5min", .min = 0, .max = 30 * DAY, .unit = "ms",
	  .help = "Time since the first record, by the wall clock, even when the topic is idle. 0: not by this." },

	{ NAMED("", "memory", ROW_SIZE), COMMON(memory_bytes), .fallback = "256MiB", .min = 16 * MIB, .max = 64 * TIB,
	  .unit = "bytes",
	  .help = "Bounds what is read from Kafka and not yet in S3, whatever the number of partitions and topics. At "
		  "least 4 times output.max_record, and 4 times s3.part_size for each uploader." },
	{ NAMED("", "uploaders", ROW_INTEGER), COMMON(uploaders), .fallback = "1", .min = 1, .max = 64,
	  .unit = "threads", .help = "Threads that encode, compress and upload." },
	{ NAMED("", "start_timeout", ROW_DURATION), COMMON(start_timeout_ms), .fallback = "30s", .min = 0,
	  .max = 60 * SECOND, .unit = "ms",
	  .help = "systemd is told that the daemon is ready when the group has answered and S3 has taken a first upload, "
		  "and after this time at the latest: what is still missing is waited for, and said in the status." },

	{ NAMED("", "catalog", ROW_CHOICE), COMMON(catalog), .fallback = "none", .choices = catalogs,
	  .help = "Who tells Athena of the tables. \"table\": the daemon makes a Glue table of each topic, with the columns "
		  "that it has seen, and adds to it. \"crawler\": a Glue crawler does, and is started after new folders. Both "
		  "need glue.database, and an output.key with {table} as a folder and behind it only folders such as "
		  "dt={dt}. None of it decides what lands where." },
	{ NAMED("", "columns", ROW_GROUPS), TOPIC(columns), .flags = ROW_PER_TOPIC, .fallback = "",
	  .members = column_members, .n_members = sizeof(column_members) / sizeof(column_members[0]),
	  .entry_size = sizeof(struct column_setting),
	  .help = "Columns whose types are not left to be learnt, as ( { name = \"day\"; type = \"date\"; path = \"Date\"; } ). "
		  "The type is one of Glue's, such as decimal(10,2) or array<struct<id:bigint>>; the path is the JSON key at "
		  "the top of the document, and without one it is the name. A value that does not fit is counted and told, "
		  "and lands all the same. Columns that are not listed are learnt. An override's list stands for all of this "
		  "one." },

	{ NAMED("glue", "database", ROW_STRING), COMMON(glue_database), .fallback = "", .check = check_database,
	  .help = "The database of the tables. It is made if it is missing." },
	{ NAMED("glue", "partitions", ROW_CHOICE), COMMON(glue_partitions), .fallback = "projection",
	  .choices = partition_sources,
	  .help = "With catalog = \"table\". \"projection\": the table says how its folders are named, and Athena needs "
		  "nothing else. \"registered\": each folder is registered before the offsets of what lies in it are committed; "
		  "for readers that know no projection, such as Spark and Redshift." },
	{ NAMED("glue", "region", ROW_STRING), COMMON(glue_region), .fallback = "", .check = check_word,
	  .help = "The region of Glue and Athena. Empty: s3.region and what it falls back to." },
	{ NAMED("glue", "endpoint", ROW_STRING), COMMON(glue_endpoint), .fallback = "", .check = check_endpoint,
	  .help = "Another address of Glue, such as a VPC endpoint, as \"https://HOST:PORT\"." },
	{ NAMED("glue", "catalog_id", ROW_STRING), COMMON(glue_catalog_id), .fallback = "", .check = check_account,
	  .help = "The account whose catalog it is. Empty: that of the credentials." },
	{ NAMED("glue", "crawler", ROW_STRING), COMMON(glue_crawler), .fallback = "", .check = check_crawler,
	  .help = "The crawler to start, with catalog = \"crawler\"." },
	{ NAMED("glue", "crawler_role", ROW_STRING), COMMON(glue_crawler_role), .fallback = "", .check = check_word,
	  .help = "The IAM role that a crawler is made with if there is none of that name. Empty: it is never made." },
	{ NAMED("glue", "crawler_interval", ROW_DURATION), COMMON(glue_crawler_interval_ms), .fallback = "15min",
	  .min = 60 * SECOND, .max = 30 * DAY, .unit = "ms",
	  .help = "The crawler is started at most this often: each run is paid for." },

	{ NAMED("athena", "workgroup", ROW_STRING), COMMON(athena_workgroup), .fallback = "primary",
	  .check = check_workgroup, .help = "The workgroup that queries run in." },
	{ NAMED("athena", "output", ROW_STRING), COMMON(athena_output), .fallback = "", .check = check_s3_folder,
	  .help = "Where results go, as \"s3://BUCKET/FOLDER/\", outside every table. Empty: as the workgroup says." },
	{ NAMED("athena", "endpoint", ROW_STRING), COMMON(athena_endpoint), .fallback = "", .check = check_endpoint,
	  .help = "Another address of Athena, such as a VPC endpoint, as \"https://HOST:PORT\"." },

	{ NAMED("replay", "enabled", ROW_BOOL), COMMON(replay_enabled), .fallback = "false",
	  .help = "Replay inside the daemon. The command kafka2s3 replay does it without." },
	{ NAMED("replay", "file", ROW_STRING), COMMON(replay_file), .fallback = "",
	  .help = "The CSV file (RFC 4180)." },
	{ NAMED("replay", "topic", ROW_STRING), COMMON(replay_topic), .fallback = "", .check = check_topic_name,
	  .help = "The topic to write to." },
	{ NAMED("replay", "rate", ROW_FLOAT), COMMON(replay_rate), .fallback = "1.0", .min = 0, .max = 1e9,
	  .unit = "rows per second", .help = "Rows per second, fractions allowed. 0: as fast as Kafka takes them." },
	{ NAMED("replay", "order", ROW_CHOICE), COMMON(replay_order), .fallback = "random", .choices = orders,
	  .help = "sequential: as the file has them. random: each row exactly once a round, in an order that follows from "
		  "replay.seed, the round and the number of rows. For it the file is read once for an index of at most "
		  "32 MiB: 2 million rows; in a larger file an entry stands for 2, 4, 8, ... rows, of which a round takes "
		  "one at a time, so that neighbours still come apart." },
	{ NAMED("replay", "seed", ROW_INTEGER), COMMON(replay_seed), .fallback = "1", .min = 0, .max = 9e15,
	  .help = "The same seed gives the same random order." },
	{ NAMED("replay", "loop", ROW_BOOL), COMMON(replay_loop), .fallback = "false",
	  .help = "Begin again at the end of the file." },
	{ NAMED("replay", "limit", ROW_INTEGER), COMMON(replay_limit), .fallback = "0", .min = 0, .max = 9e15,
	  .unit = "rows", .help = "Stop after so many rows. 0: all." },
	{ NAMED("replay", "delimiter", ROW_STRING), COMMON(replay_delimiter), .fallback = ",", .check = check_delimiter,
	  .help = "The one character between fields." },
	{ NAMED("replay", "header", ROW_BOOL), COMMON(replay_header), .fallback = "true",
	  .help = "The first row names the columns. false: they are column1, column2, and so on." },
	{ NAMED("replay", "strings", ROW_STRINGS), COMMON(replay_strings), .fallback = "",
	  .help = "Columns that are strings even where they look like numbers." },
	{ NAMED("replay", "key_column", ROW_STRING), COMMON(replay_key_column), .fallback = "",
	  .help = "The column that is the record's key. Empty: no key." },
	{ NAMED("replay", "timestamp_column", ROW_STRING), COMMON(replay_timestamp_column), .fallback = "",
	  .help = "The column that is the record's timestamp: 2026-01-31, 2026-01-31 14:30:59.123 (or with T, Z, "
		  "+02:00; UTC if nothing else is said), or seconds, milliseconds, microseconds or nanoseconds since 1970, "
		  "told apart by their digits. Empty: the time of sending." },
	{ NAMED("replay", "pace_column", ROW_STRING), COMMON(replay_pace_column), .fallback = "",
	  .help = "A time column whose distances the rows keep, instead of replay.rate; a row that is not later than "
		  "one before it goes at once. Needs replay.order = \"sequential\"." },
	{ NAMED("replay", "pace_factor", ROW_FLOAT), COMMON(replay_pace_factor), .fallback = "1.0", .min = 1e-6,
	  .max = 1e9, .help = "2.0: twice as fast as replay.pace_column says." },
	{ NAMED("replay", "strict", ROW_BOOL), COMMON(replay_strict), .fallback = "false",
	  .help = "End at a bad row (number of fields, quotes, UTF-8, a time that is none) instead of skipping it." },

	{ NAMED("status", "socket", ROW_STRING), COMMON(status_socket), .fallback = "auto", .check = check_socket,
	  .help = "The Unix socket where the daemon answers. \"auto\": NAME.sock in the runtime directory, else in "
		  "/run/kafka2s3, NAME being that of this file without \".conf\". Empty: none." },
	{ NAMED("metrics", "listen", ROW_STRING), COMMON(metrics_listen), .fallback = "", .check = check_listen,
	  .help = "Where to answer to browsers and monitoring: \"127.0.0.1:9464\", \"[::1]:9464\", \":9464\" for all "
		  "addresses, or \"unix:/PATH\". Empty: nowhere. There is no password: whoever reaches it reads "
		  "it." },
	{ NAMED("log", "level", ROW_STRING), COMMON(log_level), .flags = ROW_RELOAD, .fallback = "info",
	  .choices = log_levels, .help = "The least that is worth a line." },
	{ NAMED("log", "format", ROW_CHOICE), COMMON(log_format), .flags = ROW_RELOAD, .fallback = "text",
	  .choices = log_formats,
	  .help = "What stderr gets: lines for a person, or \"json\", one object a line with all fields, for a container. "
		  "The journal of systemd gets its own form, whatever this says." },
};
const size_t n_rows = sizeof(rows) / sizeof(rows[0]);

const struct row override_topics = {
	NAMED("override", "topics", ROW_STRINGS),
	.offset = offsetof(struct override, topics),
	.flags = ROW_REQUIRED,
	.fallback = "",
	.check = check_topic_pattern,
	.help = "The topics that the entry is for, as in kafka.topics.",
};

void row_path(const struct row *r, char out[ROW_PATH_MAX])
{
	snprintf(out, ROW_PATH_MAX, "%s%s%s", r->group, r->group[0] != '\0' ? "." : "", r->name);
}

const struct row *row_find(const char *group, const char *name)
{
	for (size_t i = 0; i < n_rows; i++)
		if (strcmp(rows[i].group, group) == 0 && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const struct row_group *row_group_find(const char *name)
{
	for (size_t i = 0; i < n_row_groups; i++)
		if (name[0] != '\0' && strcmp(row_groups[i].name, name) == 0)
			return &row_groups[i];
	return NULL;
}

/* A name that is spelt right in another group is nearer than one spelt wrong in this one. */
static unsigned distance(const char *group, const char *name, const char *known_group, const char *known_name)
{
	unsigned d = text_distance(name, known_name);

	return 2 * d + (strcmp(group, known_group) == 0 ? 0 : 1);
}

void row_nearest(const char *group, const char *name, char out[ROW_PATH_MAX])
{
	unsigned limit = 2 * (unsigned)(strlen(name) < 4 ? 1 : strlen(name) < 8 ? 2 : 3) + 1;
	unsigned best = limit + 1;

	out[0] = '\0';
	for (size_t i = 0; i < n_rows; i++) {
		unsigned d = distance(group, name, rows[i].group, rows[i].name);

		if (d < best) {
			best = d;
			row_path(&rows[i], out);
		}
	}
	for (size_t i = 0; i < n_row_groups && group[0] == '\0'; i++) {
		if (row_groups[i].name[0] == '\0' || 2 * text_distance(name, row_groups[i].name) >= best)
			continue;
		best = 2 * text_distance(name, row_groups[i].name);
		snprintf(out, ROW_PATH_MAX, "%s", row_groups[i].name);
	}
	if (group[0] == '\0' && 2 * text_distance(name, "override") < best)
		snprintf(out, ROW_PATH_MAX, "override");
}
