/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the log's events. A new one is a line of the enum, a row here and an entry of the catalog. */
#include "base/message.h"

static const struct message_facts messages[MESSAGES] = {
	[MESSAGE_NONE] = { "", "", LOG_LEVEL_INFO },

	[MESSAGE_STARTED] = { "started", "7cadb63060f2470ab30aca5ff7f6369a", LOG_LEVEL_INFO },
	[MESSAGE_READY] = { "ready", "82b8f13feee449e0968ab4905010be9b", LOG_LEVEL_INFO },
	[MESSAGE_START_TIMEOUT] = { "start-timeout", "0cbf9a9045ba41379971414e8da20e6b", LOG_LEVEL_WARNING },
	[MESSAGE_STOPPING] = { "stopping", "02f5e03c7fbd44de9529ea5c9242d6df", LOG_LEVEL_INFO },
	[MESSAGE_STOP_UNFINISHED] = { "stop-unfinished", "4eeeba702f354a8d8c157a40ef81a878", LOG_LEVEL_WARNING },
	[MESSAGE_STOPPED] = { "stopped", "6cbe18b168b14f14b6c24834b9ae0c18", LOG_LEVEL_INFO },
	[MESSAGE_SETTINGS_REFUSED] = { "settings-refused", "e3561e318ac54c00a5fdf3b5cf455711", LOG_LEVEL_ERROR },
	[MESSAGE_SETTINGS_RELOADED] = { "settings-reloaded", "dad95476a1a540d2b663404afd2d7727", LOG_LEVEL_INFO },
	[MESSAGE_SETTINGS_DOUBTFUL] = { "settings-doubtful", "e6114df0f02146bc984a9fcc7bab7a88", LOG_LEVEL_WARNING },
	[MESSAGE_LISTEN_FAILED] = { "listen-failed", "4d39a4aa7d1f44e78d08253635ea1e6c", LOG_LEVEL_WARNING },
	[MESSAGE_CRASHED] = { "crashed", "997412f9287c406886e310a8f09d88d3", LOG_LEVEL_ERROR },
	[MESSAGE_LOG_LOST] = { "log-lost", "ae1ed3164e3643db9b7a703ed8400e40", LOG_LEVEL_WARNING },

	[MESSAGE_ASSIGNED] = { "assigned", "9cf829251c38466899a3d8c71bb2f610", LOG_LEVEL_INFO },
	[MESSAGE_REVOKED] = { "revoked", "c1db6b6758d34ac8b5ce84610cb9de6b", LOG_LEVEL_INFO },
	[MESSAGE_LOST] = { "lost", "413446cf6ed340a0afeb9f739427f457", LOG_LEVEL_INFO },
	[MESSAGE_FENCED] = { "fenced", "017692109f77421a98d8593e9999f026", LOG_LEVEL_INFO },
	[MESSAGE_INSTANCE_SHARED] = { "instance-shared", "33defc3d86814a0c981fd3d709b2d593", LOG_LEVEL_ERROR },
	[MESSAGE_CLIENT_REPLACED] = { "client-replaced", "9577bf7be0aa4121aac7f6d475daf70a", LOG_LEVEL_ERROR },
	[MESSAGE_CLIENT_FAILED] = { "client-failed", "186ac98648074bc7ae6ca3fc7d77cb49", LOG_LEVEL_ERROR },
	[MESSAGE_KAFKA_AWAY] = { "kafka-away", "475dfb17b0004ba997e4de06dbfea02e", LOG_LEVEL_WARNING },
	[MESSAGE_KAFKA_BACK] = { "kafka-back", "73fd9f5c236c48709be2eccb4070ee4a", LOG_LEVEL_INFO },
	[MESSAGE_KAFKA_TROUBLE] = { "kafka-trouble", "b8b46b7bec1148ab92f67d33cffbb3ee", LOG_LEVEL_WARNING },
	[MESSAGE_COMMIT_REPEATED] = { "commit-repeated", "bed658d6372a4ec09bb04978f0dd9953", LOG_LEVEL_INFO },
	[MESSAGE_AT_LEAST_ONCE] = { "at-least-once", "f9058c497b424f3a8d850f6578b2e637", LOG_LEVEL_ERROR },

	[MESSAGE_BEGINS] = { "begins", "2075441f0f614bb29f7ad74f4aa04eea", LOG_LEVEL_INFO },
	[MESSAGE_RECOVERS] = { "recovers", "511c3fe528384f79995fb2ef9a9357c6", LOG_LEVEL_INFO },
	[MESSAGE_RANGE_LANDED] = { "range-landed", "ab33d6d7496a4d7cb7e15cd3564b115d", LOG_LEVEL_INFO },
	[MESSAGE_OBJECT_PUBLISHED] = { "object-published", "c08fbbe9e48046959a59228bb86d684f", LOG_LEVEL_DEBUG },
	[MESSAGE_DEAD_LETTERS] = { "dead-letters", "a3a93b95c5694da2aad688eda36294ee", LOG_LEVEL_WARNING },
	[MESSAGE_RECORDS_LOST] = { "records-lost", "ef23bfd960014b918c946e16bdef820f", LOG_LEVEL_ERROR },
	[MESSAGE_LOG_TRUNCATED] = { "log-truncated", "957c89ae3af249598bfc18e1c34f33dc", LOG_LEVEL_ERROR },
	[MESSAGE_RANGE_DIFFERS] = { "range-differs", "8ed2ef366dc14c10bf0856405387fb05", LOG_LEVEL_WARNING },
	[MESSAGE_OFFSET_MOVED] = { "offset-moved", "b3ce802c15414a43ab41b7d6d4336983", LOG_LEVEL_WARNING },
	[MESSAGE_DESTINATION_CHANGED] = { "destination-changed", "37dc6848f042472f9692ec3546082fcf",
					  LOG_LEVEL_WARNING },
	[MESSAGE_MAY_STAND_TWICE] = { "may-stand-twice", "e756e6272067461e810af4df15aba460", LOG_LEVEL_WARNING },
	[MESSAGE_LEFT_BEHIND] = { "left-behind", "81bc54d820b54ae5a13a713136302f97", LOG_LEVEL_WARNING },

	[MESSAGE_WAITS_OFFSETS] = { "waits-offsets", "5c17d5c884e4430e8c025703eb0e5ed7", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_START] = { "waits-start", "8e5fade61b5e46f1a2a9eaefb8217b73", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_MEMORY] = { "waits-memory", "a99897f0599e43509eb25a2176b892c7", LOG_LEVEL_INFO },
	[MESSAGE_WAITS_PASS] = { "waits-pass", "d069bffed4a347e0b7fa7f8c89ac4869", LOG_LEVEL_INFO },
	[MESSAGE_WAITS_S3] = { "waits-s3", "5c007c9195f545dfadc7cc95dd6eab8d", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_REPLAY] = { "waits-replay", "3a985608657640a7960e0a948f69e2e2", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_BROKER] = { "waits-broker", "04ca8235543043f1a33bcc59764099f9", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_TEXT] = { "waits-text", "b939af48488244f88193418a57f6b831", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_TABLE] = { "waits-table", "0a6204a18b5e4b33a0e60b5005631efb", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_DEAD_LETTERS] = { "waits-dead-letters", "2906e2ef6e724456a20881fd77635fa6", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_TEXT_SIZE] = { "waits-text-size", "6028cea1094748eba4af29804b34c2c3", LOG_LEVEL_WARNING },
	[MESSAGE_WAITS_LAND] = { "waits-land", "2fd9cf44925b42e5bb48c8f27a45de5d", LOG_LEVEL_WARNING },

	[MESSAGE_S3_AWAY] = { "s3-away", "92a109e0243d428e89757028d447671f", LOG_LEVEL_WARNING },
	[MESSAGE_S3_BACK] = { "s3-back", "2fad6919454340cea4829b0a631f158f", LOG_LEVEL_INFO },
	[MESSAGE_CREDENTIALS] = { "credentials", "1313b8f3e3204ad9aa898746abf1c385", LOG_LEVEL_WARNING },
	[MESSAGE_CLOCK_CORRECTED] = { "clock-corrected", "cdf850f970784c53a34db4b69dcf5e87", LOG_LEVEL_WARNING },
	[MESSAGE_UNCONDITIONAL] = { "unconditional", "a4ef0ac2b69640e3bae277670b10914c", LOG_LEVEL_WARNING },
	[MESSAGE_REGION_FOUND] = { "region-found", "cdc2e7c59a4e44938f5c0522661009df", LOG_LEVEL_INFO },
	[MESSAGE_UPLOADS_ABORTED] = { "uploads-aborted", "307fef78eacf4755b71c711fbe9ba5d5", LOG_LEVEL_INFO },
	[MESSAGE_UPLOADS_LEFT] = { "uploads-left", "000d5dc80bdd4f018cd3992d0d3b4e01", LOG_LEVEL_WARNING },
	[MESSAGE_MEMORY_EXCEEDED] = { "memory-exceeded", "9ec03c204e9641d681e41eacc2f2828b", LOG_LEVEL_WARNING },

	[MESSAGE_REPLAY_STARTED] = { "replay-started", "570366276d5f41ed895d11f31defe05c", LOG_LEVEL_INFO },
	[MESSAGE_REPLAY_ENDED] = { "replay-ended", "28dcf7c3bcd74cd3861832fd34f31cb5", LOG_LEVEL_INFO },
	[MESSAGE_REPLAY_FAILED] = { "replay-failed", "46e47fb0e23d436a9ba491ea95da8f07", LOG_LEVEL_ERROR },
	[MESSAGE_REPLAY_WAITS] = { "replay-waits", "85592765b70c4fddbe89459a0b383ce5", LOG_LEVEL_WARNING },
	[MESSAGE_REPLAY_ROW] = { "replay-row", "38c8f9f3c4de4850ac2997a1a483a7e9", LOG_LEVEL_WARNING },
	[MESSAGE_REPLAY_REFUSED] = { "replay-refused", "38d218b5b3624ce6979b95df95850c1e", LOG_LEVEL_ERROR },
};

const struct message_facts *message_facts(enum message_id id)
{
	return &messages[id];
}
