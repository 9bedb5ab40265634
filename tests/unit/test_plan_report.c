/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON of inspect and plan: that it is JSON, and that it says what the images hold. */
#include "images.h"

#include <errno.h>

#include <cjson/cJSON.h>

#include "plan/load.h"
#include "plan/report_inspect.h"
#include "plan/report_plan.h"

#define ZOO "tests/unit/data/zoo"

/* What is lent in all tests: a file for reading and writing. */
static const struct facts regular = { .kind = FACTS_REGULAR, .mode = 0100644, .flags = O_RDWR };

struct made {
	struct graph g;
	struct plan p;
	struct plan_request r;
};

static void make(struct made *m, const char *path, const struct plan_mapping_in *in, size_t n)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };

	*m = (struct made){ .r = { .mappings = in, .n_mappings = n, .nonce = 1 } };
	assert_int_equal(load_graph(dir, &m->g, &err), 0);
	close(dir);
	assert_int_equal(plan_make(&m->g, &m->r, &m->p, &err), 0);
}

static void unmake(struct made *m)
{
	plan_done(&m->p);
	graph_done(&m->g);
}

static void put(void *arg, const char *text)
{
	out_bytes(arg, text, strlen(text));
}

/* The text as JSON: it must be all of it, and end in the one line's end. */
static cJSON *parsed(struct out *o, bool pretty)
{
	const char *end;
	cJSON *json;

	out_bytes(o, "", 1);
	json = cJSON_ParseWithOpts((char *)o->bytes, &end, 0);
	assert_non_null(json);
	assert_string_equal(end, "\n");
	assert_int_equal(strchr((char *)o->bytes, '\n') == end, !pretty);
	free(o->bytes);
	return json;
}

static cJSON *inspected(struct made *m, uint32_t task, bool pretty)
{
	struct out o = { 0 };
	struct report r = { .put = put, .arg = &o, .pretty = pretty };

	assert_int_equal(report_inspect(&m->p, task, &r), 0);
	return parsed(&o, pretty);
}

static const cJSON *at(const cJSON *json, const char *list, int i)
{
	const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, list), i);

	assert_non_null(item);
	return item;
}

static double number(const cJSON *o, const char *name)
{
	assert_true(cJSON_IsNumber(cJSON_GetObjectItem(o, name)));
	return cJSON_GetObjectItem(o, name)->valuedouble;
}

static const char *text(const cJSON *o, const char *name)
{
	assert_true(cJSON_IsString(cJSON_GetObjectItem(o, name)));
	return cJSON_GetObjectItem(o, name)->valuestring;
}

static const cJSON *file_of(const cJSON *json, double id)
{
	const cJSON *f;

	cJSON_ArrayForEach(
		f, cJSON_GetObjectItem(json, "files")) if (number(f, "id") == id) return f;
	fail_msg("no file %g", id);
	return NULL;
}

static const cJSON *desc(const cJSON *json, int table, double fd)
{
	const cJSON *d;

	cJSON_ArrayForEach(d, cJSON_GetObjectItem(at(json, "tables", table),
				      "descriptors")) if (number(d, "fd") == fd) return d;
	fail_msg("no descriptor %g", fd);
	return NULL;
}

/* ---- inspect ---- */

static void the_zoo(void **state)
{
	struct made m;
	cJSON *json;
	const cJSON *f;

	(void)state;
	make(&m, ZOO, NULL, 0);
	for (int pretty = 0; pretty < 2; pretty++) {
		json = inspected(&m, NONE, pretty);
		assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tasks")), 4);
		assert_int_equal(number(at(json, "tasks", 0), "ppid"), 0);
		assert_int_equal(
			cJSON_GetArraySize(cJSON_GetObjectItem(at(json, "tasks", 0), "threads")),
			2);
		assert_int_equal(
			cJSON_GetArraySize(cJSON_GetObjectItem(at(json, "tables", 0), "tasks")), 2);
		/* 10 and 12 are one open file; 11 is another on the same path. */
		assert_true(number(desc(json, 0, 10), "file") == number(desc(json, 0, 12), "file"));
		assert_true(number(desc(json, 0, 10), "file") != number(desc(json, 0, 11), "file"));
		f = file_of(json, number(desc(json, 0, 10), "file"));
		assert_string_equal(text(f, "path"), "/run/w/log");
		assert_string_equal(text(f, "key"), "run/w/log");
		assert_string_equal(text(f, "access"), "w");
		assert_string_equal(
			cJSON_GetArrayItem(cJSON_GetObjectItem(f, "flags"), 0)->valuestring,
			"append");
		assert_int_equal(number(f, "holders"), 6);
		/* The two ends of a pipe name each other. */
		f = file_of(json, number(desc(json, 0, 14), "file"));
		assert_true(number(f, "peer") == number(desc(json, 0, 15), "file"));
		assert_int_equal(number(f, "waiting_bytes"), 5);
		cJSON_Delete(json);
	}
	unmake(&m);
}

static void one_task(void **state)
{
	struct made m;
	cJSON *json;

	(void)state;
	make(&m, ZOO, NULL, 0);
	json = inspected(&m, graph_task(&m.g, 7), false);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tasks")), 1);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tables")), 1);
	assert_null(cJSON_GetObjectItem(json, "needs"));
	/* What is in flight to one of its sockets belongs to it. */
	(void)file_of(json, m.g.files[graph_file(&m.g, 0x14)].id);
	cJSON_Delete(json);
	/* A zombie has none of it. */
	json = inspected(&m, graph_task(&m.g, 8), false);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tables")), 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "files")), 0);
	assert_int_equal(number(at(json, "tasks", 0), "exit_code"), 7 << 8);
	cJSON_Delete(json);
	unmake(&m);
}

/* A path that is no UTF-8, and numbers that a double cannot hold. */
static void all_bytes(void **state)
{
	struct images i = images_begin();
	struct out files = out_begin(2, MAGIC_FILES);
	IMG(FownEntry, FOWN_ENTRY, fown, .uid = 0);
	IMG(RegFile, REG_FILE, reg, .id = 1, .flags = O_RDWR, .fown = &fown,
		.name = (char *)"/a\xff\"\n", .pos = (1ull << 53) + 1);
	IMG(FileEntry, FILE_ENTRY, e, .type = 1, .id = 1, .reg = &reg);
	struct out raw = { 0 };
	struct report r = { .put = put, .arg = &raw };
	struct made m;
	cJSON *json;

	(void)state;
	images_tree(&i);
	out_record(&files, &e);
	out_pipe(&files, 2, O_WRONLY, 77);
	out_save(&files, &i, "files.img");
	make(&m, i.path, NULL, 0);
	assert_int_equal(report_inspect(&m.p, NONE, &r), 0);
	out_bytes(&raw, "", 1);
	assert_non_null(strstr((char *)raw.bytes, "\"position\":9007199254740993"));
	raw.n--;
	json = parsed(&raw, false);
	assert_string_equal(text(file_of(json, 1), "path"), "/a\xef\xbf\xbd\"\n");
	assert_string_equal(text(file_of(json, 1), "path_hex"), "2f61ff220a");
	cJSON_Delete(json);
	unmake(&m);
	images_end(&i);
}

static cJSON *planned(struct made *m)
{
	struct out o = { 0 };
	struct report r = { .put = put, .arg = &o };

	assert_int_equal(report_plan(&m->p, &m->r, &r), 0);
	return parsed(&o, false);
}

/* ---- needs ---- */

static void needs(void **state)
{
	struct images i = images_begin();
	struct out o = { 0 };
	struct report r = { .put = put, .arg = &o, .pretty = true };
	struct made m;
	cJSON *json;
	const cJSON *need;

	(void)state;
	images_tree(&i);
	make(&m, i.path, NULL, 0);
	assert_int_equal(report_needs(&m.p, &r), 0);
	json = parsed(&o, true);
	need = at(json, "mappings", 0);
	assert_string_equal(text(need, "need"), "pipe-end");
	assert_string_equal(text(need, "target"), "key:pipe:[77]");
	assert_string_equal(text(need, "mode"), "a");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(need, "fd")));
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(need, "path")));
	cJSON_Delete(json);
	unmake(&m);
	images_end(&i);
}

/* A network namespace that comes from outside: no open file, but a need all the same. */
static void a_namespace(void **state)
{
	struct images i = images_begin();
	struct out o = { 0 }, net = out_begin(2, MAGIC_NETNS), ids = out_begin(2, MAGIC_IDS);
	IMG(NetnsEntry, NETNS_ENTRY, ns, .ext_key = (char *)"extRootNetNS");
	IMG(TaskKobjIds, TASK_KOBJ_IDS, of_task, .vm_id = 1, .files_id = 1, .fs_id = 1,
		.has_net_ns_id = 1, .net_ns_id = 20);
	struct report r = { .put = put, .arg = &o };
	struct plan_mapping_in in = {
		.target = { .kind = TARGET_KEY, .text = "extRootNetNS", .number = -1 },
		.name = "net",
		.facts = { .kind = FACTS_NAMESPACE },
	};
	struct made m;
	const cJSON *need;
	cJSON *json;

	(void)state;
	images_tree(&i);
	out_record(&net, &ns);
	out_save(&net, &i, "netns-20.img");
	out_record(&ids, &of_task);
	out_save(&ids, &i, "ids-10.img");
	make(&m, i.path, NULL, 0);
	assert_int_equal(report_needs(&m.p, &r), 0);
	json = parsed(&o, false);
	need = at(json, "mappings", 1);
	assert_string_equal(text(need, "need"), "namespace");
	assert_string_equal(text(need, "target"), "key:extRootNetNS");
	assert_string_equal(text(need, "mode"), "r");
	assert_null(cJSON_GetObjectItem(need, "file"));
	cJSON_Delete(json);
	unmake(&m);
	make(&m, i.path, &in, 1);
	json = planned(&m);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(at(json, "mappings", 0), "namespace")));
	assert_string_equal(text(at(json, "mappings", 0), "key"), "extRootNetNS");
	cJSON_Delete(json);
	unmake(&m);
	images_end(&i);
}

/* ---- plan ---- */

static void a_good_plan(void **state)
{
	const struct plan_mapping_in in = {
		.target = { .kind = TARGET_DESC, .pid = 5, .fd = 10, .number = 9 },
		.name = "log",
		.facts = regular,
	};
	struct made m;
	const cJSON *mapping;
	cJSON *json;

	(void)state;
	make(&m, ZOO, &in, 1);
	json = planned(&m);
	assert_string_equal(text(json, "outcome"), "good");
	mapping = at(json, "mappings", 0);
	assert_string_equal(text(mapping, "target"), "5.10");
	assert_string_equal(text(mapping, "how"), "dup");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(mapping, "split")));
	assert_int_equal(number(mapping, "number"), 9);
	assert_int_equal(number(mapping, "tasks"), 3);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(mapping, "descriptors")), 6);
	assert_string_equal(at(mapping, "descriptors", 0)->valuestring, "5.10");
	assert_string_equal(at(mapping, "descriptors", 1)->valuestring, "9.10");
	assert_int_equal(number(at(json, "problems", 0), "mapping"), 0);
	assert_string_equal(text(at(json, "problems", 0), "level"), "warning");
	cJSON_Delete(json);
	unmake(&m);
}

static void a_refused_plan(void **state)
{
	const struct plan_mapping_in in[] = {
		{ .target = { .kind = TARGET_KEY, .text = "nothing", .number = -1 },
			.name = "a",
			.facts = regular },
		{ .target = { .kind = TARGET_DESC, .pid = 5, .fd = 27, .number = -1 },
			.name = "b",
			.facts = regular },
	};
	struct made m;
	cJSON *json;

	(void)state;
	make(&m, ZOO, in, 2);
	json = planned(&m);
	assert_string_equal(text(json, "outcome"), "refused");
	assert_null(cJSON_GetObjectItem(at(json, "mappings", 0), "key"));
	assert_string_equal(text(at(json, "problems", 0), "code"), "no-match");
	assert_null(cJSON_GetObjectItem(at(json, "problems", 0), "at_own_risk"));
	assert_string_equal(text(at(json, "problems", 1), "code"), "wrong-kind");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(at(json, "problems", 1), "at_own_risk")));
	cJSON_Delete(json);
	unmake(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zoo),
		cmocka_unit_test(one_task),
		cmocka_unit_test(all_bytes),
		cmocka_unit_test(needs),
		cmocka_unit_test(a_namespace),
		cmocka_unit_test(a_good_plan),
		cmocka_unit_test(a_refused_plan),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
