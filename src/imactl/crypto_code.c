/* SPDX-License-Identifier: BSD-2-Clause */
/* Two features of the processor, one variable, one execve(2) with the same words. */
#include "imactl/crypto_code.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imactl/command.h"

#define VARIABLE "OPENSSL_ia32cap"
#define WITHOUT_ADX ":~0x80000" /* bit 19 of the second word, as CPUID 7 has it */
#define RSA_2048_BYTES 256
#define WORDS_MAX (1U << 20)

#ifdef __x86_64__
#include <cpuid.h>

#define AVX2 (1U << 5)
#define BMI2 (1U << 8)
#define ADX (1U << 19)

static bool prefers_slower_code(void)
{
	unsigned int a, b, c, d;
	char vendor[12];

	if (!__get_cpuid(0, &a, &b, &c, &d))
		return false;
	memcpy(vendor, &b, 4);
	memcpy(vendor + 4, &d, 4);
	memcpy(vendor + 8, &c, 4);
	if (memcmp(vendor, "AuthenticAMD", sizeof(vendor)) || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return false;
	return (b & (AVX2 | BMI2 | ADX)) == (AVX2 | BMI2 | ADX);
}
#else
static bool prefers_slower_code(void)
{
	return false;
}
#endif

/* the words of the command line, which commands take apart */
static char **own_words(uint8_t *text, size_t len)
{
	size_t n = 0;
	char **words;

	for (size_t i = 0; i < len; i++)
		n += !text[i];
	words = calloc(n + 1, sizeof(*words));
	for (size_t at = 0, i = 0; words && i < n; i++) {
		words[i] = (char *)text + at;
		at += strlen(words[i]) + 1;
	}
	return words;
}

static void begin_again(void)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	ima_cleanup(ima_freep) char **words = NULL;
	size_t len = 0;

	if (imactl_read_file("/proc/self/cmdline", WORDS_MAX, &text, &len) < 0 || !len || text[len - 1])
		return;
	words = own_words(text, len);
	if (!words || setenv(VARIABLE, WITHOUT_ADX, 0) < 0)
		return;
	execv("/proc/self/exe", words);
}

void imactl_crypto_code_choose(const struct ima_signer *s)
{
	if (ima_signer_max_signature(s) == RSA_2048_BYTES && !getenv(VARIABLE) && prefers_slower_code())
		begin_again();
}
