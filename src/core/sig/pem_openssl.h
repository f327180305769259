/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PEM that came from elsewhere. Without a callback libcrypto asks the person at the terminal for a password as soon as a block says that it is encrypted, even
 * one that holds a certificate: nobody's bytes may do that.
 */
#pragma once

/** ima_pem_no_password() - for PEM_read_bio_...(): there is none */
static inline int ima_pem_no_password(char *buf, int size, int writing, void *user)
{
	return -1;
}
