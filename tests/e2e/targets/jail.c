/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: jail [--pids] ROOT
 *
 * A container in small: a task in a mount namespace of its own, whose root is the directory ROOT, by
 * pivot_root, with a /proc and a tmpfs /run of its own and no other mount. Its program is a copy of this one in
 * ROOT. It holds
 *
 *	0 1 2	/dev/null of its root
 *	3 4	/log opened twice, for appending; on its root
 *	5	/run/state, on its tmpfs, which is dumped with it
 *
 * A child, by fork, inherits all of it. With --pids these two are 1 and 2 of a pid namespace of their own,
 * and their parent outside only waits for their end: it is not to be dumped. At SIGUSR1 it writes /report of its root (poke.h).
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "poke.h"

#define INSIDE "/jail"

static void check(int r, const char *what)
{
	if (r < 0)
		die(what);
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die(path);
}

static void copy_program(const char *to)
{
	char bytes[65536];
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;

	check(in, "/proc/self/exe");
	check(out, to);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)n) != n)
			die(to);
	close(in);
	close(out);
}

/* All that a restore needs must be in ROOT: criu brings the tmpfs back, but not the root. */
static void enter(const char *root)
{
	check(unshare(CLONE_NEWNS), "unshare");
	check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private");
	check(mount(root, root, NULL, MS_BIND, NULL), "bind");
	check(chdir(root), root);
	make_dir("proc");
	make_dir("run");
	make_dir("dev");
	copy_program("." INSIDE);
	if (mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)) < 0 && errno != EEXIST)
		die("dev/null");
	check(mount("proc", "proc", "proc", 0, NULL), "proc");
	check(mount("tmpfs", "run", "tmpfs", 0, NULL), "run");
	check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "umount");
	check(chdir("/"), "/");
}

static void hold(const char *path, int number)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0644);

	check(fd, path);
	if (fd != number)
		exit(2);
}

static void hold_all(void)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	for (int fd = 0; fd < 3; fd++)
		check(open("/dev/null", O_RDWR), "/dev/null");
	hold("/log", 3);
	hold("/log", 4);
	hold("/run/state", 5);
}

/* Returns in the child, which may have to be waited for once more: it is ready when its name says so. */
static void enter_pids(void)
{
	pid_t pid;

	check(unshare(CLONE_NEWPID), "unshare");
	pid = fork();
	check(pid, "fork");
	if (pid == 0) {
		check(setsid(), "setsid");
		return;
	}
	ready();
	waitpid(pid, NULL, 0);
	exit(0);
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc > 1) {
		if (!strcmp(argv[1], "--pids"))
			enter_pids();
		enter(argv[argc - 1]);
		execl(INSIDE, INSIDE, NULL);
		die(INSIDE);
	}
	poke_prepare();
	hold_all();
	child = fork();
	check(child, "fork");
	while (child == 0)
		pause();
	ready();
	for (;;) {
		poke_wait();
		poke("/report");
	}
}
