/* SPDX-License-Identifier: Apache-2.0 */
/* The view as one page of HTML, without anything from elsewhere. It is complete without scripts, and then asks for
 * itself again by a refresh; with them it fetches itself and puts the new content in place of the old, so that neither
 * scrolling nor a selection is lost. Whatever others wrote is escaped. */
#include <inttypes.h>
#include <stdio.h>

#include "status/human.h"
#include "status/view.h"

#define PARTITIONS_SHOWN 200

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	"<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"
	"<link rel=\"icon\" href=\"data:,\">"
	"<style>"
	":root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--dim:#59636e;--line:#d1d9e0;--card:#f6f8fa;--bad:#b3261e;"
	"--good:#1a7f37}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--dim:#9198a1;--line:#30363d;--card:#151b23;"
	"--bad:#ff8b82;--good:#4ac26b}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;padding:1rem;max-width:72rem;font:15px/1.45 system-ui,sans-serif;color:var(--fg);"
	"background:var(--bg)}"
	"h1{font-size:1.25rem;margin:0}h2{font-size:1rem;margin:1.5rem 0 .5rem}"
	"p{margin:.25rem 0}.dim{color:var(--dim)}.bad{color:var(--bad)}.good{color:var(--good)}"
	".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.5rem;margin:1rem 0}"
	".card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .75rem}"
	".card b{display:block;font-size:1.2rem;font-variant-numeric:tabular-nums}"
	".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
	"th,td{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line);white-space:nowrap;"
	"vertical-align:top}th{color:var(--dim);font-weight:500}"
	"td.n,th.n{text-align:right}td.long{white-space:normal;overflow-wrap:anywhere;min-width:12rem}"
	"ul{margin:0;padding-left:1.1rem}li{overflow-wrap:anywhere}"
	"</style>";

static const char tail[] = "<script>\n"
			   "setInterval(async()=>{\n"
			   "const note=document.getElementById('stale');\n"
			   "try{\n"
			   "const r=await fetch('./',{cache:'no-store',signal:AbortSignal.timeout(8000)});\n"
			   "if(!r.ok)throw 0;\n"
			   "const d=new DOMParser().parseFromString(await r.text(),'text/html');\n"
			   "document.querySelector('main').replaceWith(d.querySelector('main'));\n"
			   "document.title=d.title;note.hidden=true;\n"
			   "}catch(e){note.hidden=false;}\n"
			   "},5000);\n"
			   "</script></body></html>\n";

static void add_html(struct buf *out, const char *s)
{
	struct buf clean;

	buf_init(&clean, 64 << 10);
	human_escape(s, &clean);
	for (const char *c = buf_str(&clean); *c != '\0'; c++) {
		if (*c == '&')
			buf_adds(out, "&amp;");
		else if (*c == '<')
			buf_adds(out, "&lt;");
		else if (*c == '>')
			buf_adds(out, "&gt;");
		else if (*c == '"')
			buf_adds(out, "&quot;");
		else
			buf_addc(out, *c);
	}
	buf_free(&clean);
}

static void add_card(struct buf *out, const char *id, const char *value, const char *label)
{
	buf_addf(out, "<div class=\"card\"><b id=\"%s\">%s</b><span class=\"dim\">%s</span></div>", id, value, label);
}

static void add_cards(const struct view *v, struct buf *out)
{
	const struct board_consumer *c = &v->board.consumer;
	char text[HUMAN_MAX], more[2 * HUMAN_MAX];

	buf_adds(out, "<div class=\"cards\">");
	human_count((double)v->lag, text);
	add_card(out, "lag", text, "records behind");
	human_duration(v->freshness_ms, text);
	add_card(out, "freshness", text, "age of the oldest record not in S3");
	human_duration(v->headroom_ms, text);
	add_card(out, "headroom", v->headroom_ms < 0 ? "none in sight" : text,
		 "until retention takes unlanded records");
	human_count(c->landed_rate.records_10s, text);
	snprintf(more, sizeof(more), "%s/s", text);
	add_card(out, "landed", more, "records landed");
	human_bytes(c->taken_rate.bytes_10s, text);
	snprintf(more, sizeof(more), "%s/s", text);
	add_card(out, "taken", more, "taken from Kafka");
	human_count((double)v->landed_objects, text);
	add_card(out, "objects", text, "objects landed");
	human_bytes((double)v->board.daemon.rss_bytes, text);
	add_card(out, "memory", text, "memory of the process");
	buf_adds(out, "</div>");
}

static void add_title(const struct view *v, struct buf *out)
{
	const struct board_daemon *d = &v->board.daemon;
	char up[HUMAN_MAX];

	human_duration(v->now_ms - d->started_ms, up);
	buf_adds(out, "<h1>");
	add_html(out, d->name);
	buf_addf(out, " <span id=\"health\" class=\"%s\">%s</span></h1><p class=\"dim\">group <span id=\"group\">",
		 v->ready ? "good" : "bad",
		 v->ready  ? "ready"
		 : v->live ? "not ready"
			   : "hangs");
	add_html(out, d->group);
	buf_adds(out, "</span> at ");
	add_html(out, d->brokers);
	buf_adds(out, ", bucket ");
	add_html(out, d->bucket);
	buf_adds(out, ", up ");
	add_html(out, up);
	buf_adds(out, ", kafka2s3 ");
	add_html(out, d->version);
	buf_adds(out, "</p>");
	if (v->why[0] != '\0') {
		buf_adds(out, "<p class=\"bad\">");
		add_html(out, v->why);
		buf_adds(out, "</p>");
	}
	if (v->board.consumer.exactly_once == BOARD_AT_LEAST_ONCE)
		buf_adds(out, "<p class=\"bad\">At least once: the broker does not keep the texts of commits.</p>");
}

static void add_item(struct buf *out, const char *what, int64_t since_ms, const char *text)
{
	char since[HUMAN_MAX];

	buf_adds(out, "<li>");
	add_html(out, what);
	if (since_ms >= 0) {
		human_duration(since_ms, since);
		buf_addf(out, ", since %s", since);
	}
	if (text[0] != '\0') {
		buf_adds(out, ": ");
		add_html(out, text);
	}
	buf_adds(out, "</li>");
}

static int add_partition_waits(const struct view *v, struct buf *out)
{
	char what[512];
	int n = v->n_waits;

	for (int i = 0; i < v->n_waits; i++) {
		const struct view_wait *w = &v->waits[i];

		snprintf(what, sizeof(what), "%d partition%s for %s", w->partitions, w->partitions == 1 ? "" : "s",
			 wait_reason_name(w->reason));
		add_item(out, what, view_age_ms(v, w->since_ms), w->text);
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct view_partition *p = &v->partitions[i];

		if (p->is->open_transaction < 0)
			continue;
		snprintf(what, sizeof(what), "%s:%" PRId32 " for an open transaction at offset %" PRId64, p->topic,
			 p->is->id, p->is->open_transaction);
		add_item(out, what, view_age_ms(v, p->is->open_transaction_since_ms), "");
		n++;
	}
	return n;
}

static void add_waits(const struct view *v, struct buf *out)
{
	const struct board_consumer *c = &v->board.consumer;
	int64_t since_ms;
	const char *consumer = view_consumer_wait(v, &since_ms);
	int n = 0;

	buf_adds(out, "<h2>What waits</h2><ul id=\"waits\">");
	if (consumer != NULL)
		n++, add_item(out, consumer, view_age_ms(v, since_ms), texts_get(&c->texts, c->trouble));
	if (c->unacked_since_ms != 0)
		n++, add_item(out, "commits to be acknowledged", view_age_ms(v, c->unacked_since_ms),
			      texts_get(&c->texts, c->unacked_text));
	for (int i = 0; i < v->board.n_uploaders; i++) {
		const struct board_uploader *u = &v->board.uploaders[i];

		if (u->trouble != 0)
			n++, add_item(out, "S3", -1, texts_get(&u->texts, u->trouble));
	}
	n += add_partition_waits(v, out);
	if (n == 0)
		add_item(out, "nothing", -1, "");
	buf_adds(out, "</ul>");
}

static void add_errors(const struct view *v, struct buf *out)
{
	bool any = false;

	buf_adds(out, "<h2>Answers of S3 that were errors</h2><ul id=\"errors\">");
	for (int i = 0; i < BOARD_ERRORS; i++) {
		const struct board_error *e = &v->s3.by_error[i];
		char text[96], ago[HUMAN_MAX];

		if (e->n == 0)
			continue;
		any = true;
		human_duration(v->now_ms - e->last_ms, ago);
		snprintf(text, sizeof(text), "%" PRIu64 ", the last one %s ago", e->n, ago);
		add_item(out, e->name, -1, text);
	}
	if (!any)
		add_item(out, "none", -1, "");
	buf_adds(out, "</ul>");
}

static void add_partition(struct buf *out, const struct view_partition *p)
{
	char lag[HUMAN_MAX], fresh[HUMAN_MAX], headroom[HUMAN_MAX], left[HUMAN_MAX], open[HUMAN_MAX];

	human_count((double)p->lag, lag);
	human_duration(p->freshness_ms, fresh);
	human_count((double)p->headroom, headroom);
	human_duration(p->is->headroom_ms, left);
	human_count(p->range != NULL && p->range->open_start >= 0 ? (double)p->range->open_records : 0, open);
	buf_adds(out, "<tr><td class=\"long\">");
	add_html(out, p->topic);
	buf_addf(out, ":%" PRId32 "</td><td%s>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>", p->is->id,
		 p->is->wait != WAIT_NOTHING ? " class=\"bad\"" : "", p->is->state, lag, fresh);
	buf_addf(out, "<td class=\"n\">%s%s%s</td><td class=\"n\">%s</td></tr>", headroom,
		 p->is->headroom_ms >= 0 ? ", " : "", p->is->headroom_ms >= 0 ? left : "", open);
}

static void add_partitions(const struct view *v, struct buf *out)
{
	buf_addf(out,
		 "<h2>Partitions: %zu</h2><div class=\"wide\"><table id=\"partitions\"><thead><tr><th>partition</th>"
		 "<th>state</th><th class=\"n\">lag</th><th class=\"n\">oldest record</th><th class=\"n\">headroom</th>"
		 "<th class=\"n\">records open</th></tr></thead><tbody>",
		 v->n);
	for (size_t i = 0; i < v->n && i < PARTITIONS_SHOWN; i++)
		add_partition(out, &v->partitions[i]);
	buf_adds(out, "</tbody></table></div>");
	if (v->n > PARTITIONS_SHOWN)
		buf_addf(out, "<p class=\"dim\">and %zu more: kafka2s3 status, or /status, has all</p>",
			 v->n - PARTITIONS_SHOWN);
}

static void add_objects(const struct view *v, struct buf *out)
{
	buf_adds(out, "<h2>Last objects</h2><div class=\"wide\"><table id=\"last\"><thead><tr><th>ago</th>"
		      "<th class=\"n\">records</th><th class=\"n\">size</th><th>key</th></tr></thead><tbody>");
	for (int i = 0; i < v->n_objects; i++) {
		const struct view_object *o = &v->objects[i];
		char ago[HUMAN_MAX], records[HUMAN_MAX], bytes[HUMAN_MAX];

		human_duration(v->now_ms - o->is->at_ms, ago);
		human_count((double)o->is->records, records);
		human_bytes((double)o->is->bytes, bytes);
		buf_addf(out, "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"long\">", ago,
			 records, bytes);
		add_html(out, o->key);
		buf_adds(out, "</td></tr>");
	}
	buf_adds(out, "</tbody></table></div>");
}

void view_page(const struct view *v, struct buf *out)
{
	char time[HUMAN_MAX];

	human_time(v->now_real_ms, time);
	buf_adds(out, head);
	buf_adds(out, "<title>");
	add_html(out, v->board.daemon.name);
	buf_addf(out,
		 ": %s</title></head><body><p id=\"stale\" class=\"bad\" hidden>No answer from the daemon: this is "
		 "what it said last.</p><main>",
		 v->ready ? "ready" : "not ready");
	add_title(v, out);
	add_cards(v, out);
	add_waits(v, out);
	add_partitions(v, out);
	add_objects(v, out);
	add_errors(v, out);
	buf_addf(out, "<p class=\"dim\">%s</p></main>", time);
	buf_adds(out, tail);
}
