/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All tasks of one restore. See tree.h. */
#include "trees/tree.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/cleanup.h"

void tree_init(struct tree *tree, struct reaper *reaper,
	void (*ended)(struct tree *tree, bool known, int status, const struct rusage *usage))
{
	*tree = (struct tree){ .reaper = reaper, .cgroup.fd = -1, .pidfd = -1, .ended = ended };
}

static void child_ended(struct reap_watch *watch, int status)
{
	struct tree *tree = (struct tree *)((char *)watch - offsetof(struct tree, child));

	tree->ended(tree, true, status, &watch->usage);
}

struct record_task tree_task(pid_t pid)
{
	struct record_task task = { .pid = pid };

	(void)rootwatch_start_time(pid, &task.start_time);
	return task;
}

bool tree_is_same_task(const struct record_task *task)
{
	return task->pid && task->start_time && tree_task(task->pid).start_time == task->start_time;
}

bool tree_is_pidfd_of(int fd, const struct record_task *task)
{
	pid_t pid = rootwatch_pid(fd);

	if (pid < 0 || (task->inode && rootwatch_inode(fd) != task->inode))
		return false;
	if (pid)
		return pid == task->pid && tree_is_same_task(task);
	/* Gone. An old kernel does not tell whose it was. */
	return !tree_is_same_task(task);
}

/* The number may be another's by now: the moment of its start tells them apart. */
static int open_same(const struct record_task *task)
{
	autofd int pidfd = task->pid ? pidfd_open(task->pid, 0) : -1;

	return pidfd >= 0 && tree_is_same_task(task) ? TAKE_FD(pidfd) : -1;
}

void tree_signal(const struct record_task *task, int sig)
{
	autofd int pidfd = open_same(task);

	if (pidfd >= 0)
		(void)pidfd_send_signal(pidfd, sig, NULL, 0);
}

int tree_adopt(struct tree *tree, pid_t pid, struct err *err)
{
	autofd int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	siginfo_t si = { 0 };

	/* Nor is a child that we know as something else: criu itself, another job's root. */
	if (pidfd < 0 || reap_is_watched(tree->reaper, pid) ||
		waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"criu named %d as the restored root task, which is no child of the broker",
			pid);
	tree->root = tree_task(pid);
	tree->root.inode = rootwatch_inode(pidfd);
	tree->pidfd = TAKE_FD(pidfd);
	tree->child.ended = child_ended;
	reap_watch(tree->reaper, &tree->child, pid);
	return 0;
}

/* ---- after a restart ---- */

static void foreign_ended(void *arg, bool known, int status)
{
	struct tree *tree = arg;

	tree->foreign = NULL;
	tree->ended(tree, known, status, NULL);
}

int tree_recover(
	struct tree *tree, const struct record_task *root, int pidfd, struct event_base *base)
{
	tree->root = *root;
	if (pidfd < 0)
		pidfd = open_same(root);
	if (pidfd < 0)
		return -ESRCH;
	return rootwatch_start(base, pidfd, foreign_ended, tree, &tree->foreign);
}

/* ---- the end ---- */

bool tree_has_root(const struct tree *tree)
{
	return tree->child.pid || tree->foreign;
}

void tree_kill(struct tree *tree, pid_t worker)
{
	if (tree->cgroup.fd >= 0 && cgroup_kill(&tree->cgroup) == 0)
		return;
	if (tree->child.pid)
		sweep_tree(tree->child.pid);
	else if (tree_is_same_task(&tree->root))
		sweep_tree(tree->root.pid);
	if (worker)
		sweep_tree(worker);
	else if (tree_is_same_task(&tree->criu))
		sweep_tree(tree->criu.pid);
	(void)sweep_strays(tree->reaper, &tree->marks, true);
}

bool tree_is_left(const struct tree *tree)
{
	if (tree->child.pid || (tree->foreign && tree->cgroup.fd < 0))
		return true;
	if (tree->cgroup.fd >= 0)
		return cgroup_populated(&tree->cgroup);
	if (tree_is_same_task(&tree->root) || tree_is_same_task(&tree->criu))
		return true;
	return sweep_strays(tree->reaper, &tree->marks, false) > 0;
}

int tree_count(const struct tree *tree, bool criu_runs)
{
	int n = tree->cgroup.fd < 0 ? -1 : cgroup_count(&tree->cgroup);

	return n < 0 ? -1 : n - (n > 0 && criu_runs);
}

int tree_done(struct tree *tree, bool move)
{
	int r = cgroup_release(&tree->cgroup, move);

	cleanup_fd(&tree->cgroup.fd);
	reap_forget(&tree->child);
	rootwatch_stop(TAKE_PTR(tree->foreign));
	cleanup_fd(&tree->pidfd);
	return r;
}
