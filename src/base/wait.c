/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what a partition can wait for. */
#include "base/wait.h"

static const struct {
	const char *word;
	const char *name;
	enum message_id message;
} reasons[WAIT_REASONS] = {
	[WAIT_NOTHING] = { "nothing", "nothing", MESSAGE_NONE },
	[WAIT_OFFSETS] = { "offsets", "the committed offsets to be read", MESSAGE_WAITS_OFFSETS },
	[WAIT_START] = { "start", "its start offset to be found and committed", MESSAGE_WAITS_START },
	[WAIT_MEMORY] = { "memory", "recoveries of other partitions to give memory back", MESSAGE_WAITS_MEMORY },
	[WAIT_PASS] = { "pass", "another pass over a range that is larger than the memory", MESSAGE_WAITS_PASS },
	[WAIT_S3] = { "s3", "a person to mend what S3 refuses", MESSAGE_WAITS_S3 },
	[WAIT_REPLAY] = { "replay", "the replay after a dead upload", MESSAGE_WAITS_REPLAY },
	[WAIT_BROKER] = { "broker", "the broker to serve this partition", MESSAGE_WAITS_BROKER },
	[WAIT_TRANSACTION] = { "transaction", "an open transaction to end", MESSAGE_WAITS_TRANSACTION },
	[WAIT_TEXT] = { "text", "a newer kafka2s3, which wrote its committed text", MESSAGE_WAITS_TEXT },
	[WAIT_TABLE] = { "table", "a table of its own: give it one by an override", MESSAGE_WAITS_TABLE },
	[WAIT_DEAD_LETTERS] = { "dead-letters",
				"a person: too many of its records cannot be written; raise output.dead_letter_limit if "
				"they are to go to the dead letters",
				MESSAGE_WAITS_DEAD_LETTERS },
	[WAIT_TEXT_SIZE] = { "text-size", "a broker that takes our committed text: raise offset.metadata.max.bytes",
			     MESSAGE_WAITS_TEXT_SIZE },
	[WAIT_LAND] = { "land",
			"a person: the offsets of this land's group were set from outside; delete the group and what it "
			"landed, and begin anew",
			MESSAGE_WAITS_LAND },
	[WAIT_CATALOG] = { "catalog", "the Glue Data Catalog to take the partitions of its table",
			   MESSAGE_WAITS_CATALOG },
};

const char *wait_reason_name(enum wait_reason w)
{
	return reasons[w].name;
}

const char *wait_reason_word(enum wait_reason w)
{
	return reasons[w].word;
}

enum message_id wait_reason_message(enum wait_reason w)
{
	return reasons[w].message;
}
