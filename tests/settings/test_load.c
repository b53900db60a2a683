/* SPDX-License-Identifier: Apache-2.0 */
/* Files that load: every value where it belongs, defaults, overrides, includes, secrets from files, the environment. */
#include "settings/scratch.h"

#include <errno.h>
#include <fcntl.h>

static void defaults_are_those_of_the_design(void **state)
{
	struct settings *s = scratch_load(HEAD);

	(void)state;
	assert_string_equal(s->file, "a.conf");
	assert_string_equal(s->kafka_brokers, "localhost:9092");
	assert_int_equal(s->kafka_topics.n, 1);
	assert_string_equal(s->kafka_topics.items[0], "a");
	assert_string_equal(s->kafka_group, "g");
	assert_string_equal(s->kafka_start, "earliest");
	assert_int_equal(s->kafka_start_ms, -2);
	assert_int_equal(s->kafka_options.n, 0);
	assert_string_equal(s->s3_bucket, "my-lake");
	assert_string_equal(s->s3_region, "");
	assert_false(s->s3_path_style);
	assert_int_equal(s->s3_part_size_bytes, 8 << 20);
	assert_int_equal(s->s3_connections, 8);
	assert_int_equal(s->s3_bandwidth_bytes, 0);
	assert_string_equal(s->topic.table, "");
	assert_string_equal(s->topic.prefix, "raw");
	assert_string_equal(s->topic.sse, "");
	assert_string_equal(s->topic.format, "json");
	assert_int_equal(s->topic.compression, COMPRESSION_GZIP);
	assert_int_equal(s->topic.level, -1);
	assert_int_equal(s->topic.partition_by, PARTITION_BY_HOUR);
	assert_string_equal(s->topic.key,
			    "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}");
	assert_int_equal(s->topic.metadata, 0);
	assert_int_equal(s->topic.tombstones, TOMBSTONES_SKIP);
	assert_int_equal(s->topic.max_open_slots, 64);
	assert_int_equal(s->topic.max_record_bytes, 32 << 20);
	assert_string_equal(s->topic.dead_letter_prefix, "dead-letter");
	assert_int_equal(s->topic.dead_letter_limit_percent, 10);
	assert_int_equal(s->topic.roll_bytes, 128 << 20);
	assert_int_equal(s->topic.roll_records, 0);
	assert_int_equal(s->topic.roll_age_ms, 300000);
	assert_int_equal(s->memory_bytes, 256 << 20);
	assert_int_equal(s->uploaders, 1);
	assert_false(s->replay_enabled);
	assert_true(s->replay_rate == 1.0);
	assert_int_equal(s->replay_order, REPLAY_RANDOM);
	assert_string_equal(s->replay_delimiter, ",");
	assert_true(s->replay_header);
	assert_true(s->replay_pace_factor == 1.0);
	assert_string_equal(s->metrics_listen, "");
	assert_string_equal(s->log_level, "info");
	assert_int_equal(s->n_overrides, 0);
	settings_free(s);
}

static void every_type_is_read(void **state)
{
	struct settings *s = scratch_load(
		"# a comment with \"quotes\n"
		"/* and\n one of several lines */\n"
		"kafka : { topics = ( \"a\", \"^b\\\\.\" ), group = \"g\";  // both separators\n"
		"  brokers = \"one:9092,[::1]:9093,PLAINTEXT://three\"; start = \"latest\"\n"
		"  options = [ \"client.id=x=y\", \"partition.assignment.strategy=range,roundrobin\" ]; };\n"
		"s3 = { bucket = \"my.lake\"; part_size = 10000000; bandwidth = \"10MB\"; path_style = TRUE;\n"
		"  endpoint = \"http://[::1]:9000\"; sse = \"aws:kms\"; kms_key_id = \"alias/x\"; };\n"
		"output = { metadata = [ \"kafka_headers\", \"kafka_topic\" ]; tombstones = \"dead-letter\"; compression = \"zstd\";\n"
		"  level = 19; partition_by = \"day\"; dead_letter_limit = \"0%\"; max_record = \"1MiB\";\n"
		"  key = \"{prefix}/{table}/dt={dt}/\"\n\"{topic}+{partition}+{start}+{id}.{ext}\"; };\n"
		"roll = { bytes = 5000000000L; records = 0x10; age = \"90s\"; };\n"
		"memory = 0x100000000L;\n"
		"replay = { rate = 2; pace_factor = 0.5; strings = \"Date\"; delimiter = \"\\t\"; seed = 7; };\n");

	(void)state;
	assert_int_equal(s->kafka_topics.n, 2);
	assert_string_equal(s->kafka_topics.items[1], "^b\\.");
	assert_int_equal(s->kafka_start_ms, -1);
	assert_int_equal(s->kafka_options.n, 2);
	assert_string_equal(s->kafka_options.items[0], "client.id=x=y");
	assert_int_equal(s->s3_part_size_bytes, 10000000);
	assert_int_equal(s->s3_bandwidth_bytes, 10000000);
	assert_true(s->s3_path_style);
	assert_int_equal(s->topic.metadata, METADATA_TOPIC | METADATA_HEADERS);
	assert_int_equal(s->topic.tombstones, TOMBSTONES_DEAD_LETTER);
	assert_int_equal(s->topic.compression, COMPRESSION_ZSTD);
	assert_int_equal(s->topic.level, 19);
	assert_int_equal(s->topic.partition_by, PARTITION_BY_DAY);
	assert_int_equal(s->topic.dead_letter_limit_percent, 0);
	assert_string_equal(s->topic.key, "{prefix}/{table}/dt={dt}/{topic}+{partition}+{start}+{id}.{ext}");
	assert_int_equal(s->topic.roll_bytes, 5000000000);
	assert_int_equal(s->topic.roll_records, 16);
	assert_int_equal(s->topic.roll_age_ms, 90000);
	assert_int_equal(s->memory_bytes, 0x100000000);
	assert_true(s->replay_rate == 2.0);
	assert_true(s->replay_pace_factor == 0.5);
	assert_int_equal(s->replay_strings.n, 1);
	assert_string_equal(s->replay_strings.items[0], "Date");
	assert_string_equal(s->replay_delimiter, "\t");
	assert_int_equal(s->replay_seed, 7);
	settings_free(s);
}

/* The first that matches is the only one; what it does not say comes from above, wherever above stands. */
static void overrides_are_applied(void **state)
{
	struct settings *s = scratch_load(
		HEAD "override = (\n"
		     "  { topics = [ \"^clicks\\\\.\", \"exact\" ]; table = \"clicks\"; roll = { age = \"1min\"; };\n"
		     "    s3 = { prefix = \"web\"; }; },\n"
		     "  { topics = \"^.*\"; output = { compression = \"none\"; tombstones = \"write\"; }; }\n"
		     ");\n"
		     "output = { max_open_slots = 3; level = 9; };\n");
	const struct topic_settings *t = settings_for_topic(s, "clicks.eu");

	(void)state;
	assert_int_equal(s->n_overrides, 2);
	assert_int_equal(s->overrides[0].line, 4);
	assert_int_equal(s->overrides[1].line, 6);
	assert_ptr_equal(t, &s->overrides[0].topic);
	assert_string_equal(t->table, "clicks");
	assert_string_equal(t->prefix, "web");
	assert_int_equal(t->roll_age_ms, 60000);
	assert_int_equal(t->roll_bytes, 128 << 20);
	assert_int_equal(t->max_open_slots, 3);
	assert_int_equal(t->level, 9);
	assert_int_equal(t->tombstones, TOMBSTONES_SKIP);
	assert_ptr_equal(settings_for_topic(s, "exact"), &s->overrides[0].topic);

	t = settings_for_topic(s, "clicksXeu");
	assert_ptr_equal(t, &s->overrides[1].topic);
	assert_int_equal(t->compression, COMPRESSION_NONE);
	assert_int_equal(t->level, -1);
	assert_string_equal(t->prefix, "raw");
	assert_ptr_equal(settings_for_topic(s, "__consumer_offsets"), &s->topic);
	settings_free(s);
}

static void table_names_are_legal_for_glue(void **state)
{
	static const char *const pairs[][2] = {
		{ "Orders.V2-eu", "orders_v2_eu" },
		{ "_schemas", "t_schemas" },
		{ ".events", "t_events" },
		{ "-x", "t_x" },
		{ "plain9", "plain9" },
		{ "t", "t" },
	};
	struct settings *s = scratch_load(HEAD);
	char long_topic[300];
	char *name;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		name = settings_table_name(&s->topic, pairs[i][0]);
		assert_string_equal(name, pairs[i][1]);
		free(name);
	}
	memset(long_topic, '_', sizeof(long_topic) - 1);
	long_topic[sizeof(long_topic) - 1] = '\0';
	name = settings_table_name(&s->topic, long_topic);
	assert_int_equal(strlen(name), 255);
	assert_memory_equal(name, "t_", 2);
	free(name);
	settings_free(s);
}

static void starts_are_times(void **state)
{
	static const struct {
		const char *start;
		int64_t ms;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-02T03:04:05Z", 1767323045000 },
		{ "2026-01-02 03:04:05.678901Z", 1767323045678 },
		{ "2026-01-02T03:04:05.5+02:00", 1767315845500 },
		{ "2026-01-01t22:04:05-05:00", 1767323045000 },
		{ "2024-02-29T23:59:59z", 1709251199000 },
		{ "2000-03-01T00:00:00Z", 951868800000 },
		{ "9999-12-31T23:59:59Z", 253402300799000 },
		{ "1767323045000", 1767323045000 },
		{ "0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char text[512];
		struct settings *s;

		snprintf(text, sizeof(text), "kafka = { topics = \"a\"; group = \"g\"; start = \"%s\"; };\n%s",
			 good[i].start, "s3 = { bucket = \"my-lake\"; };");
		s = scratch_load(text);
		assert_int_equal(s->kafka_start_ms, good[i].ms);
		settings_free(s);
	}
}

static void includes_are_read(void **state)
{
	struct settings *s;

	(void)state;
	assert_int_equal(mkdir("folder", 0700), 0);
	scratch_write("folder/b.conf", "roll = { age = \"1min\";\n  @include \"../c.conf\" # both\n};", 0600);
	scratch_write("c.conf",
		      "\xef\xbb\xbf"
		      "records = 5;\r\n",
		      0600);
	s = scratch_load(HEAD "/*\n@include \"none\"\n*/ # \"\n\t@include \"folder/b.conf\";\nmemory = \"1GiB\";\n");
	assert_int_equal(s->topic.roll_age_ms, 60000);
	assert_int_equal(s->topic.roll_records, 5);
	assert_int_equal(s->memory_bytes, 1 << 30);
	settings_free(s);
	unlink("folder/b.conf");
	rmdir("folder");
}

static void secrets_come_from_files(void **state)
{
	struct settings *s;

	(void)state;
	scratch_write("secret", "hunter2\r\n", 0600);
	scratch_write("token", "line 1\nline 2\n\n", 0600);
	s = scratch_load(
		"kafka = { topics = \"a\"; group = \"g\";\n"
		" options = [ \"sasl.password=file:secret\", \"ssl.key.pem=file:token\",\n"
		" \"client.id=file:secret\" ]; };\n"
		"s3 = { bucket = \"my-lake\"; access_key_id = \"id\"; secret_access_key = \"file:secret\"; };\n");
	assert_string_equal(s->kafka_options.items[0], "sasl.password=hunter2");
	assert_string_equal(s->kafka_options.items[1], "ssl.key.pem=line 1\nline 2");
	assert_string_equal(s->kafka_options.items[2], "client.id=file:secret");
	assert_string_equal(s->s3_access_key_id, "id");
	assert_string_equal(s->s3_secret_access_key, "hunter2");
	settings_free(s);
}

static int look_over(const char *text, struct settings **s, struct error *e)
{
	scratch_write("a.conf", text, 0600);
	return settings_look_over("a.conf", s, e);
}

static int load(const char *text, struct settings **s, struct error *e)
{
	scratch_write("a.conf", text, 0600);
	return settings_load("a.conf", s, e);
}

/* Paths below systemd's folder of credentials: wherever a path can stand. */
static void credentials_lie_in_their_directory(void **state)
{
	static const char text[] =
		"kafka = { topics = \"a\"; group = \"g\";\n"
		" options = [ \"sasl.password=file:${CREDENTIALS_DIRECTORY}/secret\",\n"
		" \"ssl.key.location=${CREDENTIALS_DIRECTORY}/token\" ]; };\n"
		"s3 = { bucket = \"my-lake\"; credentials_file = \"${CREDENTIALS_DIRECTORY}/token\";\n"
		" ca_file = \"${CREDENTIALS_DIRECTORY}/token\"; };\n";
	char directory[256], path[512];
	struct settings *s;

	(void)state;
	assert_non_null(getcwd(directory, sizeof(directory)));
	scratch_write("secret", "hunter2\n", 0600);
	scratch_write("token", "x\n", 0600);
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	s = scratch_load(text);
	snprintf(path, sizeof(path), "%s/token", directory);
	assert_string_equal(s->kafka_options.items[0], "sasl.password=hunter2");
	assert_string_equal(s->kafka_options.items[1] + strlen("ssl.key.location="), path);
	assert_string_equal(s->s3_credentials_file, path);
	assert_string_equal(s->s3_ca_file, path);
	settings_free(s);
	scratch_write("secret", "hunter3\n", 0600); /* a reload reads it again */
	s = scratch_load(text);
	assert_string_equal(s->kafka_options.items[0], "sasl.password=hunter3");
	settings_free(s);
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* A start needs them; a look at the file does not, for whoever looks may not get them. */
static void credentials_that_are_not_there(void **state)
{
	static const struct {
		const char *s3, *setting;
	} cases[] = {
		{ "access_key_id = \"x\"; secret_access_key = \"file:${CREDENTIALS_DIRECTORY}/no\";",
		  "s3.secret_access_key" },
		{ "credentials_file = \"${CREDENTIALS_DIRECTORY}/no\";", "s3.credentials_file" },
		{ "ca_file = \"${CREDENTIALS_DIRECTORY}/no\";", "s3.ca_file" },
	};
	char text[512], place[64];
	struct settings *s;
	struct error e;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		bool set = i % 2 == 1; /* the variable is set, and the file is not there */

		if (set)
			setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
		snprintf(text, sizeof(text),
			 "kafka = { topics = \"a\"; group = \"g\"; };\ns3 = { bucket = \"b-1\"; %s };\n",
			 cases[i / 2].s3);
		snprintf(place, sizeof(place), "a.conf:2: %s: ", cases[i / 2].setting);
		assert_int_equal(load(text, &s, &e), -1);
		assert_ptr_equal(strstr(e.text, place), e.text);
		assert_non_null(
			strstr(e.text, set ? "cannot read '/nonexistent/no'" : "CREDENTIALS_DIRECTORY is not set"));
		assert_int_equal(look_over(text, &s, &e), 0);
		settings_free(s);
		unsetenv("CREDENTIALS_DIRECTORY");
	}
	/* Any other file must be there. */
	assert_int_equal(
		look_over("kafka = { topics = \"a\"; group = \"g\"; };\n"
			  "s3 = { bucket = \"b-1\"; access_key_id = \"x\"; secret_access_key = \"file:/no\"; };",
			  &s, &e),
		-1);
}

/* Its credentials are asked for by the chain, its region is a value like any other. */
static void environment_stands_in(void **state)
{
	struct settings *s;

	(void)state;
	setenv("AWS_DEFAULT_REGION", "eu-west-1", 1);
	setenv("AWS_ACCESS_KEY_ID", "id", 1);
	s = scratch_load(HEAD);
	assert_string_equal(s->s3_region, "eu-west-1");
	assert_string_equal(s->s3_access_key_id, "");
	settings_free(s);

	setenv("AWS_REGION", "eu-west-2", 1);
	s = scratch_load(HEAD);
	assert_string_equal(s->s3_region, "eu-west-2");
	settings_free(s);

	s = scratch_load("kafka = { topics = \"a\"; group = \"g\"; }; s3 = { bucket = \"b-1\"; region = \"here\"; };");
	assert_string_equal(s->s3_region, "here");
	settings_free(s);
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	unsetenv("AWS_ACCESS_KEY_ID");
}

/* What loading text from a file with these permissions says on stderr. Owns: the caller frees. */
static char *warnings_of(const char *text, mode_t mode, mode_t secret_mode)
{
	int log = open("log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), kept = dup(STDERR_FILENO);
	struct settings *s = NULL;
	struct error e = { 0 };
	char *out = calloc(1, 4096);
	int rc;

	scratch_write("secret", "hunter2", secret_mode);
	scratch_write("a.conf", text, mode);
	fflush(stderr);
	dup2(log, STDERR_FILENO);
	rc = settings_load("a.conf", &s, &e);
	if (rc == 0)
		settings_tell_doubts(s);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	assert_int_equal(rc, 0);
	assert_true(pread(log, out, 4095, 0) >= 0);
	close(kept);
	close(log);
	settings_free(s);
	return out;
}

static void secrets_that_others_can_read_are_warned_of(void **state)
{
#define WITH(options, s3) \
	"kafka = { topics = \"a\"; group = \"g\"; " options " };\ns3 = { bucket = \"b-1\"; " s3 " };\n"
	static const struct {
		const char *text;
		mode_t mode, secret_mode;
		const char *part; /* NULL: no warning */
	} cases[] = {
		{ WITH("", ""), 0644, 0600, NULL },
		{ WITH("", "access_key_id = \"x\"; secret_access_key = \"x\";"), 0640, 0600, NULL },
		{ WITH("", "access_key_id = \"x\"; secret_access_key = \"x\";"), 0644, 0600,
		  "'a.conf' holds a secret" },
		{ WITH("", "access_key_id = \"file:secret\"; secret_access_key = \"file:secret\";"), 0644, 0600, NULL },
		{ WITH("", "access_key_id = \"file:secret\"; secret_access_key = \"file:secret\";"), 0600, 0604,
		  "'secret' holds a secret (s3.access_key_id)" },
		{ WITH("options = [ \"sasl.password=x\" ];", ""), 0644, 0600, "(kafka.options)" },
		{ WITH("options = [ \"ssl.key.location=/x\", \"client.id=y\" ];", ""), 0644, 0600, NULL },
		{ WITH("options = [ \"isolation.level=read_uncommitted\" ];", ""), 0600, 0600, "isolation.level" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *said = warnings_of(cases[i].text, cases[i].mode, cases[i].secret_mode);

		if (cases[i].part == NULL)
			assert_string_equal(said, "");
		else if (strstr(said, cases[i].part) == NULL)
			fail_msg("'%s' is not in '%s'", cases[i].part, said);
		assert_null(strstr(said, "hunter2"));
		free(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_design),
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(overrides_are_applied),
		cmocka_unit_test(table_names_are_legal_for_glue),
		cmocka_unit_test(starts_are_times),
		cmocka_unit_test(includes_are_read),
		cmocka_unit_test(secrets_come_from_files),
		cmocka_unit_test(credentials_lie_in_their_directory),
		cmocka_unit_test(credentials_that_are_not_there),
		cmocka_unit_test(environment_stands_in),
		cmocka_unit_test(secrets_that_others_can_read_are_warned_of),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
