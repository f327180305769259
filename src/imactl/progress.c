/* SPDX-License-Identifier: BSD-2-Clause */
/* What remains is told from bytes and files both: many small files take longer than their bytes say. */
#include "imactl/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS 200000000
#define BYTES_A_FILE 16384 /* what opening and labelling costs, in bytes of hashing */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void imactl_progress_begin(struct imactl_progress *p)
{
	*p = (struct imactl_progress){ .on = isatty(STDERR_FILENO) == 1, .begin_ns = now_ns() };
}

double imactl_progress_seconds(const struct imactl_progress *p)
{
	return (double)(now_ns() - p->begin_ns) / 1e9;
}

const char *imactl_bytes_text(uint64_t bytes, char ret[16])
{
	static const char units[][3] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes;
	unsigned int unit = 0;

	for (; v >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		v /= 1000;
	snprintf(ret, 16, unit && v < 9.95 ? "%.1f %s" : "%.0f %s", v, units[unit]);
	return ret;
}

static double weight(const struct imactl_amount *a)
{
	return (double)a->bytes + (double)a->files * BYTES_A_FILE;
}

static void draw_rest(double seconds, const struct imactl_amount *done, const struct imactl_amount *all)
{
	const double part = weight(all) > 0 ? weight(done) / weight(all) : 0;
	const unsigned int filled = part >= 1 ? 20 : (unsigned int)(part * 20);
	unsigned int left;

	if (part <= 0.001 || part > 1)
		return;
	left = (unsigned int)(seconds / part * (1 - part) + 0.5);
	fprintf(stderr, "  [%.*s%.*s] %3.0f %%, %u:%02u left", filled, "####################", 20 - filled,
		"....................", part * 100, left / 60, left % 60);
}

void imactl_progress_draw(struct imactl_progress *p, const struct imactl_amount *done, const struct imactl_amount *all)
{
	const uint64_t now = p->on ? now_ns() : 0;
	const double seconds = imactl_progress_seconds(p);
	char bytes[16], rate[16];

	if (!p->on || now - p->drawn_ns < PERIOD_NS || now - p->begin_ns < PERIOD_NS)
		return;
	p->drawn_ns = now;
	p->shown = true;
	fprintf(stderr, "\r\033[K%llu files, %s, %s/s", (unsigned long long)done->files, imactl_bytes_text(done->bytes, bytes),
		imactl_bytes_text(seconds > 0 ? (uint64_t)((double)done->bytes / seconds) : 0, rate));
	if (all)
		draw_rest(seconds, done, all);
	fflush(stderr);
}

void imactl_progress_hide(struct imactl_progress *p)
{
	if (!p->shown)
		return;
	fflush(stdout);
	fputs("\r\033[K", stderr);
	p->shown = false;
}
