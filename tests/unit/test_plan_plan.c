/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans for the zoo (tests/unit/data/zoo): for each mapping what is decided and what is said about it.
 * Facts are written by hand, so that each row is one case; every code of plan.h has a row.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "images.h"
#include "plan/key.h"
#include "plan/plan.h"

#define ZOO "tests/unit/data/zoo"

#define BIT(code) ((uint64_t)1 << (code))
#define MAX_IN    3

/* A mapping: a descriptor of the root, or, if text is not NULL, a target. */
struct in {
	uint32_t fd;
	const char *text, *lent;
	struct facts facts;
	bool reopen;
};

struct row {
	const char *name;
	struct in in[MAX_IN];
	uint64_t errors, warnings; /* exactly these codes */
	bool split;                /* of the first mapping, as are the next three */
	enum plan_how how;
	unsigned files;
	const char *key; /* NULL: not looked at */
	uint64_t risk;
};

static struct graph g;

static int zoo(void **state)
{
	int dir = open(ZOO, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err;
	int r;

	(void)state;
	r = load_graph(dir, &g, &err);
	close(dir);
	return r;
}

static int zoo_end(void **state)
{
	(void)state;
	graph_done(&g);
	return 0;
}

static void make(const struct in *in, size_t n, uint64_t risk, struct plan *p)
{
	struct plan_mapping_in mappings[MAX_IN] = { 0 };
	struct plan_request r = {
		.mappings = mappings, .n_mappings = n, .at_own_risk = risk, .nonce = 0xabc
	};
	char texts[MAX_IN][64];
	struct err err;

	for (size_t i = 0; i < n; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%u.%u", g.tasks[0].pid, in[i].fd);
		mappings[i] = (struct plan_mapping_in){ .name = in[i].lent ? in[i].lent : "lent",
			.facts = in[i].facts,
			.reopen = in[i].reopen };
		assert_int_equal(
			target_parse(in[i].text ? in[i].text : texts[i], &mappings[i].target, &err),
			0);
	}
	assert_int_equal(plan_make(&g, &r, p, &err), 0);
}

/* The codes of one level as names, so that a failure can be read. */
static void names(char *buf, size_t size, uint64_t codes)
{
	size_t used = 0;

	buf[0] = 0;
	for (int i = 0; i < PLAN_CODES; i++)
		if (codes & BIT(i))
			used += (size_t)snprintf(buf + used, size - used, "%s ", plan_code_name(i));
}

static void planned(void **state)
{
	const struct row *r = *state;
	autoplan struct plan p = { 0 };
	autosplit struct split_images images = { 0 };
	uint64_t said[2] = { 0 };
	char got[512], want[512];
	size_t n = 0;
	struct err err;

	while (n < MAX_IN && r->in[n].facts.kind + r->in[n].facts.error)
		n++;
	make(r->in, n, r->risk, &p);
	for (size_t i = 0; i < p.n_problems; i++) {
		said[p.problems[i].level] |= BIT(p.problems[i].code);
		assert_true(strlen(p.problems[i].text) > 10);
	}
	names(got, sizeof(got), said[PLAN_ERROR]);
	names(want, sizeof(want), r->errors);
	assert_string_equal(got, want);
	names(got, sizeof(got), said[PLAN_WARNING]);
	names(want, sizeof(want), r->warnings);
	assert_string_equal(got, want);
	assert_int_equal(p.mappings[0].files.n, r->files);
	assert_int_equal(p.mappings[0].split, r->split);
	assert_int_equal(p.mappings[0].how, r->how);
	if (r->key)
		assert_string_equal(p.mappings[0].key, r->key);
	assert_int_equal(plan_split(&p, &images, &err), 0);
	assert_int_equal(images.n > 0, p.n_splits > 0);
}

static void texts(void **state)
{
	struct in in = {
		.fd = 11, .lent = "log", .facts = { .kind = FACTS_PIPE, .flags = O_WRONLY }
	};
	autoplan struct plan p = { 0 };
	char want[256];

	(void)state;
	make(&in, 1, 0, &p);
	assert_int_equal(p.n_errors, 2);
	snprintf(want, sizeof(want),
		"lent 'log' (pipe, O_WRONLY) cannot stand for %u.11 (regular file, O_RDWR, /run/w/log)",
		g.tasks[0].pid);
	assert_string_equal(p.problems[0].text, want);
}

/* What changes is counted by task: 10 and its dup 12, in a table of two tasks and one of one. */
static void counts(void **state)
{
	struct in in = { .fd = 10, .facts = { .kind = FACTS_REGULAR, .flags = O_RDWR } };
	autoplan struct plan p = { 0 };

	(void)state;
	make(&in, 1, 0, &p);
	assert_int_equal(p.mappings[0].n_descs, 6);
	assert_int_equal(p.mappings[0].n_tasks, 3);
	/* the other opening, a mapping's record, the one in flight */
	assert_int_equal(p.mappings[0].n_stays, 3);
}

/* All criu keys of the zoo, mapped one by one, have exactly the open files that criu would hit. */
static void keys_hit(void **state)
{
	(void)state;
	for (uint32_t f = 0; f < g.n_files; f++) {
		char number[KEY_NUMBER_SIZE], text[300];
		const char *key = key_text(&g, f, number);
		struct in in = { .text = text,
			.facts = { .kind = FACTS_REGULAR, .flags = O_RDWR } };
		autoplan struct plan p = { 0 };

		if (!key || !key_is_held(&g, f))
			continue;
		snprintf(text, sizeof(text), "key:%s", key);
		make(&in, 1, ~(uint64_t)0, &p);
		assert_true(p.mappings[0].files.n > 0);
		for (size_t i = 0; i < p.mappings[0].files.n; i++)
			assert_int_equal(p.owners[p.mappings[0].files.files[i]], 0);
	}
}

static void pids(void **state)
{
	struct plan_pid taken = { .pid = 17, .holder = 99, .what = "the session of a process" };
	struct plan_request r = { .pids = &taken, .n_pids = 1 };
	autoplan struct plan p = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(plan_make(&g, &r, &p, &err), 0);
	assert_int_equal(p.n_errors, 1);
	assert_int_equal(p.problems[0].code, PLAN_PID_TAKEN);
	assert_int_equal(p.problems[0].mapping, NONE);
	assert_string_equal(p.problems[0].text,
		"pid 17 of the tree is taken: it is the session of a process, process 99");
}

static void codes(void **state)
{
	(void)state;
	for (int i = 0; i < PLAN_CODES; i++) {
		const char *name = plan_code_name(i);

		if (name)
			assert_int_equal(plan_code_of(name), i);
	}
	assert_int_equal(plan_code_of("nonsense"), -1);
	assert_null(plan_code_name(PLAN_CODES));
	assert_true(plan_code_acceptable(PLAN_WRONG_KIND));
	assert_false(plan_code_acceptable(PLAN_MAPPED_TWICE));
}

/* ---- needs ---- */

static void out_unix(struct out *o, uint32_t id, uint32_t ino, uint32_t peer)
{
	IMG(UnixSk, UNIX_SK, usk, .id = id, .ino = ino, .type = 1, .state = 1, .peer = peer);
	IMG(FileEntry, FILE_ENTRY, m, .type = FILE_UNIXSK, .id = id, .usk = &usk);

	out_record(o, &m);
}

static void out_tty(struct out *o, uint32_t id, uint32_t info)
{
	IMG(TtyFile, TTY_FILE, tty, .id = id, .tty_info_id = info);
	IMG(FileEntry, FILE_ENTRY, m, .type = FILE_TTY, .id = id, .tty = &tty);

	out_record(o, &m);
}

static void out_external(struct out *o, uint32_t id, const char *name)
{
	IMG(FownEntry, FOWN_ENTRY, fown, .uid = 0);
	IMG(RegFile, REG_FILE, reg, .id = id, .fown = &fown, .name = (char *)name, .has_ext = 1,
		.ext = 1);
	IMG(FileEntry, FILE_ENTRY, m, .type = FILE_REG, .id = id, .reg = &reg);

	out_record(o, &m);
}

static void out_plugin(struct out *o, uint32_t id)
{
	IMG(ExtFile, EXT_FILE, ext, .id = id);
	IMG(FileEntry, FILE_ENTRY, m, .type = FILE_EXT, .id = id, .ext = &ext);

	out_record(o, &m);
}

/* One task; 0 and 1 the writing end of a pipe opened twice, 2 a socket, 3 a terminal, 4 external, 5 plugin. */
/* A network and a pid namespace from outside, as runc leaves them out. */
static void put_spaces(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_IDS);
	IMG(TaskKobjIds, TASK_KOBJ_IDS, ids, .files_id = 1, .has_net_ns_id = 1, .net_ns_id = 20,
		.has_pid_ns_id = 1, .pid_ns_id = 21);
	IMG(NetnsEntry, NETNS_ENTRY, net, .ext_key = (char *)"extRootNetNS");
	IMG(PidnsEntry, PIDNS_ENTRY, pid, .ext_key = (char *)"extRootPidNS");

	out_record(&o, &ids);
	out_save(&o, i, "ids-10.img");
	o = out_begin(2, MAGIC_NETNS);
	out_record(&o, &net);
	out_save(&o, i, "netns-20.img");
	o = out_begin(2, MAGIC_PIDNS);
	out_record(&o, &pid);
	out_save(&o, i, "pidns-21.img");
}

static void needy(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_FILES);
	static const uint32_t types[] = { FILE_PIPE, FILE_PIPE, FILE_UNIXSK, FILE_TTY, FILE_REG,
		FILE_EXT };
	IMG(TtyInfo, TTY_INFO, tty, .id = 9, .type = 5, .rdev = 0x8801, .has_dev = 1, .dev = 0x1a);

	images_tree(i);
	put_spaces(i);
	out_pipe(&o, 1, O_WRONLY, 77);
	out_pipe(&o, 2, O_WRONLY, 77);
	out_unix(&o, 3, 500, 501);
	out_tty(&o, 4, 9);
	out_external(&o, 5, "file[1:2]");
	out_plugin(&o, 6);
	out_save(&o, i, "files.img");
	o = out_begin(2, MAGIC_FDINFO);
	for (uint32_t d = 0; d < sizeof(types) / sizeof(types[0]); d++)
		out_desc(&o, d, types[d], d + 1);
	put_descs(&o, i, 1);
	o = out_begin(2, MAGIC_TTY_INFO);
	out_record(&o, &tty);
	out_save(&o, i, "tty-info.img");
}

static void needs(void **state)
{
	static const struct {
		enum plan_need_code code;
		const char *target, *text;
	} want[] = {
		{ NEED_PIPE_END, "key:pipe:[77]",
			"10.0 is an end of pipe:[77], which has no reader in the tree" },
		{ NEED_SOCKET_PEER, "10.2",
			"10.2 is a unix socket connected to socket:[501] outside of the tree" },
		{ NEED_TERMINAL, "key:tty[8801:1a]", "10.3 is a terminal outside of the tree" },
		{ NEED_EXTERNAL, "key:file[1:2]", "10.4 is the external file file[1:2]" },
		{ NEED_PLUGIN, "10.5", "10.5 is restored by a plugin of criu" },
		{ NEED_NAMESPACE, "key:extRootPidNS",
			"the pid namespace comes from outside as extRootPidNS" },
		{ NEED_NAMESPACE, "key:extRootNetNS",
			"the network namespace comes from outside as extRootNetNS" },
	};
	autograph struct graph graph = { 0 };
	struct images i = images_begin();
	struct plan_request none = { 0 };
	autoplan struct plan p = { 0 };
	struct err err = { 0 };

	(void)state;
	needy(&i);
	if (load_graph(i.fd, &graph, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	assert_int_equal(plan_make(&graph, &none, &p, &err), 0);
	assert_int_equal(p.n_needs, sizeof(want) / sizeof(want[0]));
	for (size_t k = 0; k < p.n_needs; k++) {
		char buf[256];

		assert_int_equal(p.needs[k].code, want[k].code);
		assert_string_equal(
			plan_need_target(&graph, &p.needs[k], buf, sizeof(buf)), want[k].target);
		assert_string_equal(
			plan_need_text(&graph, &p.needs[k], buf, sizeof(buf)), want[k].text);
		/* fed back, it is met */
		struct plan_mapping_in in = { .name = "x",
			.facts = { .kind = FACTS_PIPE, .flags = O_RDWR } };
		struct plan_request one = { .mappings = &in, .n_mappings = 1 };
		autoplan struct plan met = { 0 };

		plan_need_target(&graph, &p.needs[k], buf, sizeof(buf));
		assert_int_equal(target_parse(buf, &in.target, &err), 0);
		assert_int_equal(plan_make(&graph, &one, &met, &err), 0);
		assert_int_equal(met.n_needs, p.n_needs - 1);
	}
	images_end(&i);
}

static void namespaces(void **state)
{
	autograph struct graph graph = { 0 };
	struct images i = images_begin();
	struct plan_mapping_in in[2] = { { .name = "net", .facts = { .kind = FACTS_NAMESPACE } },
		{ .name = "pipe", .facts = { .kind = FACTS_PIPE } } };
	struct plan_request r = { .mappings = in, .n_mappings = 2 };
	autoplan struct plan p = { 0 }, twice = { 0 };
	struct err err;

	(void)state;
	needy(&i);
	assert_int_equal(load_graph(i.fd, &graph, &err), 0);
	assert_int_equal(target_parse("extRootNetNS", &in[0].target, &err), 0);
	assert_int_equal(target_parse("extRootPidNS", &in[1].target, &err), 0);
	assert_int_equal(plan_make(&graph, &r, &p, &err), 0);
	assert_string_equal(p.mappings[0].key, "extRootNetNS");
	assert_int_equal(p.n_problems, 1);
	assert_int_equal(p.problems[0].code, PLAN_WRONG_KIND);
	assert_int_equal(p.problems[0].mapping, 1);
	in[1] = in[0];
	assert_int_equal(plan_make(&graph, &r, &twice, &err), 0);
	assert_int_equal(twice.n_problems, 1);
	assert_int_equal(twice.problems[0].code, PLAN_MAPPED_TWICE);
	images_end(&i);
}

#define REGULAR(f, p)                                                                              \
	{                                                                                          \
		.kind = FACTS_REGULAR, .mode = S_IFREG, .flags = f, .pos = p, .size = 100          \
	}
#define KIND(k, f)                                                                                 \
	{                                                                                          \
		.kind = FACTS_##k, .flags = f                                                      \
	}
#define STREAM                                                                                     \
	{                                                                                          \
		.kind = FACTS_SOCKET, .flags = O_RDWR, .sock_domain = AF_UNIX,                     \
		.sock_type = SOCK_STREAM                                                           \
	}
#define DGRAM                                                                                      \
	{                                                                                          \
		.kind = FACTS_SOCKET, .flags = O_RDWR, .sock_domain = AF_UNIX,                     \
		.sock_type = SOCK_DGRAM                                                            \
	}
#define CLOSED                                                                                     \
	{                                                                                          \
		.kind = FACTS_CLOSED, .error = EBADF                                               \
	}
#define OWN_KEY    "fdb/0000000000000abc/0"
/* Said of every regular file that is lent; of everything that the tree's tasks share. */
#define FILE_NOTES (BIT(PLAN_SHARED_WITH_LENDER) | BIT(PLAN_SHARED_BY_TASKS))
#define SHARED     BIT(PLAN_SHARED_BY_TASKS)

int main(void)
{
	struct row rows[] = {
		{ "one of two openings", { { .fd = 11, .facts = REGULAR(O_RDWR, 6) } }, 0,
			FILE_NOTES, true, PLAN_DUP, 1, OWN_KEY, 0 },
		{ "position", { { .fd = 11, .facts = REGULAR(O_RDWR, 0) } }, 0,
			FILE_NOTES | BIT(PLAN_POSITION_DIFFERS), true, PLAN_DUP, 1, NULL, 0 },
		{ "append", { { .fd = 10, .facts = REGULAR(O_WRONLY, 11) } }, 0,
			FILE_NOTES | BIT(PLAN_APPEND_DIFFERS), true, PLAN_DUP, 1, NULL, 0 },
		{ "reopened for appending",
			{ { .fd = 10, .facts = REGULAR(O_WRONLY, 0), .reopen = true } }, 0, SHARED,
			true, PLAN_REOPEN, 1, "/" OWN_KEY, 0 },
		{ "reopened, overwrites",
			{ { .fd = 11, .facts = REGULAR(O_RDWR, 0), .reopen = true } }, 0,
			SHARED | BIT(PLAN_OVERWRITES), true, PLAN_REOPEN, 1, NULL, 0 },
		{ "alone on its path: by key", { { .fd = 13, .facts = REGULAR(O_RDWR, 5) } }, 0,
			FILE_NOTES, false, PLAN_DUP, 1, "run/w/gone", 0 },
		{ "access", { { .fd = 11, .facts = REGULAR(O_RDONLY, 6) } }, BIT(PLAN_WRONG_ACCESS),
			FILE_NOTES, true, PLAN_DUP, 1, NULL, 0 },
		{ "access accepted", { { .fd = 11, .facts = REGULAR(O_RDONLY, 6) } }, 0,
			FILE_NOTES | BIT(PLAN_WRONG_ACCESS), true, PLAN_DUP, 1, NULL,
			BIT(PLAN_WRONG_ACCESS) },
		{ "only a path", { { .fd = 11, .facts = REGULAR(O_PATH, 6) } },
			BIT(PLAN_WRONG_ACCESS), FILE_NOTES, true, PLAN_DUP, 1, NULL, 0 },
		{ "pipe for a file", { { .fd = 11, .facts = KIND(PIPE, O_RDWR) } },
			BIT(PLAN_WRONG_KIND), SHARED, true, PLAN_DUP, 1, NULL, 0 },
		{ "closed", { { .fd = 11, .facts = CLOSED } }, BIT(PLAN_LENT_CLOSED), 0, false,
			PLAN_DUP, 0, NULL, 0 },
		{ "no match", { { .text = "pipe[5]", .facts = KIND(PIPE, O_RDWR) } },
			BIT(PLAN_NO_MATCH), 0, false, PLAN_DUP, 0, NULL, 0 },
		{ "mapped twice, through a dup",
			{ { .fd = 10, .facts = REGULAR(O_WRONLY | O_APPEND, 11) },
				{ .fd = 12, .facts = REGULAR(O_WRONLY, 11) } },
			BIT(PLAN_MAPPED_TWICE), FILE_NOTES, true, PLAN_DUP, 1, NULL, 0 },
		{ "two numbers for two",
			{ { .text = "fd[5]:run/w/gone", .facts = REGULAR(O_RDWR, 5) },
				{ .text = "fd[5]:dev/zero",
					.lent = "b",
					.facts = KIND(CHAR, O_RDWR) } },
			BIT(PLAN_NUMBER_TWICE), FILE_NOTES, false, PLAN_DUP, 1, NULL, 0 },
		{ "one number for one, twice",
			{ { .text = "fd[5]:run/w/gone", .lent = "b", .facts = REGULAR(O_RDWR, 5) },
				{ .text = "fd[5]:dev/zero",
					.lent = "b",
					.facts = KIND(CHAR, O_RDWR) } },
			BIT(PLAN_NUMBER_TWICE), FILE_NOTES, false, PLAN_DUP, 1, NULL, 0 },
		{ "log by key: its mapping too",
			{ { .text = "run/w/log", .facts = REGULAR(O_RDWR, 6) } },
			BIT(PLAN_MAPPING_REPLACED),
			FILE_NOTES | BIT(PLAN_SEVERAL_FILES) | BIT(PLAN_POSITION_DIFFERS) |
				BIT(PLAN_APPEND_DIFFERS),
			false, PLAN_DUP, 4, "run/w/log", 0 },
		{ "program", { { .text = "run/zoo", .facts = REGULAR(O_RDONLY, 0) } },
			BIT(PLAN_EXE_REPLACED) | BIT(PLAN_MAPPING_REPLACED), 0, false, PLAN_DUP, 1,
			"run/zoo", 0 },
		{ "working directory", { { .text = "run/w", .facts = KIND(DIRECTORY, 0) } }, 0,
			SHARED | BIT(PLAN_CWD_REPLACED), false, PLAN_DUP, 4, NULL, 0 },
		{ "root directory", { { .text = ".", .facts = KIND(DIRECTORY, 0) } },
			BIT(PLAN_ROOT_REPLACED), 0, false, PLAN_DUP, 3, NULL, 0 },
		{ "directory alone", { { .fd = 39, .facts = KIND(DIRECTORY, 0) } }, 0, SHARED, true,
			PLAN_DUP, 1, OWN_KEY, 0 },
		{ "reading end", { { .fd = 14, .facts = KIND(PIPE, O_RDONLY) } }, 0,
			SHARED | BIT(PLAN_DATA_LOST) | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1,
			OWN_KEY, 0 },
		{ "writing end", { { .fd = 15, .facts = KIND(PIPE, O_WRONLY) } }, 0,
			SHARED | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1, NULL, 0 },
		{ "file for the writing end", { { .fd = 15, .facts = REGULAR(O_WRONLY, 0) } }, 0,
			FILE_NOTES | BIT(PLAN_PEER_CUT) | BIT(PLAN_KIND_DIFFERS), true, PLAN_DUP, 1,
			NULL, 0 },
		{ "wrong end", { { .fd = 15, .facts = KIND(PIPE, O_RDONLY) } },
			BIT(PLAN_WRONG_ACCESS), SHARED | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1,
			NULL, 0 },
		{ "both ends",
			{ { .fd = 41, .facts = KIND(PIPE, O_RDONLY | O_NONBLOCK) },
				{ .fd = 42, .facts = KIND(PIPE, O_WRONLY | O_NONBLOCK) } },
			0, SHARED, true, PLAN_DUP, 1, NULL, 0 },
		{ "blocking pipe for one that was not",
			{ { .fd = 42, .facts = KIND(PIPE, O_WRONLY) } }, 0,
			SHARED | BIT(PLAN_NONBLOCK_DIFFERS) | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1,
			NULL, 0 },
		{ "eventfd for a file, reopened",
			{ { .fd = 11, .facts = KIND(EVENTFD, O_RDWR), .reopen = true } },
			BIT(PLAN_WRONG_KIND) | BIT(PLAN_CANNOT_REOPEN), SHARED, true, PLAN_REOPEN,
			1, NULL, 0 },
		{ "file for a watched pipe", { { .fd = 14, .facts = REGULAR(O_RDONLY, 0) } },
			BIT(PLAN_NOT_POLLABLE),
			FILE_NOTES | BIT(PLAN_KIND_DIFFERS) | BIT(PLAN_DATA_LOST) |
				BIT(PLAN_PEER_CUT),
			true, PLAN_DUP, 1, NULL, 0 },
		{ "watched, and the epoll goes too",
			{ { .fd = 14, .facts = REGULAR(O_RDONLY, 0) },
				{ .fd = 29, .facts = KIND(EPOLL, O_RDWR) } },
			0,
			FILE_NOTES | BIT(PLAN_KIND_DIFFERS) | BIT(PLAN_DATA_LOST) |
				BIT(PLAN_PEER_CUT),
			true, PLAN_DUP, 1, NULL, 0 },
		{ "FIFO, one opening", { { .fd = 16, .facts = KIND(PIPE, O_RDWR) } }, 0,
			SHARED | BIT(PLAN_DATA_LOST), true, PLAN_DUP, 1, NULL, 0 },
		{ "FIFO by path",
			{ { .text = "path:/run/w/fifo",
				.facts = KIND(FIFO, O_RDWR | O_NONBLOCK) } },
			0,
			SHARED | BIT(PLAN_DATA_LOST) | BIT(PLAN_SEVERAL_FILES) |
				BIT(PLAN_NONBLOCK_DIFFERS),
			false, PLAN_DUP, 2, "run/w/fifo", 0 },
		{ "memfd, one opening", { { .fd = 19, .facts = KIND(MEMFD, O_RDONLY) } }, 0,
			FILE_NOTES, true, PLAN_DUP, 1, NULL, 0 },
		{ "memfd that is mapped", { { .fd = 43, .facts = KIND(MEMFD, O_RDWR) } }, 0,
			FILE_NOTES, true, PLAN_DUP, 1, NULL, 0 },
		{ "mapped memfd by key",
			{ { .text = "/memfd:mapped", .facts = KIND(MEMFD, O_RDWR) } },
			BIT(PLAN_MAPPING_REPLACED), FILE_NOTES, false, PLAN_DUP, 2, NULL, 0 },
		{ "half a pair", { { .fd = 22, .facts = STREAM } }, 0, SHARED | BIT(PLAN_PEER_CUT),
			true, PLAN_DUP, 1, OWN_KEY, 0 },
		{ "half a pair with a queue", { { .fd = 21, .facts = STREAM } }, 0,
			SHARED | BIT(PLAN_PEER_CUT) | BIT(PLAN_DATA_LOST), true, PLAN_DUP, 1, NULL,
			0 },
		{ "a whole pair", { { .fd = 22, .facts = STREAM }, { .fd = 21, .facts = STREAM } },
			0, SHARED | BIT(PLAN_DATA_LOST), true, PLAN_DUP, 1, NULL, 0 },
		{ "datagram for stream", { { .fd = 22, .facts = DGRAM } }, BIT(PLAN_WRONG_KIND),
			SHARED | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1, NULL, 0 },
		{ "server with a client", { { .fd = 37, .facts = DGRAM } }, 0,
			SHARED | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1, NULL, 0 },
		{ "client of a server", { { .fd = 38, .facts = DGRAM } }, 0, SHARED, true, PLAN_DUP,
			1, NULL, 0 },
		{ "not listening", { { .fd = 33, .facts = STREAM } }, BIT(PLAN_WRONG_KIND),
			SHARED | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1, NULL, 0 },
		{ "slave of a pty, another terminal",
			{ { .fd = 26,
				.facts = { .kind = FACTS_TERMINAL,
					.flags = O_RDWR,
					.rdev = makedev(136, 77) } } },
			0, SHARED | BIT(PLAN_PEER_CUT), false, PLAN_DUP, 1, NULL, 0 },
		{ "slave of a pty, its number",
			{ { .fd = 26,
				.facts = { .kind = FACTS_TERMINAL,
					.flags = O_RDWR,
					.rdev = makedev(136, 0) } } },
			BIT(PLAN_PTY_NUMBER), SHARED | BIT(PLAN_PEER_CUT), false, PLAN_DUP, 1, NULL,
			0 },
		{ "slave of a pty, a pipe", { { .fd = 26, .facts = KIND(PIPE, O_RDWR) } }, 0,
			SHARED | BIT(PLAN_PEER_CUT) | BIT(PLAN_KIND_DIFFERS), true, PLAN_DUP, 1,
			NULL, 0 },
		{ "master of a pty",
			{ { .fd = 25,
				.facts = { .kind = FACTS_TERMINAL,
					.flags = O_RDWR,
					.pty_index = 77,
					.rdev = makedev(5, 2) } } },
			0, SHARED | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1, NULL, 0 },
		{ "master of a pty, its number",
			{ { .fd = 25,
				.facts = { .kind = FACTS_TERMINAL,
					.flags = O_RDWR,
					.pty_index = 0,
					.rdev = makedev(5, 2) } } },
			BIT(PLAN_PTY_NUMBER), SHARED | BIT(PLAN_PEER_CUT), true, PLAN_DUP, 1, NULL,
			0 },
		{ "eventfd", { { .fd = 27, .facts = KIND(EVENTFD, O_RDWR) } }, 0, SHARED, true,
			PLAN_DUP, 1, NULL, 0 },
		{ "timerfd", { { .fd = 28, .facts = KIND(TIMERFD, O_RDWR) } }, 0, SHARED, true,
			PLAN_DUP, 1, NULL, 0 },
		{ "signalfd for an eventfd", { { .fd = 27, .facts = KIND(SIGNALFD, O_RDWR) } },
			BIT(PLAN_WRONG_KIND), SHARED, true, PLAN_DUP, 1, NULL, 0 },
		{ "pidfd of one table", { { .fd = 32, .facts = KIND(PIDFD, O_RDWR) } }, 0, SHARED,
			true, PLAN_DUP, 1, NULL, 0 },
	};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[N + 7] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(counts),
		cmocka_unit_test(keys_hit),
		cmocka_unit_test(pids),
		cmocka_unit_test(codes),
		cmocka_unit_test(needs),
		cmocka_unit_test(namespaces),
	};

	for (size_t i = 0; i < N; i++)
		tests[7 + i] = (struct CMUnitTest){ rows[i].name, planned, NULL, NULL, &rows[i] };
	return cmocka_run_group_tests_name("plan/plan", tests, zoo, zoo_end);
}
