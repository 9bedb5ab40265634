/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fdbroker-ctl: the command line of `restore` as a whole: which option becomes which bytes of
 * criu_opts, and which command lines are refused before anything is opened.
 */
#include "fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/output.h"
#include "ctl/restore_args.h"
#include "ctl/standard.h"
#include "request.h"

#define MAX_ARGS 32

struct parsed {
	struct ctl ctl;
	struct fdb_client *c;
	struct fdb_request *rq;
	struct restore_args args;
	int code;
};

/* Splits at blanks; what is complained about goes to /dev/null. */
static void parse(struct parsed *p, const char *line)
{
	char copy[512], *argv[MAX_ARGS + 1], *rest = copy;
	int argc = 0, null = open("/dev/null", O_WRONLY | O_CLOEXEC),
	    before = fcntl(2, F_DUPFD_CLOEXEC, 3);

	snprintf(copy, sizeof(copy), "restore %s", line);
	while (argc < MAX_ARGS && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	*p = (struct parsed){ 0 };
	assert_int_equal(fdb_new(&p->c), 0);
	assert_int_equal(fdb_request_new(p->c, &p->rq), 0);
	optind = 0;
	dup2(null, 2);
	p->code = restore_args_parse(&p->ctl, argc, argv, p->c, p->rq, &p->args);
	dup2(before, 2);
	close(before);
	close(null);
}

static void parsed_done(struct parsed *p)
{
	restore_args_done(&p->args);
	fdb_request_free(p->rq);
	fdb_free(p->c);
}

/* ---- criu's options ---- */

struct option_case {
	const char *line;
	const char *bytes; /* criu_opts in hexadecimal */
};

static void becomes_bytes(void **state)
{
	const struct option_case *c = *state;
	char line[256], got[256] = "";
	struct parsed p;

	snprintf(line, sizeof(line), "-D x%s%s", c->line[0] ? " " : "", c->line);
	parse(&p, line);
	assert_int_equal(p.code, 0);
	for (size_t i = 0; i < p.rq->opts_size; i++)
		sprintf(got + 2 * i, "%02x", p.rq->opts[i]);
	assert_string_equal(got, c->bytes);
	parsed_done(&p);
}

/* Field number * 8 + wire type (0 a number, 2 bytes), as in CRIU's images/rpc.proto. */
static struct option_case option_cases[] = {
	{ "", "" }, /* none */
	{ "-j", "3801" },
	{ "--shell-job", "3801" },
	{ "-l", "4001" },
	{ "--file-locks", "4001" },
	{ "-jl", "38014001" },
	{ "-s", "a80401" },
	{ "--leave-stopped", "a80401" },
	{ "--ext-unix-sk", "2001" },
	{ "--tcp-established", "2801" },
	{ "--tcp-close", "a00301" },
	{ "--evasive-devices", "3001" },
	{ "--weak-sysctls", "f80201" },
	{ "--skip-file-rwx-check", "900401" },
	{ "--mntns-compat-mode", "880401" },
	{ "--lazy-pages", "800301" },
	{ "-r /a", "6a022f61" },
	{ "--root=/a", "6a022f61" },
	{ "--external a --external b", "aa020161aa020162" },
	{ "--ext-mount-map a:b", "ba01060a01611201"
				 "62" },
	{ "--ext-mount-map a:b:c", "ba01080a0161120362"
				   "3a63" },
	{ "--ext-mount-map a,b:c", "ba01080a03612c62120163" },
	{ "--ext-mount-map auto", "e00101" },
	{ "--veth-pair a=b", "9a01060a0161120162" },
	{ "-J net:/p", "ba020"
		       "90a036e657412022f70" },
	{ "--join-ns user:/p,1,2", "ba02"
				   "0f"
				   "0a0475736572"
				   "12022f70"
				   "1a03312c32" },
	{ "--empty-ns net", "b0028080808004" },
	{ "--manage-cgroups", "c00101" },
	{ "--manage-cgroups=none", "900201" },
	{ "--manage-cgroups=soft", "900203" },
	{ "--manage-cgroups=ignore", "900200" },
	{ "--cgroup-root /a", "ca01041202"
			      "2f61" },
	{ "--cgroup-root cpu:/a", "ca01090a0363707512022f61" },
	{ "--cgroup-yard /a", "e203022f61" },
	{ "--lsm-profile apparmor:x", "aa030a61707061726d6f723a78" },
	{ "--lsm-mount-context x", "fa030178" },
	{ "--network-lock skip", "800403" },
	{ "--criu-opt shell_job=yes", "3801" },
	{ "--criu-opt root=a=b", "6a03613d62" },
	{ "-d", "" },
};

/* ---- command lines that are refused ---- */

struct line_case {
	const char *line;
	int code;
};

static void is_judged(void **state)
{
	const struct line_case *c = *state;
	struct parsed p;

	parse(&p, c->line);
	assert_int_equal(p.code, c->code);
	parsed_done(&p);
}

static struct line_case line_cases[] = {
	{ "-D x", 0 },
	{ "--help", -1 },
	{ "-D x --fd a=1 --map k=a", 0 },
	{ "--map k=a --fd a=1 -D x", 0 },
	{ "-D x --fd a=1 --map k=a --map l=a --at a=9", 0 },
	{ "-D x --inherit-fd fd[1]:k --inherit-fd fd[1]:l --at fd[1]=9", 0 },
	{ "", CTL_USAGE },
	{ "-D", CTL_USAGE },
	{ "-D x y", CTL_USAGE },
	{ "-D x --nonsense", CTL_USAGE },
	{ "-D x --map k=a", CTL_USAGE },
	{ "-D x --fd a=1", CTL_USAGE },
	{ "-D x --fd a=1 --fd a=2 --map k=a", CTL_USAGE },
	{ "-D x --fd a=1 --map k=a --at b=9", CTL_USAGE },
	{ "-D x --at fd[1]=9", CTL_USAGE },
	{ "-D x --fd a", CTL_USAGE },
	{ "-D x --deadline never", CTL_USAGE },
	{ "-D x --manage-cgroups=sometimes", CTL_USAGE },
	{ "-D x --ext-mount-map a", CTL_USAGE },
	{ "-D x --veth-pair a", CTL_USAGE },
	{ "-D x --join-ns net", CTL_USAGE },
	{ "-D x --cgroup-root cpu", CTL_USAGE },
	{ "-D x --empty-ns pid", CTL_USAGE },
	{ "-D x --criu-opt shell_job", CTL_USAGE },
	{ "-D x --criu-opt =yes", CTL_USAGE },
	{ "-D x --criu-opt nonsense=yes", CTL_USAGE },
	{ "-D x --local --socket y", CTL_USAGE },
	{ "-D x --criu y", CTL_USAGE },
	{ "-D x --json=loud", CTL_USAGE },
};

/* ---- what it all comes to ---- */

static void all_parts_arrive(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "-D imgs -W work --fd a=/x:a --map k=v=a --at a=4 --at a=9 --deadline 1.5 "
		  "--carry-on -vv --json=short");
	assert_int_equal(p.code, 0);
	assert_string_equal(p.args.mapping.images, "imgs");
	assert_string_equal(p.args.work, "work");
	assert_int_equal(p.args.mapping.n_lent, 1);
	assert_string_equal(p.args.mapping.lent[0].spec.path, "/x");
	assert_int_equal(p.args.mapping.n_maps, 1);
	assert_string_equal(p.args.mapping.maps[0].text, "k=v");
	assert_int_equal(mapping_args_number(&p.args.mapping, &p.args.mapping.maps[0]), 9);
	assert_int_equal(p.args.deadline_ms, 1500);
	assert_true(p.args.carry_on);
	assert_int_equal(p.ctl.verbose, 2);
	assert_int_equal(p.ctl.format, CTL_JSON_SHORT);
	parsed_done(&p);
}

/*
 * The number is free, and what is opened first would take it: it must be found closed all the same.
 */
static void a_closed_number_is_found_before_anything_is_opened(void **state)
{
	int lowest = fcntl(0, F_DUPFD_CLOEXEC, 3);
	int before = fcntl(2, F_DUPFD_CLOEXEC, 50), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char line[96];
	struct parsed p;

	(void)state;
	snprintf(line, sizeof(line), "-D /tmp --fd a=/dev/null:r --map k=a --inherit-fd fd[%d]:l",
		lowest);
	parse(&p, line);
	assert_int_equal(p.code, 0);
	close(lowest);
	dup2(null, 2);
	p.code = restore_args_open(&p.ctl, &p.args);
	dup2(before, 2);
	close(before);
	close(null);
	assert_int_equal(p.code, CTL_REFUSED);
	parsed_done(&p);
}

static void an_open_number_is_lent_as_it_is(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "-D /tmp --fd a=/dev/null:r --map k=a --inherit-fd fd[1]:l");
	assert_int_equal(restore_args_open(&p.ctl, &p.args), 0);
	assert_int_equal(p.args.mapping.lent[1].fd, 1);
	assert_int_equal(p.args.mapping.lent[1].opened, -1);
	assert_true(p.args.mapping.lent[0].fd == p.args.mapping.lent[0].opened);
	assert_int_equal(restore_args_fill(&p.args, p.rq), 0);
	assert_int_equal(p.rq->n_mappings, 2);
	parsed_done(&p);
	assert_true(fcntl(1, F_GETFD) >= 0);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int main(void)
{
	struct CMUnitTest options[COUNT(option_cases)], lines[COUNT(line_cases)];
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(all_parts_arrive),
		cmocka_unit_test(a_closed_number_is_found_before_anything_is_opened),
		cmocka_unit_test(an_open_number_is_lent_as_it_is),
	};
	int failed;

	for (size_t i = 0; i < COUNT(option_cases); i++)
		options[i] = (struct CMUnitTest){ option_cases[i].line, becomes_bytes, NULL, NULL,
			&option_cases[i] };
	for (size_t i = 0; i < COUNT(line_cases); i++)
		lines[i] = (struct CMUnitTest){ line_cases[i].line, is_judged, NULL, NULL,
			&line_cases[i] };
	failed = cmocka_run_group_tests_name("options: criu's", options, NULL, NULL);
	failed += cmocka_run_group_tests_name("options: lines", lines, NULL, NULL);
	return failed + cmocka_run_group_tests_name("options", rest, NULL, NULL);
}
