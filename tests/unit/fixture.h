/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every test program includes: cmocka with the headers that it needs before itself.
 *
 * The fixture itself needs no call. The Makefile links fixture.c into every test program, and it puts
 * itself around each test given to cmocka_run_group_tests() or cmocka_run_group_tests_name(): it looks
 * at the open descriptors before the test's setup and after its teardown, and fails the test if one was
 * left open, was closed, or is another file than before.
 */
#ifndef FDBROKER_TESTS_FIXTURE_H
#define FDBROKER_TESTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
