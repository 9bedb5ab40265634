/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every setting and every limit of the daemon, once: what configuration files, `--dump-options`, the example
 * file, `fdbroker-ctl config` and the manual say comes from here. How values are read: config_value.c.
 */
#include "config/config_table.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define AT(member) offsetof(struct config, member)
#define K          UINT64_C(1024)
#define M          (K * K)
#define G          (K * M)
#define S          UINT64_C(1000)
#define DAY        (86400 * S)
#define BROKER     "Broker"
#define POLICY     "Policy"
#define LOG        "Log"
#define LIMITS     "Limits"
#define USER       "UserLimits"
/* clang-format off */
#define NUMBER(member, low, high) CONFIG_NUMBER, AT(member), low, high, NULL, false
#define SIZE(member, low, high)   CONFIG_SIZE, AT(member), low, high, NULL, false
#define TIME(member, low, high)   CONFIG_TIME, AT(member), low, high, NULL, false
#define YES_NO(member)            CONFIG_BOOL, AT(member), 0, 1, NULL, false

static const struct config_word faults[] = { { "auto", CONFIG_FAULT_AUTO }, { "none", 0 }, { 0 } };
static const struct config_word never[] = { { "never", 0 }, { 0 } };
static const struct config_word automatic[] = { { "auto", 0 }, { 0 } };
static const struct config_word levels[] = {
	{ "err", LOG_ERR }, { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
	{ "info", LOG_INFO }, { "debug", LOG_DEBUG }, { 0 },
};

const struct config_option config_options[] = {
	{ BROKER, "CriuPath", CONFIG_PROGRAM, AT(criu), 0, 0, NULL, false, "criu",
	  "the criu that restores run: an absolute path, or a name that is looked for in /usr/local and /usr" },
	{ BROKER, "CriuFault", CONFIG_NUMBER, AT(fault), 1, 1000, faults, false, "auto",
	  "CRIU_FAULT in criu's environment; auto: 130 where hardware breakpoints do not fire, else none" },
	{ BROKER, "StateDirectory", CONFIG_PATH, AT(state_dir), 0, 0, NULL, true, "/run/criu-fdbroker/state",
	  "where jobs are remembered over a restart; none: nowhere" },
	{ BROKER, "Socket", CONFIG_PATH, AT(socket_path), 0, 0, NULL, true, "none",
	  "a socket to listen on, besides those that systemd listens on" },
	{ BROKER, "DefaultDeadlineSec", TIME(deadline_ms, S, 14 * DAY), "10min",
	  "deadline of a restore whose client names none" },
	{ BROKER, "IdleExitSec", CONFIG_TIME, AT(idle_exit_ms), S, 30 * DAY, never, false, "never",
	  "end after so long without clients, restores and restored trees, if systemd listens for us" },

	{ POLICY, "Group", CONFIG_GROUP, AT(group), 0, 0, NULL, false, "none",
	  "members of this group of /etc/group may restore, which makes them as good as root; or its number" },
	{ POLICY, "AllowOwn", YES_NO(allow_own), "no",
	  "whether other users may restore what is theirs, with no more rights than they have" },

	{ LOG, "Level", CONFIG_WORD, AT(log_level), 0, 0, levels, false, "info",
	  "which lines are logged: these and graver ones" },

	{ LIMITS, "MaxSessions", NUMBER(max_sessions, 1, 100000), "1024",
	  "connections at one time" },
	{ LIMITS, "MaxLentPerSession", NUMBER(max_lent, 1, 1000000), "8192",
	  "descriptors that one connection has lent" },
	{ LIMITS, "ReservedDescriptors", NUMBER(reserved_fds, 64, 100000), "256",
	  "descriptors below RLIMIT_NOFILE that are not filled with lent ones" },
	{ LIMITS, "MaxMappings", NUMBER(max_mappings, 1, 32768), "8192",
	  "mappings of one restore" },
	{ LIMITS, "MaxWaitingPerSession", NUMBER(max_waiting, 1, 100000), "256",
	  "calls of one connection that wait for jobs to end" },
	{ LIMITS, "MaxQueueSize", SIZE(max_queue_bytes, 64 * K, 1 * G), "4M",
	  "messages that one client has not read yet; over it the connection ends" },
	{ LIMITS, "MaxQueueDescriptors", NUMBER(max_queue_fds, 8, 100000), "512",
	  "descriptors in them" },
	{ LIMITS, "MaxWatchQueueSize", SIZE(max_watch_bytes, 4 * K, 1 * G), "256K",
	  "messages that one client has not read yet; over it events of Watch are dropped and counted" },
	{ LIMITS, "MaxRestores", NUMBER(max_restores, 1, 100000), "512",
	  "restores that have no result yet, those that wait too" },
	{ LIMITS, "MaxWorkers", CONFIG_NUMBER, AT(max_workers), 1, 1024, automatic, false, "auto",
	  "restores that run criu at one time; auto: two for each processor, 4 at least" },
	{ LIMITS, "MaxPlanners", NUMBER(max_planners, 1, 1024), "16",
	  "restores whose images are being read at one time" },
	{ LIMITS, "MaxReports", NUMBER(max_reports, 1, 1024), "16",
	  "plans and inspections under way" },
	{ LIMITS, "MaxDeadlineSec", TIME(max_deadline_ms, S, 14 * DAY), "1d",
	  "the longest deadline that a client may ask for" },
	{ LIMITS, "PlannerTimeoutSec", TIME(planner_ms, 100, 3600 * S), "10s",
	  "for reading the images and planning" },
	{ LIMITS, "PlannerMemory", SIZE(planner_memory, 64 * M, 1024 * G), "2G",
	  "address space of a child that reads images" },
	{ LIMITS, "MaxPlanSize", SIZE(max_plan_bytes, 1 * M, 64 * G), "512M",
	  "the plan that it hands back, changed images in it" },
	{ LIMITS, "LayerTimeoutSec", TIME(layer_ms, 100, 3600 * S), "10s",
	  "for putting changed images over a client's directory" },
	{ LIMITS, "UnchangedTimeoutSec", TIME(unchanged_ms, 100, 3600 * S), "10s",
	  "for looking whether the images are still those that were planned with" },
	{ LIMITS, "ExplainTimeoutSec", TIME(explain_ms, 100, 3600 * S), "2s",
	  "for finding out from criu's log why it failed, and for reading its statistics" },
	{ LIMITS, "MaxKeptJobs", NUMBER(max_kept, 1, 1000000), "1024",
	  "jobs that have ended and can still be asked for; the oldest are forgotten" },
	{ LIMITS, "MaxLogSize", SIZE(max_log_bytes, 64 * K, 1024 * G), "256M",
	  "criu's logs that are kept, in all; the oldest are forgotten with their jobs" },
	{ LIMITS, "MaxJobLogSize", SIZE(max_job_log_bytes, 4 * K, 64 * G), "4M",
	  "one log that is kept; more is cut out of its middle" },
	{ LIMITS, "MaxGrowingLogSize", SIZE(max_growing_log_bytes, 64 * K, 64 * G), "64M",
	  "a log that criu still writes; over it the restore ends" },

	{ USER, "MaxSessions", NUMBER(user_sessions, 1, 100000), "512",
	  "connections of one user" },
	{ USER, "MaxLent", NUMBER(user_lent, 1, 1000000), "16384",
	  "descriptors that one user has lent" },
	{ USER, "MaxRestores", NUMBER(user_restores, 1, 100000), "256",
	  "restores of one user that have no result yet" },
	{ USER, "MaxKeptJobs", NUMBER(user_kept, 1, 1000000), "512",
	  "ended jobs of one user that are kept" },
	{ USER, "MaxLogSize", SIZE(user_log_bytes, 64 * K, 1024 * G), "128M",
	  "criu's logs of one user that are kept" },
	{ USER, "MaxQueueSize", SIZE(user_queue_bytes, 64 * K, 16 * G), "16M",
	  "messages that one user has not read yet; over it a connection ends" },
	{ USER, "MaxOwnWorkers", NUMBER(own_workers, 1, 1024), "2",
	  "restores of one user in class own that run criu at one time; the others wait" },
	{ USER, "MaxOwnRestores", NUMBER(own_restores, 1, 100000), "64",
	  "restores of one user in class own that have no result yet, those that wait too" },
	{ USER, "MaxOwnTrees", NUMBER(own_trees, 1, 100000), "256",
	  "restored trees of one user in class own that live, and what may become one" },
};
/* clang-format on */

#define N_OPTIONS (sizeof(config_options) / sizeof(config_options[0]))
const size_t config_n_options = N_OPTIONS;

_Static_assert(N_OPTIONS <= CONFIG_MAX_OPTIONS, "an origin for each");

const char *config_type_name(enum config_type type)
{
	static const char *const names[] = {
		[CONFIG_NUMBER] = "number",
		[CONFIG_SIZE] = "size",
		[CONFIG_TIME] = "time",
		[CONFIG_BOOL] = "yes or no",
		[CONFIG_WORD] = "word",
		[CONFIG_PATH] = "path",
		[CONFIG_PROGRAM] = "program",
		[CONFIG_GROUP] = "group",
	};

	return names[type];
}

const struct config_option *config_option_find(const char *section, const char *key)
{
	for (size_t i = 0; i < config_n_options; i++)
		if (!strcmp(config_options[i].section, section) &&
			!strcmp(config_options[i].key, key))
			return &config_options[i];
	return NULL;
}

bool config_section_known(const char *section)
{
	for (size_t i = 0; i < config_n_options; i++)
		if (!strcmp(config_options[i].section, section))
			return true;
	return false;
}

/* Beyond the processors only waiting grows; but a criu that hangs shall not hold up all others. */
unsigned config_workers(const struct config *config)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->max_workers)
		return (unsigned)config->max_workers;
	return n > 2 ? (unsigned)n * 2 : 4;
}
