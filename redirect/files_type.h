/* SPDX-License-Identifier: Apache-2.0 */
/* The media type of a static answer whose entry in the configuration does not say one. Pure; thread: any. */
#ifndef REDIRECT_FILES_TYPE_H
#define REDIRECT_FILES_TYPE_H

#include "conf/base/span.h"

/* By the path of the request; a view of a constant, never empty. */
struct span redirect_files_type(struct span path);

#endif
