/* SPDX-License-Identifier: Apache-2.0 */
/* Files that must not load: where each message points, and what it says. */
#include "settings/scratch.h"

struct bad {
	const char *text; /* behind HEAD, so that it begins in line 3; with whole: all of the file */
	int line;
	const char *parts[3]; /* all must stand in the message */
};

#define KAFKA(options) "kafka = { topics = [ \"a\" ]; group = \"g\";\n" options "};\ns3 = { bucket = \"my-lake\"; };\n"
#define S3(bucket) "kafka = { topics = [ \"a\" ]; group = \"g\"; };\ns3 = { " bucket " };\n"

#define IN_CATALOG "catalog = \"table\"; glue = { database = \"d\"; };\n"
#define CATALOG HEAD IN_CATALOG
#define NAME "{topic}+{partition}+{start}+{id}.{ext}"

static const struct bad names[] = {
	{ HEAD "rol = { age = \"1min\"; };", 3, { "rol:", "no such setting", "did you mean roll?" } },
	{ HEAD "roll = {\n agee = \"1min\"; };", 4, { "roll.agee:", "did you mean roll.age?" } },
	{ HEAD "overrid = ();", 3, { "did you mean override?" } },
	{ HEAD "memori = \"1GiB\";", 3, { "did you mean memory?" } },
	{ HEAD "roll = { bucket = \"x\"; };", 3, { "roll.bucket", "did you mean s3.bucket?" } },
	{ HEAD "level = 3;", 3, { "level:", "did you mean output.level?" } },
	{ HEAD "zzzzzzzz = 3;", 3, { "zzzzzzzz:", "kafka2s3.conf(5)" } },
	{ HEAD "roll = { age = \"1min\";\n age = \"2min\"; };", 4, { "roll.age is given twice", "'a.conf' line 3" } },
	{ HEAD "kafka = { };", 3, { "kafka is given twice", "'a.conf' line 1" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; topics = [ \"b\" ]; } );", 3, { "override.topics is given twice" } },
	{ HEAD "roll = 5;", 3, { "roll:", "this is a group", "roll = {" } },
};

static const struct bad types[] = {
	{ HEAD "uploaders = \"2\";", 3, { "uploaders:", "a text, where an integer is meant" } },
	{ HEAD "uploaders = 1.5;", 3, { "a number with a point, where an integer" } },
	{ HEAD "uploaders = true;", 3, { "this is true, where an integer" } },
	{ HEAD "uploaders =\n[ 2 ];", 3, { "a list, where an integer" } },
	{ HEAD "uploaders = { a = 1; };", 3, { "a group, where an integer" } },
	{ HEAD "metrics = { listen = 9464; };", 3, { "metrics.listen:", "an integer, where a text in quotes" } },
	{ HEAD "replay = { loop = \"true\"; };", 3, { "replay.loop:", "where true or false is meant" } },
	{ HEAD "replay = { loop = 1; };", 3, { "where true or false is meant" } },
	{ HEAD "replay = { rate = \"1\"; };", 3, { "replay.rate:", "where a number is meant" } },
	{ HEAD "replay = { strings = [ \"a\",\n 1.0 ]; };", 4, { "mismatched element type" } },
	{ HEAD "replay = { strings = ( \"a\",\n 1.0 ); };", 4, { "replay.strings:", "element 2 is no text" } },
	{ HEAD "replay = { strings = [ \"a\",\n\"a\" ]; };", 4, { "\"a\" is listed twice" } },
	{ HEAD "replay = { strings = [ \"\" ]; };", 3, { "empty" } },
	{ HEAD "output = { metadata = [ \"kafka_topic\",\n \"ofset\"\n ]; };",
	  4,
	  { "output.metadata:", "\"ofset\" is none of" } },
	{ HEAD "output = { compression = \"gzipp\"; };", 3, { "\"gzipp\" is none of \"none\", \"gzip\", \"zstd\"" } },
	{ HEAD "output = { format = \"avro\"; };", 3, { "\"avro\" is none of \"json\"" } },
	{ HEAD "s = \"\\xff\";\nlog = { level = \"\\xff\"; };", 3, { "s:" } },
	{ HEAD "metrics = { listen = \"\\xff\"; };", 3, { "not UTF-8" } },
};

static const struct bad units[] = {
	{ HEAD "roll = { age = \"5 parsecs\"; };", 3, { "roll.age:", "\"5 parsecs\" is no time", "min" } },
	{ HEAD "roll = { age = 300; };", 3, { "roll.age:", "no unit", "\"300s\"" } },
	{ HEAD "roll = { bytes = \"8 mib\"; };", 3, { "roll.bytes:", "is no size", "MiB" } },
	{ HEAD "roll = { bytes = \"8min\"; };", 3, { "is no size" } },
	{ HEAD "roll = { age = 5min; };", 3, { "roll.age:", "'5min' is no number", "\"5min\"" } },
	{ HEAD "output = { dead_letter_limit = 10; };", 3, { "no unit", "\"10%\"" } },
	{ HEAD "output = { dead_letter_limit = \"10\"; };", 3, { "is no share", "\"10%\"" } },
	{ HEAD "output = { dead_letter_limit = \"101%\"; };", 3, { "out of range", "0% to 100%" } },
	{ "s3 = { bucket = \"my-lake\"; part_size = \"4MiB\"; };",
	  1,
	  { "s3.part_size:", "out of range", "5MiB to 5GiB" } },
	{ HEAD "uploaders = 0;", 3, { "uploaders:", "0 is out of range", "1 to 64" } },
	{ HEAD "uploaders = -1;", 3, { "-1 is out of range" } },
	{ HEAD "replay = { rate = -0.5; };", 3, { "replay.rate:", "-0.5 is out of range" } },
	{ HEAD "output = { level = 20; };", 3, { "output.level:", "20 is out of range" } },
	{ HEAD "memory = \"15MiB\";", 3, { "memory:", "out of range" } },
	{ HEAD "memory = 3000000000;", 3, { "memory:", "32 bits", "3000000000L" } },
	{ HEAD "memory = 4294967296;", 3, { "4294967296 does not fit" } },
	{ HEAD "memory = -2147483649;", 3, { "32 bits" } },
	{ HEAD "memory = 0xFFFFFFFF;", 3, { "0xFFFFFFFF does not fit" } },
	{ HEAD "memory = 99999999999999999999L;", 3, { "64 bits" } },
	{ HEAD "# 3000000000\n/* 4000000000\n */ log = { level = \"9999999999\"; };", 5, { "log.level" } },
};

static const struct bad syntax[] = {
	{ HEAD "output = { metadata = [ \"topic\", ]; };", 3, { "output.metadata:", "trailing comma", "']'" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; },\n );", 3, { "override:", "trailing comma", "')'" } },
	{ HEAD "roll = { age \"5min\"; };", 3, { "roll.age:", "'=' is missing" } },
	{ HEAD "roll { age = \"5min\"; };", 3, { "roll:", "'=' is missing" } },
	{ HEAD "roll.age = \"5min\";", 3, { "a name holds no dot", "roll = { age" } },
	{ HEAD "roll = { age =\n bytes = 0; };", 3, { "roll.age:", "a value is missing" } },
	{ HEAD "roll = { age = ; };", 3, { "a value is missing before ';'" } },
	{ HEAD "memory =", 3, { "memory:", "missing at the end" } },
	{ HEAD "memory", 3, { "'=' and a value are missing" } },
	{ HEAD "output = { compression = zstd; };", 3, { "output.compression:", "quotes", "\"zstd\"" } },
	{ HEAD "output = { metadata = [ \"topic\"\n\"offset\" ]; };", 3, { "a comma is missing" } },
	{ HEAD "output = { metadata = [ \"topic\";\n", 3, { "a comma is missing" } },
	{ HEAD "output = { metadata = [ \"topic\"", 3, { "never closed by ']'" } },
	{ HEAD "roll = {\nage = \"5min\";\n", 3, { "roll:", "never closed by '}'" } },
	{ HEAD "roll = { age = \"5min; };\n\n", 3, { "the text that begins here is never closed" } },
	{ HEAD "\n/* open\n", 4, { "the comment that begins here is never closed" } },
	{ HEAD "};", 3, { "'}' where the name" } },
	{ HEAD ";", 3, { "';' without a setting" } },
	{ HEAD "memory = 1e9;", 3, { "'1e9' is no number" } },
	{ HEAD "memory = 1.2.3;", 3, { "'1.2.3' is no number" } },
	{ HEAD "a = ((((((((((((((((((1))))))))))))))))));", 3, { "nested deeper" } },
	{ HEAD "@include \"none.conf\"", 3, { "@include", "cannot read 'none.conf'", "No such file" } },
	{ HEAD "@include none.conf", 3, { "@include \"PATH\"" } },
	{ HEAD "@include \"a.conf\"", 3, { "deeper than 10" } },
	{ HEAD "@include \"folder\"", 3, { "cannot read 'folder'", "directory" } },
};

static const struct bad required[] = {
	{ "", 1, { "kafka.topics", "must be given" } },
	{ "kafka = {\n group = \"g\"; };", 1, { "kafka.topics", "must be given" } },
	{ "kafka = {\n topics = [ ]; };", 2, { "kafka.topics", "empty" } },
	{ "\nkafka = { topics = \"a\"; };", 2, { "kafka.group", "must be given" } },
	{ "kafka = { topics = \"a\";\n group = \"\"; };", 2, { "kafka.group", "empty" } },
	{ "kafka = { topics = \"a\"; group = \"g\"; };\ns3 = { };", 2, { "s3.bucket", "must be given" } },
};

static const struct bad values[] = {
	{ S3("bucket = \"My-Lake\";"), 2, { "s3.bucket:", "\"My-Lake\"", "lower-case" } },
	{ S3("bucket = \"my_lake\";"), 2, { "lower-case" } },
	{ S3("bucket = \"ab\";"), 2, { "3 to 63" } },
	{ S3("bucket = \"-abc\";"), 2, { "begins and ends" } },
	{ S3("bucket = \"a..b\";"), 2, { "two dots" } },
	{ S3("bucket = \"192.168.1.1\";"), 2, { "IP address" } },
	{ S3("bucket = \"lake--usw2-az1--x-s3\";"), 2, { "S3 Express" } },
	{ S3("bucket = \"s3://my-lake/raw\";"), 2, { "s3.prefix" } },
	{ S3("bucket = \"lake--usw2-az1--xa-s3\";"), 2, { "S3 Express" } },
	{ S3("bucket = \"mfzwi23gnjvgw.mrap\";"), 2, { "multi-region access points are not supported" } },
	{ S3("bucket = \"arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap\";"),
	  2,
	  { "s3.bucket:", "multi-region access points are not supported" } },
	{ S3("bucket = \"arn:aws:s3:::lake\";"), 2, { "give the name, not the ARN" } },
	{ S3("bucket = \"arn:aws:s3express:us-east-1:111122223333:bucket/x--use1-az4--x-s3\";"), 2, { "S3 Express" } },
	{ S3("bucket = \"arn:aws:s3-outposts:us-east-1:111122223333:outpost/op-1/accesspoint/x\";"),
	  2,
	  { "Outposts" } },
	{ S3("bucket = \"arn:aws:s3-object-lambda:us-east-1:111122223333:accesspoint/x\";"), 2, { "Object Lambda" } },
	{ S3("bucket = \"arn:aws:s3:us-east-1:1:accesspoint/x\";"), 2, { "12 digits" } },
	{ S3("bucket = \"arn:aws:s3:evil/:111122223333:accesspoint/x\";"), 2, { "REGION" } },
	{ S3("bucket = \"arn:aws:s3:us-east-1:111122223333:accesspoint/X.y\";"), 2, { "up to 50 lower-case" } },
	{ S3("bucket = \"arn:aws:s3:us-east-1:111122223333:storage-lens/x\";"),
	  2,
	  { "not the ARN of an access point" } },
	{ S3("bucket = \"arn:aws:s3:us-east-1:111122223333:accesspoint/x\"; region = \"eu-west-1\";"),
	  2,
	  { "s3.region:", "\"us-east-1\"" } },
	{ S3("bucket = \"arn:aws:s3:us-east-1:111122223333:accesspoint/x\"; path_style = true;"),
	  2,
	  { "s3.path_style:", "access point" } },
	{ S3("bucket = \"arn:aws:s3:us-east-1:111122223333:accesspoint/x\";") IN_CATALOG,
	  2,
	  { "s3.bucket:", "alias" } },
	{ S3("bucket = \"my-lake\"; endpoint = \"https://store.example\"; fips = true;"),
	  2,
	  { "s3.fips:", "take out one of them" } },
	{ S3("bucket = \"my-lake\"; prefix = \"/raw\";"), 2, { "s3.prefix:", "empty folder" } },
	{ S3("bucket = \"my-lake\"; prefix = \"raw//x\";"), 2, { "empty folder" } },
	{ S3("bucket = \"my-lake\"; prefix = \"raw/../x\";"), 2, { "\"..\"" } },
	{ S3("bucket = \"my-lake\"; endpoint = \"localhost:9000\";"), 2, { "s3.endpoint:", "https://" } },
	{ S3("bucket = \"my-lake\"; endpoint = \"http://localhost:9000/\";"), 2, { "slash" } },
	{ S3("bucket = \"my-lake\"; endpoint = \"http://localhost:99999\";"), 2, { "HOST:PORT" } },
	{ S3("bucket = \"my-lake\"; endpoint = \"http://me:word@host\";"), 2, { "***@host" } },
	{ S3("bucket = \"my-lake\"; proxy = \"proxy:3128\";"), 2, { "s3.proxy:" } },
	{ S3("bucket = \"my-lake\"; region = \"us east\";"), 2, { "s3.region:", "blank" } },
	{ S3("bucket = \"my-lake\"; sse = \"kms\";"), 2, { "s3.sse:", "\"aws:kms\"" } },
	{ "kafka = { topics = [ \"a\",\n\"b c\" ]; };", 2, { "kafka.topics:", "\"b c\" is no topic" } },
	{ "kafka = { topics = [ \"^a(\" ]; };", 1, { "kafka.topics:", "regular expression" } },
	{ "kafka = { topics = [ \"..\" ]; };", 1, { "is no topic" } },
	{ "kafka = { group = \"a b\"; };", 1, { "kafka.group:", "printable ASCII" } },
	{ "kafka = { brokers = \"a:9092, b:9092\"; };", 1, { "kafka.brokers:", "HOST:PORT" } },
	{ "kafka = { brokers = \"a:0\"; };", 1, { "HOST:PORT" } },
	{ "kafka = { start = \"yesterday\"; };", 1, { "kafka.start:", "\"earliest\"" } },
	{ "kafka = { start = \"2026-02-29T00:00:00Z\"; };", 1, { "kafka.start:" } },
	{ "kafka = { start = \"2026-02-28\"; };", 1, { "kafka.start:" } },
	{ HEAD "output = { key = \"{prefix}/{table}/{topic}.{ext}\"; };", 3, { "output.key:", "lacks" } },
	{ HEAD "output = { key = \"{prefix}/{what}/{topic}+{partition}+{start}+{id}.{ext}\"; };", 3, { "{what}" } },
	{ HEAD "replay = { delimiter = \";;\"; };", 3, { "replay.delimiter:", "one ASCII character" } },
	{ HEAD "replay = { topic = \"a b\"; };", 3, { "replay.topic:" } },
	{ HEAD "catalog = \"glue\";", 3, { "catalog:", "none of \"none\", \"table\", \"crawler\"" } },
	{ HEAD "glue = { database = \"My-Lake\"; };", 3, { "glue.database:", "no legal database" } },
	{ HEAD "glue = { catalog_id = \"1234\"; };", 3, { "glue.catalog_id:", "12 digits" } },
	{ HEAD "glue = { crawler = \"a\\nb\"; };", 3, { "glue.crawler:", "control character" } },
	{ HEAD "glue = { crawler_interval = \"5s\"; };", 3, { "glue.crawler_interval:", "out of range" } },
	{ HEAD "glue = { endpoint = \"glue.local\"; };", 3, { "glue.endpoint:", "https://" } },
	{ HEAD "athena = { workgroup = \"a b\"; };", 3, { "athena.workgroup:", "no workgroup" } },
	{ HEAD "athena = { output = \"my-lake/results/\"; };", 3, { "athena.output:", "s3://BUCKET/FOLDER/" } },
	{ HEAD "athena = { output = \"s3://my-lake/results\"; };", 3, { "s3://BUCKET/FOLDER/" } },
	{ HEAD "athena = { output = \"s3://My-Lake/results/\"; };", 3, { "\"My-Lake\" is no legal name" } },
	{ HEAD "athena = { output = \"s3://my-lake//\"; };", 3, { "empty folder" } },
};

static const struct bad options[] = {
	{ KAFKA("auth = \"iam\";"), 2, { "kafka.auth:", "\"msk_iam\"" } },
	{ KAFKA("auth = \"msk_iam\"; options = [ \"client.id=a\", \"sasl.mechanism=PLAIN\" ];"),
	  2,
	  { "kafka.options:", "\"sasl.mechanism\"", "take it out" } },
	{ KAFKA("auth = \"msk_iam\"; options = [ \"security.protocol=SSL\" ];"),
	  2,
	  { "kafka.options:", "\"security.protocol\"", "take it out" } },
	{ KAFKA("options = [ \"group.id=x\" ];"), 2, { "kafka.options:", "'group.id'", "use kafka.group" } },
	{ KAFKA("options = [ \"client.rack=x\" ];"), 2, { "kafka.options:", "'client.rack'", "use kafka.rack" } },
	{ KAFKA("options = [\n\"a=b\",\n\"enable.auto.commit=true\"\n];"), 4, { "enable.auto.commit" } },
	{ KAFKA("options = [ \"enable.auto.offset.store=true\" ];"), 2, { "belongs to the daemon" } },
	{ KAFKA("options = [ \"auto.offset.reset=latest\" ];"), 2, { "use kafka.start" } },
	{ KAFKA("options = [ \"enable.partition.eof=false\" ];"), 2, { "belongs to the daemon" } },
	{ KAFKA("options = [ \"bootstrap.servers=x\" ];"), 2, { "use kafka.brokers" } },
	{ KAFKA("options = [ \"metadata.broker.list=x\" ];"), 2, { "use kafka.brokers" } },
	{ KAFKA("options = [ \"group.protocol=consumer\" ];"), 2, { "belongs to the daemon" } },
	{ KAFKA("options = [ \"plugin.library.paths=x\" ];"), 2, { "belongs to the daemon" } },
	{ KAFKA("options = [ \"queued.max.messages.kbytes=1\" ];"), 2, { "use memory" } },
	{ KAFKA("options = [ \"fetch.max.bytes=1\" ];"), 2, { "use memory" } },
	{ KAFKA("options = [ \"statistics.interval.ms=0\" ];"), 2, { "belongs to the daemon" } },
	{ KAFKA("options = [ \"rebalance_cb=x\" ];"), 2, { "belongs to the daemon" } },
	{ KAFKA("options = [ \"partition.assignment.strategy=uniform\" ];"), 2, { "'uniform' is none of" } },
	{ KAFKA("options = [ \"partition.assignment.strategy=range,cooperative-sticky\" ];"), 2, { "together" } },
	{ KAFKA("options = [ \"client.id\" ];"), 2, { "property=value" } },
	{ KAFKA("options = [ \"client id=x\" ];"), 2, { "'client id'", "without spaces" } },
	{ KAFKA("skip = [ \"a:0:5\",\n\"a:0\" ];"), 3, { "kafka.skip:", "\"a:0\" is no \"topic:partition:offset\"" } },
	{ KAFKA("options = [ \"sasl.password=file:none\" ];"), 2, { "kafka.options:", "cannot read 'none'" } },
};

static const struct bad overrides[] = {
	{ HEAD "override = { topics = \"a\"; };", 3, { "override:", "a list of groups" } },
	{ HEAD "override = ( \"a\" );", 3, { "override:", "an entry is a group" } },
	{ HEAD "override = (\n{ table = \"a\"; } );", 4, { "topics must be given" } },
	{ HEAD "override = ( { topics = []; } );", 3, { "topics must be given" } },
	{ HEAD "override = ( { topics = [ \"a\" ];\nmemory = \"1GiB\"; } );", 4, { "memory:", "second instance" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; s3 = {\nbucket = \"other\"; }; } );",
	  4,
	  { "s3.bucket:", "second instance" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; kafka = { group = \"x\"; }; } );",
	  3,
	  { "kafka.group:", "second instance" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; tablee = \"x\"; } );", 3, { "did you mean table?" } },
	{ HEAD "override = ( { topics = [ \"^a[\" ]; } );", 3, { "override.topics:", "regular expression" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; table = \"A-b\"; } );", 3, { "table:", "no legal table" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; table = \"_b\"; } );", 3, { "Athena" } },
	{ HEAD "override = ( { topics = [ \"a\" ];\nroll = { bytes = 0; age = 0; }; } );",
	  4,
	  { "roll.age:", "no object" } },
	{ HEAD "table = \"a\";", 3, { "table:", "belongs in an override" } },
};

static const struct bad pairs[] = {
	{ HEAD "memory = \"64MiB\";", 3, { "memory", "4 times output.max_record", "\"128MiB\"" } },
	{ HEAD "output = { max_record = \"100MiB\"; };", 3, { "output.max_record:", "\"400MiB\"" } },
	{ HEAD "override = ( { topics = [ \"a\" ];\noutput = { max_record = \"100MiB\"; }; } );",
	  4,
	  { "output.max_record:" } },
	{ HEAD "memory = \"128MiB\";\nuploaders = 8;", 3, { "s3.part_size for each", "\"256MiB\"" } },
	{ HEAD "memory = \"1GiB\"; uploaders = 9;", 3, { "s3.connections is 8" } },
	{ S3("bucket = \"my-lake\";\nkms_key_id = \"k\";"), 3, { "s3.kms_key_id:", "s3.sse" } },
	{ S3("bucket = \"my-lake\"; sse = \"AES256\";\nkms_key_id = \"k\";"), 3, { "aws:kms" } },
	{ S3("bucket = \"my-lake\";\naccess_key_id = \"k\";"), 3, { "s3.access_key_id:", "go together" } },
	{ S3("bucket = \"my-lake\";\nsecret_access_key = \"k\";"), 3, { "s3.secret_access_key:", "go together" } },
	{ S3("bucket = \"my-lake\";\nrole_arn = \"lake\";"), 3, { "s3.role_arn", "\"lake\" is no role" } },
	{ S3("bucket = \"my-lake\";\nrole_arn = \"arn:aws:iam::12345678901:role/lake\";"), 3, { "is no role" } },
	{ S3("bucket = \"my-lake\";\nrole_arn = \"arn:aws:iam::123456789012:role/\";"), 3, { "is no role" } },
	{ S3("bucket = \"my-lake\";\nrole_arn = \"arn:aws:iam::123456789012:user/lake\";"), 3, { "is no role" } },
	{ S3("bucket = \"my-lake\";\nrole_arn = \"arn:\";"), 3, { "is no role" } },
	{ S3("bucket = \"my-lake\";\nexternal_id = \"shared\";"), 3, { "s3.external_id:", "set s3.role_arn too" } },
	{ S3("bucket = \"my-lake\";\nexternal_id = \"a b\";"), 3, { "s3.external_id", "is no external id" } },
	{ S3("bucket = \"my-lake\";\nrole_session_name = \"a/b\";"), 3, { "is no session's name" } },
	{ S3("bucket = \"my-lake\";\nsession_token = \"k\";"), 3, { "s3.session_token:" } },
	{ HEAD "replay = { enabled = true; topic = \"a\"; };", 3, { "replay.enabled = true needs replay.file" } },
	{ HEAD "replay = { enabled = true; file = \"a\"; };", 3, { "replay.enabled = true needs replay.topic" } },
	{ HEAD "replay = { pace_column = \"Date\"; };", 3, { "replay.pace_column:", "sequential" } },
	{ HEAD "roll = { bytes = 0; age = \"0s\"; };", 3, { "roll.age:", "no object" } },
	{ HEAD "output = { compression = \"none\"; level = 3; };", 3, { "output.level:", "without compression" } },
	{ HEAD "output = { level = 13; };", 3, { "gzip has the levels 1 to 12" } },
	{ HEAD "output = { dead_letter_prefix = \"raw\"; };", 3, { "output.dead_letter_prefix:", "among", "\"raw\"" } },
	{ HEAD "output = { dead_letter_prefix = \"raw/dead\"; };", 3, { "among the tables under \"raw\"" } },
	{ S3("bucket = \"my-lake\"; prefix = \"dead-letter/x\";"), 2, { "around the tables" } },
	{ S3("bucket = \"my-lake\"; prefix = \"\";"), 2, { "among the tables" } },
	{ HEAD "override = ( { topics = [ \"a\" ];\ns3 = { prefix = \"dead-letter\"; }; } );",
	  4,
	  { "s3.prefix:", "among" } },
	{ HEAD "override = ( { topics = [ \"a\" ];\noutput = { dead_letter_prefix = \"raw/x\"; }; } );",
	  4,
	  { "output.dead_letter_prefix:", "among" } },
	{ HEAD "output = { key = \"{table}/{topic}+{partition}+{start}+{id}.{ext}\"; partition_by = \"none\"; };",
	  3,
	  { "output.key:", "among" } },
	{ HEAD "\ncatalog = \"table\";", 4, { "catalog = \"table\" needs glue.database" } },
	{ HEAD "catalog = \"crawler\";\nglue = { database = \"d\"; };", 3, { "needs glue.crawler" } },
	{ CATALOG "output = { key = \"{prefix}/{table}/{dt}/{hour}/" NAME "\"; };", 4, { "output.key:", "\"{dt}\"" } },
	{ CATALOG "output = { key = \"{prefix}/{table}/Dt={dt}/h={hour}/" NAME "\"; };", 4, { "\"Dt={dt}\"" } },
	{ CATALOG "output = { key = \"{prefix}/{table}/d={dt}T{hour}/" NAME "\"; };", 4, { "no partition" } },
	{ CATALOG "output = { key = \"{prefix}/{table}/d={dt}/d={hour}/" NAME "\"; };", 4, { "\"d={hour}\" has" } },
	{ CATALOG "output = { key = \"{prefix}/{table}/d={dt}/e={dt}/h={hour}/" NAME "\"; };", 4, { "\"e={dt}\"" } },
	{ CATALOG "output = { key = \"{prefix}/{table}/data/d={dt}/h={hour}/" NAME "\"; };", 4, { "\"data\" behind" } },
	{ CATALOG "output = { key = \"{prefix}/dt={dt}/{table}/hour={hour}/" NAME "\"; };",
	  4,
	  { "stands where \"{table}\"" } },
	{ CATALOG "output = { key = \"{prefix}/t-{table}/dt={dt}/hour={hour}/" NAME "\"; };", 4, { "\"t-{table}\"" } },
	{ CATALOG "output = { key = \"{prefix}/" NAME "\"; partition_by = \"none\"; };", 4, { "is no folder" } },
	{ CATALOG "override = ( { topics = [ \"a\" ]; table = \"t\"; }, { topics = [ \"b\" ];\n table = \"t\";\n"
		  " s3 = { prefix = \"p\"; }; } );",
	  6,
	  { "s3.prefix:", "the override at line 4", "\"t\"" } },
	{ CATALOG "override = ( { topics = [ \"a\" ]; table = \"t\";\n output = { compression = \"zstd\"; }; },\n"
		  " { topics = [ \"b\" ];\n table = \"t\"; } );",
	  7,
	  { "table:", "another output.compression" } },
};

#define COLUMNS HEAD "columns = (\n"

static const struct bad columns[] = {
	{ HEAD "columns = \"date\";", 3, { "columns:", "a text, where a list of groups such as" } },
	{ HEAD "columns = [ \"date\" ];", 3, { "columns:", "element 1 is no group" } },
	{ HEAD "columns = { name = \"a\"; };", 3, { "columns:", "a group, where a list of groups" } },
	{ COLUMNS "{ name = \"a\"; type = \"int\"; },\n \"b\" );", 5, { "element 2 is no group" } },
	{ COLUMNS "{ nme = \"a\"; type = \"int\"; } );", 4, { "columns.nme:", "did you mean name?" } },
	{ COLUMNS "{ name = \"a\";\n comment = \"x\"; } );", 5, { "columns.comment:", "kafka2s3.conf(5)" } },
	{ COLUMNS "{ name = \"a\"; name = \"b\"; } );", 4, { "name is given twice" } },
	{ COLUMNS "{ type = \"int\"; } );", 4, { "columns:", "entry 1 has no name" } },
	{ COLUMNS "{ name = \"a\"; type = \"\"; } );", 4, { "entry 1 has no type" } },
	{ COLUMNS "{ name = \"a\"; type = \"int\"; },\n{ name = \"a\"; type = \"date\"; } );",
	  5,
	  { "\"a\" is listed twice" } },
	{ COLUMNS "{ name = 5; } );", 4, { "columns.name:", "an integer, where a text" } },
	{ COLUMNS "{ name = \"Adj Close\"; } );", 4, { "columns.name:", "no legal column" } },
	{ COLUMNS "{ name = \"a\";\n type = \"integer\"; } );",
	  5,
	  { "columns.type:", "character 1 of the type stands no type" } },
	{ COLUMNS "{ name = \"a\"; type = \"struct<A:int>\"; } );", 4, { "columns.type:", "\"A\" is no legal field" } },
	{ COLUMNS "{ name = \"a\"; type = \"array<int\"; } );", 4, { "'>' is missing" } },
	{ HEAD "override = ( { topics = [ \"a\" ]; columns = (\n{ name = \"a\"; typ = \"int\"; } ); } );",
	  4,
	  { "columns.typ:", "did you mean type?" } },
	{ CATALOG "columns = ( { name = \"dt\"; type = \"date\"; } );",
	  4,
	  { "columns:", "\"dt\" is the name of a folder" } },
	{ COLUMNS "{ name = \"kafka_key\"; type = \"string\"; } ); output = { metadata = [ \"kafka_key\" ]; };",
	  3,
	  { "columns:", "output.metadata" } },
	{ COLUMNS "{ name = \"a\"; type = \"int\"; path = \"x y\"; }, { name = \"s\"; type = \"struct<a:int>\"; } );",
	  3,
	  { "a field of \"s\" has the name of the column \"a\"" } },
	{ CATALOG "override = ( { topics = [ \"a\" ]; table = \"t\"; }, { topics = [ \"b\" ];\n table = \"t\";\n"
		  " columns = ( { name = \"a\"; type = \"int\"; } ); } );",
	  6,
	  { "columns:", "the override at line 4", "another columns" } },
};

static void check(const struct bad *bad, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct settings *s = NULL;
		struct error e = { 0 };
		char place[64];

		scratch_write("a.conf", bad[i].text, 0600);
		if (settings_load("a.conf", &s, &e) == 0)
			fail_msg("loads: %s", bad[i].text);
		assert_null(s);
		assert_int_equal(e.action, ERROR_GIVE_UP);
		snprintf(place, sizeof(place), "a.conf:%d: ", bad[i].line);
		if (strncmp(e.text, place, strlen(place)) != 0)
			fail_msg("not at line %d: '%s' of: %s", bad[i].line, e.text, bad[i].text);
		for (size_t j = 0; j < 3 && bad[i].parts[j] != NULL; j++)
			if (strstr(e.text, bad[i].parts[j]) == NULL)
				fail_msg("'%s' is not in '%s' of: %s", bad[i].parts[j], e.text, bad[i].text);
	}
}

#define CHECK_TABLE(table)                                        \
	static void table##_are_refused(void **state)             \
	{                                                         \
		(void)state;                                      \
		check(table, sizeof(table) / sizeof((table)[0])); \
	}

CHECK_TABLE(names)
CHECK_TABLE(types)
CHECK_TABLE(units)
CHECK_TABLE(syntax)
CHECK_TABLE(required)
CHECK_TABLE(values)
CHECK_TABLE(options)
CHECK_TABLE(overrides)
CHECK_TABLE(pairs)
CHECK_TABLE(columns)

static void included_file_is_named(void **state)
{
	struct settings *s;
	struct error e;

	(void)state;
	scratch_write("a.conf", HEAD "@include \"b.conf\"\nmemory = \"1GiB\";\n", 0600);
	scratch_write("b.conf", "log = { level = \"info\"; };\n\nuploaders = 3000000000;\n", 0600);
	assert_int_equal(settings_load("a.conf", &s, &e), -1);
	assert_non_null(strstr(e.text, "b.conf:3: uploaders: 3000000000"));

	/* Behind the include the lines are those of the first file again. */
	scratch_write("b.conf", "log = { level = \"info\"; };\n\n\n", 0600);
	scratch_write("a.conf", HEAD "@include \"b.conf\"\nmemory = 1;\n", 0600);
	assert_int_equal(settings_load("a.conf", &s, &e), -1);
	assert_non_null(strstr(e.text, "a.conf:4: memory:"));

	scratch_write("b.conf", "kafka = { };\n", 0600);
	assert_int_equal(settings_load("a.conf", &s, &e), -1);
	assert_non_null(strstr(e.text, "b.conf:1: kafka is given twice, first in 'a.conf' line 1"));
}

static void unreadable_file(void **state)
{
	struct settings *s;
	struct error e;

	(void)state;
	assert_int_equal(settings_load("none.conf", &s, &e), -1);
	assert_string_equal(e.text, "cannot read 'none.conf': No such file or directory");
	assert_null(s);
	assert_int_equal(settings_load(".", &s, &e), -1);
	assert_non_null(strstr(e.text, "cannot read '.'"));
}

static void binary_file(void **state)
{
	struct settings *s;
	struct error e;
	FILE *f = fopen("a.conf", "w");

	(void)state;
	fwrite("kafka\0= ", 1, 8, f);
	fclose(f);
	assert_int_equal(settings_load("a.conf", &s, &e), -1);
	assert_non_null(strstr(e.text, "zero byte"));
}

static void environment_is_checked(void **state)
{
	struct settings *s;
	struct error e;

	(void)state;
	scratch_write("a.conf", HEAD, 0600);
	setenv("AWS_REGION", "us east", 1);
	assert_int_equal(settings_load("a.conf", &s, &e), -1);
	unsetenv("AWS_REGION");
	assert_non_null(strstr(e.text, "AWS_REGION of the environment"));
}

/* What was wrong may be a secret. */
static void messages_hold_no_secret(void **state)
{
	static const char *const texts[] = {
		KAFKA("options = [ \"sasl.password hunter2\" ];"),
		KAFKA("options = [ \"sasl.password=hunter2\", \"sasl.password=hunter2\" ];"),
		S3("bucket = \"my-lake\"; access_key_id = \"k\"; secret_access_key = \"hunter2 \";"),
		KAFKA("options = [ \"sasl.password=hunter2\", \"sasl.password=hunter22\" ];"),
		KAFKA("options = [ hunter2 ];"),
		S3("bucket = \"my-lake\"; secret_access_key = hunter2;"),
		S3("bucket = \"my-lake\"; secret_access_key = 1hunter2;"),
		S3("bucket = \"my-lake\"; access_key_id = \"k\"; secret_access_key = [ \"hunter2\" ];"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct settings *s;
		struct error e;

		scratch_write("a.conf", texts[i], 0600);
		assert_int_equal(settings_load("a.conf", &s, &e), -1);
		if (strstr(e.text, "hunter2") != NULL)
			fail_msg("a secret in '%s'", e.text);
	}
}

static int setup(void **state)
{
	return scratch_setup(state) != 0 ? -1 : mkdir("folder", 0700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_refused),
		cmocka_unit_test(types_are_refused),
		cmocka_unit_test(units_are_refused),
		cmocka_unit_test(syntax_are_refused),
		cmocka_unit_test(required_are_refused),
		cmocka_unit_test(values_are_refused),
		cmocka_unit_test(options_are_refused),
		cmocka_unit_test(overrides_are_refused),
		cmocka_unit_test(pairs_are_refused),
		cmocka_unit_test(columns_are_refused),
		cmocka_unit_test(included_file_is_named),
		cmocka_unit_test(unreadable_file),
		cmocka_unit_test(binary_file),
		cmocka_unit_test(environment_is_checked),
		cmocka_unit_test(messages_hold_no_secret),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
