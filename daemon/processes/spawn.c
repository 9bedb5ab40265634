/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program with exactly these descriptors. See spawn.h.
 *
 * Lives here: the request to the child, and the way from the child to the program. Where the child comes
 * from: zygote.c. In which order descriptors are copied: place.c.
 */
#include "processes/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "processes/parcel.h"
#include "processes/zygote.h"

/*
 * What goes to the child: this, then the number for each want, the groups, then the strings: path, arguments, environment. Its
 * descriptors: the report, the working directory, the images (if there are any), one for each want.
 */
struct request {
	size_t n_wants, n_argv, n_envp;
	bool has_images, has_run_as;
	uid_t uid; /* this and what follows: if has_run_as */
	gid_t gid;
	size_t n_groups;
	uint64_t caps;
};

/* ---- in the child ---- */

static _Noreturn void fail(struct spawn_report *report, enum spawn_stage stage)
{
	report->sys = errno;
	report->stage = stage;
	_exit(127);
}

static int raise_nofile(void)
{
	struct rlimit nofile;

	if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return -1;
	nofile.rlim_cur = nofile.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &nofile);
}

/* The only place of the project that makes descriptors inheritable. */
static int apply(const struct place_plan *plan)
{
	unsigned next = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct place_step *step = &plan->steps[i];
		int r = step->from == step->to ? fcntl(step->to, F_SETFD, 0)
					       : dup2(step->from, step->to);

		if (r < 0)
			return -1;
	}
	for (size_t i = 0; i < plan->n_keep; i++) {
		unsigned keep = (unsigned)plan->keep[i];

		if (keep > next && close_range(next, keep - 1, 0) < 0)
			return -1;
		next = keep + 1;
	}
	return close_range(next, ~0U, 0);
}

/* The request, taken apart. Its bytes come from the daemon itself. */
struct parts {
	struct request head;
	const int *numbers;
	struct credentials run_as; /* borrowed groups */
	const char *path;
	char **argv, **envp; /* each with a NULL behind it */
	const int *fds;
};

static int take_apart(const struct parcel *p, struct parts *ret)
{
	const struct request *head = (const struct request *)p->bytes;
	const int *numbers = (const int *)(head + 1);
	gid_t *groups = (gid_t *)(numbers + head->n_wants);
	const char *path = (const char *)(groups + head->n_groups);
	char *string = (char *)path + strlen(path) + 1;
	char **lists = calloc(head->n_argv + head->n_envp + 2, sizeof(*lists)), **next = lists;

	if (!lists)
		return -1;
	for (size_t i = 0; i < head->n_argv + head->n_envp; i++) {
		if (i == head->n_argv)
			next++; /* the NULL */
		*next++ = string;
		string += strlen(string) + 1;
	}
	*ret = (struct parts){ .head = *head,
		.numbers = numbers,
		.run_as = { head->uid, head->gid, groups, head->n_groups },
		.path = path,
		.argv = lists,
		.envp = lists + head->n_argv + 1,
		.fds = p->fds.fds };
	return 0;
}

static int place(const struct parts *parts, struct place_plan *ret)
{
	const int *fds = parts->fds + 2 + parts->head.has_images;
	struct place_want *wants = calloc(parts->head.n_wants + 1, sizeof(*wants));
	struct rlimit nofile;
	int r;

	if (!wants || getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return -1;
	for (size_t i = 0; i < parts->head.n_wants; i++)
		wants[i] = (struct place_want){ fds[i], parts->numbers[i] };
	r = place_make(wants, parts->head.n_wants,
		nofile.rlim_max > INT32_MAX ? INT32_MAX : (int)nofile.rlim_max, ret);
	errno = r < 0 ? -r : 0;
	return r;
}

static _Noreturn void become(const struct parts *parts, struct spawn_report *report)
{
	struct place_plan plan;

	(void)setsid();
	(void)umask(022);
	errno = parts->head.has_run_as ? -credentials_become(&parts->run_as, parts->head.caps) : 0;
	if (errno)
		fail(report, SPAWN_RIGHTS);
	if (fchdir(parts->fds[1]) < 0)
		fail(report, SPAWN_CWD);
	if (parts->head.has_images &&
		faccessat(parts->fds[2], "inventory.img", R_OK, AT_EACCESS) < 0)
		fail(report, SPAWN_IMAGES);
	if (raise_nofile() < 0)
		fail(report, SPAWN_LIMITS);
	if (place(parts, &plan) < 0 || apply(&plan) < 0)
		fail(report, SPAWN_PLACE);
	execve(parts->path, parts->argv, parts->envp);
	fail(report, SPAWN_EXEC);
}

/* A zygote_main. */
static void child(int sock)
{
	struct spawn_report *report;
	struct parcel parcel;
	struct parts parts;

	if (parcel_recv(sock, &parcel) < 0)
		_exit(127);
	report = mmap(
		NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, parcel.fds.fds[0], 0);
	if (report == MAP_FAILED || take_apart(&parcel, &parts) < 0)
		_exit(127);
	become(&parts, report);
}

/* ---- in the daemon ---- */

static size_t count(char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static void put_strings(FILE *out, char *const *list)
{
	for (; *list; list++)
		(void)fwrite(*list, 1, strlen(*list) + 1,
			out); /* what does not fit is seen by ferror() */
}

static int pack(const struct spawn_spec *spec, char **ret, size_t *ret_size)
{
	static const struct credentials ours;
	const struct credentials *as = spec->run_as ?: &ours;
	const struct request head = {
		.n_wants = spec->n_wants,
		.n_argv = count(spec->argv),
		.n_envp = count(spec->envp),
		.has_images = spec->images >= 0,
		.has_run_as = spec->run_as,
		.uid = as->uid,
		.gid = as->gid,
		.n_groups = as->n_groups,
		.caps = spec->caps,
	};
	char *const path[] = { (char *)spec->path, NULL };
	FILE *out = open_memstream(ret, ret_size);
	bool bad;

	if (!out)
		return -errno;
	(void)fwrite(&head, sizeof(head), 1, out);
	for (size_t i = 0; i < spec->n_wants; i++)
		(void)fwrite(&spec->wants[i].to, sizeof(int), 1, out);
	if (as->n_groups)
		(void)fwrite(as->groups, sizeof(gid_t), as->n_groups, out);
	put_strings(out, path);
	put_strings(out, spec->argv);
	put_strings(out, spec->envp);
	bad = ferror(out) != 0;
	bad |= fclose(out) != 0;
	return bad ? -ENOMEM : 0;
}

static int send_request(int sock, const struct spawn_spec *spec, int report)
{
	autofree int *fds = calloc(3 + spec->n_wants, sizeof(*fds));
	autofree char *bytes = NULL;
	size_t size = 0, n = 0;
	int r;

	if (!fds)
		return -ENOMEM;
	fds[n++] = report;
	fds[n++] = spec->cwd;
	if (spec->images >= 0)
		fds[n++] = spec->images;
	for (size_t i = 0; i < spec->n_wants; i++)
		fds[n++] = spec->wants[i].from;
	r = pack(spec, &bytes, &size);
	return r < 0 ? r : parcel_send(sock, bytes, size, fds, n);
}

/* Memory shared with the child. Return: a descriptor for the child, and the memory in @ret; or -errno. */
static int make_report(struct spawn_report **ret)
{
	autofd int fd = memfd_create("report", MFD_CLOEXEC);
	void *map;

	if (fd < 0 || ftruncate(fd, sizeof(**ret)) < 0)
		return -errno;
	map = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	*ret = map;
	return TAKE_FD(fd);
}

/* Makes the child and tells it what to be. */
static int start(const struct spawn_spec *spec, int report, struct zygote_child *ret)
{
	struct zygote_child new;
	autofd int sock = -1;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	sock = pair[0];
	r = zygote_clone(child, pair[1], spec->cgroup, &new);
	if (r < 0)
		return r;
	r = send_request(sock, spec, report);
	if (r < 0) {
		(void)pidfd_send_signal(new.pidfd, SIGKILL, NULL, 0);
		close(new.pidfd);
		return r;
	}
	*ret = new;
	return 0;
}

int spawn_start(const struct spawn_spec *spec, struct spawned *ret, struct err *err)
{
	struct spawn_report *report = NULL;
	autofd int report_fd = make_report(&report);
	struct zygote_child new = { 0 };
	int r = report_fd < 0 ? report_fd : start(spec, report_fd, &new);

	if (r < 0) {
		spawn_report_free(report);
		return err_set(err, ERR_INTERNAL, -r, NULL, "cannot start a program");
	}
	*ret = (struct spawned){ .pid = new.pid, .pidfd = new.pidfd, .report = report };
	return 0;
}

void spawn_report_free(struct spawn_report *report)
{
	if (report)
		(void)munmap(report, sizeof(*report));
}
