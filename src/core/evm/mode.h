/* SPDX-License-Identifier: BSD-2-Clause */
/* What the file "evm" shows and takes. No other header is needed: the gate's kernel half reads it, too. */
#pragma once

#define IMA_EVM_INIT_HMAC 1U
#define IMA_EVM_INIT_X509 2U
#define IMA_EVM_ALLOW_METADATA_WRITES 4U
#define IMA_EVM_SIGV3_REQUIRED 8U
#define IMA_EVM_SETUP_COMPLETE 0x80000000U
