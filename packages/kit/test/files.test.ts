import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFile, makeFolder, replaceFile, syncFolder } from '../src/files.ts'

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

describe('replaceFile', () => {
  it('puts a whole file there, whoever else does, and leaves nothing else', async () => {
    const path = join(dir, 'file')
    const bodies = Array.from({ length: 12 }, (_, index) => `${index % 10}`.repeat(10_000))
    await Promise.all(bodies.map((body) => replaceFile(path, Buffer.from(body))))
    expect(bodies).toContain(await readFile(path, 'utf8'))
    await writeFile(path, 'x', { mode: 0o644 })
    await replaceFile(path, Buffer.from('last'))
    expect(await readFile(path, 'utf8')).toBe('last')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(dir)).toEqual(['file'])
  })

  it('takes the place of a link, not of what it leads to', async () => {
    await writeFile(join(dir, 'other'), 'kept')
    await symlink('other', join(dir, 'link'))
    await replaceFile(join(dir, 'link'), Buffer.from('new'))
    expect(await readFile(join(dir, 'other'), 'utf8')).toBe('kept')
    expect((await lstat(join(dir, 'link'))).isFile()).toBe(true)
  })

  it('changes nothing and leaves nothing where it fails, or where what looks first rejects', async () => {
    const path = join(dir, 'file')
    await writeFile(path, 'old')
    const look = async () => {
      expect(await readFile(path, 'utf8')).toBe('old')
      throw new Error('no')
    }
    await expect(replaceFile(path, Buffer.from('new'), look)).rejects.toThrow('no')
    expect(await readFile(path, 'utf8')).toBe('old')
    await makeFolder(join(dir, 'folder'))
    await expect(replaceFile(join(dir, 'folder'), Buffer.from('x'))).rejects.toMatchObject({ code: 'EISDIR' })
    await expect(replaceFile(join(dir, 'none', 'x'), Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await readdir(dir)).toSorted()).toEqual(['file', 'folder'])
  })
})

it('syncFolder fails for what is not there', async () => {
  await expect(syncFolder(join(dir, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(syncFolder(dir)).resolves.toBeUndefined()
})
