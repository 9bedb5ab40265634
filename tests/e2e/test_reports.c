/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plan and Inspect over the protocol and by the library; what they lend stays lent, and nothing runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/err.h"
#include "fdbroker.h"
#include "rawclient.h"

static struct broker broker;
static struct fdb_client *client;

static int setup(void **state)
{
	(void)state;
	broker_start(&broker, "ok");
	return fdb_new(&client) || fdb_connect(client, broker.socket, 5000);
}

static int teardown(void **state)
{
	(void)state;
	fdb_free(client);
	broker_stop(&broker);
	return 0;
}

static int images(void)
{
	int fd = open(broker.images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Consumes the descriptor; the caller deletes the result. */
static cJSON *json_of(int fd)
{
	static char text[65536];
	ssize_t n = read(fd, text, sizeof(text) - 1);
	cJSON *json;

	assert_true(n > 0);
	text[n] = 0;
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
	json = cJSON_Parse(text);
	if (!json)
		print_message("%s\n", text);
	assert_non_null(json);
	return json;
}

static void inspects(void **state)
{
	int dir = images(), report = -1;
	cJSON *json;

	(void)state;
	assert_int_equal(fdb_inspect(client, dir, 5000, &report), 0);
	json = json_of(report);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tasks")), 1);
	cJSON_Delete(json);
	close(dir);
}

static void plans(void **state)
{
	int dir = images(), report = -1, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct fdb_request *rq = NULL;
	cJSON *json;
	char *text;

	(void)state;
	assert_int_equal(fdb_lend(client, "log", null, 5000), 0);
	assert_int_equal(fdb_request_new(client, &rq), 0);
	assert_int_equal(fdb_request_images_dir(rq, dir), 0);
	assert_int_equal(fdb_request_map(rq, "4000000.1", "log", -1), 0);
	assert_int_equal(fdb_plan(client, rq, 5000, &report), 0);
	json = json_of(report);
	text = cJSON_PrintUnformatted(json);
	assert_non_null(strstr(text, "4000000.1"));
	free(text);
	cJSON_Delete(json);
	/* with an error it is a report all the same */
	assert_int_equal(fdb_request_map(rq, "4000000.99", "log", -1), 0);
	assert_int_equal(fdb_plan(client, rq, 5000, &report), 0);
	json = json_of(report);
	text = cJSON_PrintUnformatted(json);
	assert_non_null(strstr(text, "no-match"));
	free(text);
	cJSON_Delete(json);
	assert_int_equal(raw_lent(broker.witness), 2);
	fdb_request_free(rq);
	close(null);
	close(dir);
}

static void refuses(void **state)
{
	int dir = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC), report = -1,
	    null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fdb_inspect(client, dir, 5000, &report), -EBADMSG);
	assert_non_null(strstr(fdb_error_text(client), "inventory"));
	assert_int_equal(fdb_inspect(client, null, 5000, &report), -EINVAL);
	assert_string_equal(fdb_error_field(client), "images_dir");
	assert_int_equal(report, -1);
	close(null);
	close(dir);
}

/* A client that leaves while its report is made takes it along. */
static void leaves(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Inspect inspect = FDBROKER__V1__INSPECT__INIT;

	(void)state;
	inspect.has_images_dir = true;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_INSPECT;
	message.inspect = &inspect;
	for (int i = 0; i < 20; i++) {
		int sock = raw_connect(&broker), dir = images();

		raw_send(sock, &message, &dir, 1);
		close(dir);
		close(sock);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(inspects), TEST(plans), TEST(refuses),
		TEST(leaves) };

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
