import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFile, makeFolder, syncFolder } from '../src/files.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'seamark-files-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('makeFolder', () => {
  it('makes all that is missing with mode 0700, and leaves what is there', async () => {
    const path = join(dir, 'a', 'b', 'c')
    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(dir, 'a'))])
    for (const made of ['a', 'a/b', 'a/b/c']) expect((await stat(join(dir, made))).mode & 0o777).toBe(0o700)
    await writeFile(join(path, 'file'), 'x')
    await makeFolder(path)
    expect(await readdir(path)).toEqual(['file'])
    await expect(makeFolder(join(path, 'file', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(makeFolder(join(path, 'file', 'x', 'y'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(makeFolder(join(path, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    for (const nowhere of ['/proc/nope', '/proc/nope/deeper'])
      await expect(makeFolder(nowhere)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('createFile', () => {
  it('lets one of many win, and leaves nothing else', async () => {
    const path = join(dir, 'file')
    const bodies = Array.from({ length: 12 }, (_, index) => `${index}`.repeat(10_000))
    const won = await Promise.all(bodies.map((body) => createFile(path, Buffer.from(body))))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await readFile(path, 'utf8')).toBe(bodies[won.indexOf(true)])
    expect(await readdir(dir)).toEqual(['file'])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('leaves nothing where it fails', async () => {
    await expect(createFile(join(dir, 'x'.repeat(300)), Buffer.from('x'))).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    })
    expect(await readdir(dir)).toEqual([])
    await expect(createFile(join(dir, 'none', 'x'), Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

it('syncFolder fails for what is not there', async () => {
  await expect(syncFolder(join(dir, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(syncFolder(dir)).resolves.toBeUndefined()
})
