/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: fake-criu MODE swrk N ...
 *
 * A criu that does one thing wrong. The broker starts it through a script that puts MODE in front of
 * the arguments, for it gives criu no environment to put it in.
 *
 *   ok               restore: a child of its parent, as with rst_sibling, that sleeps; all notifications
 *   exit             end at once with status 3
 *   hang             read nothing, never end, ignore SIGTERM
 *   garbage          read the request, answer with bytes that are no message
 *   close            read the request, close the socket, stay
 *   fail             log an error line, answer without success
 *   fail-stay        the same and never end
 *   other-type       answer with another message type
 *   foreign-pid      name pid 1 at post-restore
 *   own-pid          name itself at post-restore
 *   no-post-restore  succeed without ever having been at post-restore
 *   stop-at:NAME     be at that notification, then hang, with a child that waits as a half-restored task
 *   die-at:NAME      be at that notification, then end by SIGKILL, the child staying
 *   flood            notifications without end, for as long as they are acknowledged
 *   notify:N         N notifications more than usual, at once, then as ok
 *   log:N            log N bytes of lines, then as fail
 *   log-flood        log without end
 *   log-slowly       log a line every 20 ms, 50 lines, then as ok
 *   stay             succeed, then never end
 *   own              as ok, but the tree has no capability, as a user's own has not
 *   own-silent       the same, and never be at pre-resume
 *   own-stray        as own, with another process that keeps the capabilities of criu
 *   table            log the descriptors it has, then fail
 */
#include <dirent.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu/rpc.pb-c.h"

static int sock;
static bool drops;  /* make_root() takes capabilities away */
static bool silent; /* restore() says nothing after post-restore */

static _Noreturn void hang(void)
{
	for (;;)
		pause();
}

static void read_one(void)
{
	char buf[1 << 21];

	if (recv(sock, buf, sizeof(buf), 0) <= 0)
		exit(1); /* as criu does when its socket is closed */
}

static bool read_ack(void)
{
	uint8_t buf[4096];
	ssize_t n = recv(sock, buf, sizeof(buf), 0);
	Criu__Rpc__Request *ack = n > 0 ? criu__rpc__request__unpack(NULL, (size_t)n, buf) : NULL;
	bool ok;

	if (!ack)
		exit(1);
	ok = ack->notify_success;
	criu__rpc__request__free_unpacked(ack, NULL);
	return ok;
}

static void send_response(Criu__Rpc__Response *response)
{
	uint8_t buf[4096];
	size_t n = criu__rpc__response__pack(response, buf);

	if (send(sock, buf, n, MSG_NOSIGNAL) < 0)
		exit(1);
}

static void send_result(int type, bool success, pid_t pid)
{
	Criu__Rpc__Response response = CRIU__RPC__RESPONSE__INIT;
	Criu__Rpc__Restored restored = CRIU__RPC__RESTORED__INIT;

	response.type = (Criu__Rpc__RequestType)type;
	response.success = success;
	restored.pid = pid;
	response.restore = &restored;
	send_response(&response);
}

static bool notify(const char *script, pid_t pid)
{
	Criu__Rpc__Response response = CRIU__RPC__RESPONSE__INIT;
	Criu__Rpc__Notification notification = CRIU__RPC__NOTIFICATION__INIT;

	response.type = CRIU__RPC__REQUEST_TYPE__NOTIFY;
	response.success = true;
	notification.script = (char *)script;
	notification.has_pid = pid != 0;
	notification.pid = pid;
	response.notify = &notification;
	send_response(&response);
	return read_ack();
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &head, none) < 0)
		_exit(1);
}

/* What rst_sibling makes of the root task: our parent's child. It is as it shall be when this returns. */
static pid_t make_root(void)
{
	int done[2];
	pid_t pid;

	if (pipe(done) < 0)
		exit(1);
	pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		if (drops)
			drop_capabilities();
		closefrom(0);
		hang();
	}
	close(done[1]);
	(void)!read(done[0], &(char){ 0 }, 1);
	close(done[0]);
	return pid;
}

/* A process that is in no tree of ours. */
static void make_stray(void)
{
	if (fork() > 0) {
		(void)wait(NULL);
		return;
	}
	if (fork() > 0)
		_exit(0);
	closefrom(0);
	hang();
}

static void restore(const char *stop_at, const char *die_at)
{
	static const char *const moments[] = { "pre-restore", "post-restore", "pre-resume",
		"post-resume" };
	pid_t root = 0;

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		if (silent && i > 1)
			break;
		if (i == 1)
			root = make_root();
		if (!notify(moments[i], i == 0 ? 0 : root) && i < 2) {
			if (root)
				kill(root, SIGKILL);
			send_result(CRIU__RPC__REQUEST_TYPE__RESTORE, false, -1);
			exit(1);
		}
		if (stop_at && !strcmp(stop_at, moments[i]))
			hang();
		if (die_at && !strcmp(die_at, moments[i]))
			raise(SIGKILL);
	}
	send_result(CRIU__RPC__REQUEST_TYPE__RESTORE, true, root);
}

static void log_table(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char link[512] = "", path[300];

		if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(dir))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
		if (readlink(path, link, sizeof(link) - 1) > 0)
			printf("(00.000000) table %s %s\n", e->d_name, link);
	}
	fflush(stdout);
	if (dir)
		closedir(dir);
}

static void fail(void)
{
	puts("(00.000100) Error (criu/rlimit.c:1): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted");
	puts("(00.000200)     32: Error (criu/files-reg.c:2100): File tmp/log has bad size 10 (expect 5)");
	puts("(00.000300) Error (criu/cr-restore.c:2400): Restoring FAILED.");
	fflush(stdout);
	send_result(CRIU__RPC__REQUEST_TYPE__RESTORE, false, -1);
}

/* Lines with the number of the byte at which they begin. */
static void log_much(unsigned long bytes)
{
	for (unsigned long n = 0; n < bytes;)
		n += (unsigned long)printf(
			"(00.000000) byte %lu: one line of many in this log\n", n);
	fflush(stdout);
}

static void log_slowly(void)
{
	for (int i = 0; i < 50; i++) {
		printf("(00.000000) slow line %d\n", i);
		fflush(stdout);
		usleep(20000);
	}
}

static void act_on_log(const char *mode)
{
	if (!strncmp(mode, "log:", 4)) {
		log_much(strtoul(mode + 4, NULL, 10));
		fail();
		exit(1);
	}
	/* Some 100 MB a second: the daemon looks once a second, and it is memory. */
	while (!strcmp(mode, "log-flood")) {
		log_much(1 << 20);
		usleep(10000);
	}
	log_slowly();
	restore(NULL, NULL);
}

static void act(const char *mode)
{
	if (!strcmp(mode, "garbage")) {
		(void)send(sock, "\xff\xff\xff garbage", 11, MSG_NOSIGNAL);
		hang();
	} else if (!strcmp(mode, "close")) {
		close(sock);
		hang();
	} else if (!strcmp(mode, "other-type")) {
		send_result(9, true, 1);
	} else if (!strcmp(mode, "foreign-pid") || !strcmp(mode, "own-pid")) {
		if (notify("post-restore", mode[0] == 'f' ? 1 : getpid()))
			hang();
		send_result(CRIU__RPC__REQUEST_TYPE__RESTORE, false, -1);
		exit(1);
	} else if (!strcmp(mode, "no-post-restore")) {
		send_result(CRIU__RPC__REQUEST_TYPE__RESTORE, true, 1);
	} else if (!strcmp(mode, "flood")) {
		while (notify("again-and-again-and-again-and-again-and-again", 0))
			;
		exit(1);
	} else if (!strncmp(mode, "stop-at:", 8)) {
		restore(mode + 8, NULL);
	} else if (!strncmp(mode, "die-at:", 7)) {
		restore(NULL, mode + 7);
	} else if (!strncmp(mode, "fail", 4)) {
		fail();
		if (!strcmp(mode, "fail-stay"))
			hang();
		exit(1);
	} else if (!strncmp(mode, "log", 3)) {
		act_on_log(mode);
	} else if (!strncmp(mode, "notify:", 7)) {
		for (int i = atoi(mode + 7); i > 0 && notify("once-more", 0); i--)
			;
		restore(NULL, NULL);
	} else if (!strcmp(mode, "table")) {
		log_table();
		fail();
		exit(1);
	} else if (!strcmp(mode, "own") || !strncmp(mode, "own-s", 5)) {
		drops = true;
		silent = !strcmp(mode, "own-silent");
		if (!strcmp(mode, "own-stray"))
			make_stray();
		restore(NULL, NULL);
	} else {
		restore(NULL, NULL);
		if (!strcmp(mode, "stay"))
			hang();
	}
}

int main(int argc, char **argv)
{
	if (argc < 4 || strcmp(argv[2], "swrk"))
		return 2;
	sock = atoi(argv[3]);
	signal(SIGTERM, SIG_IGN);
	if (!strcmp(argv[1], "exit"))
		return 3;
	if (!strcmp(argv[1], "hang"))
		hang();
	read_one();
	act(argv[1]);
	return 0;
}
