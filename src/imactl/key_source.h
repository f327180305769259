/* SPDX-License-Identifier: BSD-2-Clause */
/* The private key that a command signs with: a file, a token's or a TPM's; its password; its id. */
#pragma once

#include <ima/signer.h>

#include "imactl/command.h"
#include "imactl/secret.h"

/**
 * struct imactl_key_opts - what the command line says; NULL throughout but for @key
 * @key: a file in PEM or DER, "-" for standard input, or "pkcs11:...", "handle:..."
 * @password: itself; else from @pass_file, from descriptor @pass_fd (digits), from environment variable @pass_env (NULL: IMACTL_KEY_PASSWORD),
 * else asked at the terminal when the key wants one
 * @cert, @keyid: where the key id comes from, when not from a certificate beside the key or from the public key
 * @engine, @provider: of OpenSSL; @key is then handed to it as it is
 * @many: enough will be signed that the program may begin again first (imactl_crypto_code_choose())
 */
struct imactl_key_opts {
	const char *key;
	const char *password, *pass_file, *pass_fd, *pass_env;
	const char *cert, *keyid;
	const char *engine, *provider;
	bool many;
};

/** imactl_key_open() - EXIT_GOOD, or said why: EXIT_USAGE, EXIT_UNABLE. Private keys of this process are locked in memory from then on */
int imactl_key_open(const struct imactl_key_opts *o, struct ima_signer **ret);

/** imactl_key_password() - what @o says of it, nobody is asked; nothing given is an empty secret without data. EXIT_ value, said why */
int imactl_key_password(const struct imactl_key_opts *o, struct imactl_secret *ret);

/** imactl_key_lock_memory() - before the first private key. EXIT_ value, said why */
int imactl_key_lock_memory(void);
