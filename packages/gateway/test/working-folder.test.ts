import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { workingFolder } from '../src/working-folder.ts'

const isRoot = process.geteuid?.() === 0
const user = { uid: 64_199, gid: 64_199 }
const owner = isRoot ? user.uid : process.geteuid?.()

let above: string
let dir: string

beforeEach(async () => {
  above = await mkdtemp(join(tmpdir(), 'gw-folder-'))
  dir = join(above, 'a', 'packages')
})
afterEach(() => rm(above, { recursive: true, force: true }))

const seen = async () => {
  const { mode, uid } = await stat(dir)
  return { mode: mode & 0o777, uid }
}

it('is made for the user, and is so again at the next start', async () => {
  for (let start = 0; start < 2; start++) {
    expect(await workingFolder(dir, user)).toBe(dir)
    expect(await seen()).toEqual({ mode: 0o700, uid: owner })
  }
  expect(await workingFolder(undefined, user)).toBe('/')
})

it('is closed to others where it was there and open', async () => {
  await mkdir(dir, { recursive: true })
  await chmod(dir, 0o777)
  await workingFolder(dir, user)
  expect(await seen()).toEqual({ mode: 0o700, uid: owner })
})

it('is no link to another one', async () => {
  await mkdir(join(above, 'a'), { recursive: true })
  await symlink(above, dir)
  await expect(workingFolder(dir, user)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

it('is refused where it is of another user, and left as it is', async () => {
  // Only root can make one of somebody else.
  if (!isRoot) dir = '/usr'
  else {
    await mkdir(dir, { recursive: true })
    await chown(dir, 65_000, 65_000)
  }
  const before = await seen()
  await expect(workingFolder(dir, user)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    problems: [{ remedy: expect.any(String) }],
  })
  expect(await seen()).toEqual(before)
})
