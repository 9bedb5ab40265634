/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of criu's log: a table of lines, and one of reasons. Reasons are stable words that a program
 * may compare; docs/errors.md has a section for each of them (tests/unit/test_explain.c compares).
 */
#ifndef FDBROKER_PLAN_EXPLAIN_RULES_H
#define FDBROKER_PLAN_EXPLAIN_RULES_H

#include <stddef.h>

enum explain_kind {
	EXPLAIN_TELLS,   /* an error that says why the restore failed */
	EXPLAIN_FOLLOWS, /* comes of an error before it; told only if there is none */
	EXPLAIN_NOISE,   /* stands in logs of restores that succeed, too */
	EXPLAIN_PLACE,   /* says what was being restored when the error before it came */
	EXPLAIN_LAST,    /* the last error line of a failed restore */
	EXPLAIN_BARE,    /* a line that is not in the form of a log's: tells */
};

/* What an error is about. */
enum explain_place {
	EXPLAIN_ANYTHING,   /* not said, or of no interest */
	EXPLAIN_DESCRIPTOR, /* captures: descriptor, id of the open file */
	EXPLAIN_MAPPING,    /* a mapped file, also the program itself */
	EXPLAIN_CWD,
	EXPLAIN_ROOT,
};

/*
 * text: {0} to {3} are captures, {/0} one that is a path without its first '/'. Further ones:
 *	{holder}  who has the pid of the first capture
 *	{modes}   how the st_modes of captures 1 and 2 differ
 *	{image}   the image file that was missed last
 *	{lent}    what is lent in this place
 *	{removed} the removed file that is being brought back
 *	{last}    the last words of the task whose pid is the first capture
 * An empty word: the line is told as it is.
 */
struct explain_rule {
	enum explain_kind kind;
	enum explain_place place; /* TELLS: the rule is for this place only, if it says one */
	const char *pattern;
	const char *word;
	const char *text;
};

extern const struct explain_rule explain_rules[];
extern const size_t explain_n_rules;

/* The last thing that a task has said in a log without errors: it waits for ever. */
struct explain_hang {
	const char *pattern; /* of a line; NULL: see explain.c */
	const char *word;
	const char *text;
	enum explain_place place; /* captures: the descriptor first */
};

extern const struct explain_hang explain_hangs[];
extern const size_t explain_n_hangs;

struct explain_reason {
	const char *word;
	const char *hint;
};

extern const struct explain_reason explain_reasons[];
extern const size_t explain_n_reasons;

/* What to do about a reason; "" for a word that is none. */
const char *explain_hint(const char *word);

#endif
