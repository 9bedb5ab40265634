/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration: values, texts, files, and what is said of bad ones. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config/config_file.h"
#include "config/config_show.h"
#include "config/config_value.h"

/* ---- the table ---- */

static void each_default_is_a_value(void **state)
{
	char text[CONFIG_VALUE_MAX], range[128];
	struct config config;

	(void)state;
	assert_int_equal(config_init(&config), 0);
	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		assert_string_equal(config_value_text(o, &config, text, sizeof(text)), o->fallback);
		assert_ptr_equal(config_option_find(o->section, o->key), o);
		assert_true(strlen(o->what) > 0 && strlen(o->what) <= 110);
		assert_true(strlen(o->key) < 50 && strlen(o->section) < 50); /* inih */
		(void)config_value_range(o, range, sizeof(range));
		assert_int_equal(range[0] != 0, o->type != CONFIG_BOOL && o->type != CONFIG_PATH &&
							o->type != CONFIG_PROGRAM &&
							o->type != CONFIG_GROUP);
		/* What is swapped at a reload, settings.c; paths only. */
		assert_true(!o->at_start || o->type == CONFIG_PATH);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(o->offset, config_options[k].offset);
	}
	config_done(&config);
}

/* ---- values ---- */

struct value_case {
	const char *name, *section, *key, *text;
	const char *is; /* as it is written again; NULL: refused */
	const char *why;
};

static void reads_a_value(void **state)
{
	const struct value_case *c = *state;
	const struct config_option *o = config_option_find(c->section, c->key);
	char text[CONFIG_VALUE_MAX], was[CONFIG_VALUE_MAX], why[256] = "";
	struct config config;
	int r;

	assert_non_null(o);
	assert_int_equal(config_init(&config), 0);
	config_value_text(o, &config, was, sizeof(was));
	r = config_value_parse(o, c->text, &config, why, sizeof(why));
	config_value_text(o, &config, text, sizeof(text));
	assert_string_equal(text, c->is ? c->is : was);
	assert_int_equal(r, c->is ? 0 : -1);
	assert_string_equal(why, c->is ? "" : c->why);
	config_done(&config);
}

#define SESSIONS   "Limits", "MaxSessions"
#define SIZE_KEY   "Limits", "MaxQueueSize"
#define TIME_KEY   "Broker", "DefaultDeadlineSec"
#define NO_NUMBER  "is no number within 1 .. 100000"
#define NO_SIZE    "is no size within 64K .. 1G"
#define NO_TIME    "is no time within 1s .. 14d"
#define LONG_DIGIT "18446744073709551616"

static struct value_case values[] = {
	{ "number", SESSIONS, "17", "17", NULL },
	{ "number: lowest", SESSIONS, "1", "1", NULL },
	{ "number: highest", SESSIONS, "100000", "100000", NULL },
	{ "number: empty is the default", SESSIONS, "", "1024", NULL },
	{ "number: zeros in front", SESSIONS, "007", "7", NULL },
	{ "number: too low", SESSIONS, "0", NULL, "'0' " NO_NUMBER },
	{ "number: too high", SESSIONS, "100001", NULL, "'100001' " NO_NUMBER },
	{ "number: negative", SESSIONS, "-1", NULL, "'-1' " NO_NUMBER },
	{ "number: plus", SESSIONS, "+1", NULL, "'+1' " NO_NUMBER },
	{ "number: hexadecimal", SESSIONS, "0x10", NULL, "'0x10' " NO_NUMBER },
	{ "number: fraction", SESSIONS, "1.5", NULL, "'1.5' " NO_NUMBER },
	{ "number: size", SESSIONS, "1K", NULL, "'1K' " NO_NUMBER },
	{ "number: two", SESSIONS, "1 2", NULL, "'1 2' " NO_NUMBER },
	{ "number: overflow", SESSIONS, LONG_DIGIT "1", NULL, "'" LONG_DIGIT "1' " NO_NUMBER },
	{ "number: overflow by one", SESSIONS, LONG_DIGIT, NULL, "'" LONG_DIGIT "' " NO_NUMBER },
	{ "number: words", SESSIONS, "many", NULL, "'many' " NO_NUMBER },
	{ "number or word", "Limits", "MaxWorkers", "auto", "auto", NULL },
	{ "number or word: number", "Limits", "MaxWorkers", "3", "3", NULL },
	{ "number or word: the word's number", "Limits", "MaxWorkers", "0", "auto", NULL },
	{ "number or word: case", "Limits", "MaxWorkers", "Auto", NULL,
		"'Auto' is no number within 1 .. 1024 or auto" },
	{ "fault", "Broker", "CriuFault", "130", "130", NULL },
	{ "fault: none", "Broker", "CriuFault", "none", "none", NULL },
	{ "fault: 0", "Broker", "CriuFault", "0", "none", NULL },
	{ "fault: bad", "Broker", "CriuFault", "1001", NULL,
		"'1001' is no number within 1 .. 1000, auto or none" },
	{ "size: bytes", SIZE_KEY, "65537", "65537", NULL },
	{ "size: K", SIZE_KEY, "64K", "64K", NULL },
	{ "size: M", SIZE_KEY, "1M", "1M", NULL },
	{ "size: G", SIZE_KEY, "1G", "1G", NULL },
	{ "size: as large as it can be written", SIZE_KEY, "1024K", "1M", NULL },
	{ "size: blank", SIZE_KEY, "64 K", "64K", NULL },
	{ "size: B", SIZE_KEY, "70000B", "70000", NULL },
	{ "size: too small", SIZE_KEY, "63K", NULL, "'63K' " NO_SIZE },
	{ "size: too large", SIZE_KEY, "2G", NULL, "'2G' " NO_SIZE },
	{ "size: overflow", SIZE_KEY, "99999999999T", NULL, "'99999999999T' " NO_SIZE },
	{ "size: unit of others", SIZE_KEY, "1MiB", NULL, "'1MiB' " NO_SIZE },
	{ "size: small letter", SIZE_KEY, "64k", NULL, "'64k' " NO_SIZE },
	{ "size: two", SIZE_KEY, "1M 1K", NULL, "'1M 1K' " NO_SIZE },
	{ "size: no number", SIZE_KEY, "M", NULL, "'M' " NO_SIZE },
	{ "time: seconds", TIME_KEY, "90", "90s", NULL },
	{ "time: as large as it can be written", TIME_KEY, "3600", "1h", NULL },
	{ "time: ms", TIME_KEY, "1500ms", "1500ms", NULL },
	{ "time: s", TIME_KEY, "5s", "5s", NULL },
	{ "time: min", TIME_KEY, "2min", "2min", NULL },
	{ "time: m", TIME_KEY, "2m", "2min", NULL },
	{ "time: several", TIME_KEY, "1h 30min", "90min", NULL },
	{ "time: several, close", TIME_KEY, "1h30min5s", "5405s", NULL },
	{ "time: words", TIME_KEY, "3 days", "3d", NULL },
	{ "time: too short", TIME_KEY, "999ms", NULL, "'999ms' " NO_TIME },
	{ "time: too long", TIME_KEY, "15d", NULL, "'15d' " NO_TIME },
	{ "time: unit", TIME_KEY, "3y", NULL, "'3y' " NO_TIME },
	{ "time: unit alone", TIME_KEY, "s", NULL, "'s' " NO_TIME },
	{ "time: rest", TIME_KEY, "1h x", NULL, "'1h x' " NO_TIME },
	{ "time: sum overflows", TIME_KEY, "18446744073709551s 18446744073709551s", NULL,
		"'18446744073709551s 18446744073709551s' " NO_TIME },
	{ "time: never", "Broker", "IdleExitSec", "never", "never", NULL },
	{ "time: 0 is never", "Broker", "IdleExitSec", "0", "never", NULL },
	{ "yes", "Policy", "AllowOwn", "yes", "yes", NULL },
	{ "true", "Policy", "AllowOwn", "true", "yes", NULL },
	{ "off", "Policy", "AllowOwn", "off", "no", NULL },
	{ "1", "Policy", "AllowOwn", "1", "yes", NULL },
	{ "neither", "Policy", "AllowOwn", "maybe", NULL, "'maybe' is neither yes nor no" },
	{ "level", "Log", "Level", "debug", "debug", NULL },
	{ "level: unknown", "Log", "Level", "loud", NULL,
		"'loud' is none of err, warning, notice, info or debug" },
	{ "level: number", "Log", "Level", "7", NULL,
		"'7' is none of err, warning, notice, info or debug" },
	{ "path", "Broker", "StateDirectory", "/x y", "/x y", NULL },
	{ "path: none", "Broker", "StateDirectory", "none", "none", NULL },
	{ "path: control", "Broker", "StateDirectory", "/x\ty", NULL,
		"'/x\ty' has control characters" },
	{ "program", "Broker", "CriuPath", "criu4", "criu4", NULL },
	{ "group: by name", "Policy", "Group", "root", "root", NULL },
	{ "group: by number", "Policy", "Group", "4711", "4711", NULL },
	{ "group: none", "Policy", "Group", "none", "none", NULL },
	{ "group: of nobody", "Policy", "Group", "65534", NULL,
		"'65534' may stand for several groups of other user namespaces" },
	{ "group: unknown", "Policy", "Group", "no-such-group", NULL,
		"'no-such-group' is no group of /etc/group" },
	{ "group: number that is none", "Policy", "Group", "4294967295", NULL,
		"'4294967295' is no group of /etc/group" },
};

static void a_path_has_an_end(void **state)
{
	const struct config_option *o = config_option_find("Broker", "CriuPath");
	char text[5000], why[256];
	struct config config;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[sizeof(text) - 1] = 0;
	assert_int_equal(config_init(&config), 0);
	assert_int_equal(config_value_parse(o, text, &config, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "is too long for a path"));
	text[4095] = 0;
	assert_int_equal(config_value_parse(o, text, &config, why, sizeof(why)), 0);
	config_done(&config);
}

static void groups_have_their_number(void **state)
{
	const struct config_option *o = config_option_find("Policy", "Group");
	struct config config;
	char why[256];

	(void)state;
	assert_int_equal(config_init(&config), 0);
	assert_null(config.group.name);
	assert_int_equal(config_value_parse(o, "4711", &config, why, sizeof(why)), 0);
	assert_int_equal(config.group.gid, 4711);
	assert_int_equal(config_value_parse(o, "root", &config, why, sizeof(why)), 0);
	assert_int_equal(config.group.gid, 0);
	assert_string_equal(config.group.name, "root");
	config_done(&config);
}

/* ---- texts ---- */

struct text_case {
	const char *name, *text;
	uint64_t sessions, lent; /* what [Limits] MaxSessions, MaxLentPerSession are then */
	const char *faults;      /* all, a line each */
};

static void join(const struct config_faults *faults, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	for (size_t i = 0; i < faults->n; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s\n", faults->texts[i]);
	assert_true(n < size);
}

static void reads_a_text(void **state)
{
	const struct text_case *c = *state;
	struct config_faults faults = { 0 };
	struct config config;
	char said[4096];

	assert_int_equal(config_init(&config), 0);
	config_text_read("f", c->text, strlen(c->text), &config, &faults);
	join(&faults, said, sizeof(said));
	assert_string_equal(said, c->faults);
	assert_int_equal(config.max_sessions, c->sessions);
	assert_int_equal(config.max_lent, c->lent);
	config_faults_done(&faults);
	config_done(&config);
}

#define NEITHER "neither KEY=VALUE nor [SECTION] nor a comment\n"
#define FIFTY   "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static struct text_case texts[] = {
	{ "nothing", "", 1024, 8192, "" },
	{ "comments", "# a\n; b\n\n \t# c\n", 1024, 8192, "" },
	{ "a setting", "[Limits]\nMaxSessions=5\n", 5, 8192, "" },
	{ "no newline at the end", "[Limits]\nMaxSessions=5", 5, 8192, "" },
	{ "blanks", " [Limits] \n\t MaxSessions = 5 \n", 5, 8192, "" },
	{ "carriage returns", "[Limits]\r\nMaxSessions=5\r\n", 5, 8192, "" },
	{ "byte order mark", "\xef\xbb\xbf[Limits]\nMaxSessions=5\n", 5, 8192, "" },
	{ "comment behind a value", "[Limits] # c\nMaxSessions=5 ; few\n", 5, 8192, "" },
	{ "the last counts", "[Limits]\nMaxSessions=5\nMaxSessions=6\n", 6, 8192, "" },
	{ "empty is the default", "[Limits]\nMaxSessions=5\nMaxSessions=\n", 1024, 8192, "" },
	{ "a section twice",
		"[Limits]\nMaxSessions=5\n[Log]\nLevel=err\n[Limits]\nMaxLentPerSession=6\n", 5, 6,
		"" },
	{ "an indented line is one of its own", "[Limits]\nMaxSessions=5\n  MaxLentPerSession=6\n",
		5, 6, "" },
	{ "unknown key", "[Limits]\nMaxCows=5\nMaxLentPerSession=6\n", 1024, 6,
		"f:2: there is no 'MaxCows' in [Limits]\n" },
	{ "key of another section", "[Broker]\nMaxSessions=5\n", 1024, 8192,
		"f:2: there is no 'MaxSessions' in [Broker]; 'MaxSessions' is a setting of [Limits]\n" },
	{ "key in small letters", "[Limits]\nmaxsessions=5\n", 1024, 8192,
		"f:2: there is no 'maxsessions' in [Limits]; 'MaxSessions' is a setting of [Limits]\n" },
	{ "empty key", "[Limits]\n=5\n", 1024, 8192, "f:2: there is no '' in [Limits]\n" },
	{ "long key", "[Limits]\n" FIFTY FIFTY "=5\n", 1024, 8192,
		"f:2: there is no '" FIFTY "aaaaaaaaaabbbb' in [Limits]\n" },
	{ "unknown section, once", "[Cows]\nA=1\nB=2\n[Limits]\nMaxSessions=5\n", 5, 8192,
		"f:1: there is no section [Cows]\n" },
	{ "unknown section without settings", "[Cows]\n", 1024, 8192,
		"f:1: there is no section [Cows]\n" },
	{ "long section", "[" FIFTY FIFTY "]\nMaxSessions=5\n", 1024, 8192,
		"f:1: there is no section [" FIFTY "aaaaaaaaaabbb]\n" },
	{ "section without an end", "[Limits\nMaxSessions=5\n[Limits]\nMaxLentPerSession=6\n", 1024,
		6, "f:1: a section without ']'\n" },
	{ "something behind a section", "[Limits] MaxSessions=5\nMaxSessions=6\n", 1024, 8192,
		"f:1: there is something behind ']'\n" },
	{ "no section", "MaxSessions=5\n", 1024, 8192, "f:1: a setting before any [SECTION]\n" },
	{ "no setting", "[Limits]\nMaxSessions\n", 1024, 8192, "f:2: " NEITHER },
	{ "no setting in the last line", "[Limits]\nwhat", 1024, 8192, "f:2: " NEITHER },
	{ "a comment before the =", "[Limits]\nMaxSessions ; = 5\n", 1024, 8192, "f:2: " NEITHER },
	{ "bad value", "[Limits]\nMaxSessions=0\n", 1024, 8192,
		"f:2: MaxSessions: '0' is no number within 1 .. 100000\n" },
	{ "a bad value changes nothing", "[Limits]\nMaxSessions=5\nMaxSessions=x\n", 5, 8192,
		"f:3: MaxSessions: 'x' is no number within 1 .. 100000\n" },
	{ "relative path", "[Broker]\nStateDirectory=state\n", 1024, 8192,
		"f:2: StateDirectory: 'state' is no absolute path\n" },
	{ "relative program", "[Broker]\nCriuPath=./criu\n", 1024, 8192,
		"f:2: CriuPath: './criu' is no absolute path\n" },
	{ "what a terminal would obey", "[Limits]\n\x1b[31m=1\nMaxSessions=\x9b\n", 1024, 8192,
		"f:2: there is no '\\x1b[31m' in [Limits]\n"
		"f:3: MaxSessions: '\\x9b' is no number within 1 .. 100000\n" },
	{ "all of it is told",
		"[Limits]\nMaxCows=1\nMaxSessions=x\nwhat\n\n[Cows]\n[Log]\nLevel=loud\n[Limits]\nMaxLentPerSession=6\n",
		1024, 6,
		"f:2: there is no 'MaxCows' in [Limits]\n"
		"f:3: MaxSessions: 'x' is no number within 1 .. 100000\n"
		"f:4: " NEITHER "f:6: there is no section [Cows]\n"
		"f:8: Level: 'loud' is none of err, warning, notice, info or debug\n" },
};

static void a_zero_byte_is_told(void **state)
{
	static const char text[] = "[Limits]\nMaxSess\0ions=5\nMaxLentPerSession=6\n";
	struct config_faults faults = { 0 };
	struct config config;

	(void)state;
	assert_int_equal(config_init(&config), 0);
	config_text_read("f", text, sizeof(text) - 1, &config, &faults);
	assert_int_equal(faults.n, 1);
	assert_string_equal(faults.texts[0], "f:2: the line has a zero byte");
	assert_int_equal(config.max_lent, 6);
	config_faults_done(&faults);
	config_done(&config);
}

static void a_long_line_is_told(void **state)
{
	char text[4096];
	struct config_faults faults = { 0 };
	struct config config;
	int n = snprintf(text, sizeof(text), "[Limits]\n#%0*d\nMaxSessions=x\n", 3000, 0);

	(void)state;
	assert_int_equal(config_init(&config), 0);
	config_text_read("f", text, (size_t)n, &config, &faults);
	assert_int_equal(faults.n, 2);
	assert_non_null(strstr(faults.texts[0], "f:2: the line is longer than "));
	assert_string_equal(
		faults.texts[1], "f:3: MaxSessions: 'x' is no number within 1 .. 100000");
	config_faults_done(&faults);
	config_done(&config);
}

static void faults_have_an_end(void **state)
{
	char text[3000];
	struct config_faults faults = { 0 };
	struct config config;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "x\n", 2);
	assert_int_equal(config_init(&config), 0);
	config_text_read("f", text, sizeof(text), &config, &faults);
	assert_int_equal(faults.n, CONFIG_MAX_FAULTS);
	assert_int_equal(faults.left_out, sizeof(text) / 2 - CONFIG_MAX_FAULTS);
	config_faults_done(&faults);
	config_done(&config);
}

/* ---- files ---- */

/* Folders as /usr/lib/x, /etc/x, /etc/x/x.conf.d have them. */
static struct {
	char top[64], vendor[80], etc[80], drop[112];
	const char *folders[4];
} tree;

static int make_tree(void **state)
{
	(void)state;
	snprintf(tree.top, sizeof(tree.top), "/tmp/fdbroker-config-XXXXXX");
	if (!mkdtemp(tree.top))
		return -1;
	snprintf(tree.vendor, sizeof(tree.vendor), "%s/vendor", tree.top);
	snprintf(tree.etc, sizeof(tree.etc), "%s/etc", tree.top);
	snprintf(tree.drop, sizeof(tree.drop), "%s/criu-fdbroker.conf.d", tree.etc);
	tree.folders[0] = tree.vendor;
	tree.folders[1] = tree.etc;
	tree.folders[2] = tree.drop;
	if (mkdir(tree.vendor, 0755) < 0 || mkdir(tree.etc, 0755) < 0)
		return -1;
	return mkdir(tree.drop, 0755);
}

static int remove_tree(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", tree.top);
	return system(command);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Return: the faults, a line each; empty: there are none, and @ret is there. */
static const char *load(const struct config_source *source, struct config *ret)
{
	static char said[8192];
	struct config_faults faults;
	int r = config_load(source, ret, &faults);

	join(&faults, said, sizeof(said));
	assert_int_equal(r<0, faults.n> 0);
	config_faults_done(&faults);
	return said;
}

static const struct config_source standard = { .local = -1, .folders = tree.folders };

static const char *origin_of(const struct config *config, const char *section, const char *key)
{
	return config->origins[config_option_find(section, key) - config_options];
}

static void later_folders_win(void **state)
{
	char where[128];
	struct config config;

	(void)state;
	put(tree.vendor, "50-v.conf",
		"[Limits]\nMaxSessions=1\nMaxLentPerSession=1\nMaxReports=1\nMaxPlanners=1\n");
	put(tree.etc, "10-e.conf", "[Limits]\nMaxSessions=2\nMaxLentPerSession=2\nMaxReports=2\n");
	put(tree.etc, "20-e.conf", "[Limits]\nMaxReports=3\nMaxLentPerSession=3\n");
	put(tree.drop, "00-d.conf", "\n[Limits]\nMaxSessions=4\n");
	put(tree.etc, "30-e.conf.bak", "[Nonsense]\n");
	put(tree.etc, ".40-e.conf", "[Nonsense]\n");
	assert_string_equal(load(&standard, &config), "");
	assert_int_equal(config.max_sessions, 4);
	assert_int_equal(config.max_lent, 3);
	assert_int_equal(config.max_reports, 3);
	assert_int_equal(config.max_planners, 1);
	snprintf(where, sizeof(where), "%s/00-d.conf:3", tree.drop);
	assert_string_equal(origin_of(&config, "Limits", "MaxSessions"), where);
	assert_null(origin_of(&config, "Limits", "MaxMappings"));
	config_done(&config);
}

static void a_name_replaces_the_same_name(void **state)
{
	char path[192];
	struct config config;

	(void)state;
	put(tree.vendor, "a.conf", "[Limits]\nMaxSessions=1\nMaxLentPerSession=1\n");
	put(tree.vendor, "b.conf", "[Limits]\nMaxReports=1\n");
	put(tree.etc, "a.conf", "[Limits]\nMaxSessions=2\n");
	snprintf(path, sizeof(path), "%s/b.conf", tree.etc);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_string_equal(load(&standard, &config), "");
	assert_int_equal(config.max_sessions, 2);
	assert_int_equal(config.max_lent, 8192);
	assert_int_equal(config.max_reports, 16);
	config_done(&config);
}

static void no_folder_is_no_fault(void **state)
{
	static const char *const none[] = { "/nonexistent/x", NULL };
	const struct config_source source = { .local = -1, .folders = none };
	struct config config;

	(void)state;
	assert_string_equal(load(&source, &config), "");
	assert_int_equal(config.max_sessions, 1024);
	assert_int_equal(config.local, -1);
	config_done(&config);
}

static void all_files_are_told_of(void **state)
{
	char path[160], wanted[1024];
	struct config config;

	(void)state;
	put(tree.vendor, "a.conf", "what\n");
	put(tree.etc, "b.conf", "[Limits]\nMaxSessions=0\n");
	snprintf(path, sizeof(path), "%s/c.conf", tree.etc);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/d.conf", tree.etc);
	assert_int_equal(symlink("/nonexistent", path), 0);
	put(tree.drop, "e.conf", "");
	snprintf(path, sizeof(path), "%s/e.conf", tree.drop);
	assert_int_equal(chmod(path, 0666), 0);
	put(tree.drop, "f.conf", "");
	snprintf(path, sizeof(path), "%s/f.conf", tree.drop);
	assert_int_equal(truncate(path, 1024 * 1024 + 1), 0);
	snprintf(wanted, sizeof(wanted),
		"%s/a.conf:1: " NEITHER
		"%s/b.conf:2: MaxSessions: '0' is no number within 1 .. 100000\n"
		"%s/c.conf: is no regular file\n"
		"%s/d.conf: No such file or directory\n"
		"%s/e.conf: can be written to by everybody\n"
		"%s/f.conf: is larger than 1 MiB\n",
		tree.vendor, tree.etc, tree.etc, tree.etc, tree.drop, tree.drop);
	assert_string_equal(load(&standard, &config), wanted);
}

static void too_many_files(void **state)
{
	char name[32];
	struct config config;

	(void)state;
	for (int i = 0; i <= 256; i++) {
		snprintf(name, sizeof(name), "%03d.conf", i);
		put(tree.etc, name, "");
	}
	assert_non_null(strstr(load(&standard, &config), "there are more than 256 files"));
}

static void a_path_instead(void **state)
{
	char file[192];
	struct config_source source = { .local = -1, .folders = tree.folders };
	struct config config;

	(void)state;
	put(tree.vendor, "a.conf", "[Limits]\nMaxSessions=1\n");
	put(tree.etc, "a.conf", "[Limits]\nMaxLentPerSession=2\n");
	put(tree.drop, "b.conf", "[Limits]\nMaxReports=3\n");
	source.path = tree.etc;
	assert_string_equal(load(&source, &config), "");
	assert_int_equal(config.max_sessions, 1024);
	assert_int_equal(config.max_lent, 2);
	assert_int_equal(config.max_reports, 3);
	config_done(&config);
	snprintf(file, sizeof(file), "%s/b.conf", tree.drop);
	source.path = file;
	assert_string_equal(load(&source, &config), "");
	assert_int_equal(config.max_lent, 8192);
	assert_int_equal(config.max_reports, 3);
	config_done(&config);
	source.path = "/nonexistent.conf";
	assert_string_equal(
		load(&source, &config), "/nonexistent.conf: No such file or directory\n");
}

static void the_command_line_wins(void **state)
{
	struct config_source source = { .local = -1,
		.folders = tree.folders,
		.overrides = { { "Broker", "DefaultDeadlineSec", "30", "--deadline" },
			{ "Limits", "MaxWorkers", "x", "--workers" } },
		.n_overrides = 1 };
	struct config config;

	(void)state;
	put(tree.etc, "a.conf", "[Broker]\nDefaultDeadlineSec=1h\n[Limits]\nMaxWorkers=3\n");
	assert_string_equal(load(&source, &config), "");
	assert_int_equal(config.deadline_ms, 30000);
	assert_string_equal(origin_of(&config, "Broker", "DefaultDeadlineSec"), "--deadline");
	assert_int_equal(config_workers(&config), 3);
	config_done(&config);
	source.no_files = true;
	assert_string_equal(load(&source, &config), "");
	assert_true(config_workers(&config) >= 4);
	config_done(&config);
	source.n_overrides = 2;
	assert_string_equal(
		load(&source, &config), "--workers: 'x' is no number within 1 .. 1024 or auto\n");
}

static void deadlines_fit(void **state)
{
	char wanted[256];
	struct config config;

	(void)state;
	put(tree.etc, "a.conf", "[Limits]\nMaxDeadlineSec=1min\n");
	assert_string_equal(load(&standard, &config), "");
	assert_int_equal(config.deadline_ms, 60000);
	config_done(&config);
	put(tree.etc, "b.conf", "[Broker]\nDefaultDeadlineSec=2min\n");
	snprintf(wanted, sizeof(wanted),
		"%s/b.conf:2: DefaultDeadlineSec is more than MaxDeadlineSec\n", tree.etc);
	assert_string_equal(load(&standard, &config), wanted);
}

static void a_private_broker_is_alone(void **state)
{
	struct config_source source = { .local = 5,
		.folders = tree.folders,
		.overrides = { { "Broker", "StateDirectory", "/mine", "--state" } } };
	struct config config;

	(void)state;
	put(tree.etc, "a.conf", "[Broker]\nSocket=/s\nStateDirectory=/d\nCriuPath=/c\n");
	assert_string_equal(load(&source, &config), "");
	assert_int_equal(config.local, 5);
	assert_null(config.socket_path);
	assert_null(config.state_dir);
	assert_string_equal(config.criu, "/c");
	config_done(&config);
	source.n_overrides = 1;
	assert_string_equal(load(&source, &config), "");
	assert_string_equal(config.state_dir, "/mine");
	config_done(&config);
}

/* ---- what is shown ---- */

static char *show(void (*print)(FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void the_example_is_the_defaults(void **state)
{
	char *text = show(config_show_example), *from, *to;
	struct config_faults faults = { 0 };
	struct config config;

	(void)state;
	/* With each "#KEY=VALUE" taken for a setting. */
	for (from = to = text; *from; from++)
		if (!(*from == '#' && from[1] != ' '))
			*to++ = *from;
	*to = 0;
	assert_int_equal(config_init(&config), 0);
	config_text_read("example", text, strlen(text), &config, &faults);
	assert_int_equal(faults.n, 0);
	for (size_t i = 0; i < config_n_options; i++) {
		char value[CONFIG_VALUE_MAX];

		assert_non_null(config.origins[i]);
		assert_string_equal(
			config_value_text(&config_options[i], &config, value, sizeof(value)),
			config_options[i].fallback);
	}
	config_done(&config);
	free(text);
}

static void options_are_a_line_each(void **state)
{
	char *text = show(config_show_options);
	size_t lines = 0, tabs = 0;

	(void)state;
	for (const char *c = text; *c; c++)
		lines += *c == '\n', tabs += *c == '\t';
	assert_int_equal(lines, config_n_options);
	assert_int_equal(tabs, config_n_options * 6);
	assert_non_null(
		strstr(text, "Limits\tMaxWorkers\tnumber\tauto\t1 .. 1024 or auto\treload\t"));
	assert_non_null(strstr(text, "Broker\tSocket\tpath\tnone\t-\trestart\t"));
	free(text);
}

#define N(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(each_default_is_a_value),
		cmocka_unit_test(a_path_has_an_end),
		cmocka_unit_test(groups_have_their_number),
		cmocka_unit_test(a_zero_byte_is_told),
		cmocka_unit_test(a_long_line_is_told),
		cmocka_unit_test(faults_have_an_end),
		cmocka_unit_test_setup_teardown(later_folders_win, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(
			a_name_replaces_the_same_name, make_tree, remove_tree),
		cmocka_unit_test(no_folder_is_no_fault),
		cmocka_unit_test_setup_teardown(all_files_are_told_of, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(too_many_files, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_path_instead, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(the_command_line_wins, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(deadlines_fit, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_private_broker_is_alone, make_tree, remove_tree),
		cmocka_unit_test(the_example_is_the_defaults),
		cmocka_unit_test(options_are_a_line_each),
	};
	struct CMUnitTest tests[N(fixed) + N(values) + N(texts)];
	size_t n = N(fixed);

	memcpy(tests, fixed, sizeof(fixed));
	for (size_t i = 0; i < N(values); i++)
		tests[n++] = (struct CMUnitTest){ values[i].name, reads_a_value, NULL, NULL,
			&values[i] };
	for (size_t i = 0; i < N(texts); i++)
		tests[n++] =
			(struct CMUnitTest){ texts[i].name, reads_a_text, NULL, NULL, &texts[i] };
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
