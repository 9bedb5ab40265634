/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON in pieces: the outline is written as it goes, each leaf of it is a cJSON object of its own. So
 * a report of half a million descriptors needs no memory for them, and has one of them on a line.
 */
#ifndef FDBROKER_PLAN_REPORT_JSON_H
#define FDBROKER_PLAN_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#define REPORT_MAX_DEPTH 8

/* Where the text goes. It is valid UTF-8, but not made fit for a terminal. */
struct report {
	void (*put)(void *arg, const char *text); /* called with pieces, in order */
	void *arg;
	bool pretty; /* lines and tabs; else one line without blanks */

	/* Zero at first; of report_json.c alone. */
	unsigned depth;
	char ends[REPORT_MAX_DEPTH]; /* what closes each open level */
	bool filled[REPORT_MAX_DEPTH];
	bool broken; /* no memory: the text is not whole */
};

/* Begin an object ('{') or list ('['). name: in an object its name; NULL: in a list, or the outermost. */
void report_open(struct report *r, const char *name, char kind);
/* End it. The outermost also ends the line. Return: 0; -1 for the outermost: out of memory meanwhile. */
int report_close(struct report *r);
/* Put one value in: consumed; NULL is "out of memory". */
void report_item(struct report *r, const char *name, cJSON *item);

/* ---- for leaves. All take NULL objects, as cJSON's do, so that only the end is checked ---- */

/* A text of any bytes: made valid; if that changed it, NAME_hex has the bytes. */
void report_text(cJSON *object, const char *name, const char *bytes, size_t n);
void report_number(cJSON *object, const char *name, uint64_t value);
/* Added only if true: absent means false. */
void report_true(cJSON *object, const char *name, bool value);
/* A list of texts that are known to be valid. */
void report_texts(cJSON *object, const char *name, const char *const *texts, size_t n);

#endif
