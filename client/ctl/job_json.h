/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs and results as JSON: the names of members are the same in all commands, and stable. */
#ifndef FDBROKER_CTL_JOB_JSON_H
#define FDBROKER_CTL_JOB_JSON_H

#include <cjson/cJSON.h>

#include "fdbroker.h"

/**
 * job_json() - all that is known of a job
 *
 * Members that say nothing of it are left out: those of a list lack what a list does not have.
 *
 * Return: the caller's; NULL: no memory.
 */
cJSON *job_json(const struct fdb_job *job);

/* Add "problems" of the plan, if there may be some. */
void job_json_problems(cJSON *json, const struct fdb_result *res);

/* Add "stages". */
void job_json_stages(cJSON *json, const struct fdb_result *res);

/* Add "statistics", if criu has left some. */
void job_json_statistics(cJSON *json, const struct fdb_result *res);

/* Add "end", if the restored root task has ended. */
void job_json_end(cJSON *json, const struct fdb_job *job);

/* Add "cleanup", if something had to be done. */
void job_json_cleanup(cJSON *json, const struct fdb_result *res);

#endif
