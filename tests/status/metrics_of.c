/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the metrics of a made-up daemon: metrics_of [PARTITIONS [TIMES]]. With TIMES they are made so often, and what
 * that took goes to standard error. */
#include <stdlib.h>
#include <time.h>

#include "status/made_up.h"
#include "status/metrics.h"

static void add_partitions(struct board *b, int n)
{
	struct board_consumer *c = board_consumer_begin(b);

	for (int i = 0; i < n; i++) {
		made_up_partition(c, "topic.with.a.name", i, 123456789 + i, 123999999 + i);
		c->partitions[i].headroom_ms = 123456 + i;
		c->partitions[i].landed = c->partitions[i].taken = 1234567;
		c->partitions[i].bytes = 12345678901;
		c->partitions[i].wait = WAIT_S3;
		c->partitions[i].wait_since_ms = MADE_UP_MS - 1000;
		c->partitions[i].open_transaction = 123456789;
		c->partitions[i].open_transaction_since_ms = MADE_UP_MS - 1234;
	}
	board_consumer_show(b, MADE_UP_MS);
}

int main(int argc, char **argv)
{
	int partitions = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
	int times = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1;
	struct board *b = made_up_board();
	struct buf out;
	clock_t begin;

	buf_init(&out, 1U << 30);
	if (partitions > 0)
		add_partitions(b, partitions);
	begin = clock();
	for (int i = 0; i < times; i++) {
		struct view v;

		buf_clear(&out);
		made_up_view(b, &v);
		view_metrics(&v, &out);
		view_free(&v);
	}
	if (argc > 2)
		fprintf(stderr, "%zu bytes, %.2f ms of CPU\n", out.len,
			(double)(clock() - begin) * 1000 / CLOCKS_PER_SEC / times);
	fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	board_free(b);
	return 0;
}
