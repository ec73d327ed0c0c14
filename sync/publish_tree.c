/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/mem.h"

char *publish_tree_make(const char *name)
{
	const char *temporary = getenv("TMPDIR");
	char *folder = mem_format("%s/%s.XXXXXX", temporary != NULL
				  && temporary[0] == '/' ? temporary : "/tmp", name);

	if (mkdtemp(folder) != NULL)
		return folder;
	mem_free(folder);
	return NULL;
}

void publish_tree_remove(const char *path)
{
	DIR *entries = opendir(path);

	if (entries == NULL) {
		unlink(path);
		return;
	}
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *inner = mem_format("%s/%s", path, entry->d_name);

		if (unlink(inner) != 0)
			publish_tree_remove(inner);
		mem_free(inner);
	}
	closedir(entries);
	rmdir(path);
}
