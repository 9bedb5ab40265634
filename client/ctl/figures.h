/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures as people read them: spans of time, moments, sizes, places in a queue. Each returns its buffer. */
#ifndef FDBROKER_CTL_FIGURES_H
#define FDBROKER_CTL_FIGURES_H

#include <stddef.h>
#include <stdint.h>

/* Of any of these texts, the final zero included. */
#define FIGURE_SIZE 64

/* What a machine needs, to three places: "812 us", "20.5 ms", "1.25 s". From microseconds. */
const char *figure_took(char buf[FIGURE_SIZE], uint64_t us);

/* An age: "20 ms", "5 s", "12 min 5 s", "4 h 12 min", "3 d 4 h". From microseconds. */
const char *figure_age(char buf[FIGURE_SIZE], uint64_t us);

/* A moment, local time: "Wed 2026-11-25 01:45:24 UTC". From microseconds since 1970. */
const char *figure_moment(char buf[FIGURE_SIZE], uint64_t us);

/* The same of today: "01:45:24.123". */
const char *figure_clock(char buf[FIGURE_SIZE], uint64_t us);

/* A moment for a table, local time: "01:45:24" if it was today, else "Nov 24 01:45". now_us: since 1970, as us. */
const char *figure_when(char buf[FIGURE_SIZE], uint64_t us, uint64_t now_us);

/* Now, microseconds since 1970. */
uint64_t figure_now(void);

/* "317 bytes", "12.4 KiB", "1.5 GiB". */
const char *figure_bytes(char buf[FIGURE_SIZE], uint64_t bytes);

/* "1st", "2nd", "13th". */
const char *figure_place(char buf[FIGURE_SIZE], uint64_t n);

#endif
