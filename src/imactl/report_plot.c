/* SPDX-License-Identifier: BSD-2-Clause */
/* Plain shapes with classes; colours are the style sheet's, so that print has its own. */
#include "imactl/report_plot.h"

#include <inttypes.h>

#include "imactl/html.h"

enum {
	WIDTH = 960, LEFT = 56, RIGHT = 12, BARS = 96, BARS_TOP = 12, BARS_HEIGHT = 150, MARKS_HEIGHT = 22,
	LANES = 14, LANE_HEIGHT = 18, LANE_LEFT = 250, MAX_MARKS = 400,
};

static double x_of(size_t i, size_t n, int left)
{
	return left + (double)(WIDTH - left - RIGHT) * (double)i / (double)(n ? n : 1);
}

static size_t bar_of(size_t i, size_t n, size_t n_bars)
{
	return i * n_bars / n;
}

/* 1, 2 or 5 times a power of ten, so that at most @n ticks cover @range */
static uint64_t tick_step(uint64_t range, uint64_t n)
{
	uint64_t step = 1;

	for (unsigned int i = 0; range / step > n; i++)
		step = i % 3 == 1 ? step / 2 * 5 : step * 2;
	return step;
}

static void axis(FILE *f, const struct report_entries *e, int left, int y)
{
	const uint64_t first = e->items[0].number, step = tick_step(e->n, 8);

	fprintf(f, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", left, y, WIDTH - RIGHT, y);
	for (uint64_t k = (first + step - 1) / step * step; k < first + e->n; k += step) {
		const double x = x_of((size_t)(k - first), e->n, left);

		fprintf(f, "<line class=\"axis\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/><text class=\"tick\" x=\"%.1f\" y=\"%d\">%" PRIu64 "</text>",
			x, y, x, y + 4, x, y + 16, k);
	}
	fprintf(f, "<text class=\"tick end\" x=\"%d\" y=\"%d\">entry of the list &#8594;</text>", WIDTH - RIGHT, y + 30);
}

static size_t count_bars(const struct report_entries *e, size_t count[BARS][REPORT_CLASS__LAST], size_t *ret_top)
{
	const size_t n_bars = e->n < BARS ? e->n : BARS;

	*ret_top = 1;
	for (size_t i = 0; i < e->n; i++)
		count[bar_of(i, e->n, n_bars)][report_class_of(e->items[i].verdict)]++;
	for (size_t b = 0; b < n_bars; b++) {
		size_t sum = 0;

		for (unsigned int c = 0; c < REPORT_CLASS__LAST; c++)
			sum += count[b][c];
		*ret_top = sum > *ret_top ? sum : *ret_top;
	}
	return n_bars;
}

static void bars(FILE *f, const struct report_entries *e)
{
	size_t count[BARS][REPORT_CLASS__LAST] = { 0 }, top;
	const size_t n_bars = count_bars(e, count, &top);

	for (size_t b = 0; b < n_bars; b++) {
		const double x = x_of(b, n_bars, LEFT), w = x_of(b + 1, n_bars, LEFT) - x;
		double y = BARS_TOP + BARS_HEIGHT;

		for (unsigned int c = 0; c < REPORT_CLASS__LAST; c++) {
			const double h = (double)BARS_HEIGHT * (double)count[b][c] / (double)top;

			if (!count[b][c])
				continue;
			y -= h;
			fprintf(f, "<rect class=\"c-%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"><title>%zu %s</title></rect>",
				report_class_ids[c], x, y, w > 3 ? w - 1 : w, h, count[b][c], report_class_names[c]);
		}
	}
	fprintf(f, "<text class=\"tick end\" x=\"%d\" y=\"%d\">%zu</text><text class=\"tick end\" x=\"%d\" y=\"%d\">0</text>", LEFT - 6, BARS_TOP + 8, top,
		LEFT - 6, BARS_TOP + BARS_HEIGHT);
}

/* what must not drown among thousands of good entries */
static void marks(FILE *f, const struct report_entries *e)
{
	const int y = BARS_TOP + BARS_HEIGHT + 4;
	size_t n = 0;

	fprintf(f, "<text class=\"tick end\" x=\"%d\" y=\"%d\">marks</text>", LEFT - 6, y + 13);
	for (size_t i = 0; i < e->n && n < MAX_MARKS; i++) {
		const enum report_class c = report_class_of(e->items[i].verdict);
		const double x = x_of(2 * i + 1, 2 * e->n, LEFT);

		if (c != REPORT_REFUSED && c != REPORT_WARNED)
			continue;
		n++;
		fprintf(f, "<path class=\"c-%s mark\" d=\"M%.1f %dl5 %dh-10z\"><title>entry %" PRIu64 ": %s ", report_class_ids[c], x, y + 3,
			12, e->items[i].number, ima_entry_verdict_name(e->items[i].verdict));
		html_bytes(f, e->items[i].name);
		fputs("</title></path>", f);
	}
}

static void quoted_line(FILE *f, const struct report_entries *e, uint64_t last_quoted)
{
	const uint64_t first = e->items[0].number;
	double x;

	if (last_quoted < first || last_quoted >= first + e->n - 1)
		return;
	x = x_of((size_t)(last_quoted - first + 1), e->n, LEFT);
	fprintf(f, "<line class=\"quoted\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/><text class=\"tick end\" x=\"%.1f\" y=\"%d\">quoted up to here</text>",
		x, BARS_TOP - 6, x, BARS_TOP + BARS_HEIGHT + MARKS_HEIGHT, x - 4, BARS_TOP + 2);
}

void report_plot_course(FILE *f, const struct report_entries *e, uint64_t last_quoted)
{
	const int bottom = BARS_TOP + BARS_HEIGHT + MARKS_HEIGHT;

	fprintf(f, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"entries by verdict in the order of the list\">", WIDTH, bottom + 36);
	bars(f, e);
	marks(f, e);
	axis(f, e, LEFT, bottom);
	quoted_line(f, e, last_quoted);
	fputs("</svg>\n<p class=\"legend\">", f);
	for (unsigned int c = 0; c < REPORT_CLASS__LAST; c++)
		fprintf(f, "<span><i class=\"c-%s\"></i>%s</span>", report_class_ids[c], report_class_names[c]);
	fputs("</p>\n", f);
}

static void lane_label(FILE *f, const struct report_group *g, int y)
{
	fprintf(f, "<text class=\"lane\" x=\"%d\" y=\"%d\">", LANE_LEFT - 8, y + LANE_HEIGHT - 5);
	if (!g->has_reference)
		fprintf(f, "%s: ", ima_entry_verdict_name(g->verdict));
	if (g->package)
		html_text(f, g->package);
	else if (g->folder.len)
		html_bytes(f, (struct ima_bytes){ g->folder.data, g->folder.len < 28 ? g->folder.len : 28 });
	else
		fputs(g->has_reference ? "no folder" : "records", f);
	fputs("</text>", f);
}

static void lane(FILE *f, const struct report_entries *e, const struct report_groups *all, const struct report_group *g, int y)
{
	size_t count[BARS] = { 0 }, top = 1;
	const size_t n_bars = e->n < BARS ? e->n : BARS;
	const enum report_class c = report_class_of(e->items[all->order[g->first]].verdict);

	for (size_t i = 0; i < g->n; i++) {
		size_t *b = &count[bar_of(all->order[g->first + i], e->n, n_bars)];

		top = ++*b > top ? *b : top;
	}
	lane_label(f, g, y);
	fprintf(f, "<line class=\"grid\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", LANE_LEFT, y + LANE_HEIGHT, WIDTH - RIGHT, y + LANE_HEIGHT);
	for (size_t b = 0; b < n_bars; b++) {
		const double x = x_of(b, n_bars, LANE_LEFT), w = x_of(b + 1, n_bars, LANE_LEFT) - x;

		if (count[b])
			fprintf(f, "<rect class=\"c-%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" opacity=\"%.2f\"><title>%zu entries</title></rect>",
				report_class_ids[c], x, y + 3, w > 3 ? w - 1 : w, LANE_HEIGHT - 5, 0.35 + 0.65 * (double)count[b] / (double)top, count[b]);
	}
}

void report_plot_groups(FILE *f, const struct report_entries *e, const struct report_groups *g)
{
	const size_t n = g->n < LANES ? g->n : LANES;
	const int bottom = 4 + (int)n * LANE_HEIGHT;

	fprintf(f, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"where the entries of each package are in the list\">", WIDTH, bottom + 36);
	for (size_t i = 0; i < n; i++)
		lane(f, e, g, &g->items[i], 4 + (int)i * LANE_HEIGHT);
	axis(f, e, LANE_LEFT, bottom);
	fputs("</svg>\n", f);
	if (g->n > n)
		fprintf(f, "<p class=\"note\">The %zu biggest of %zu groups.</p>\n", n, g->n);
}
