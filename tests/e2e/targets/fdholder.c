/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: fdholder WHAT...
 *
 * Opens what its arguments say, each at the lowest free descriptors, so from 3 on in their order, and waits.
 *
 *   r:PATH w:PATH rw:PATH a:PATH  a file or FIFO, for reading, writing, both, appending; made if need be
 *   logs:N:PREFIX                 N files PREFIX0, PREFIX1, ... for appending
 *   pipe                          a pipe: its reading end, then its writing end
 *   socketpair                    a pair of stream sockets
 *   memfd:NAME                    a memfd
 *   dup:FD                        another descriptor for the open file of FD
 *   child:FD                      a child with all that is open so far; the parent then closes FD
 *
 * With more descriptors than the soft limit allows it raises that to the hard one.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ready.h"

static void hold_file(const char *path, int flags)
{
	if (open(path, flags | (flags == O_RDONLY ? 0 : O_CREAT), 0644) < 0)
		die(path);
}

/* spec: N:PREFIX */
static void hold_logs(const char *spec)
{
	char *prefix, path[4096];
	unsigned long n = strtoul(spec, &prefix, 10);

	if (*prefix != ':')
		exit(2);
	for (unsigned long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s%lu", prefix + 1, i);
		hold_file(path, O_WRONLY | O_APPEND);
	}
}

static void hold_pair(const char *what)
{
	int fds[2];
	int r = !strcmp(what, "pipe") ? pipe(fds) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds);

	if (r < 0)
		die(what);
}

static void leave_to_child(int fd)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	while (pid == 0)
		pause();
	close(fd);
}

static void hold(const char *what)
{
	static const struct {
		const char *prefix;
		int flags;
	} files[] = {
		{ "r:", O_RDONLY },
		{ "w:", O_WRONLY },
		{ "rw:", O_RDWR },
		{ "a:", O_WRONLY | O_APPEND },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t n = strlen(files[i].prefix);

		if (!strncmp(what, files[i].prefix, n)) {
			hold_file(what + n, files[i].flags);
			return;
		}
	}
	if (!strncmp(what, "logs:", 5)) {
		hold_logs(what + 5);
	} else if (!strcmp(what, "pipe") || !strcmp(what, "socketpair")) {
		hold_pair(what);
	} else if (!strncmp(what, "memfd:", 6)) {
		if (memfd_create(what + 6, 0) < 0)
			die(what);
	} else if (!strncmp(what, "dup:", 4)) {
		if (dup(atoi(what + 4)) < 0)
			die(what);
	} else if (!strncmp(what, "child:", 6)) {
		leave_to_child(atoi(what + 6));
	} else {
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
	for (int i = 1; i < argc; i++)
		hold(argv[i]);
	ready();
	for (;;)
		pause();
}
