/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Heads of tasks and the lines of the tree. See inspect_tree.h; what a task has: inspect_rows.c. */
#include "inspect_tree.h"

#include <errno.h>
#include <string.h>

#include "base/printable.h"
#include "inspect_notes.h"
#include "inspect_rows.h"
#include "line.h"
#include "needs_view.h"

struct tree {
	const struct view *v;
	struct line line;
	bool more[VIEW_MAX_DEPTH + 1]; /* by depth: siblings follow */
};

/* Bytes of a prefix: three columns a level, a line has three bytes. */
#define PREFIX_SIZE ((VIEW_MAX_DEPTH + 2) * 6)

/* What stands before the lines below a task's head. */
static void prefix(const struct tree *t, unsigned depth, bool children, char buf[PREFIX_SIZE])
{
	const char *down = t->v->screen->lines ? "│  " : "|  ";
	char *p = buf;

	for (unsigned i = 1; i <= depth; i++)
		p = stpcpy(p, t->more[i] ? down : "   ");
	stpcpy(p, children ? down : "   ");
}

/* ---- heads ---- */

static const char *branch(const struct tree *t, bool last)
{
	if (t->v->screen->lines)
		return last ? "└─ " : "├─ ";
	return last ? "`- " : "|- ";
}

static void note_state(struct notes *n, const struct task *t)
{
	unsigned sig = t->exit_code & 0x7f;

	if (t->state == TASK_STOPPED)
		notes_add(n, "stopped");
	if (t->table != NONE)
		return;
	if (sig)
		notes_add(n, "zombie, killed by SIG%s", sigabbrev_np((int)sig) ?: "?");
	else
		notes_add(n, "zombie, exit status %u", t->exit_code >> 8 & 0xff);
}

static void note_threads(struct notes *n, const struct graph *g, const struct task *t)
{
	char list[128];
	size_t used = 0;

	if (t->n_threads < 2)
		return;
	/* The leader is the first, and has the pid. */
	for (uint32_t i = 1; i < t->n_threads && i <= 8; i++)
		used += (size_t)snprintf(
			list + used, sizeof(list) - used, " %u", g->threads[t->first_thread + i]);
	notes_add(n, "thread%s%s%s", t->n_threads > 2 ? "s" : "", list,
		t->n_threads > 9 ? " ..." : "");
}

/* Group and session, where they are not the parent's. */
static void note_groups(struct notes *n, const struct graph *g, const struct task *t)
{
	const struct task *parent = t->parent == NONE ? NULL : &g->tasks[t->parent];

	if (!parent || parent->sid != t->sid)
		notes_add(n, t->sid == t->pid ? "leads session %u" : "session %u", t->sid);
	if ((!parent || parent->pgid != t->pgid) && t->pgid != t->sid)
		notes_add(n, t->pgid == t->pid ? "leads group %u" : "group %u", t->pgid);
}

static void put_head(struct tree *t, const struct view_task *o, unsigned depth)
{
	const struct graph *g = t->v->g;
	const struct task *task = &g->tasks[o->task];
	char before[PREFIX_SIZE] = "", text[96], comm[64];
	struct notes notes = { 0 };

	if (depth) {
		prefix(t, depth - 1, false, before);
		/* Its own column is the branch. */
		before[strlen(before) - 3] = 0;
		line_put(&t->line, LINE_DIM, before);
		line_put(&t->line, LINE_DIM, branch(t, o->last));
	}
	printable(comm, sizeof(comm), task->comm, strlen(task->comm));
	snprintf(text, sizeof(text), "%u %s", task->pid, comm);
	line_put(&t->line, LINE_BOLD, text);
	if (o->depth > depth)
		notes_add(&notes, "child of %u", g->tasks[task->parent].pid);
	note_state(&notes, task);
	note_groups(&notes, g, task);
	note_threads(&notes, g, task);
	if (notes.n) {
		line_put(&t->line, LINE_PLAIN, "  ");
		line_put(&t->line, LINE_PLAIN, notes.text);
	}
	line_end(&t->line, t->v->out);
}

static int put_task(struct tree *t, const struct view_task *o)
{
	unsigned depth = o->depth < VIEW_MAX_DEPTH ? o->depth : VIEW_MAX_DEPTH;
	char before[PREFIX_SIZE];

	t->more[depth] = !o->last;
	put_head(t, o, depth);
	prefix(t, depth, o->children, before);
	if (rows_of_task(t->v, o->task, before, &t->line) < 0)
		return -ENOMEM;
	if (o->children || t->more[depth]) {
		line_put(&t->line, LINE_DIM, before);
		line_end(&t->line, t->v->out);
	}
	return 0;
}

/* ---- all ---- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void put_summary(struct tree *t)
{
	const struct graph *g = t->v->g;
	size_t n_zombies = 0, n_held = 0;
	char text[256], images[128];

	for (size_t i = 0; i < g->n_tasks; i++)
		n_zombies += g->tasks[i].table == NONE;
	for (size_t i = 0; i < g->n_files; i++)
		n_held += g->files[i].n_descs > 0;
	printable(images, sizeof(images), t->v->images, strlen(t->v->images));
	snprintf(text, sizeof(text), ": %zu task%s, %zu descriptor%s, %zu open file%s", g->n_tasks,
		plural(g->n_tasks), g->n_descs, plural(g->n_descs), n_held, plural(n_held));
	line_name(&t->line, LINE_BOLD, images, screen_columns(text));
	line_put(&t->line, LINE_PLAIN, text);
	line_end(&t->line, t->v->out);
	if (t->v->n_marks) {
		line_put(&t->line, LINE_DIM, "The same letter: one and the same open file.");
		line_end(&t->line, t->v->out);
	}
	line_end(&t->line, t->v->out);
}

static int put_needs(struct tree *t)
{
	const struct plan *p = t->v->p;

	line_end(&t->line, t->v->out);
	line_put(&t->line, LINE_BOLD, "needs");
	line_put(&t->line, LINE_PLAIN,
		p->n_needs ? ": without these it cannot be restored, or not as it was"
			   : ": nothing from outside of the tree");
	line_end(&t->line, t->v->out);
	return needs_print(p, t->v->screen, t->v->out);
}

int tree_print(const struct view *v)
{
	struct tree t = { .v = v, .line.screen = v->screen };
	int r = 0;

	if (v->only == NONE)
		put_summary(&t);
	for (size_t i = 0; i < v->n_order && r == 0; i++)
		r = put_task(&t, &v->order[i]);
	if (r == 0 && v->only == NONE)
		r = put_needs(&t);
	r = t.line.failed ? -ENOMEM : r;
	line_done(&t.line);
	return r;
}
