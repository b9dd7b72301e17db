/* SPDX-License-Identifier: Apache-2.0 */
/* Mbed TLS: its own self tests, then AES-GCM, ChaCha20-Poly1305, SHA-2 and a modular power. */
#include <string.h>

#include <mbedtls/aes.h>
#include <mbedtls/base64.h>
#include <mbedtls/bignum.h>
#include <mbedtls/chacha20.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/poly1305.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

#include "adapter.h"

enum { SIZE = 4096 };

static uint8_t plain[SIZE], sealed[SIZE];

RF_EXPORT uint32_t mbedtls_check(uint32_t n)
{
	(void)n;
	if (mbedtls_aes_self_test(0) | mbedtls_gcm_self_test(0) | mbedtls_chacha20_self_test(0) |
	    mbedtls_poly1305_self_test(0) | mbedtls_chachapoly_self_test(0) | mbedtls_sha256_self_test(0) |
	    mbedtls_sha512_self_test(0) | mbedtls_mpi_self_test(0) | mbedtls_ecp_self_test(0) |
	    mbedtls_base64_self_test(0))
		return 0;
	return 1;
}

static uint32_t ciphers(uint32_t n)
{
	uint8_t key[32], iv[12], tag[16];
	uint32_t digest = n;
	fill_random(key, sizeof key, n);
	fill_random(iv, sizeof iv, n + 1);
	mbedtls_gcm_context gcm;
	mbedtls_gcm_init(&gcm);
	mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 128);
	mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, SIZE, iv, 12, key, 16, plain, sealed, 16, tag);
	mbedtls_gcm_free(&gcm);
	digest = digest_bytes(digest, tag, 16);
	mbedtls_chachapoly_context chacha;
	mbedtls_chachapoly_init(&chacha);
	mbedtls_chachapoly_setkey(&chacha, key);
	mbedtls_chachapoly_encrypt_and_tag(&chacha, SIZE, iv, key, 13, plain, sealed, tag);
	mbedtls_chachapoly_free(&chacha);
	return digest_bytes(digest_bytes(digest, tag, 16), sealed, 64);
}

static uint32_t hashes(uint32_t n)
{
	uint8_t out[64];
	mbedtls_sha256_ret(plain + n % 64, SIZE - 64, out, 0);
	uint32_t digest = digest_bytes(n, out, 32);
	mbedtls_sha512_ret(plain + n % 64, SIZE - 64, out, 0);
	return digest_bytes(digest, out, 64);
}

/* An odd modulus of 1,024 bits. */
static uint32_t modular_power(uint32_t n)
{
	mbedtls_mpi base, exponent, modulus, result;
	uint8_t bytes[128];
	mbedtls_mpi_init(&base);
	mbedtls_mpi_init(&exponent);
	mbedtls_mpi_init(&modulus);
	mbedtls_mpi_init(&result);
	fill_random(bytes, sizeof bytes, n + 5);
	int status = mbedtls_mpi_read_binary(&base, bytes, sizeof bytes);
	status |= mbedtls_mpi_read_binary(&exponent, bytes + 7, 32);
	bytes[0] |= 0x80;
	bytes[127] |= 1;
	status |= mbedtls_mpi_read_binary(&modulus, bytes, sizeof bytes);
	status |= mbedtls_mpi_exp_mod(&result, &base, &exponent, &modulus, NULL);
	status |= mbedtls_mpi_write_binary(&result, bytes, sizeof bytes);
	mbedtls_mpi_free(&base);
	mbedtls_mpi_free(&exponent);
	mbedtls_mpi_free(&modulus);
	mbedtls_mpi_free(&result);
	return status ? 0 : digest_bytes(n, bytes, sizeof bytes);
}

RF_EXPORT uint32_t mbedtls(uint32_t n)
{
	if (n == 0) {
		fill_random(plain, SIZE, 4);
		return 1;
	}
	uint32_t digest = n;
	for (uint32_t i = 0; i < 8; i++)
		digest = hashes(ciphers(digest));
	return mix(digest, modular_power(n));
}
