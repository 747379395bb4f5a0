// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4) of what is in memory as a whole, as 64 characters.

static const u32 sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline u32 rotate(u32 value, int by)
{
    return value >> by | value << (32 - by);
}

static void sha256_block(u32 hash[8], const u8 *block)
{
    u32 words[64], now[8];
    for (int at = 0; at < 16; at++)
        words[at] = (u32)block[4 * at] << 24 | (u32)block[4 * at + 1] << 16 | (u32)block[4 * at + 2] << 8 | block[4 * at + 3];
    for (int at = 16; at < 64; at++) {
        u32 a = words[at - 15], b = words[at - 2];
        words[at] = words[at - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + words[at - 7] +
                    (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    for (int at = 0; at < 8; at++) now[at] = hash[at];
    for (int at = 0; at < 64; at++) {
        u32 a = now[0], e = now[4];
        u32 first = now[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & now[5]) ^ (~e & now[6])) +
                    sha256_constants[at] + words[at];
        u32 second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & now[1]) ^ (a & now[2]) ^ (now[1] & now[2]));
        for (int to = 7; to > 0; to--) now[to] = now[to - 1];
        now[4] += first;
        now[0] = first + second;
    }
    for (int at = 0; at < 8; at++) hash[at] += now[at];
}

// Needs 72 bytes of room behind what is hashed.
static void sha256(u8 *bytes, u64 size, char text[64])
{
    u32 hash[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    u64 bits = size * 8;
    bytes[size++] = 0x80;
    while (size % 64 != 56) bytes[size++] = 0;
    for (int shift = 56; shift >= 0; shift -= 8) bytes[size++] = (u8)(bits >> shift);
    for (u64 at = 0; at < size; at += 64) sha256_block(hash, bytes + at);
    for (int at = 0; at < 64; at++) text[at] = "0123456789abcdef"[hash[at / 8] >> (28 - at % 8 * 4) & 15];
}
