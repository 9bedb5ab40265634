/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small processes, born before there is any client, from which all children of the daemon are made.
 *
 * A fork of the daemon would have copies of all descriptors that clients have lent, and close them; each
 * close asks the file's server (FUSE flushes), so that one client whose server hangs would starve all
 * others. A child that comes from here has nothing of anybody's: it gets its own over a socket (parcel.h).
 *
 * There are two, and the one that is not in use makes another when the first has been killed. If somebody
 * kills both between two children, the next one is forked from the daemon after all, closes what it has
 * inherited, and may hang in that: then no child can be made, and callers get -ETIMEDOUT.
 */
#ifndef FDBROKER_ZYGOTE_H
#define FDBROKER_ZYGOTE_H

#include <sys/types.h>

/*
 * What a child runs; it does not return. A static function of this program: zygotes are forks of it, with
 * all functions at the same addresses.
 * @sock: number 3, owned; the only descriptor but 0, 1 and 2
 *
 * One thread, every signal at its default and none blocked, the soft RLIMIT_NOFILE as high as the hard
 * one; else as the daemon was at zygote_start(). The heap can be used.
 */
typedef void (*zygote_main)(int sock);

struct zygote_child {
	pid_t pid;
	int pidfd; /* owned */
};

/**
 * zygote_start() - to be called once, before there are threads, or descriptors of clients
 *
 * Return: 0 or -errno.
 */
int zygote_start(void);

/**
 * zygote_clone() - make a child, of the daemon itself: it is the daemon that waits for it
 * @sock:   consumed; what the child gets
 * @cgroup: borrowed; cgroup v2 directory that it is born into; -1: the daemon's own at zygote_start()
 * @ret:    on 0
 *
 * Waits for the zygote, a process of ours that has nothing else to do, for at most a second.
 *
 * Return: 0 or -errno. -ETIMEDOUT, -EPIPE, -ECONNRESET: the zygote was stopped or killed at this moment; the
 *         next call will find another.
 */
int zygote_clone(zygote_main main, int sock, int cgroup, struct zygote_child *ret);

/* In a child: have it killed when the daemon ends, however it ends. */
void zygote_die_with_daemon(void);

/* In a child: a pidfd of the daemon, the caller's, close-on-exec; -1: the daemon has ended. */
int zygote_daemon(void);

/* End the zygotes. The daemon's end does it as well. */
void zygote_end(void);

#endif
