/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libfdbroker: the ways to a connection, a private broker among them, and their failures. */
#include "fake_jobs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define SHORT_MS 60

static struct fdb_client *new_client(void)
{
	struct fdb_client *c;

	assert_int_equal(fdb_new(&c), 0);
	return c;
}

/* A directory of its own for each test that needs one. */
struct place {
	char dir[64];
	char path[96]; /* of the socket, or the program, in it */
};

static void place_make(struct place *p, const char *name)
{
	strcpy(p->dir, "/tmp/fdbroker-test.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/%s", p->dir, name);
}

static void place_remove(struct place *p)
{
	(void)unlink(p->path);
	assert_int_equal(rmdir(p->dir), 0);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

/* ---- fdb_connect() ---- */

static void connect_finds_a_listener(void **state)
{
	struct fdb_client *c = new_client();
	struct place p;
	int fd;

	(void)state;
	place_make(&p, "sock");
	fd = listen_at(p.path);
	assert_int_equal(fdb_connect(c, p.path, SHORT_MS), 0);
	assert_true(fcntl(fdb_fd(c), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fdb_connect(c, p.path, SHORT_MS), -EISCONN);
	assert_int_equal(fdb_disconnect(c, 0), 0);
	close(fd);
	assert_int_equal(fdb_connect(c, p.path, SHORT_MS), -ECONNREFUSED);
	assert_int_equal(fdb_error_code(c), FDB_NONE);
	assert_int_equal(fdb_error_errno(c), ECONNREFUSED);
	assert_non_null(strstr(fdb_error_text(c), p.path));
	fdb_free(c);
	place_remove(&p);
}

static void connect_waits_for_room(void **state)
{
	struct fdb_client *c = new_client(), *other = new_client();
	struct timespec start, end;
	struct place p;
	int fd;

	(void)state;
	place_make(&p, "sock");
	fd = listen_at(p.path); /* has room for one */
	assert_int_equal(fdb_connect(other, p.path, 0), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(fdb_connect(c, p.path, SHORT_MS), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000 >=
		    SHORT_MS - 1);
	assert_int_equal(fdb_connect(c, p.path, 0), -ETIMEDOUT);
	fdb_free(other);
	fdb_free(c);
	close(fd);
	place_remove(&p);
}

static void connect_to_nothing(void **state)
{
	struct fdb_client *c = new_client();
	char long_path[200];

	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = 0;
	assert_int_equal(fdb_connect(c, "/nonexistent/sock", SHORT_MS), -ENOENT);
	assert_int_equal(fdb_connect(c, long_path, SHORT_MS), -ENAMETOOLONG);
	assert_int_equal(fdb_connect(c, "", SHORT_MS), -ENOENT);
	assert_int_equal(fdb_hello(c, NULL, SHORT_MS), -ENOTCONN);
	assert_int_equal(fdb_fd(c), -1);
	fdb_free(c);
	fdb_free(NULL);
}

/* ---- a broker that is started anew ---- */

struct restart {
	int listener;
	uint64_t job;
};

static void last_words(struct fake *f)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Error error = FDBROKER__V1__ERROR__INIT;

	error.has_code = 1;
	error.code = FDBROKER__V1__ERROR_CODE__INTERNAL;
	error.text = "I must go";
	error.hint = "Start me anew.";
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR;
	m.error = &error;
	fake_say(f, &m, NULL, 0);
}

/*
 * The first broker accepts a job and goes; the second knows of it, answers twice, and goes without a
 * word. Both listen at one socket.
 */
static void die_and_come_back(struct fake *f)
{
	const struct restart *r = f->arg;
	struct fake_job j;

	cleanup_fd(&f->sock); /* of the pair, not needed here */
	f->sock = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
	if (!fake_get(f))
		return;
	fake_accepted(f, r->job);
	last_words(f);
	cleanup_fd(&f->sock);
	f->sock = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
	while (f->got < 3 && fake_get(f)) {
		fake_expect(f, fake_job_wanted(f) == r->job, "of another job");
		fake_expect(f,
			f->got > 2 || f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT,
			"no Wait");
		fake_job_fill(&j, r->job);
		fake_job_answer(f, f->m->serial, &j.job);
	}
}

static void connect_again_and_wait_for_the_job(void **state)
{
	struct restart restart = { .job = 7 };
	struct fdb_request *rq;
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fdb_job *job;
	struct place p;
	struct fake f;
	uint64_t number, call;

	(void)state;
	place_make(&p, "sock");
	restart.listener = listen_at(p.path);
	fake_start(&f, die_and_come_back, &restart);
	assert_int_equal(fdb_disconnect(f.c, 0), 0);
	assert_int_equal(fdb_connect(f.c, p.path, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &number), 0);
	fdb_request_free(rq);
	assert_int_equal(fdb_wait_result(f.c, number, FAKE_WAIT_MS, &res), -EPIPE);
	assert_string_equal(fdb_error_text(f.c), "I must go");
	assert_string_equal(fdb_error_hint(f.c), "Start me anew.");
	assert_int_equal(fdb_wait(f.c, number, FAKE_WAIT_MS, &job), -EPIPE);
	assert_int_equal(fdb_start_show(f.c, number, &call), -EPIPE);
	assert_int_equal(fdb_connect(f.c, p.path, FAKE_WAIT_MS), -EISCONN);

	assert_int_equal(fdb_disconnect(f.c, 0), 0);
	assert_int_equal(fdb_connect(f.c, p.path, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_wait(f.c, number, FAKE_WAIT_MS, &job), 0);
	fake_job_expect(job, number);
	assert_true(fdb_job_recovered(job));
	fdb_job_free(job);
	assert_int_equal(fdb_start_show(f.c, number, &call), 0);
	fdb_event_free(fake_next_answer(f.c, call, 0));
	/* Its events are the old connection's. */
	assert_int_equal(fdb_wait_result(f.c, number, 0, &res), -ESRCH);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), -EPIPE);
	assert_string_equal(fdb_error_text(f.c), "the broker is gone");
	assert_string_equal(fdb_error_hint(f.c), "");
	fake_end(&f);
	close(restart.listener);
	place_remove(&p);
}

/* ---- fdb_open_fd(): consumes whatever it is given ---- */

static void open_takes_only_seqpacket(void **state)
{
	struct fdb_client *c = new_client();
	int pair[2];

	(void)state;
	assert_int_equal(fdb_open_fd(c, -1), -EBADF);
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(fdb_open_fd(c, pair[0]), -ENOTSOCK);
	close(pair[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fdb_open_fd(c, pair[0]), -EPROTOTYPE);
	close(pair[1]);
	assert_int_equal(fdb_open_fd(c, socket(AF_INET, SOCK_STREAM, 0)), -EPROTOTYPE);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(fdb_open_fd(c, pair[0]), 0);
	assert_true(fcntl(pair[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fdb_open_fd(c, pair[1]), -EISCONN);
	assert_int_equal(fcntl(pair[1], F_GETFD), -1);
	fdb_free(c);
}

/* ---- fdb_local() ---- */

/*
 * Writes down how it was started, its pid and session last, and lives until its socket is closed.
 * By builtins where signals are concerned: the shell blocks some while it starts a command.
 */
static const char report[] =
	"#!/bin/sh\n"
	"echo args \"$@\"\n"
	"while read -r l; do case $l in Sig*) echo \"$l\";; esac; done </proc/$$/status\n"
	"ls -l /proc/$$/fd\n"
	"cut -d' ' -f1,6 /proc/$$/stat\n"
	"exec cat <&3 >/dev/null 2>&1\n";

static void write_program(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static void no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void read_all(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	assert_true(n > 0);
	text[n] = 0;
}

static void expect_line(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("'%s' is not in: %s", line, text);
}

/*
 * With signals blocked and ignored, and a stray descriptor without close-on-exec: none of it gets
 * there.
 */
static void local_starts_it_clean(void **state)
{
	const char *const argv[] = { "--criu", "/a b", NULL };
	struct fdb_client *c = new_client();
	char text[4096], *last;
	struct place p;
	sigset_t set;
	int log, stray, pid, session;

	(void)state;
	place_make(&p, "program");
	write_program(p.path, report, 0700);
	log = memfd_create("log", 0);
	stray = fcntl(log, F_DUPFD, 77);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(fdb_local(c, p.path, argv, log), 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	assert_int_equal(fdb_disconnect(c, FAKE_WAIT_MS), 0);
	no_child_is_left();
	read_all(log, text, sizeof(text));
	expect_line(text, "args --local 3 --criu /a b\n");
	expect_line(text, "SigBlk:\t0000000000000000\n");
	expect_line(text, "SigIgn:\t0000000000000000\n");
	expect_line(text, " 0 -> /dev/null\n");
	expect_line(text, " 3 -> socket:");
	assert_null(strstr(text, " 4 -> "));
	assert_null(strstr(text, " 77 -> "));
	text[strlen(text) - 1] = 0;
	last = strrchr(text, '\n');
	assert_non_null(last);
	assert_int_equal(sscanf(last, "%d %d", &pid, &session), 2);
	assert_int_equal(pid, session);
	fdb_free(c);
	close(log);
	close(stray);
	place_remove(&p);
}

/* The lowest numbers are free: the pair and the pipe get them, and must not be written over. */
static void local_with_standard_descriptors_closed(void **state)
{
	struct fdb_client *c = new_client();
	int kept[3], made = memfd_create("log", MFD_CLOEXEC), log;
	char text[4096];
	struct place p;
	int r;

	(void)state;
	place_make(&p, "program");
	write_program(p.path, report, 0700);
	log = fcntl(made, F_DUPFD_CLOEXEC, 60); /* leaves 3 and 4 free as well */
	close(made);
	for (int i = 0; i < 3; i++) {
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 50);
		close(i);
	}
	r = fdb_local(c, p.path, NULL, log);
	r = r ? r : fdb_disconnect(c, FAKE_WAIT_MS);
	for (int i = 0; i < 3; i++) {
		dup2(kept[i], i);
		close(kept[i]);
	}
	assert_int_equal(r, 0);
	read_all(log, text, sizeof(text));
	expect_line(text, "args --local 3\n");
	expect_line(text, " 1 -> /memfd:log");
	expect_line(text, " 3 -> socket:");
	fdb_free(c);
	close(log);
	place_remove(&p);
}

static void local_program_is_none(void **state)
{
	struct fdb_client *c = new_client();
	struct place p;

	(void)state;
	place_make(&p, "program");
	assert_int_equal(fdb_local(c, p.path, NULL, -1), -ENOENT);
	assert_non_null(strstr(fdb_error_text(c), p.path));
	write_program(p.path, "no program\n", 0600);
	assert_int_equal(fdb_local(c, p.path, NULL, -1), -EACCES);
	assert_int_equal(chmod(p.path, 0700), 0);
	assert_int_equal(fdb_local(c, p.path, NULL, -1), -ENOEXEC);
	assert_int_equal(fdb_local(c, "no-such-program-anywhere", NULL, -1), -ENOENT);
	no_child_is_left();
	fdb_free(c);
	place_remove(&p);
}

static void local_program_ends_at_once(void **state)
{
	struct fdb_client *c = new_client();

	(void)state;
	assert_int_equal(fdb_local(c, "true", NULL, -1), 0);
	assert_int_equal(fdb_hello(c, NULL, FAKE_WAIT_MS), -EPIPE);
	assert_int_equal(fdb_disconnect(c, FAKE_WAIT_MS), 0);
	no_child_is_left();
	assert_int_equal(fdb_local(c, "true", NULL, -1), 0); /* and again, with the same client */
	assert_int_equal(fdb_disconnect(c, FAKE_WAIT_MS), 0);
	no_child_is_left();
	fdb_free(c);
}

/* One that has restores to finish does not end with its connection. */
static void local_program_stays_busy(void **state)
{
	struct fdb_client *c = new_client();
	struct place p;
	char text[32];
	pid_t pid;
	int log;

	(void)state;
	place_make(&p, "program");
	write_program(p.path, "#!/bin/sh\necho $$\nexec sleep 60\n", 0700);
	log = memfd_create("log", MFD_CLOEXEC);
	assert_int_equal(fdb_local(c, p.path, NULL, log), 0);
	while (pread(log, text, sizeof(text), 0) <= 0)
		usleep(1000);
	assert_int_equal(fdb_disconnect(c, SHORT_MS), -ETIMEDOUT);
	fdb_free(c);
	pid = (pid_t)strtol(text, NULL, 10);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(log);
	place_remove(&p);
}

/* Somebody else's business: a program that has its children reaped by the kernel. */
static void local_where_children_are_ignored(void **state)
{
	struct fdb_client *c = new_client();

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(fdb_local(c, "true", NULL, -1), 0);
	assert_int_equal(fdb_disconnect(c, FAKE_WAIT_MS), 0);
	signal(SIGCHLD, SIG_DFL);
	fdb_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_finds_a_listener),
		cmocka_unit_test(connect_waits_for_room),
		cmocka_unit_test(connect_to_nothing),
		cmocka_unit_test(connect_again_and_wait_for_the_job),
		cmocka_unit_test(open_takes_only_seqpacket),
		cmocka_unit_test(local_starts_it_clean),
		cmocka_unit_test(local_with_standard_descriptors_closed),
		cmocka_unit_test(local_program_is_none),
		cmocka_unit_test(local_program_ends_at_once),
		cmocka_unit_test(local_program_stays_busy),
		cmocka_unit_test(local_where_children_are_ignored),
	};

	return cmocka_run_group_tests_name("client_connect", tests, NULL, NULL);
}
