/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of systemd, for one broker. See manager.h; facts: sd_listen_fds(3), sd_notify(3). */
#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/fixture.h"
#include "hold.h"

#define WAIT_MS   10000
#define FIRST_FD  3 /* SD_LISTEN_FDS_START */
#define MAX_NAMES (MANAGER_MAX_KEPT * 64)

static void pause_1ms(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* ---- what is kept ---- */

static const char *value_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? at + strlen(name) : NULL;
}

static void forget(struct manager *m, const char *name)
{
	for (size_t i = 0; i < m->n_kept;) {
		if (strcmp(m->kept[i].name, name) != 0) {
			i++;
			continue;
		}
		close(m->kept[i].fd);
		m->kept[i] = m->kept[--m->n_kept];
	}
}

/* @fd: consumed; -1: none came */
static void obey(struct manager *m, const char *text, int fd)
{
	const char *value = value_of(text, "FDNAME=");
	char name[64] = "";

	if (value)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(value, "\n"), value);
	m->ready |= value_of(text, "READY=1") != NULL;
	if (value_of(text, "FDSTOREREMOVE=1"))
		forget(m, name);
	if (fd >= 0 && m->keeps && value_of(text, "FDSTORE=1")) {
		assert_non_null(
			value_of(text, "FDPOLL=0")); /* else systemd lets go of it at the end */
		assert_in_range(m->n_kept, 0, MANAGER_MAX_KEPT - 1);
		snprintf(m->kept[m->n_kept].name, sizeof(name), "%s", name);
		m->kept[m->n_kept++].fd = fd;
	} else if (fd >= 0) {
		close(fd);
	}
}

/* Return: there was something to hear. */
static bool hear_one(struct manager *m)
{
	char text[512], control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(m->notify, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	int fd = -1;

	if (n < 0)
		return false;
	text[n] = 0;
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	obey(m, text, fd);
	return true;
}

void manager_hear(struct manager *m)
{
	while (hear_one(m))
		;
}

/* ---- the start ---- */

static int make_notify(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* The kept descriptors, from 3 on in any order, and the three variables that tell of them. */
static void pass_kept(const struct manager *m)
{
	char names[MAX_NAMES] = "", number[24];
	int high[MANAGER_MAX_KEPT];

	for (size_t i = 0; i < m->n_kept; i++)
		high[i] = fcntl(m->kept[i].fd, F_DUPFD_CLOEXEC, FIRST_FD + MANAGER_MAX_KEPT + 8);
	for (size_t i = 0; i < m->n_kept; i++) {
		(void)dup2(high[i], FIRST_FD + (int)i);
		strcat(names, i ? ":" : "");
		strcat(names, m->kept[i].name);
	}
	if (m->n_kept == 0)
		return;
	snprintf(number, sizeof(number), "%zu", m->n_kept);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
}

static _Noreturn void exec_broker(const struct manager *m, const char *notify)
{
	int log = open("/tmp/broker.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	sigset_t none;

	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("NOTIFY_SOCKET", notify, 1);
	(void)dup2(log, STDERR_FILENO);
	pass_kept(m);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (m->no_cgroup)
		(void)raise(SIGSTOP);
	execl(m->program, "criu-fdbroker", "-v", "--socket", m->socket, "--criu", m->criu,
		"--criu-fault", m->fault ?: "0", "--state", m->state, "--workers", m->workers,
		m->allow_own ? "--allow-own" : (char *)NULL, (char *)NULL);
	_exit(126);
}

/* As where the kernel has no cgroup v2. */
static void take_cgroup_away(pid_t broker)
{
	struct hold h;
	int status;

	assert_int_equal(waitpid(broker, &status, WUNTRACED), broker);
	hold_take(&h, broker, -1);
	assert_true(hold_until(&h, &(struct moment){ .opens_fs = "cgroup2" }));
	hold_spoil_fsopen(&h);
	hold_release(&h, false);
}

void manager_start(struct manager *m)
{
	char notify[96];

	snprintf(notify, sizeof(notify), "%s.notify", m->socket);
	if (m->notify < 0)
		m->notify = make_notify(notify);
	m->ready = false;
	m->broker = fork();
	assert_true(m->broker >= 0);
	if (m->broker == 0)
		exec_broker(m, notify);
	if (m->no_cgroup)
		take_cgroup_away(m->broker);
	for (int i = 0; !m->ready; i++) {
		assert_true(i < WAIT_MS);
		assert_int_equal(waitpid(m->broker, NULL, WNOHANG), 0);
		pause_1ms();
		manager_hear(m);
	}
}

/* ---- the end ---- */

void manager_reap(struct manager *m)
{
	int status;

	assert_int_equal(waitpid(m->broker, &status, 0), m->broker);
	manager_hear(m); /* what it had said */
	m->broker = 0;
}

void manager_stop(struct manager *m, void (*meanwhile)(void))
{
	int status = -1;

	assert_int_equal(kill(m->broker, SIGTERM), 0);
	for (int i = 0; waitpid(m->broker, &status, WNOHANG) == 0; i++) {
		assert_true(i < WAIT_MS);
		manager_hear(m);
		if (meanwhile)
			meanwhile();
		pause_1ms();
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	manager_hear(m);
	m->broker = 0;
}

void manager_done(struct manager *m)
{
	while (m->n_kept)
		close(m->kept[--m->n_kept].fd);
	if (m->notify >= 0)
		close(m->notify);
}
