import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { isEncryptedAs } from '../src/encryption.ts'
import { bodyParts } from '../src/parts.ts'
import { partSizes } from '../src/upload.ts'

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

/** A source that uses its one buffer again, as streams may. */
async function* reusing(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.max(0, ...chunks.map((chunk) => chunk.byteLength)))
  for (const chunk of chunks) {
    buffer.fill(0xff)
    buffer.set(chunk)
    yield buffer.subarray(0, chunk.byteLength)
  }
}

async function partsOf(parts: ReturnType<typeof bodyParts>) {
  const out: { bytes: Buffer; sha256: string; number: number }[] = []
  for (;;) {
    const { bytes, sha256: digest, number, last, release } = await parts.next()
    out.push({ bytes: Buffer.from(bytes), sha256: digest, number })
    release()
    if (last) return out
  }
}

it('a body comes back from its parts, however it is cut and whichever buffers are used again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 50 }),
      fc.boolean(),
      async (chunks, partBytes, whole) => {
        const data = Buffer.concat(chunks)
        const about = { size: data.byteLength, sha256: sha256(data) }
        const parts = bodyParts('ns/a', whole ? data : reusing(chunks), () => partBytes, about)
        const cut = await partsOf(parts)
        expect(Buffer.concat(cut.map(({ bytes }) => bytes)).equals(data)).toBe(true)
        expect(cut.length).toBe(Math.max(1, Math.ceil(data.byteLength / partBytes)))
        for (const [index, part] of cut.entries()) {
          expect(part.number).toBe(index + 1)
          expect(part.sha256).toBe(sha256(part.bytes))
        }
        expect(parts.whole()).toEqual(about)
      },
    ),
  )
})

it('a body that is not the announced one is INTEGRITY, at the latest with its last part', async () => {
  const data = Buffer.from('0123456789')
  for (const about of [{ size: 9 }, { size: 11 }, { sha256: sha256(Buffer.from('another')) }])
    for (const body of [data, reusing([data.subarray(0, 5), data.subarray(5)])])
      await expect(partsOf(bodyParts('ns/a', body, () => 4, about))).rejects.toEqual(code('INTEGRITY'))
})

it('parts are as many as S3 takes, and none but the last is smaller than it takes', () => {
  const mebibyte = 1024 ** 2
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * 1024 ** 4 }), (size) => {
      const bytes = partSizes(size)(1)
      expect(bytes).toBeGreaterThanOrEqual(5 * mebibyte)
      expect(Math.ceil(size / bytes)).toBeLessThanOrEqual(10_000)
    }),
  )
  const unknown = partSizes(undefined)
  const most = Array.from({ length: 10_000 }, (_, index) => unknown(index + 1)).reduce((sum, next) => sum + next, 0)
  expect(unknown(1)).toBe(5 * mebibyte)
  expect(most).toBeGreaterThanOrEqual(5 * 1000 ** 4)
})

it('encryption is what was asked for only where mode and key are', () => {
  const kms = { mode: 'aws:kms', keyId: 'k' } as const
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/k'
  expect(isEncryptedAs(undefined, {})).toBe(true)
  expect(isEncryptedAs({ mode: 'AES256' }, { mode: 'AES256' })).toBe(true)
  expect(isEncryptedAs({ mode: 'AES256' }, {})).toBe(false)
  expect(isEncryptedAs(kms, { mode: 'aws:kms', keyId: arn })).toBe(true)
  expect(isEncryptedAs({ ...kms, keyId: arn }, { mode: 'aws:kms', keyId: arn })).toBe(true)
  expect(isEncryptedAs(kms, { mode: 'aws:kms', keyId: `${arn}k` })).toBe(false)
  expect(isEncryptedAs(kms, { mode: 'AES256' })).toBe(false)
  expect(isEncryptedAs({ ...kms, keyId: 'alias/runs' }, { mode: 'aws:kms', keyId: arn })).toBe(true)
})
