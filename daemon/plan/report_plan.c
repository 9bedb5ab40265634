/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON of Plan. See report_plan.h. */
#include "plan/report_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "plan/describe.h"
#include "plan/report_inspect.h"

static void add_string(cJSON *o, const char *name, const char *text)
{
	cJSON_AddItemToObjectCS(o, name, cJSON_CreateString(text));
}

/* ---- mappings ---- */

static cJSON *file_ids(const struct graph *g, const uint32_t *files, size_t n)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(g->files[files[i]].id));
	return list;
}

/* "17.4" for each task that has the descriptor. */
static void add_holders(cJSON *list, const struct graph *g, const struct desc *d, uint32_t *tasks)
{
	describe_table_tasks(g, d->table, tasks);
	for (uint32_t i = 0; i < g->tables[d->table].n_tasks; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%u.%u", g->tasks[tasks[i]].pid, d->fd);
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
}

static cJSON *changed_descriptors(const struct graph *g, const struct plan_mapping *m)
{
	autofree uint32_t *tasks = malloc((g->n_tasks + 1) * sizeof(*tasks));
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; tasks && i < m->files.n; i++) {
		const struct file *f = &g->files[m->files.files[i]];

		for (uint32_t k = 0; k < f->n_descs; k++)
			add_holders(list, g, &g->descs[g->file_descs[f->first_desc + k]], tasks);
	}
	return list;
}

static cJSON *lent_object(const struct plan_mapping_in *in)
{
	cJSON *o = cJSON_CreateObject();

	report_text(o, "name", in->name, strlen(in->name));
	add_string(o, "kind", facts_kind_name(in->facts.kind));
	if (in->facts.kind != FACTS_CLOSED)
		add_string(o, "access", describe_access(in->facts.flags));
	return o;
}

static void add_outcome(cJSON *o, const struct graph *g, const struct plan_mapping *m)
{
	size_t n_stays = m->n_stays < sizeof(m->stays) / sizeof(m->stays[0])
				 ? m->n_stays
				 : sizeof(m->stays) / sizeof(m->stays[0]);

	report_text(o, "key", m->key, strlen(m->key));
	add_string(o, "how", m->how == PLAN_DUP ? "dup" : "reopen");
	cJSON_AddItemToObjectCS(o, "split", cJSON_CreateBool(m->split));
	/* What has a key but no open file. */
	report_true(o, "namespace", m->files.n == 0);
	cJSON_AddItemToObjectCS(o, "files", file_ids(g, m->files.files, m->files.n));
	report_number(o, "tasks", m->n_tasks);
	cJSON_AddItemToObjectCS(o, "descriptors", changed_descriptors(g, m));
	cJSON_AddItemToObjectCS(o, "stays", file_ids(g, m->stays, n_stays));
	report_true(o, "more_stays", n_stays < m->n_stays);
}

static void put_mapping(const struct plan *p, const struct plan_mapping_in *in,
	const struct plan_mapping *m, struct report *r)
{
	char target[DESCRIBE_NAME_SIZE];
	cJSON *o = cJSON_CreateObject();

	target_text(&in->target, target, sizeof(target));
	report_text(o, "target", target, strlen(target));
	cJSON_AddItemToObjectCS(o, "lent", lent_object(in));
	if (in->target.number >= 0)
		cJSON_AddItemToObjectCS(o, "number", cJSON_CreateNumber(in->target.number));
	if (m->key)
		add_outcome(o, p->g, m);
	report_item(r, NULL, o);
}

/* ---- problems ---- */

static void put_problem(const struct plan_problem *problem, struct report *r)
{
	bool error = problem->level == PLAN_ERROR;
	cJSON *o = cJSON_CreateObject();

	add_string(o, "level", error ? "error" : "warning");
	add_string(o, "code", plan_code_name(problem->code));
	if (problem->mapping != NONE)
		cJSON_AddItemToObjectCS(o, "mapping", cJSON_CreateNumber(problem->mapping));
	report_text(o, "text", problem->text, strlen(problem->text));
	report_true(o, "at_own_risk", error && plan_code_acceptable(problem->code));
	report_item(r, NULL, o);
}

int report_plan(const struct plan *p, const struct plan_request *request, struct report *r)
{
	report_open(r, NULL, '{');
	report_item(r, "outcome", cJSON_CreateString(p->n_errors ? "refused" : "good"));
	report_open(r, "mappings", '[');
	for (size_t i = 0; i < p->n_mappings; i++)
		put_mapping(p, &request->mappings[i], &p->mappings[i], r);
	(void)report_close(r);
	report_open(r, "problems", '[');
	for (size_t i = 0; i < p->n_problems; i++)
		put_problem(&p->problems[i], r);
	(void)report_close(r);
	report_need_list(p, "needs", r);
	return report_close(r);
}
