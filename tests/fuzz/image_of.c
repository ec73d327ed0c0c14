/* SPDX-License-Identifier: Apache-2.0 */
/* image_of ORIGIN FILE > IMAGE: compiles a master file. For the corpus of fuzz_image, which is made anew with it when
 * the image format changes: from the files of the same name in corpus/zone_text. */
#include <stdio.h>

#include "conf/base/mem.h"
#include "zone/compile.h"
#include "zone/text.h"

int main(int argc, char **argv)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct name apex;
	void *bytes;
	size_t size;

	if (argc != 3 || name_from_text(argv[1], &apex) != 0) {
		fputs("usage: image_of ORIGIN FILE > IMAGE\n", stderr);
		return 2;
	}
	struct zone_compile *compile = zone_compile_new(&apex);
	int err = zone_text_read(argv[2], &apex, zone_compile_add, compile, &errors);
	if (err == 0)
		err = zone_compile_finish(compile, &bytes, &size, &errors, &warnings);
	zone_compile_free(compile);
	if (err != 0) {
		fprintf(stderr, "%s:%u: %s\n", errors.notes[0].file, errors.notes[0].line, errors.notes[0].text);
		return 1;
	}
	size_t written = fwrite(bytes, 1, size, stdout);
	mem_free(bytes);
	err_list_fini(&warnings);
	return written == size ? 0 : 1;
}
