import { sha256Hex } from '@seamark/kit'
import { expect, it } from 'vitest'
import type { S3Storage } from '../src/index.ts'

const small = Buffer.from('a body')
const key = 'ns/uploaded'
const about = { key, method: 'PUT', size: small.byteLength, sha256: sha256Hex(small) } as const

/** What an address for an upload lets whoever has it do, on any server. */
export function uploadAddressCases(open: () => Promise<S3Storage>): void {
  it('takes exactly the announced body, with the given headers, once', async () => {
    const storage = await open()
    const { url, headers } = await storage.presign({ ...about, expiresInMs: 60_000 })
    const upload = async (body: Uint8Array, given: Readonly<Record<string, string>> = headers): Promise<number> =>
      (await fetch(url, { method: 'PUT', body: new Uint8Array(body), headers: given })).status
    expect(await upload(Buffer.from('a longer body'))).toBe(403)
    expect(await upload(Buffer.from('b body'))).toBe(400)
    for (const left of Object.keys(headers))
      expect(await upload(small, Object.fromEntries(Object.entries(headers).filter(([name]) => name !== left)))).toBe(
        403,
      )
    expect(await storage.head(key)).toBe(undefined)
    expect(await upload(small)).toBe(200)
    expect(await storage.head(key)).toEqual({ key, size: small.byteLength, sha256: about.sha256 })
    expect(await upload(small)).toBe(412)
  })

  it('is good for its key and its method only, and for its time', async () => {
    const storage = await open()
    const { url, headers } = await storage.presign({ ...about, expiresInMs: 1_000 })
    const other = url.replace(key, 'ns/other')
    expect((await fetch(other, { method: 'PUT', body: new Uint8Array(small), headers })).status).toBe(403)
    expect((await fetch(url)).status).toBe(403)
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    expect((await fetch(url, { method: 'PUT', body: new Uint8Array(small), headers })).status).toBe(403)
  })
}
