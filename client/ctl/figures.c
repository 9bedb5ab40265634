/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See figures.h. */
#include "figures.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

typedef unsigned long long ull; /* of printf */

#define SECOND ((uint64_t)1000000) /* microseconds */
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

const char *figure_took(char buf[FIGURE_SIZE], uint64_t us)
{
	if (us < 1000)
		snprintf(buf, FIGURE_SIZE, "%u us", (unsigned)us);
	else if (us < SECOND)
		snprintf(buf, FIGURE_SIZE, "%.1f ms", (double)us / 1e3);
	else
		snprintf(buf, FIGURE_SIZE, "%.2f s", (double)us / 1e6);
	return buf;
}

/* "4 h 12 min", "4 h". */
static void two_units(char *buf, ull big, const char *unit, unsigned small, const char *rest)
{
	if (small)
		snprintf(buf, FIGURE_SIZE, "%llu %s %u %s", big, unit, small, rest);
	else
		snprintf(buf, FIGURE_SIZE, "%llu %s", big, unit);
}

const char *figure_age(char buf[FIGURE_SIZE], uint64_t us)
{
	if (us < SECOND)
		snprintf(buf, FIGURE_SIZE, "%u ms", (unsigned)(us / 1000));
	else if (us < MINUTE)
		snprintf(buf, FIGURE_SIZE, "%u s", (unsigned)(us / SECOND));
	else if (us < HOUR)
		two_units(buf, us / MINUTE, "min", (unsigned)(us % MINUTE / SECOND), "s");
	else if (us < DAY)
		two_units(buf, us / HOUR, "h", (unsigned)(us % HOUR / MINUTE), "min");
	else
		two_units(buf, us / DAY, "d", (unsigned)(us % DAY / HOUR), "h");
	return buf;
}

const char *figure_moment(char buf[FIGURE_SIZE], uint64_t us)
{
	time_t s = (time_t)(us / SECOND);
	struct tm tm;

	/* A year that no struct tm holds, from a broker that is out of its mind. */
	if (!localtime_r(&s, &tm) || !strftime(buf, FIGURE_SIZE, "%a %F %T %Z", &tm))
		snprintf(buf, FIGURE_SIZE, "@%llu", (ull)(us / SECOND));
	return buf;
}

const char *figure_clock(char buf[FIGURE_SIZE], uint64_t us)
{
	time_t s = (time_t)(us / SECOND);
	struct tm tm;

	if (localtime_r(&s, &tm))
		snprintf(buf, FIGURE_SIZE, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
			(unsigned)(us % SECOND / 1000));
	else
		snprintf(buf, FIGURE_SIZE, "@%llu", (ull)(us / SECOND));
	return buf;
}

const char *figure_when(char buf[FIGURE_SIZE], uint64_t us, uint64_t now_us)
{
	time_t s = (time_t)(us / SECOND), now = (time_t)(now_us / SECOND);
	struct tm tm, today;
	bool same_day;

	if (!localtime_r(&s, &tm) || !localtime_r(&now, &today))
		return figure_clock(buf, us);
	same_day = tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year;
	strftime(buf, FIGURE_SIZE, same_day ? "%T" : "%b %e %R", &tm);
	return buf;
}

uint64_t figure_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec / 1000;
}

const char *figure_bytes(char buf[FIGURE_SIZE], uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double n = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buf, FIGURE_SIZE, "%u byte%s", (unsigned)bytes, bytes == 1 ? "" : "s");
		return buf;
	}
	for (; n >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		n /= 1024;
	snprintf(buf, FIGURE_SIZE, "%.1f %s", n, units[unit]);
	return buf;
}

const char *figure_place(char buf[FIGURE_SIZE], uint64_t n)
{
	unsigned ten = (unsigned)(n % 10), hundred = (unsigned)(n % 100);
	const char *end = hundred / 10 == 1 ? "th"
			  : ten == 1        ? "st"
			  : ten == 2        ? "nd"
			  : ten == 3        ? "rd"
					    : "th";

	snprintf(buf, FIGURE_SIZE, "%llu%s", (ull)n, end);
	return buf;
}
