/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Logs of criu in words. tests/unit/data/explain has what is left of the logs of real failures when lines that
 * do not matter are taken out, and for some the images as one bundle (tests/fuzz/fuzz.h). docs/errors.md must
 * say the same.
 */
#include "images.h"

#include <time.h>

#include "../fuzz/fuzz.h"
#include "plan/explain.h"
#include "plan/explain_rules.h"
#include "plan/load.h"

#define DATA      "tests/unit/data/explain"
#define DOC       "docs/errors.md"
#define MAX_BYTES (1u << 20)

struct bytes {
	char *p; /* ends with a zero that is not counted */
	size_t n;
};

static struct bytes read_all(const char *path)
{
	struct bytes b = { calloc(1, MAX_BYTES), 0 };
	FILE *f = fopen(path, "re");

	assert_non_null(b.p);
	if (f) {
		b.n = fread(b.p, 1, MAX_BYTES - 1, f);
		fclose(f);
	}
	return b;
}

/* ---- real failures ---- */

static const struct real {
	const char *name, *reason, *text;
	const char *mapping; /* TARGET=LENT, or NULL */
} reals[] = {
	{ "udp-bind", "address-taken",
		"descriptor 4 of task 11 (ready) and 1 more, socket:[3534000]: the socket's address or port is in use here",
		NULL },
	{ "hwbreak", "breakpoints",
		"all is restored, and criu waits for a hardware breakpoint which does not fire",
		NULL },
	{ "cap-netadmin", "capability", "criu has not got CAP_NET_ADMIN", NULL },
	{ "cap-setuid", "capability",
		"task 10 (ready): criu may not change the capabilities of the tasks", NULL },
	{ "eperm-clone3", "capability", "criu may not choose the pid 10", NULL },
	{ "nobody", "capability", "criu has neither CAP_SYS_ADMIN nor CAP_CHECKPOINT_RESTORE",
		NULL },
	{ "cgroup-strict", "cgroup",
		"a cgroup of the tree is there already, and criu was told to make it anew", NULL },
	{ "img-nomm", "crashed",
		"task 10 was ended by signal 11 while it was restored; the last that it said: 'Create fd for 2'",
		NULL },
	{ "halfpair", "descriptor-waits",
		"descriptor 4 of task 16 (kinds) and 1 more, socket:[3551132]: criu waits for an open file that no other task of the tree sends",
		NULL },
	{ "extfile", "external-missing",
		"descriptor 3 of task 12 (ready): nothing is lent for file[58:2], which the images have as a file from outside",
		NULL },
	{ "extmnt", "external-missing",
		"a mount (number 115) was declared to be from outside, and the restore does not say what to put there",
		NULL },
	{ "netns-missing", "external-missing",
		"task 14 (ready): nothing is lent for the network namespace from outside, extRootNetNS",
		NULL },
	{ "cwd-missing", "file-missing",
		"the working directory of task 12 (ready): /tmp/k is missing", NULL },
	{ "fifo-missing", "file-missing",
		"descriptor 3 of task 11 (ready) and 1 more: /tmp/k/fifo, a FIFO, is missing",
		NULL },
	{ "inotify-nodir", "file-missing",
		"descriptor 3 of task 11 (ready) and 1 more: /tmp/k, which is watched, is missing",
		NULL },
	{ "listen-nodir", "file-missing",
		"descriptor 3 of task 11 (ready) and 1 more: the directory of the socket /tmp/k/socket is missing",
		NULL },
	{ "missing", "file-missing", "descriptor 3 of task 11 (ready): /tmp/d/data is missing",
		NULL },
	{ "img-march", "images-architecture",
		"the images are of another kind of processor (number 3 of criu's)", NULL },
	{ "img-cutcore", "images-damaged", "an image file ends too early: /tmp/images/core-10.img",
		NULL },
	{ "img-magic", "images-damaged", "core-10.img is not the image file that its name says",
		NULL },
	{ "img-nocore", "images-damaged", "an image file is missing: core-10.img", NULL },
	{ "img-nopages", "images-damaged",
		"task 10 (ready): the memory pages cannot be read (error 9): a pages-*.img is missing or cut",
		NULL },
	{ "img-version", "images-version",
		"the images have the version 9, which this criu does not know", NULL },
	{ "nosys-clone3", "kernel-feature",
		"this kernel, or a filter of system calls, does not let criu make the process 10 with its pid",
		NULL },
	{ "nosys-ptrace", "kernel-feature",
		"this kernel, or a filter of system calls, lacks what criu needs: Unable to ptrace the child",
		NULL },
	{ "device-file", "kind-changed",
		"descriptor 3 of task 12 (ready): /tmp/k/zero is a regular file now, and a device in the images",
		NULL },
	{ "fifo-isfile", "kind-changed",
		"descriptor 3 of task 11 (ready) and 1 more, /tmp/k/fifo: what was a pipe or FIFO is none now",
		NULL },
	{ "isdir", "kind-changed", "descriptor 3 of task 10 (ready): /tmp/data is a directory now",
		NULL },
	{ "inherit-closed", "lent-unfit",
		"criu was told to inherit its descriptor 77, which is closed", NULL },
	{ "inherit-socket", "lent-unfit",
		"descriptor 3 of task 10 (ready), pipe:[3566530]: what is lent for a pipe is a socket, or a FIFO without a reader: criu cannot open it anew",
		NULL },
	{ "netns-bad", "lent-unfit", "task 14 (ready): what is lent for a net namespace is none",
		NULL },
	{ "pipe-perm", "lent-unfit",
		"descriptor 3 of task 10 (ready), pipe:[3688125]: criu cannot open anew what is lent for a pipe: Permission denied",
		NULL },
	{ "reopen-dir", "lent-unfit",
		"descriptor 3 of task 12 (ready), file[60:2]: what is lent cannot be opened anew: Is a directory",
		NULL },
	{ "reopen-size", "lent-unfit",
		"descriptor 3 of task 12 (ready), file[60:2]: what is lent as 'data' is 5 bytes long, and criu opens it anew only if it has the 2 bytes of the images",
		"12.3=data" },
	{ "linkremap", "link-remap-gone",
		"descriptor 3 of task 11 (ready) and 3 more: /tmp/k/link_remap.6, which criu made at the dump to keep the removed file /tmp/k/file, is gone",
		NULL },
	{ "lock", "lock-waits",
		"descriptor 3 of task 9 (flock) and 1 more, /tmp/lk: criu waits for a file lock that somebody else holds",
		NULL },
	{ "mode", "mode-changed",
		"descriptor 3 of task 10 (ready): /tmp/data has the permissions 0600 now, and 0644 in the images",
		NULL },
	{ "extmnt-bad", "mount", "task 11 (ready): what is to be mounted is missing: /nosuch",
		NULL },
	{ "mntns-empty-root", "mount",
		"task 11 (ready): the place of the mount /proc is missing in the root directory",
		NULL },
	{ "mntns-missing-root", "mount",
		"task 11 (ready): the root directory /tmp/nosuch is missing", NULL },
	{ "nofile", "no-descriptors", "task 10 (ready): the limit of open descriptors is too low",
		NULL },
	{ "device-enodev", "no-device",
		"descriptor 3 of task 12 (ready): nothing stands behind the device or socket /tmp/k/zero here",
		NULL },
	{ "enomem-clone3", "no-memory", "there is not enough memory: Can't fork for 10", NULL },
	{ "eagain-clone3", "no-processes",
		"the process 10 cannot be made: a limit of processes has been reached", NULL },
	{ "nospace", "no-space",
		"task 12 (ready): there is no room to bring back /tmp/k/file, which was removed while it was open",
		NULL },
	{ "tty-shell", "no-tty",
		"descriptor 0 of task 12 (ready) and 2 more, /dev/pts/0: its terminal was that of the shell which started it, and criu has been given no terminal",
		NULL },
	{ "exttty-notty", "not-a-tty",
		"descriptor 3 of task 13 (ready) and 1 more, tty[8800:1a], for which 'screen' is lent: what is lent for a terminal is none",
		"13.3=screen" },
	{ "fifo-hang", "open-waits",
		"descriptor 3 of task 10 (ready), for which 'out' is lent: criu waits in opening what is lent for pipe:[3576711]: a FIFO that nobody has open at its other side",
		"10.3=out" },
	{ "peer-dgram-gone", "peer-gone",
		"descriptor 9 of task 16 (python3), socket:[3537543]: a unix socket (inode 3537543) cannot be connected to its peer outside of the tree again: Connection refused",
		NULL },
	{ "peer", "peer-missing",
		"descriptor 9 of task 15 (python3), socket:[3548789]: a unix socket is connected to one outside of the tree, and nothing is lent for it",
		NULL },
	{ "peer-unresolved", "peer-missing",
		"descriptor 3 of task 18 (ready) and 1 more, socket:[4265069]: a unix socket (inode 4265069) is connected to one outside of the tree (inode 4264275), and nothing is lent for it",
		NULL },
	{ "perm", "permission", "descriptor 3 of task 11 (ready): criu may not open /tmp/d/data",
		NULL },
	{ "pid", "pid-taken", "pid 10 of the tree is taken: it is a process named sleep", NULL },
	{ "exe-buildid", "program-changed",
		"the program of task 12 (ready): /tmp/fdholder is another build than the one that is in the images",
		NULL },
	{ "exe-mode", "program-changed",
		"the program of task 12 (ready): /tmp/fdholder has the permissions 0700 now, and 0755 in the images",
		NULL },
	{ "exe-size", "program-changed",
		"the program of task 12 (ready): /tmp/fdholder is 781465 bytes long now, and 781464 bytes in the images",
		NULL },
	{ "exe-missing", "program-missing",
		"the program of task 12 (ready): /tmp/fdholder is missing", NULL },
	{ "pty-index", "pty-taken",
		"descriptor 3 of task 11 (ready) and 1 more, /dev/ptmx: the number 0 of a pseudoterminal (pts/0) is in use here",
		NULL },
	{ "ghost-rofs", "read-only",
		"task 12 (ready): criu cannot bring back /tmp/k/file, which was removed while it was open: its file system is read-only now",
		NULL },
	{ "rofs", "read-only",
		"descriptor 3 of task 12 (ready): /tmp/d/data is on a file system that is read-only now, and was open for writing",
		NULL },
	{ "script", "refused", "the script /bin/false has stopped the restore", NULL },
	{ "mntns-noroot", "root-needed",
		"task 11 (ready): the tree has a mount namespace of its own, and the restore names no root directory",
		NULL },
	{ "size", "size-changed",
		"descriptor 4 of task 10 (ready) and 2 more: /tmp/data is 14 bytes long now, and 7 bytes in the images",
		NULL },
	{ "tcp-close", "tcp-connection",
		"the images were dumped to have their TCP connections closed, and the restore was not told so",
		NULL },
	{ "tcp-noopt", "tcp-connection",
		"descriptor 4 of task 11 (ready) and 1 more, socket:[3532645]: a TCP connection is in the images, and criu was not told what to do with it",
		NULL },
	{ "exttty", "tty-outside",
		"descriptor 3 of task 13 (ready) and 1 more, tty[8800:1a]: a terminal that was declared to be from outside has nothing lent for it",
		NULL },
	{ "tty-noshell", "tty-outside",
		"descriptor 0 of task 12 (ready) and 2 more, /dev/pts/0: the other side of the terminal pts/0 is outside of the tree",
		NULL },
};
#define N_REALS (sizeof(reals) / sizeof(reals[0]))

static const char *holder(void *arg, pid_t pid, char *buf, size_t size)
{
	*(pid_t *)arg = pid;
	snprintf(buf, size, "a process named sleep");
	return buf;
}

/* Return: false if there are no images for this one. */
static bool load_real(const char *name, struct graph *g)
{
	struct bytes images;
	struct bundle b;
	struct err err;
	char path[160];

	snprintf(path, sizeof(path), DATA "/%s.images", name);
	images = read_all(path);
	if (images.n) {
		bundle_open(&b, (const uint8_t *)images.p, images.n);
		if (load_graph(b.dir, g, &err) < 0)
			fail_msg("%s: %s: %s", path, err.field, err.text);
		bundle_close(&b);
	}
	free(images.p);
	return images.n != 0;
}

static void explain_real(const struct real *r, struct explained *ret)
{
	struct explain_mapping m = { 0 };
	struct graph g = { 0 };
	pid_t asked = 0;
	struct explain_about about = { .mappings = &m, .who_has_pid = holder, .arg = &asked };
	struct bytes log;
	char path[160], target[64] = "";

	if (load_real(r->name, &g))
		about.graph = &g;
	if (r->mapping) {
		snprintf(target, sizeof(target), "%.*s", (int)strcspn(r->mapping, "="), r->mapping);
		m.target = target;
		m.lent = strchr(r->mapping, '=') + 1;
		about.n_mappings = 1;
	}
	snprintf(path, sizeof(path), DATA "/%s.log", r->name);
	log = read_all(path);
	assert_true(log.n > 0);
	assert_true(explain_log(&about, log.p, log.n, ret));
	assert_int_equal(asked, strcmp(r->reason, "pid-taken") == 0 ? 10 : 0);
	free(log.p);
	graph_done(&g);
}

static void real(void **state)
{
	const struct real *r = *state;
	struct explained e;

	explain_real(r, &e);
	assert_string_equal(e.reason, r->reason);
	assert_string_equal(e.text, r->text);
	assert_string_equal(e.hint, explain_hint(r->reason));
	assert_true(e.hint[0]);
}

/* Cut anywhere, and with any byte replaced, it is still one printable line. */
static void spoilt(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_REALS; i += 3) {
		struct explained e;
		struct bytes log;
		char path[160];

		snprintf(path, sizeof(path), DATA "/%s.log", reals[i].name);
		log = read_all(path);
		for (size_t k = 0; k < log.n; k++) {
			char was = log.p[k];
			char *copy = memcpy(
				malloc(k + 1), log.p, k); /* so that a sanitizer sees its end */

			(void)explain_log(NULL, copy, k, &e);
			free(copy);
			log.p[k] = k % 3 ? (char)0xff : 0;
			if (explain_log(NULL, log.p, log.n, &e))
				for (const char *c = e.text; *c; c++)
					assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
			log.p[k] = was;
		}
		free(log.p);
	}
}

/* ---- which line ---- */

struct choice {
	const char *name, *log;
	const char *reason, *text; /* text NULL: nothing is told */
};

#define RLIMIT                                                                                     \
	"(00.001133) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted\n"
#define NEWS   "(00.000027) Version: 4.1.1 (gitid 0)\n"
#define FAILED "(00.005608) Error (criu/cr-restore.c:2320): Restoring FAILED.\n"
#define SIZE12                                                                                     \
	"(00.004607)     12: Error (criu/files-reg.c:2175): File tmp/x has bad size 14 (expect 7)\n"
#define ODD11 "(00.004607)     11: Error (criu/odd.c:1): odd: Never heard of\n"

static const struct choice choices[] = {
	{ "an empty log", "", "", NULL },
	{ "a restore that succeeds",
		NEWS RLIMIT
		"(00.1) Running post-restore scripts\n(00.1) net: Unlock network\n"
		"(00.2) Run late stage hook from criu master for external devices\n(00.3) Restore finished successfully. Tasks resumed.\n",
		"", NULL },
	{ "the same with a network namespace and no iptables",
		NEWS
		"Error (criu/util.c:641): execvp(\"iptables-restore\", ...) failed: No such file or directory\n"
		"(00.025213)      9: Error (criu/util.c:1722): iptables-restore -V failed\n",
		"", NULL },
	{ "noise is not told", NEWS RLIMIT SIZE12 FAILED, "size-changed",
		"task 12: /tmp/x is 14 bytes long now, and 7 bytes in the images" },
	{ "the earliest is told",
		NEWS SIZE12
		"(00.1)     13: Error (criu/tty.c:1010): tty: Don't have tty to inherit session from, aborting\n",
		"size-changed", "task 12: /tmp/x is 14 bytes long now, and 7 bytes in the images" },
	{ "what is known goes before what is not", NEWS ODD11 SIZE12 FAILED, "size-changed",
		"task 12: /tmp/x is 14 bytes long now, and 7 bytes in the images" },
	{ "what is not known goes before what follows from it",
		NEWS "(00.1) Error (criu/cr-restore.c:1258): 11 exited, status=1\n" ODD11 FAILED,
		"", "task 11: criu says: odd: Never heard of" },
	{ "nothing counts after the end", NEWS ODD11 FAILED SIZE12, "",
		"task 11: criu says: odd: Never heard of" },
	{ "the place is told by the same task",
		NEWS ODD11 "(00.1)     12: Error (criu/files.c:1221): Unable to open fd=4 id=0x5\n"
			   "(00.1)     11: Error (criu/files.c:1221): Unable to open fd=9 id=0x7\n",
		"", "descriptor 9 of task 11: criu says: odd: Never heard of" },
	{ "only what follows",
		NEWS
		"(00.1)     11: Opening fdinfo-s\n(00.2) Error (criu/cr-restore.c:1262): 11 killed by signal 9: Killed\n" FAILED,
		"crashed",
		"task 11 was ended by signal 9 while it was restored; the last that it said: 'Opening fdinfo-s'" },
	{ "only the end", NEWS RLIMIT FAILED, "", "criu says: Restoring FAILED." },
	{ "no log at all", "criu: error while loading shared libraries: libx.so: cannot open\n\n",
		"", "criu says: criu: error while loading shared libraries: libx.so: cannot open" },
	{ "bare lines between others are the rest of these", NEWS "task_args->pid: 11\n", "",
		NULL },
	{ "a restorer's line",
		NEWS
		"(00.1) pie: 10: Error (criu/pie/restorer.c:1835): Can't read pages data (-5)\n",
		"images-damaged",
		"task 10: the memory pages cannot be read (error 5): a pages-*.img is missing or cut" },
	{ "a path with control characters",
		"(00.1)  1: Error (criu/files-reg.c:1): Can't open file a\x1b[2J\x80 on restore: No such file or directory\n",
		"file-missing", "task 1: /a\\x1b[2J\\x80 is missing" },
	{ "a path that is the root",
		"(00.1)  1: Error (criu/files-reg.c:1): Can't open file . on restore: Permission denied\n",
		"permission", "task 1: criu may not open /" },
	{ "a limit wherever it is met",
		"(00.1)  1: Error (criu/x.c:1): whatever: No space left on device\n", "no-space",
		"task 1: no room is left on a file system: whatever" },
	{ "a limit of namespaces",
		"(00.1) Error (criu/cr-restore.c:1): Can't fork for 7: No space left on device\n",
		"no-processes",
		"the process 7 cannot be made: a limit of namespaces has been reached" },
	{ "a number too large is none",
		"(00.1)  1: Error (criu/files.c:1): x\n(00.1)  1: Error (criu/files.c:1221): Unable to open fd=99999999999999999999999999 id=0x7\n",
		"", "descriptor 0 of task 1: criu says: x" },
	{ "a task that waited and went on",
		NEWS
		"(00.1)  9: \tReceive fd for 3\n(00.1)  9: Further\n(00.1)  8: \tReceive fd for 5\n",
		"descriptor-waits",
		"descriptor 5 of task 8: criu waits for an open file that no other task of the tree sends" },
	{ "none waits", NEWS "(00.1)  9: \tReceive fd for 3\n(00.1)  9: Further\n", "", NULL },
};
#define N_CHOICES (sizeof(choices) / sizeof(choices[0]))

static void choice(void **state)
{
	const struct choice *c = *state;
	struct explained e = { 0 };

	assert_int_equal(explain_log(NULL, c->log, strlen(c->log), &e), c->text != NULL);
	if (!c->text)
		return;
	assert_string_equal(e.text, c->text);
	assert_string_equal(e.reason, c->reason);
	assert_string_equal(e.hint, explain_hint(c->reason));
}

/* The example of the page for a line that is not known. */
static void not_known(void **state)
{
	static const char log[] =
		"(00.1)  10: Error (criu/files-reg.c:2379): Can't restore file pos: Invalid argument\n"
		"(00.1)  10: Error (criu/files.c:1221): Unable to open fd=0 id=0x1\n";
	struct images i = images_begin();
	struct graph g = { 0 };
	struct explain_about about = { .graph = &g };
	struct explained e;
	struct bytes doc = read_all(DOC);
	struct err err;

	(void)state;
	images_tree(&i);
	assert_int_equal(load_graph(i.fd, &g, &err), 0);
	assert_true(explain_log(&about, log, sizeof(log) - 1, &e));
	assert_string_equal(e.reason, "");
	assert_string_equal(e.hint, "");
	assert_non_null(strstr(doc.p, e.text));
	graph_done(&g);
	images_end(&i);
	free(doc.p);
}

/* Sixteen megabytes of what is most work. */
static void takes_no_time(void **state)
{
	static const char *const lines[] = { ODD11, "(00.1)  7: \tReceive fd for 3\n",
		"(00.1)  7: Error (criu/x.c:1): File a has bad size 1 (expected 2)\n", "Error (",
		"x" };
	size_t size = 16u << 20;
	char *log = malloc(size);

	(void)state;
	assert_non_null(log);
	for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
		struct timespec begin, end;
		size_t n = strlen(lines[k]);
		struct explained e;

		for (size_t at = 0; at < size; at++)
			log[at] = lines[k][at % n];
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		(void)explain_log(NULL, log, size, &e);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		/* A tenth of it is usual; sanitizers take their time. */
		assert_true(end.tv_sec - begin.tv_sec < 10);
	}
	free(log);
}

/* ---- the tables and the page ---- */

static bool is_reason(const char *word)
{
	for (size_t i = 0; i < explain_n_reasons; i++)
		if (strcmp(explain_reasons[i].word, word) == 0)
			return true;
	return false;
}

static bool is_used(const char *word)
{
	for (size_t i = 0; i < explain_n_rules; i++)
		if (strcmp(explain_rules[i].word, word) == 0)
			return true;
	for (size_t i = 0; i < explain_n_hangs; i++)
		if (strcmp(explain_hangs[i].word, word) == 0)
			return true;
	return false;
}

static void tables(void **state)
{
	struct explained e;

	(void)state;
	for (size_t i = 0; i < explain_n_rules; i++)
		assert_true(!explain_rules[i].word[0] || is_reason(explain_rules[i].word));
	for (size_t i = 0; i < explain_n_hangs; i++)
		assert_true(is_reason(explain_hangs[i].word));
	for (size_t i = 0; i < explain_n_reasons; i++) {
		const struct explain_reason *r = &explain_reasons[i];

		if (i)
			assert_true(strcmp(explain_reasons[i - 1].word, r->word) < 0);
		assert_true(is_used(r->word) || strcmp(r->word, "kind-changed") == 0);
		assert_true(strlen(r->word) < sizeof(e.reason));
		assert_true(r->hint[0] && strlen(r->hint) < sizeof(e.hint));
	}
}

/* The section of a reason, from its heading to the next; NULL if there is none. */
static char *section(const struct bytes *doc, const char *word)
{
	char heading[64];
	const char *begin, *end;

	snprintf(heading, sizeof(heading), "\n## %s\n", word);
	begin = strstr(doc->p, heading);
	if (!begin)
		return NULL;
	end = strstr(begin + 1, "\n## ");
	return end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
}

static bool has_line(const char *text, const char *first, const char *second)
{
	char line[1200];

	snprintf(line, sizeof(line), "\n%s%s\n", first, second);
	return strstr(text, line) != NULL;
}

/* Every reason has a section with its hint, every real failure stands there, and nothing else does. */
static void page(void **state)
{
	struct bytes doc = read_all(DOC);
	const char *list = strstr(doc.p, "\n# Reasons\n");
	size_t headings = 0, fences = 0, examples = 0;

	(void)state;
	assert_non_null(list);
	for (size_t i = 0; i < explain_n_reasons; i++) {
		char *text = section(&doc, explain_reasons[i].word);

		if (!text || !has_line(text, "hint: ", explain_reasons[i].hint))
			fail_msg(DOC ": '%s' has no section, or another hint",
				explain_reasons[i].word);
		free(text);
	}
	for (size_t i = 0; i < N_REALS; i++) {
		char *text = section(&doc, reals[i].reason);

		if (!text || !has_line(text, "", reals[i].text))
			fail_msg(DOC ": '%s' lacks: %s", reals[i].reason, reals[i].text);
		free(text);
	}
	for (const char *p = list; p; p = strchr(p + 1, '\n')) {
		headings += strncmp(p, "\n## ", 4) == 0;
		fences += strncmp(p, "\n```", 4) == 0;
		examples +=
			fences % 2 && strncmp(p, "\n```", 4) != 0 && strncmp(p, "\nhint: ", 7) != 0;
	}
	assert_int_equal(headings, explain_n_reasons);
	assert_int_equal(examples, N_REALS);
	free(doc.p);
}

/* What the bundles need stays open from before the first test. */
static int before_all(void **state)
{
	(void)state;
	return bundle_dir() < 0;
}

int main(void)
{
	struct CMUnitTest tests[N_REALS + N_CHOICES + 5] = {
		cmocka_unit_test(spoilt),
		cmocka_unit_test(not_known),
		cmocka_unit_test(takes_no_time),
		cmocka_unit_test(tables),
		cmocka_unit_test(page),
	};

	for (size_t i = 0; i < N_REALS; i++)
		tests[5 + i] =
			(struct CMUnitTest){ reals[i].name, real, NULL, NULL, (void *)&reals[i] };
	for (size_t i = 0; i < N_CHOICES; i++)
		tests[5 + N_REALS + i] = (struct CMUnitTest){ choices[i].name, choice, NULL, NULL,
			(void *)&choices[i] };
	return cmocka_run_group_tests_name("explain", tests, before_all, NULL);
}
