import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTar, writeTar, type BundleFile } from '../src/index.ts'
import { bytesOf, chunksOf, filesOf, tarOf, type Bundle } from './world.ts'

const read = async (tar: Uint8Array, chunk = 700): Promise<Bundle> => {
  const out: Bundle = []
  for await (const { path, body } of readTar(chunksOf(tar, chunk))) out.push([path, await bytesOf(body)])
  return out
}

describe('a tar', () => {
  const path = fc.stringMatching(/^[a-z0-9._/-]{1,100}$/)
  const bundle = fc.array(fc.tuple(path, fc.uint8Array({ maxLength: 1_500 })), { minLength: 1, maxLength: 5 })

  test('reads back as it was written, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(bundle, fc.integer({ min: 1, max: 2_000 }), async (files, chunk) => {
        expect(await read(await tarOf(files), chunk)).toEqual(files)
      }),
    )
  })
  test('reads the next file where a body was not read to its end', async () => {
    const paths: string[] = []
    const tar = await tarOf([['a', new Uint8Array(2_000)], ['b', new Uint8Array(3)]]) // prettier-ignore
    for await (const file of readTar(chunksOf(tar))) {
      paths.push(file.path)
      for await (const _ of file.body) break
    }
    expect(paths).toEqual(['a', 'b'])
  })
  test('is what tar can list', async () => {
    const tar = await tarOf([['a/b.txt', new Uint8Array(600)], ['c', new Uint8Array(0)]]) // prettier-ignore
    const listed = execFileSync('tar', ['--utc', '--numeric-owner', '-tvf', '-'], {
      input: tar,
      env: { ...process.env, LC_ALL: 'C' },
    })
    expect(listed.toString().replace(/ +/g, ' ')).toBe(
      '-rw-r--r-- 0/0 600 1970-01-01 00:00 a/b.txt\n-rw-r--r-- 0/0 0 1970-01-01 00:00 c\n',
    )
  })
  test('with any byte outside the bodies changed is INTEGRITY, or no tar of ours', async () => {
    const tar = await tarOf([['a', new Uint8Array(3)], ['b', new Uint8Array(0)]]) // prettier-ignore
    for (let at = 0; at < tar.length; at++) {
      if (at >= 512 && at < 515) continue
      const changed = tar.with(at, (tar[at] ?? 0) ^ 0x10)
      await expect(read(changed)).rejects.toMatchObject({ code: at < 512 ? 'INVALID_INPUT' : 'INTEGRITY' })
    }
  })
  test('cut off anywhere is refused', async () => {
    const tar = await tarOf([['a', new Uint8Array(3)]])
    for (const at of [0, 1, 511])
      await expect(read(tar.subarray(0, at))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    for (const at of [512, 514, 600, 1024, 1536, tar.length - 1])
      await expect(read(tar.subarray(0, at))).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
  test('is refused for what it can not hold', async () => {
    const write = (file: Partial<BundleFile>) =>
      bytesOf(writeTar([{ path: 'a', size: 1, body: chunksOf(new Uint8Array(1)), ...file }]))
    await expect(write({ path: 'a'.repeat(101) })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(write({ path: 'ä' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(write({ size: 8 ** 11 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await expect(write({ size: 2 })).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect((await write({})).length).toBe(4 * 512)
    expect(await read(await tarOf([['x', new Uint8Array(512)]]))).toHaveLength(1)
    expect((await bytesOf(writeTar(filesOf([])))).length).toBe(1_024)
  })
})
