/* SPDX-License-Identifier: Apache-2.0 */
/* Command line to command, nothing else. Exit codes as sysexits.h has them: 64 for a command line, 78 for settings that
 * can never work; the commands' own beside. */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "athena/query.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/when.h"
#include "check/check.h"
#include "daemon/daemon.h"
#include "daemon/land.h"
#include "encode/codec.h"
#include "glue/ddl.h"
#include "http/http.h"
#include "kafka/consumer.h"
#include "offsets/offsets.h"
#include "policy/policy.h"
#include "replay/replay.h"
#include "settings/document.h"
#include "settings/settings.h"
#include "status/command.h"
#include "status/metrics.h"
#include "status/server.h"
#include "verify/verify.h"

#define DEFAULT_FILE "/etc/kafka2s3.conf"

/* What the command line says. */
struct arguments {
	const char *file;
	const char *topic, *prefix, *role, *account;  /* NULL: not given */
	int64_t since_ms, to_time_ms, from_ms, to_ms; /* INT64_MIN: not given */
	bool syntax, sample, man, man_metrics;
	bool deep, json, csv, watch, write;
	bool from_s3, replace, drop_intents, dry_run;
	bool help, version;
	char **words; /* behind the command */
	size_t n_words;
};

/* Options that only some commands take, as bits. */
enum option_bit {
	OPTION_TOPIC = 1 << 0,
	OPTION_SYNTAX = 1 << 1,
	OPTION_SAMPLE = 1 << 2,
	OPTION_MAN = 1 << 3,
	OPTION_DEEP = 1 << 4,
	OPTION_SINCE = 1 << 5,
	OPTION_JSON = 1 << 6,
	OPTION_TO_TIME = 1 << 7,
	OPTION_FROM_S3 = 1 << 8,
	OPTION_REPLACE = 1 << 9,
	OPTION_DROP_INTENTS = 1 << 10,
	OPTION_DRY_RUN = 1 << 11,
	OPTION_FROM = 1 << 12,
	OPTION_TO = 1 << 13,
	OPTION_PREFIX = 1 << 14,
	OPTION_WATCH = 1 << 15,
	OPTION_ROLE = 1 << 16,
	OPTION_ACCOUNT = 1 << 17,
	OPTION_WRITE = 1 << 18,
	OPTION_CSV = 1 << 19,
};

/* What the value of an option is, and so what its member of struct arguments is: bool, const char *, int64_t. */
enum option_kind { KIND_FLAG, KIND_TEXT, KIND_TIME };

static const struct option_row {
	const char *name;
	char letter;  /* 0: none */
	unsigned bit; /* 0: every command takes it */
	enum option_kind kind;
	size_t member;
} option_rows[] = {
	{ "config", 'c', 0, KIND_TEXT, offsetof(struct arguments, file) },
	{ "help", 'h', 0, KIND_FLAG, offsetof(struct arguments, help) },
	{ "version", 0, 0, KIND_FLAG, offsetof(struct arguments, version) },
	{ "topic", 0, OPTION_TOPIC, KIND_TEXT, offsetof(struct arguments, topic) },
	{ "syntax", 0, OPTION_SYNTAX, KIND_FLAG, offsetof(struct arguments, syntax) },
	{ "sample", 0, OPTION_SAMPLE, KIND_FLAG, offsetof(struct arguments, sample) },
	{ "man", 0, OPTION_MAN, KIND_FLAG, offsetof(struct arguments, man) },
	{ "man-metrics", 0, OPTION_MAN, KIND_FLAG,
	  offsetof(struct arguments, man_metrics) }, /* for tools/settings-doc */
	{ "deep", 0, OPTION_DEEP, KIND_FLAG, offsetof(struct arguments, deep) },
	{ "since", 0, OPTION_SINCE, KIND_TIME, offsetof(struct arguments, since_ms) },
	{ "csv", 0, OPTION_CSV, KIND_FLAG, offsetof(struct arguments, csv) },
	{ "json", 0, OPTION_JSON, KIND_FLAG, offsetof(struct arguments, json) },
	{ "to-time", 0, OPTION_TO_TIME, KIND_TIME, offsetof(struct arguments, to_time_ms) },
	{ "from-s3", 0, OPTION_FROM_S3, KIND_FLAG, offsetof(struct arguments, from_s3) },
	{ "replace", 0, OPTION_REPLACE, KIND_FLAG, offsetof(struct arguments, replace) },
	{ "watch", 0, OPTION_WATCH, KIND_FLAG, offsetof(struct arguments, watch) },
	{ "write", 0, OPTION_WRITE, KIND_FLAG, offsetof(struct arguments, write) },
	{ "drop-intents", 0, OPTION_DROP_INTENTS, KIND_FLAG, offsetof(struct arguments, drop_intents) },
	{ "dry-run", 0, OPTION_DRY_RUN, KIND_FLAG, offsetof(struct arguments, dry_run) },
	{ "from", 0, OPTION_FROM, KIND_TIME, offsetof(struct arguments, from_ms) },
	{ "to", 0, OPTION_TO, KIND_TIME, offsetof(struct arguments, to_ms) },
	{ "prefix", 0, OPTION_PREFIX, KIND_TEXT, offsetof(struct arguments, prefix) },
	{ "role", 0, OPTION_ROLE, KIND_TEXT, offsetof(struct arguments, role) },
	{ "account", 0, OPTION_ACCOUNT, KIND_TEXT, offsetof(struct arguments, account) },
};

#define N_OPTIONS (sizeof(option_rows) / sizeof(option_rows[0]))

/* What of the settings file a command needs before it runs. */
enum need { NEEDS_NOTHING, NEEDS_LOOK_OVER, NEEDS_SETTINGS };

struct command {
	const char *name; /* one word, or two */
	bool takes_words; /* behind the name */
	unsigned options;
	enum need need;
	const char *(*objection)(const struct arguments *a); /* to a line that cannot be meant; or NULL */
	int (*run)(const struct arguments *a, struct settings *s);
	const char *usage; /* behind the name */
	const char *summary;
	const char *help;
};

/* NULL after saying what is wrong. */
static struct settings *load(const char *file, enum need need)
{
	enum log_level level;
	struct settings *s;
	struct error e;

	if ((need == NEEDS_LOOK_OVER ? settings_look_over(file, &s, &e) : settings_load(file, &s, &e)) < 0) {
		log_event(MESSAGE_SETTINGS_REFUSED, NULL, 0, "%s", e.text);
		return NULL;
	}
	if (log_level_parse(s->log_level, &level) == 0)
		log_set_level(level);
	log_set_format(s->log_format);
	settings_tell_doubts(s);
	return s;
}

static int run_command(const struct arguments *a, struct settings *s)
{
	(void)a;
	return daemon_run(s);
}

static int run_replay(const struct arguments *a, struct settings *s)
{
	(void)a;
	return replay_command(s);
}

static const char *object_to_check(const struct arguments *a)
{
	if (a->n_words > 1 || (a->syntax && (a->json || a->write)))
		return "check takes one file, and --syntax no other option";
	return NULL;
}

static int run_check(const struct arguments *a, struct settings *s)
{
	const struct preflight_options o = { a->n_words > 0 ? a->words[0] : a->file, a->syntax, a->json, a->write };

	(void)s;
	return preflight_command(&o);
}

/* Loads by itself: what it prints of the table needs no file. */
static int run_settings(const struct arguments *a, struct settings *s)
{
	if (a->sample) {
		document_sample(stdout);
	} else if (a->man) {
		document_man(stdout);
	} else if (a->man_metrics) {
		metrics_man(stdout);
	} else {
		s = load(a->file, NEEDS_LOOK_OVER);
		if (s == NULL)
			return EX_CONFIG;
		settings_print(s, a->topic, stdout);
		settings_free(s);
	}
	return 0;
}

static int run_ddl(const struct arguments *a, struct settings *s)
{
	return ddl_command(s, a->topic);
}

static int run_verify(const struct arguments *a, struct settings *s)
{
	const struct verify_options o = { a->topic, a->since_ms, a->deep, a->json };

	return verify_command(s, &o);
}

static struct offsets_options offsets_options(const struct arguments *a)
{
	return (struct offsets_options){ .topic = a->topic,
					 .to_time_ms = a->to_time_ms,
					 .from_s3 = a->from_s3,
					 .places = a->words,
					 .n_places = a->n_words,
					 .replace = a->replace,
					 .drop_intents = a->drop_intents,
					 .dry_run = a->dry_run,
					 .json = a->json };
}

static int run_offsets_show(const struct arguments *a, struct settings *s)
{
	const struct offsets_options o = offsets_options(a);

	return offsets_show(s, &o);
}

static const char *object_to_offsets_set(const struct arguments *a)
{
	if (a->from_s3 + (a->to_time_ms != INT64_MIN) + (a->n_words > 0) != 1)
		return "offsets set takes one of --to-time, --from-s3 and TOPIC:PARTITION=OFFSET";
	if ((a->replace && !a->from_s3) || (a->topic != NULL && a->n_words > 0))
		return "--replace goes with --from-s3, and --topic not with TOPIC:PARTITION=OFFSET";
	return NULL;
}

static int run_offsets_set(const struct arguments *a, struct settings *s)
{
	const struct offsets_options o = offsets_options(a);

	return offsets_set(s, &o);
}

static int run_status(const struct arguments *a, struct settings *s)
{
	(void)s;
	return status_command(a->file, a->json, a->watch);
}

static const char *object_to_land(const struct arguments *a)
{
	if (a->from_ms == INT64_MIN || a->to_ms == INT64_MIN || a->prefix == NULL)
		return "land needs --from, --to and --prefix; try kafka2s3 land --help";
	return NULL;
}

static int run_land(const struct arguments *a, struct settings *s)
{
	const struct redirect request = { a->from_ms, a->to_ms, a->prefix };

	return land_command(s, &request);
}

static int run_iam_policy(const struct arguments *a, struct settings *s)
{
	return policy_command(s, a->role, a->account);
}

static int run_query(const struct arguments *a, struct settings *s)
{
	return query_command(s, a->words, a->n_words, a->csv, a->json);
}

static int run_version(const struct arguments *a, struct settings *s)
{
	const struct codec_ops *gzip = codec_find(COMPRESSION_GZIP), *zstd = codec_find(COMPRESSION_ZSTD);

	(void)a;
	(void)s;
	puts("kafka2s3 " KAFKA2S3_VERSION);
	printf("librdkafka %s, libcurl %s, OpenSSL %s, jansson %s, libmicrohttpd %s, %s %s, %s %s\n",
	       consumer_library_version(), http_library_version(), sha256_library_version(), jansson_version_str(),
	       server_library_version(), gzip->library, gzip->library_version(), zstd->library,
	       zstd->library_version());
	return 0;
}

static const struct command commands[] = {
	{ "run", false, 0, NEEDS_SETTINGS, NULL, run_command, "",
	  "land Kafka topics in S3 (what it does without a command)",
	  "Consumes the topics of the settings and lands every record in S3, in the foreground, until SIGTERM or\n"
	  "SIGINT; a second one ends it at once. SIGHUP loads the settings anew, SIGUSR1 prints the state of every\n"
	  "partition.\n" },
	{ "replay", false, 0, NEEDS_SETTINGS, NULL, run_replay, "", "send a CSV file to Kafka, row by row",
	  "Sends the file of the settings' replay group to its topic, as JSON, and ends. Says how far it is.\n"
	  "Exit codes: 65 a bad row, with replay.strict; 66 the file cannot be read; 69 no broker or topic.\n" },
	{ "check", true, OPTION_SYNTAX | OPTION_JSON | OPTION_WRITE, NEEDS_NOTHING, object_to_check, run_check,
	  " [--json] [--write] [FILE] | --syntax [FILE]", "try all that a start needs, and say what to expect",
	  "Tries settings, Kafka, credentials, S3 and each right, and changes nothing. A line each: ok (proved, and how),\n"
	  "failed (why, and how to mend it), not proved (why).\n"
	  "  --json        one JSON document\n"
	  "  --write       try conditional writes too, by an object that is made and deleted (needs s3:DeleteObject)\n"
	  "  --syntax      the file alone; needs no network\n"
	  "Exit codes: 1 something failed; 2 something could not be proved; 78 the settings, with file and line.\n" },
	{ "settings", false, OPTION_TOPIC | OPTION_SAMPLE | OPTION_MAN, NEEDS_NOTHING, NULL, run_settings,
	  " [--topic TOPIC | --sample | --man]", "print the settings in force",
	  "Prints every setting in the file's syntax, with where it came from; secrets as ***.\n"
	  "  --topic TOPIC those of this topic: the first override that matches, else the common ones\n"
	  "  --sample      a file with every setting, its help and its default; reads no file\n"
	  "  --man         the settings' part of kafka2s3.conf(5), as mdoc; reads no file\n" },
	{ "ddl", false, OPTION_TOPIC, NEEDS_SETTINGS, NULL, run_ddl, " [--topic TOPIC]",
	  "print the statement that makes a topic's table in Athena",
	  "Prints CREATE EXTERNAL TABLE with the columns of the table in Glue, where catalog is \"table\", else those of the\n"
	  "settings, else those of the newest objects; and says what of the objects projection does not see.\n"
	  "  --topic TOPIC this topic alone; else all that kafka.topics names\n"
	  "Exit codes: 65 no columns are known; 69 the bucket or Glue cannot be asked.\n" },
	{ "verify", false, OPTION_DEEP | OPTION_SINCE | OPTION_TOPIC | OPTION_JSON, NEEDS_SETTINGS, NULL, run_verify,
	  " [--deep] [--since TIME] [--topic TOPIC] [--json]", "prove from S3 alone that nothing is missing or double",
	  "Lists the objects, asks each for its metadata, and proves that the chain of each partition is whole.\n"
	  "  --deep        read the objects too, and count their records\n"
	  "  --since TIME  look only at objects modified since then (2026-01-31T14:30, UTC; or ms since 1970);\n"
	  "                what the oldest of them name is taken as given\n"
	  "  --topic TOPIC this topic alone\n"
	  "  --json        the result as one JSON document\n"
	  "Exit codes: 1 something is missing or double; 69 the bucket cannot be read.\n" },
	{ "offsets show", false, OPTION_TOPIC | OPTION_JSON, NEEDS_SETTINGS, NULL, run_offsets_show,
	  " [--topic TOPIC] [--json]", "print what the group has committed, and what it means",
	  "Prints each partition's committed offset, what the text that was committed with it says, the log's first and\n"
	  "last offset, and the lag.\n"
	  "  --topic TOPIC this topic alone\n"
	  "  --json        one JSON document\n" },
	{ "offsets set", true,
	  OPTION_TOPIC | OPTION_TO_TIME | OPTION_FROM_S3 | OPTION_REPLACE | OPTION_DROP_INTENTS | OPTION_DRY_RUN,
	  NEEDS_SETTINGS, object_to_offsets_set, run_offsets_set,
	  " (--to-time TIME | --from-s3 [--replace] | TOPIC:PARTITION=OFFSET...)\n"
	  "    [--topic TOPIC] [--drop-intents] [--dry-run]",
	  "set the group's offsets, with the texts that a daemon goes on with",
	  "Sets committed offsets while no daemon runs; all that are asked for, or none.\n"
	  "  --to-time TIME  the first record not before TIME (2026-01-31T14:30, UTC; or ms since 1970)\n"
	  "  --from-s3       a group that was lost: behind what S3 holds, so that nothing is lost or double\n"
	  "  --replace       with --from-s3, also partitions whose text is whole\n"
	  "  --topic TOPIC   this topic alone\n"
	  "  --drop-intents  although a text names ranges that may be in S3 already: they could stand twice\n"
	  "  --dry-run       say what would be set, and set nothing\n"
	  "Exit codes: 65 refused for a partition, none is set; 69 no answer from Kafka or S3; 75 a daemon runs.\n" },
	{ "status", false, OPTION_WATCH | OPTION_JSON, NEEDS_NOTHING, NULL, run_status, " [--watch] [--json]",
	  "ask the running daemon how it is",
	  "Prints what the daemon of these settings says of itself: partitions with lag, age of the oldest record that is\n"
	  "not in S3, and headroom until retention takes records; what waits for what; throughput, memory, last objects.\n"
	  "  --watch       again every two seconds, in place on a terminal, until Ctrl-C\n"
	  "  --json        one JSON document\n"
	  "Exit code 69: no daemon answers.\n" },
	{ "land", false, OPTION_FROM | OPTION_TO | OPTION_PREFIX, NEEDS_SETTINGS, object_to_land, run_land,
	  " --from TIME --to TIME --prefix PREFIX", "land a stretch of time once, under a prefix of its own",
	  "Does what run does, for the records of a stretch of time, and exits with 0 when all of them are landed.\n"
	  "  --from TIME   from the first record of that time or later on, in each Kafka partition\n"
	  "                (2026-01-31T14:30, UTC; or ms since 1970)\n"
	  "  --to TIME     up to the first record of that time or later, else up to the end of the log as it is now\n"
	  "  --prefix PREFIX\n"
	  "                in place of s3.prefix; it must be empty, and so PREFIX-dead-letter, for dead letters\n"
	  "The same command again goes on where it was stopped; several at once share the work.\n"
	  "Exit codes: 65 the prefix is not empty; 69 Kafka or the bucket cannot be asked; 75 stopped in between.\n" },
	{ "iam-policy", false, OPTION_ROLE | OPTION_ACCOUNT, NEEDS_LOOK_OVER, NULL, run_iam_policy,
	  " [--role ROLE] [--account NUMBER]", "print the IAM policy that these settings need",
	  "Prints the least policy for exactly these settings, as JSON; asks nobody. What the settings cannot know stands\n"
	  "for itself in it, and is told on standard error.\n"
	  "  --role ROLE   daemon (default), base (who assumes s3.role_arn), crawler, analyst, or msk: the\n"
	  "                part about an Amazon MSK that lets in by IAM\n"
	  "  --account NUMBER\n"
	  "                the account's twelve digits\n" },
	{ "query", true, OPTION_CSV | OPTION_JSON, NEEDS_SETTINGS, NULL, run_query, " \"SELECT ...\" [--csv | --json]",
	  "ask Athena",
	  "Runs a statement in Athena (athena.workgroup, glue.database) and prints its result; Ctrl-C stops it there.\n"
	  "  --csv         as CSV: NULL is nothing, an empty text is \"\"\n"
	  "  --json        as one JSON array of objects\n"
	  "Exit codes: 65 the statement is wrong or failed; 69 denied, or no answer; 75 stopped.\n" },
	{ "version", false, 0, NEEDS_NOTHING, NULL, run_version, "", "print the version",
	  "Prints the version, and those of the libraries that it runs with.\n" },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	puts("kafka2s3 [-c FILE] [COMMAND]: Kafka topics into S3 objects, every record exactly once.\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "  -c, --config FILE  the settings (" DEFAULT_FILE ")\n"
	     "  -h, --help         this, or with a command its own\n"
	     "      --version      the version\n"
	     "\n"
	     "kafka2s3(8) and kafka2s3.conf(5) say more.");
}

static void print_command_help(const struct command *c)
{
	printf("kafka2s3 [-c FILE] %s%s: %s\n\n%s", c->name, c->usage, c->summary, c->help);
}

/* True when the words begin with the command's name; *used: how many of them it is. */
static bool is_named(const struct command *c, char **words, int n, int *used)
{
	const char *second = strchr(c->name, ' ');
	size_t len = strcspn(c->name, " ");

	if (strncmp(c->name, words[0], len) != 0 || words[0][len] != '\0')
		return false;
	*used = second != NULL ? 2 : 1;
	return second == NULL || (n > 1 && strcmp(second + 1, words[1]) == 0);
}

static const struct command *command_find(char **words, int n, int *used)
{
	const struct command *nearest = &commands[0];
	const char *name = words[0];

	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (is_named(&commands[i], words, n, used))
			return &commands[i];
		if (text_distance(commands[i].name, name) < text_distance(nearest->name, name))
			nearest = &commands[i];
	}
	if (strcmp(name, "offsets") == 0)
		fputs("kafka2s3: offsets show, or offsets set; each takes --help\n", stderr);
	else if (text_distance(nearest->name, name) <= 3 && text_distance(nearest->name, name) * 2 <= strlen(name))
		fprintf(stderr, "kafka2s3: there is no command \"%s\"; did you mean \"%s\"?\n", name, nearest->name);
	else
		fprintf(stderr, "kafka2s3: there is no command \"%s\"; --help lists them\n", name);
	return NULL;
}

static int bad_option(char **argv, int c)
{
	if (c == ':')
		fprintf(stderr, "kafka2s3: %s needs a value; --help says which\n", argv[optind - 1]);
	else if (optopt > 0 && optopt < 256)
		fprintf(stderr, "kafka2s3: there is no option -%c; --help lists them\n", optopt);
	else
		fprintf(stderr, "kafka2s3: there is no option %s; --help lists them\n", argv[optind - 1]);
	return -1;
}

static int bad_time(const char *text)
{
	fprintf(stderr, "kafka2s3: \"%s\" is no time; write 2026-01-31, 2026-01-31T14:30 or ms since 1970\n", text);
	return -1;
}

/* What getopt_long calls a row: its letter, else a number beyond all letters. */
static int option_value(size_t row)
{
	return option_rows[row].letter != 0 ? option_rows[row].letter : 256 + (int)row;
}

static const struct option_row *option_find(int value)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (option_value(i) == value)
			return &option_rows[i];
	return NULL;
}

static int take(const struct option_row *row, struct arguments *a)
{
	void *member = (char *)a + row->member;

	if (row->kind == KIND_FLAG)
		*(bool *)member = true;
	else if (row->kind == KIND_TEXT)
		*(const char **)member = optarg;
	else if (!when_parse((const uint8_t *)optarg, strlen(optarg), member))
		return bad_time(optarg);
	return 0;
}

/* 0, or -1 after saying what is wrong; *given: bits of the options that not every command takes. */
static int parse(int argc, char **argv, struct arguments *a, unsigned *given)
{
	struct option options[N_OPTIONS + 1] = { 0 };
	const struct option_row *row;
	int c, rc = 0;

	for (size_t i = 0; i < N_OPTIONS; i++) {
		options[i].name = option_rows[i].name;
		options[i].has_arg = option_rows[i].kind == KIND_FLAG ? no_argument : required_argument;
		options[i].val = option_value(i);
	}
	opterr = 0;
	while (rc == 0 && (c = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
		row = option_find(c);
		if (row == NULL)
			return bad_option(argv, c);
		*given |= row->bit;
		rc = take(row, a);
	}
	return rc;
}

static int execute(const struct command *c, const struct arguments *a)
{
	const char *objection = c->objection != NULL ? c->objection(a) : NULL;
	struct settings *s = NULL;
	int code;

	if (objection != NULL) {
		fprintf(stderr, "kafka2s3: %s\n", objection);
		return EX_USAGE;
	}
	if (c->need != NEEDS_NOTHING) {
		s = load(a->file, c->need);
		if (s == NULL)
			return EX_CONFIG;
	}
	code = c->run(a, s);
	settings_free(s);
	return code;
}

int main(int argc, char **argv)
{
	struct arguments a = { .file = DEFAULT_FILE,
			       .since_ms = INT64_MIN,
			       .to_time_ms = INT64_MIN,
			       .from_ms = INT64_MIN,
			       .to_ms = INT64_MIN };
	const struct command *command = &commands[0];
	unsigned given = 0;
	int used = 0, code;

	crash_install();
	if (parse(argc, argv, &a, &given) < 0)
		return EX_USAGE;
	if (optind < argc && strcmp(argv[optind], "help") == 0) {
		a.help = true;
		optind++;
	}
	if (optind < argc)
		command = command_find(argv + optind, argc - optind, &used);
	if (command == NULL)
		return EX_USAGE;
	a.words = argv + optind + used;
	a.n_words = (size_t)(argc - optind - used);
	if (a.n_words > 0 && !command->takes_words) {
		fprintf(stderr, "kafka2s3: \"%s\" is one argument too many; try kafka2s3 %s --help\n", a.words[0],
			command->name);
		return EX_USAGE;
	}
	if (a.help) {
		if (optind == argc)
			print_help();
		else
			print_command_help(command);
		return 0;
	}
	if (a.version)
		return run_version(&a, NULL);
	if ((given & ~command->options) != 0) {
		fprintf(stderr, "kafka2s3: %s does not take this option; try kafka2s3 %s --help\n", command->name,
			command->name);
		return EX_USAGE;
	}
	log_open();
	code = execute(command, &a);
	log_close();
	if (code == EX_CONFIG && a.n_words == 0 && strcmp(a.file, DEFAULT_FILE) == 0 && access(a.file, F_OK) < 0)
		fputs("kafka2s3: -c FILE names another file\n", stderr);
	return code;
}
