/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fdbroker-ctl: mappings from a file, the command line of `plan`, and the way round: needs of images,
 * filled in, give a plan without needs.
 */
#include "images.h"

#include <sys/stat.h>

#include "ctl/mapping_args.h"
#include "ctl/mapping_file.h"
#include "plan/report_inspect.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- files ---- */

struct file_case {
	const char *text;
	const char *field; /* NULL: it is good */
	const char *says;
};

static void file_is_judged(void **state)
{
	const struct file_case *c = *state;
	struct mapping_args a = MAPPING_ARGS_NONE;
	struct err err = { 0 };
	int r = mapping_file_parse(c->text, strlen(c->text), &a, &err);

	if (r < 0 && !c->field)
		fail_msg("%s: %s", err.field, err.text);
	if (c->field) {
		assert_int_equal(r, -1);
		assert_string_equal(err.field, c->field);
		if (!strstr(err.text, c->says))
			fail_msg("'%s' does not say '%s'", err.text, c->says);
	}
	mapping_args_done(&a);
}

static struct file_case file_cases[] = {
	{ "[]", NULL, NULL },
	{ "{\"mappings\": []}", NULL, NULL },
	{ "{\"comment\": 1, \"mappings\": []}", NULL, NULL },
	{ "[{\"target\": \"17.4\", \"fd\": 5}]", NULL, NULL },
	{ "[{\"target\": \"17.4\", \"fd\": null, \"path\": \"/x\", \"mode\": \"a\"}]", NULL, NULL },
	{ "[{\"target\": \"17.4\", \"lent\": \"log\"}]", NULL, NULL },
	{ "[{\"target\": \"17.4\", \"lent\": \"log\", \"fd\": 1, \"number\": 9, \"reopen\": true}]",
		NULL, NULL },
	{ "[{\"target\": \"a\", \"fd\": 5}, {\"target\": \"b\", \"fd\": 5}]", NULL, NULL },
	{ "[{\"target\": \"a\", \"fd\": 5, \"need\": \"pipe-end\", \"text\": \"x\", \"file\": 7}]",
		NULL, NULL },
	{ "", "", "no JSON" },
	{ "[{]", "", "no JSON; it is wrong at byte 2" },
	{ "7", "", "neither a list" },
	{ "{}", "", "neither a list" },
	{ "[7]", "mappings[0]", "must be an object" },
	{ "[{\"fd\": 5}]", "mappings[0].target", "is missing" },
	{ "[{\"target\": \"a\", \"fd\": 1}, {\"target\": \"0.4\", \"fd\": 1}]",
		"mappings[1].target", "no task has the pid 0" },
	{ "[{\"target\": 17.4, \"fd\": 5}]", "mappings[0].target", "must be a text" },
	{ "[{\"target\": \"a\"}]", "mappings[0]", "fill in fd or path" },
	{ "[{\"target\": \"a\", \"fd\": null, \"path\": null}]", "mappings[0]",
		"fill in fd or path" },
	{ "[{\"target\": \"a\", \"fd\": 5, \"path\": \"/x\"}]", "mappings[0].fd", "not both" },
	{ "[{\"target\": \"a\", \"fd\": \"5\"}]", "mappings[0].fd", "must be a number" },
	{ "[{\"target\": \"a\", \"fd\": -1}]", "mappings[0].fd", "is no descriptor number" },
	{ "[{\"target\": \"a\", \"fd\": 1.5}]", "mappings[0].fd", "is no descriptor number" },
	{ "[{\"target\": \"a\", \"fd\": 1e30}]", "mappings[0].fd", "is no descriptor number" },
	{ "[{\"target\": \"a\", \"path\": \"/x\", \"mode\": \"x\"}]", "mappings[0].mode",
		"is r, w, a or rw" },
	{ "[{\"target\": \"a\", \"fd\": 1, \"reopen\": 1}]", "mappings[0].reopen",
		"must be true or false" },
	{ "[{\"target\": \"a\", \"fd\": 1, \"lent\": \"a:b\"}]", "mappings[0].lent", "colon" },
	{ "[{\"target\": \"a\", \"fd\": 1, \"Number\": 9}]", "mappings[0].Number",
		"there is no such member" },
	{ "[{\"target\": \"a\", \"fd\": 1, \"lent\": \"l\"}, {\"target\": \"b\", \"fd\": 2, \"lent\": \"l\"}]",
		"", "given twice" },
};

static void all_members_arrive(void **state)
{
	static const char text[] =
		"[{\"target\": \"17.4\", \"path\": \"/x\", \"mode\": \"rw\", \"reopen\": true},"
		" {\"target\": \"pipe:[5]\", \"fd\": 7, \"number\": 9},"
		" {\"target\": \"fd[8]:k\", \"fd\": 7}]";
	struct mapping_args a = MAPPING_ARGS_NONE;
	struct err err;

	(void)state;
	assert_int_equal(mapping_file_parse(text, strlen(text), &a, &err), 0);
	assert_int_equal(a.n_maps, 3);
	assert_int_equal(a.n_lent, 2);
	assert_string_equal(a.lent[0].spec.name, "mappings[0]");
	assert_string_equal(a.lent[0].spec.path, "/x");
	assert_int_equal(a.lent[0].spec.mode, SPEC_BOTH);
	assert_int_equal(a.maps[0].target.kind, TARGET_DESC);
	assert_true(mapping_args_reopen(&a, &a.maps[0]));
	assert_int_equal(mapping_args_number(&a, &a.maps[0]), -1);
	assert_string_equal(a.lent[1].spec.name, "fd[7]");
	assert_int_equal(a.lent[1].spec.number, 7);
	assert_int_equal(mapping_args_number(&a, &a.maps[1]), 9);
	assert_false(mapping_args_reopen(&a, &a.maps[1]));
	assert_int_equal(mapping_args_number(&a, &a.maps[2]), 8);
	assert_string_equal(a.maps[2].target.text, "k");
	mapping_args_done(&a);
}

static void a_missing_file(void **state)
{
	struct mapping_args a = MAPPING_ARGS_NONE;
	struct err err;

	(void)state;
	assert_int_equal(mapping_file_read("/nonexistent/m.json", &a, &err), -1);
	assert_non_null(strstr(err.text, "/nonexistent/m.json"));
	assert_int_equal(mapping_file_read("/tmp", &a, &err), -1); /* a directory */
	mapping_args_done(&a);
}

/* ---- the command line ---- */

struct line_case {
	const char *line;
	int code;
};

/* Splits at blanks; what is printed goes to /dev/null. */
static int run(int (*command)(struct ctl *, int, char **), const char *line)
{
	char copy[512], *argv[32], *rest = copy;
	int argc = 0, code, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int out = fcntl(1, F_DUPFD_CLOEXEC, 3), error = fcntl(2, F_DUPFD_CLOEXEC, 3);
	struct ctl ctl = { .broker_log = -1 };

	snprintf(copy, sizeof(copy), "command %s", line);
	while (argc < 31 && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	optind = 0;
	fflush(stdout);
	dup2(null, 1);
	dup2(null, 2);
	code = command(&ctl, argc, argv);
	fflush(stdout);
	dup2(out, 1);
	dup2(error, 2);
	close(out);
	close(error);
	close(null);
	return code;
}

static void plan_ends_with(void **state)
{
	const struct line_case *c = *state;

	assert_int_equal(run(cmd_plan, c->line), c->code);
}

/* The pids of the zoo are low, and taken on most machines. */
#define ZOO "-D tests/unit/data/zoo --at-own-risk pid-taken "

static struct line_case plan_cases[] = {
	{ "--help", CTL_DONE },
	{ ZOO "--json=off", CTL_DONE },
	{ ZOO "--json", CTL_DONE },
	{ ZOO "--fd a=/etc/passwd:r --map 5.19=a", CTL_DONE },
	{ ZOO "--fd a=/dev/null:rw --map 5.40=a", CTL_DONE },
	{ ZOO "--fd a=/dev/null:rw --map nothing=a", CTL_REFUSED },
	{ ZOO "--fd a=/etc/passwd:r --map 5.10=a", CTL_REFUSED },
	{ ZOO "--fd a=/etc/passwd:r --map 5.10=a --at-own-risk wrong-access", CTL_DONE },
	{ ZOO "--fd a=/etc/passwd:r --map 5.10=a --at-own-risk wrong-kind,wrong-access", CTL_DONE },
	{ ZOO "--fd a=/nonexistent/x:r --map 5.10=a", CTL_REFUSED },
	{ ZOO "--inherit-fd fd[999]:run/w/log", CTL_REFUSED },
	{ "-D /nonexistent", CTL_REFUSED },
	{ "-D tests/unit", CTL_REFUSED },
	{ "", CTL_USAGE },
	{ ZOO "--fd a=1", CTL_USAGE },
	{ ZOO "--map 5.10=a", CTL_USAGE },
	{ ZOO "--fd a=1 --map 0.1=a", CTL_USAGE },
	{ ZOO "--reopen a", CTL_USAGE },
	{ ZOO "--at-own-risk nonsense", CTL_USAGE },
	{ ZOO "--at-own-risk no-match", CTL_USAGE },
	{ ZOO "--mappings /nonexistent", CTL_USAGE },
	{ ZOO "--local", CTL_USAGE },
	{ ZOO "--socket /x", CTL_USAGE },
	{ ZOO "more", CTL_USAGE },
};

static void inspect_ends_with(void **state)
{
	const struct line_case *c = *state;

	assert_int_equal(run(cmd_inspect, c->line), c->code);
}

static struct line_case inspect_cases[] = {
	{ "-D tests/unit/data/zoo", CTL_DONE },
	{ "-D tests/unit/data/zoo --json=short", CTL_DONE },
	{ "-D tests/unit/data/zoo --dot", CTL_DONE },
	{ "-D tests/unit/data/zoo --needs", CTL_DONE },
	{ "-D tests/unit/data/zoo --task 7 --brief", CTL_DONE },
	{ "--help", CTL_DONE },
	{ "-D tests/unit/data/zoo --task 6", CTL_FAILED },
	{ "-D tests/unit", CTL_REFUSED },
	{ "-D /nonexistent", CTL_REFUSED },
	{ "-D tests/unit/data/zoo --task x", CTL_USAGE },
	{ "-D tests/unit/data/zoo --needs --dot", CTL_USAGE },
	{ "-D tests/unit/data/zoo --local", CTL_USAGE },
	{ "", CTL_USAGE },
	{ "-D tests/unit/data/zoo more", CTL_USAGE },
};

/* Neither made nor emptied. */
static void plan_leaves_files_alone(void **state)
{
	char dir[] = "/tmp/fdbroker-plan-XXXXXX", line[256], there[64], absent[64];
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(there, sizeof(there), "%s/there", dir);
	snprintf(absent, sizeof(absent), "%s/absent", dir);
	fd = open(there, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	snprintf(line, sizeof(line), ZOO "--fd a=%s:w --map 5.10=a --fd b=%s:rw --map 5.11=b",
		there, absent);
	assert_int_equal(run(cmd_plan, line), CTL_DONE);
	assert_int_equal(stat(there, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(access(absent, F_OK), -1);
	unlink(there);
	rmdir(dir);
}

/* ---- round ---- */

static void put(void *arg, const char *text)
{
	out_bytes(arg, text, strlen(text));
}

/* As an orchestrator would do it: the first "fd":null is given a number. */
static void fill_in(struct out *o, int fd)
{
	char *at, with[32];
	struct out filled = { 0 };

	out_bytes(o, "", 1);
	at = strstr((char *)o->bytes, "\"fd\":null");
	assert_non_null(at);
	snprintf(with, sizeof(with), "\"fd\":%d", fd);
	out_bytes(&filled, o->bytes, (size_t)(at - (char *)o->bytes));
	out_bytes(&filled, with, strlen(with));
	at += strlen("\"fd\":null");
	out_bytes(&filled, at, strlen(at));
	free(o->bytes);
	*o = filled;
}

static void needs_are_met_by_what_they_ask_for(void **state)
{
	const struct plan_request nothing = { 0 };
	struct plan_mapping_in in = { 0 };
	const struct plan_request all = { .mappings = &in, .n_mappings = 1 };
	autograph struct graph g = { 0 };
	struct plan p = { 0 };
	struct mapping_args a = MAPPING_ARGS_NONE;
	struct images i = images_begin();
	struct out o = { 0 };
	struct report r = { .put = put, .arg = &o, .pretty = true };
	struct err err = { 0 };
	int ends[2];

	(void)state;
	images_tree(&i);
	assert_int_equal(load_graph(i.fd, &g, &err), 0);
	assert_int_equal(plan_make(&g, &nothing, &p, &err), 0);
	assert_int_equal(p.n_needs, 1);
	assert_int_equal(report_needs(&p, &r), 0);
	plan_done(&p);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fill_in(&o, ends[1]);
	if (mapping_file_parse((char *)o.bytes, o.n, &a, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	assert_int_equal(a.n_maps, 1);
	in = (struct plan_mapping_in){ .target = a.maps[0].target, .name = a.maps[0].name };
	facts_read(a.lent[0].spec.number, &in.facts);
	assert_int_equal(plan_make(&g, &all, &p, &err), 0);
	assert_int_equal(p.n_errors, 0);
	assert_int_equal(p.n_needs, 0);
	plan_done(&p);
	mapping_args_done(&a);
	close(ends[0]);
	close(ends[1]);
	free(o.bytes);
	images_end(&i);
}

int main(void)
{
	struct CMUnitTest files[COUNT(file_cases)], plans[COUNT(plan_cases)],
		inspects[COUNT(inspect_cases)];
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(all_members_arrive),
		cmocka_unit_test(a_missing_file),
		cmocka_unit_test(plan_leaves_files_alone),
		cmocka_unit_test(needs_are_met_by_what_they_ask_for),
	};
	int failed;

	for (size_t i = 0; i < COUNT(file_cases); i++)
		files[i] = (struct CMUnitTest){ file_cases[i].text, file_is_judged, NULL, NULL,
			&file_cases[i] };
	for (size_t i = 0; i < COUNT(plan_cases); i++)
		plans[i] = (struct CMUnitTest){ plan_cases[i].line, plan_ends_with, NULL, NULL,
			&plan_cases[i] };
	for (size_t i = 0; i < COUNT(inspect_cases); i++)
		inspects[i] = (struct CMUnitTest){ inspect_cases[i].line, inspect_ends_with, NULL,
			NULL, &inspect_cases[i] };
	failed = cmocka_run_group_tests_name("mappings: files", files, NULL, NULL);
	failed += cmocka_run_group_tests_name("mappings: plan", plans, NULL, NULL);
	failed += cmocka_run_group_tests_name("mappings: inspect", inspects, NULL, NULL);
	return failed + cmocka_run_group_tests_name("mappings", rest, NULL, NULL);
}
