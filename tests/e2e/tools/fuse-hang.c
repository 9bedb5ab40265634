/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: fuse-hang PATH COMMAND [ARGUMENT]...
 *
 * Mounts on PATH a file system whose root can be opened and which then never answers again, and runs
 * COMMAND with the opened root as descriptor 9: what a dead FUSE or NFS server looks like to whoever is
 * lent it. Ends with the status of COMMAND; the mount goes with it.
 *
 * PATH is a directory, of which nothing can be read; or a file. Then what hangs is the close (FUSE_FLUSH) by
 * any process whose program is criu-fdbroker; others may close it.
 *
 * Speaks to /dev/fuse itself (linux/fuse.h), for a library would be a daemon that answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void reply(int fd, uint64_t unique, const void *body, size_t size)
{
	char buf[4096];
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + size), .unique = unique };

	memcpy(buf, &out, sizeof(out));
	memcpy(buf + sizeof(out), body, size);
	if (write(fd, buf, out.len) < 0)
		exit(1);
}

static mode_t kind; /* of the root: S_IFDIR or S_IFREG */

/* A process, or one of its threads. */
static bool is_broker(uint32_t pid)
{
	char path[64], program[512];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	n = readlink(path, program, sizeof(program) - 1);
	if (n < 0)
		return false;
	program[n] = 0;
	return !strcmp(strrchr(program, '/'), "/criu-fdbroker");
}

static void answer(int fd, const struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096
	};
	struct fuse_attr_out attr = { .attr_valid = 3600,
		.attr = { .ino = 1, .mode = kind | 0755, .nlink = 2 } };
	struct fuse_open_out opened = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		reply(fd, in->unique, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		reply(fd, in->unique, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(fd, in->unique, &opened, sizeof(opened));
		break;
	case FUSE_FLUSH:
		if (!is_broker(in->pid))
			reply(fd, in->unique, "", 0);
		break;
	default:
		break; /* for ever */
	}
}

static _Noreturn void serve(int fd)
{
	static char buf[1 << 20];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer(fd, (const struct fuse_in_header *)buf);
		else if (n < 0 && errno != EINTR && errno != ENOENT)
			exit(0); /* unmounted */
	}
}

static _Noreturn void run(char **argv, const char *path)
{
	int root = open(path, kind == S_IFDIR ? O_RDONLY | O_DIRECTORY : O_RDWR);

	if (root < 0 || dup2(root, 9) < 0)
		exit(126);
	if (root != 9)
		close(root);
	execvp(argv[0], argv);
	exit(127);
}

int main(int argc, char **argv)
{
	char options[128];
	pid_t server, command;
	struct stat st;
	int fd, status;

	if (argc < 3 || stat(argv[1], &st) < 0)
		return 2;
	kind = st.st_mode & S_IFMT;
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0", fd, kind);
	if (fd < 0 || mount("hang", argv[1], "fuse", 0, options) < 0) {
		perror("fuse-hang");
		return 77;
	}
	server = fork();
	if (server == 0)
		serve(fd);
	command = fork();
	if (command == 0)
		run(argv + 2, argv[1]); /* fd is close-on-exec */
	waitpid(command, &status, 0);
	/* The connection goes with its last descriptor: whoever still waits for an answer is told so. */
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	close(fd);
	(void)umount2(argv[1], MNT_DETACH);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
