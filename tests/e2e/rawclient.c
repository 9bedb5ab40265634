/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broker under test and a client that can misbehave. See rawclient.h. */
#include "rawclient.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/images.h"
#include "base/cleanup.h"
#include "wire.h"

#define WAIT_MS 10000

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* ---- the broker ---- */

static void build_path(char ret[static PATH_MAX], const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = 0;
	/* build/tests/e2e/test_x -> build */
	snprintf(ret, PATH_MAX, "%.3000s/%s", dirname(dirname(dirname(self))), name);
}

static void write_criu(const struct broker *b, const char *mode)
{
	char path[PATH_MAX], fake[PATH_MAX];
	FILE *f;

	build_path(fake, "tests/tools/fake-criu");
	snprintf(path, sizeof(path), "%s/criu", b->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nexec '%s' %s \"$@\"\n", fake, mode);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

#define MAX_OPTIONS 16

static _Noreturn void exec_broker(const struct broker *b, const char *const *options)
{
	char program[PATH_MAX], criu[PATH_MAX], log[PATH_MAX];
	const char *argv[12 + MAX_OPTIONS] = { "criu-fdbroker", "--socket", b->socket, "--criu",
		criu, "--criu-fault", "0", "--state", b->state, "-v", "--no-config" };

	build_path(program, getenv("RAW_BROKER") ?: "criu-fdbroker");
	snprintf(criu, sizeof(criu), "%s/criu", b->dir);
	snprintf(log, sizeof(log), "%s/log", b->dir);
	if (!getenv("RAW_VERBOSE"))
		(void)dup2(
			open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDERR_FILENO);
	for (size_t i = 0; options && options[i] && i < MAX_OPTIONS; i++)
		argv[11 + i] = options[i];
	execv(program, (char *const *)argv);
	_exit(126);
}

/* What the tests lend is /dev/null: a character device each, of these names. */
static void write_images(const struct broker *b)
{
	static const char *const names[] = { "/a", "/b", "/c", "/var/log/x" };
	struct images i = { .fd = open(b->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	struct out tree = out_begin(2, MAGIC_PSTREE), table = out_begin(2, MAGIC_FDINFO),
		   files = out_begin(2, MAGIC_FILES);

	put_inventory(&i, 2, true);
	out_task(&tree, 4000000, 0); /* above every pid_max: free */
	out_save(&tree, &i, "pstree.img");
	put_core(&i, 4000000, 1);
	put_ids(&i, 4000000, 1);
	for (uint32_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		IMG(FownEntry, FOWN_ENTRY, fown, .uid = 0);
		IMG(RegFile, REG_FILE, reg, .id = n + 1, .flags = O_RDWR, .fown = &fown,
			.name = (char *)names[n], .has_mode = 1, .mode = S_IFCHR | 0666);
		IMG(FileEntry, FILE_ENTRY, entry, .type = 1, .id = n + 1, .reg = &reg);

		out_record(&files, &entry);
		out_desc(&table, n, 1, n + 1);
	}
	out_save(&files, &i, "files.img");
	put_descs(&table, &i, 1);
	close(i.fd);
}

/* The targets of a process's descriptors, one a line; anonymous inodes and sockets by kind. */
static char *table_of(pid_t pid)
{
	char path[64], link[512], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(out);
	assert_non_null(dir);
	for (int number = 0; number < 4096; number++) {
		char name[16];
		ssize_t n;

		snprintf(name, sizeof(name), "%d", number);
		n = readlinkat(dirfd(dir), name, link, sizeof(link) - 1);
		if (n < 0)
			continue;
		link[n] = 0;
		fprintf(out, "%d %s\n", number, link);
	}
	closedir(dir);
	fclose(out);
	return text;
}

char *broker_children(const struct broker *b)
{
	char path[64], *text = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", b->pid, b->pid);
	f = fopen(path, "re");
	assert_non_null(f);
	if (getline(&text, &size, f) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(f);
	return text;
}

void broker_prepare(struct broker *b, const char *mode)
{
	*b = (struct broker){ .dir = "/tmp/fdbroker-test-XXXXXX" };
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->socket, sizeof(b->socket), "%s/s", b->dir);
	snprintf(b->images, sizeof(b->images), "%s/images", b->dir);
	snprintf(b->state, sizeof(b->state), "%s/state", b->dir);
	assert_int_equal(mkdir(b->images, 0755), 0);
	assert_int_equal(mkdir(b->state, 0700), 0);
	write_images(b);
	if (mode)
		write_criu(b, mode);
}

/* ---- its control group ---- */

/* Below the one that we are in, so that all below it are of this broker's jobs. None without cgroup v2. */
static void make_cgroup(struct broker *b)
{
	char line[PATH_MAX], mount[64] = "", own[128] = "";
	FILE *f = fopen("/proc/mounts", "re");

	while (f && !mount[0] && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %63s cgroup2 ", mount) != 1 || !strstr(line, " cgroup2 "))
			mount[0] = 0;
	if (f)
		fclose(f);
	if (!mount[0])
		return;
	f = fopen("/proc/self/cgroup", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "0::%127s", own) == 1)
			break;
	if (f)
		fclose(f);
	snprintf(b->cgroup, sizeof(b->cgroup), "%s%s/fdbroker-test-XXXXXX", mount,
		own[1] ? own : "");
	assert_non_null(mkdtemp(b->cgroup));
}

static void write_cgroup(const struct broker *b, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", b->cgroup, name);
	fd = b->cgroup[0] ? open(path, O_WRONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

/* It does not come up: say all that can be said of it. */
static _Noreturn void fail_start(const struct broker *b)
{
	char command[512];
	int status = 0;
	pid_t ended = waitpid(b->pid, &status, WNOHANG);

	snprintf(command, sizeof(command),
		"cat %s/log >&2; for p in %d $(pgrep -P %d); do echo $p $(cat /proc/$p/comm "
		"/proc/$p/wchan /proc/$p/syscall /proc/$p/stack) >&2; done",
		b->dir, (int)b->pid, (int)b->pid);
	(void)!system(command);
	fail_msg("the broker does not come up; waitpid() says %d, status %#x", (int)ended,
		(unsigned)status);
	abort();
}

void broker_launch(struct broker *b, const char *const *options)
{
	make_cgroup(b);
	b->pid = fork();
	assert_true(b->pid >= 0);
	if (b->pid == 0) {
		write_cgroup(b, "cgroup.procs", "0");
		exec_broker(b, options);
	}
	for (int i = 0; access(b->socket, F_OK) < 0; i++) {
		if (i == WAIT_MS / 10)
			fail_start(b);
		pause_ms(10);
	}
	/* Two sessions, so that what serving costs by itself (an accepted connection) is in the picture. */
	b->witness = raw_connect(b);
	raw_lend(b->witness, "witness");
	b->fds_at_start = table_of(b->pid);
	b->children_at_start = broker_children(b);
}

void broker_start_with(struct broker *b, const char *mode, const char *const *options)
{
	broker_prepare(b, mode);
	broker_launch(b, options);
}

void broker_start(struct broker *b, const char *mode)
{
	broker_start_with(b, mode, NULL);
}

/* The lines of one text that another does not have. */
static void write_missing(FILE *out, const char *sign, const char *text, const char *other)
{
	autofree char *copy = strdup(text);
	char *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && !strstr(other, line))
			fprintf(out, "%s%s; ", sign, line);
}

/* Lines, all or those of what a zygote costs the broker. */
static unsigned count_lines(const char *text, bool of_zygotes)
{
	unsigned n = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		size_t size = strcspn(line, "\n");

		n += !of_zygotes || memmem(line, size, "socket:[", 8) ||
		     memmem(line, size, "[pidfd]", 7);
	}
	return n;
}

static unsigned count_words(const char *text)
{
	unsigned n = 0;

	for (const char *p = text; *p; p++)
		n += *p != ' ' && (p[1] == ' ' || !p[1]);
	return n;
}

static bool is_as_at_start(const struct broker *b, const char *fds, const char *children)
{
	unsigned all = count_lines(fds, false), mine = count_lines(fds, true);
	unsigned all_before = count_lines(b->fds_at_start, false),
		 mine_before = count_lines(b->fds_at_start, true);

	if (!b->zygotes_may_go)
		return !strcmp(fds, b->fds_at_start) && !strcmp(children, b->children_at_start);
	return count_words(children) <= count_words(b->children_at_start) && mine <= mine_before &&
	       all - mine == all_before - mine_before;
}

char *broker_unrest(const struct broker *b)
{
	for (int i = 0;; i++) {
		autofree char *fds = table_of(b->pid);
		autofree char *children = broker_children(b);
		char *text = NULL;
		size_t size;
		FILE *out;

		if (is_as_at_start(b, fds, children))
			return NULL;
		if (i < 500) {
			pause_ms(10);
			continue;
		}
		out = open_memstream(&text, &size);
		assert_non_null(out);
		fprintf(out, "children: %s; ", children);
		write_missing(out, "+", fds, b->fds_at_start);
		write_missing(out, "-", b->fds_at_start, fds);
		fclose(out);
		return text;
	}
}

static void await_quiet(const struct broker *b)
{
	autofree char *unrest = broker_unrest(b);

	if (unrest)
		fail_msg("%s", unrest);
}

bool broker_has_cgroups(const struct broker *b)
{
	DIR *dir = b->cgroup[0] ? opendir(b->cgroup) : NULL;
	bool has = false;

	while (dir && !has) {
		struct dirent *e = readdir(dir);

		if (!e)
			break;
		has = e->d_type == DT_DIR && e->d_name[0] != '.';
	}
	if (dir)
		closedir(dir);
	return has;
}

/* A group that is killed takes a moment to be empty, on a busy machine a long one. */
static void await_empty_cgroup(const struct broker *b)
{
	char path[sizeof(b->cgroup) + 16], text[256];

	if (!b->cgroup[0])
		return;
	snprintf(path, sizeof(path), "%s/cgroup.events", b->cgroup);
	for (int i = 0;; i++) {
		autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		assert_true(n > 0);
		text[n] = '\0';
		if (strstr(text, "populated 0"))
			return;
		assert_true(i < WAIT_MS / 10);
		pause_ms(10);
	}
}

/* Everything that the broker has had on disk. */
static void remove_all(struct broker *b)
{
	char command[1024];

	await_empty_cgroup(b);
	snprintf(command, sizeof(command),
		"rm -rf %s; test -z '%s' || find %s -depth -type d -exec rmdir {} +", b->dir,
		b->cgroup, b->cgroup[0] ? b->cgroup : "/nonexistent");
	assert_int_equal(system(command), 0);
	free(b->fds_at_start);
	free(b->children_at_start);
}

void broker_kill(struct broker *b)
{
	close(b->witness);
	(void)kill(b->pid, SIGKILL);
	write_cgroup(b, "cgroup.kill", "1");
	(void)waitpid(b->pid, NULL, 0);
	remove_all(b);
}

void broker_stop(struct broker *b)
{
	await_quiet(b);
	assert_int_equal(raw_lent(b->witness), 1);
	assert_int_equal(kill(b->pid, SIGTERM), 0);
	broker_reap(b);
}

void broker_reap(struct broker *b)
{
	int status;

	close(b->witness);
	for (int i = 0; waitpid(b->pid, &status, WNOHANG) == 0; i++) {
		assert_true(i < WAIT_MS / 10);
		pause_ms(10);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(access(b->socket, F_OK), -1);
	assert_false(broker_has_cgroups(b));
	remove_all(b);
}

/* ---- the client ---- */

int raw_connect(const struct broker *b)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(sock >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", b->socket);
	/* A broker that has just begun has its socket for a moment before it listens. */
	for (int i = 0; connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0; i++) {
		assert_int_equal(errno, ECONNREFUSED);
		assert_true(i < WAIT_MS / 10);
		pause_ms(10);
	}
	wire_tune(sock);
	return sock;
}

int raw_connect_as(const struct broker *b, uid_t uid, gid_t gid)
{
	int sock;

	/* The kernel notes at connect() who is in effect. */
	assert_int_equal(chmod(b->dir, 0755), 0);
	assert_int_equal(chmod(b->socket, 0666), 0);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setegid(gid), 0);
	assert_int_equal(seteuid(uid), 0);
	sock = raw_connect(b);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	return sock;
}

int raw_send_bytes(int sock, const void *data, size_t size, const int *fds, size_t n_fds)
{
	char control[CMSG_SPACE(sizeof(int) * WIRE_MAX_FDS)] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		*c = (struct cmsghdr){ CMSG_LEN(sizeof(int) * n_fds), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void raw_send(int sock, Fdbroker__V1__ClientMessage *message, const int *fds, size_t n_fds)
{
	static uint64_t serial; /* of all sockets: each rises */
	size_t size;
	uint8_t *data;

	message->has_serial = true;
	message->serial = ++serial;
	size = fdbroker__v1__client_message__get_packed_size(message);
	data = malloc(size);
	assert_non_null(data);
	fdbroker__v1__client_message__pack(message, data);
	assert_int_equal(raw_send_bytes(sock, data, size, fds, n_fds), 0);
	free(data);
}

struct answer raw_recv(int sock)
{
	struct answer a = { 0 };
	struct packet packet = { 0 };
	struct pollfd ready = { .fd = sock, .events = POLLIN };
	struct err err;
	int r;

	assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
	r = wire_recv(sock, &packet, &err);
	assert_true(r == 0 || r == 1);
	if (r == 0)
		return a;
	a.message = fdbroker__v1__server_message__unpack(NULL, packet.size, packet.data);
	assert_non_null(a.message);
	assert_in_range(packet.fds.n, 0, 8);
	for (; a.n_fds < packet.fds.n; a.n_fds++)
		a.fds[a.n_fds] = fdset_take(&packet.fds, a.n_fds);
	packet_done(&packet);
	return a;
}

void raw_done(struct answer *a)
{
	for (size_t i = 0; i < a->n_fds; i++)
		close(a->fds[i]);
	if (a->message)
		fdbroker__v1__server_message__free_unpacked(a->message, NULL);
	*a = (struct answer){ 0 };
}

void raw_expect_error(int sock, int code, const char *field)
{
	struct answer a = raw_recv(sock);
	const Fdbroker__V1__Error *error;

	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR);
	error = a.message->error;
	if (error->code != (Fdbroker__V1__ErrorCode)code)
		print_message("%s\n", error->text);
	assert_int_equal(error->code, code);
	if (field) {
		assert_string_equal(error->field, field);
		assert_non_null(strstr(error->text, field));
	} else {
		assert_null(error->field);
	}
	raw_done(&a);
}

void raw_expect_end(int sock)
{
	for (;;) {
		struct answer a = raw_recv(sock);
		bool end = !a.message;

		raw_done(&a);
		if (end)
			return;
	}
}

void raw_lend(int sock, const char *name)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend lend = FDBROKER__V1__LEND__INIT;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct answer a;

	lend.n_names = 1;
	lend.names = (char **)&name;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &lend;
	raw_send(sock, &message, &fd, 1);
	close(fd);
	a = raw_recv(sock);
	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_LENT);
	raw_done(&a);
}

void raw_restore(int sock, const struct broker *b, Fdbroker__V1__Restore *restore, int fd_images)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	int fd = fd_images >= 0 ? fd_images : open(b->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	restore->has_images_dir = true;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE;
	message.restore = restore;
	raw_send(sock, &message, &fd, 1);
	close(fd);
}

struct answer raw_await_result(int sock)
{
	for (;;) {
		struct answer a = raw_recv(sock);

		assert_non_null(a.message);
		switch (a.message->body_case) {
		case FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT:
			return a;
		case FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED:
		case FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT:
			break;
		default:
			fail_msg("message %d instead of an event or a result: %s",
				a.message->body_case,
				a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR
					? a.message->error->text
					: "");
		}
		raw_done(&a);
	}
}

void raw_await_event(int sock, const char *notification)
{
	for (bool seen = false; !seen;) {
		struct answer a = raw_recv(sock);

		assert_non_null(a.message);
		assert_int_not_equal(
			a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT);
		assert_int_not_equal(
			a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR);
		if (a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT)
			seen = !strcmp(a.message->event->notification ?: "", notification);
		raw_done(&a);
	}
}

void raw_expect_failure(int sock, int code)
{
	struct answer a = raw_await_result(sock);
	const Fdbroker__V1__Result *result = a.message->result;

	assert_false(result->success);
	if (result->error->code != (Fdbroker__V1__ErrorCode)code)
		print_message("%s\n", result->error->text);
	assert_int_equal(result->error->code, code);
	raw_done(&a);
}

struct answer raw_call(int sock, Fdbroker__V1__ClientMessage *message, const int *fds, size_t n_fds)
{
	raw_send(sock, message, fds, n_fds);
	return raw_recv(sock);
}

static struct answer checked(struct answer a, int body)
{
	assert_non_null(a.message);
	if ((int)a.message->body_case != body &&
		a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR)
		print_message("%s\n", a.message->error->text);
	assert_int_equal(a.message->body_case, body);
	return a;
}

struct answer raw_status(int sock)
{
	Fdbroker__V1__Status status = FDBROKER__V1__STATUS__INIT;

	return checked(
		raw_ask(sock, STATUS, status, &status), FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS);
}

struct answer raw_show(int sock, uint64_t job)
{
	Fdbroker__V1__Show show = FDBROKER__V1__SHOW__INIT;

	show.has_job = true;
	show.job = job;
	return checked(
		raw_ask(sock, SHOW, show, &show), FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT);
}

struct answer raw_wait(int sock, uint64_t job)
{
	Fdbroker__V1__Wait wait = FDBROKER__V1__WAIT__INIT;

	wait.has_job = true;
	wait.job = job;
	return checked(
		raw_ask(sock, WAIT, wait, &wait), FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT);
}

unsigned raw_lent(int sock)
{
	struct answer a = raw_status(sock);
	unsigned n = a.message->status->lent;

	raw_done(&a);
	return n;
}

unsigned raw_sessions(int sock)
{
	struct answer a = raw_status(sock);
	unsigned n = a.message->status->sessions;

	raw_done(&a);
	return n;
}

unsigned raw_trees(int sock)
{
	struct answer a = raw_status(sock);
	unsigned n = a.message->status->trees;

	raw_done(&a);
	return n;
}
