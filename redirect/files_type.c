/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/files_type.h"

#include <strings.h>

#define UTF_8 "; charset=utf-8"

static const struct {
	char ending[12];
	const char *type;
} types[] = {
	{ "asc", "text/plain" UTF_8 },	/* armoured signatures and keys: people read them */
	{ "avif", "image/avif" },
	{ "bz2", "application/x-bzip2" },
	{ "cer", "application/pkix-cert" },
	{ "crl", "application/pkix-crl" },
	{ "crt", "application/x-x509-ca-cert" },
	{ "css", "text/css" UTF_8 },
	{ "csv", "text/csv" UTF_8 },
	{ "gif", "image/gif" },
	{ "gz", "application/gzip" },
	{ "htm", "text/html" UTF_8 },
	{ "html", "text/html" UTF_8 },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", "text/javascript" UTF_8 },
	{ "json", "application/json" },
	{ "md", "text/markdown" UTF_8 },
	{ "meta4", "application/metalink4+xml" },
	{ "mjs", "text/javascript" UTF_8 },
	{ "pdf", "application/pdf" },
	{ "pem", "application/x-pem-file" },
	{ "png", "image/png" },
	{ "sha256", "text/plain" UTF_8 },
	{ "sha512", "text/plain" UTF_8 },
	{ "sig", "application/pgp-signature" },
	{ "svg", "image/svg+xml" },
	{ "tar", "application/x-tar" },
	{ "torrent", "application/x-bittorrent" },
	{ "txt", "text/plain" UTF_8 },
	{ "wasm", "application/wasm" },
	{ "webmanifest", "application/manifest+json" },
	{ "webp", "image/webp" },
	{ "woff2", "font/woff2" },
	{ "xml", "application/xml" },
	{ "xz", "application/x-xz" },
	{ "yaml", "application/yaml" },
	{ "yml", "application/yaml" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};

struct span redirect_files_type(struct span path)
{
	static const char challenges[] = "/.well-known/acme-challenge/";
	size_t at = path.len;

	/* A token has no ending; RFC 8555, 8.3 wants no type, and this one is read everywhere. */
	if (path.len >= sizeof challenges - 1 && memcmp(path.at, challenges, sizeof challenges - 1) == 0)
		return SPAN_TEXT("text/plain" UTF_8);
	while (at > 0 && path.at[at - 1] != '.' && path.at[at - 1] != '/')
		at--;
	if (at > 0 && path.at[at - 1] == '.')
		for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
			if (strlen(types[i].ending) == path.len - at
			    && strncasecmp(types[i].ending, (const char *)path.at + at, path.len - at) == 0)
				return span_string(types[i].type);
	return SPAN_TEXT("application/octet-stream");
}
