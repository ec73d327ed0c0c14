/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of session tickets from files that several nodes, and nginx beside them, share. */
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "server/tls_inner.h"

enum {
	SHORT_SECRET = 16,
	LONG_SECRET = 32,
	FILE_MAX = 4096,
	SHORT_BYTES = TLS_TICKET_NAME_BYTES + 2 * SHORT_SECRET,
	LONG_BYTES = TLS_TICKET_NAME_BYTES + 2 * LONG_SECRET,
};

/* In the long form the key of the MAC stands before that of the cipher, in the short one behind it. */
bool tls_ticket_parse(const uint8_t *bytes, size_t len, struct tls_ticket_key *ret_key)
{
	struct reader reader = reader_of(bytes, len);

	if (len != SHORT_BYTES && len != LONG_BYTES)
		return false;
	*ret_key = (struct tls_ticket_key){ .secret_len = len == LONG_BYTES ? LONG_SECRET : SHORT_SECRET };
	memcpy(ret_key->name, reader_take(&reader, TLS_TICKET_NAME_BYTES).at, TLS_TICKET_NAME_BYTES);
	uint8_t *first = len == LONG_BYTES ? ret_key->mac : ret_key->cipher;
	uint8_t *second = len == LONG_BYTES ? ret_key->cipher : ret_key->mac;
	memcpy(first, reader_take(&reader, ret_key->secret_len).at, ret_key->secret_len);
	memcpy(second, reader_take(&reader, ret_key->secret_len).at, ret_key->secret_len);
	return true;
}

int tls_ticket_file_read(const char *path, struct tls_ticket_key *ret_key, struct err_list *errors,
			 struct err_list *warnings)
{
	struct stat stat_of;
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, FILE_MAX, &bytes, &len);

	if (err != 0 && err != ERR_LIMIT) {
		err_list_add(errors, path, 0, "the ticket key cannot be read: %s", err_text(err));
		return err;
	}
	bool good = err == 0 && tls_ticket_parse(bytes, len, ret_key);
	if (err == 0) {
		OPENSSL_cleanse(bytes, len);
		mem_free(bytes);
	}
	if (!good) {
		err_list_add(errors, path, 0, "expected a ticket key: %d or %d random bytes (openssl rand %d)", LONG_BYTES,
			     SHORT_BYTES, LONG_BYTES);
		return ERR_SYNTAX;
	}
	/* Who has it reads what was said in TLS 1.2, and is taken for us by who comes back. */
	if (stat(path, &stat_of) == 0 && (stat_of.st_mode & (S_IROTH | S_IWOTH)) != 0)
		err_list_add(warnings, path, 0, "the ticket key is open to every user (chmod o-rwx)");
	return 0;
}
