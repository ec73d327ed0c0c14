/* SPDX-License-Identifier: Apache-2.0 */
/* A master file: whatever it says, nothing breaks; and what compiles is an image that opens, and whose dump compiles
 * to the same image again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "zone/compile.h"
#include "zone/dump.h"
#include "zone/image.h"
#include "zone/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static int compile(const char *text, size_t len, void **ret_bytes, size_t *ret_size)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct name apex;

	name_from_text("example.", &apex);
	struct zone_compile *zone = zone_compile_new(&apex);
	int read_err = zone_text_parse("fuzz", text, len, &apex, zone_compile_add, zone, &errors);
	int err = zone_compile_finish(zone, ret_bytes, ret_size, &errors, &warnings);

	require((read_err == 0 && err == 0) == (errors.count == 0),
		"a failure has a fault, and a fault is a failure");
	if (err == 0 && read_err != 0) {
		mem_free(*ret_bytes);
		err = read_err;
	}
	zone_compile_free(zone);
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return err;
}

struct dump {
	char *text;
	size_t len;
};

static int add_line(void *ctx, const char *line, size_t len)
{
	struct dump *dump = ctx;

	dump->text = mem_resize(dump->text, dump->len + len + 1, 1);
	memcpy(dump->text + dump->len, line, len);
	dump->len += len + 1;
	dump->text[dump->len - 1] = '\n';
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *bytes, *again;
	size_t image_size, again_size;
	struct zone_image *image;
	struct err_note note;
	struct dump dump = { 0 };

	if (compile((const char *)data, size, &bytes, &image_size) != 0)
		return 0;
	require(zone_image_open(bytes, image_size, true, &image, &note) == 0, "a compiled image opens");
	zone_dump(zone_image_header(image), add_line, &dump);
	require(compile(dump.text, dump.len, &again, &again_size) == 0, "a dump compiles");
	require(again_size == image_size && memcmp(again, bytes, image_size) == 0, "a dump is the same zone");
	mem_free(again);
	mem_free(dump.text);
	zone_image_release(image);
	return 0;
}
