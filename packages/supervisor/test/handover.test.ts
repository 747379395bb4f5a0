import { chmodSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { handOver, openToRead } from '../src/handover.ts'
import { temporaryFolder } from './support/world.ts'

const identity = { uid: 64_198, gid: 64_198 }

// Only root gives files away.
describe.runIf(process.getuid?.() === 0)('handOver (as root)', () => {
  it('gives a tree to the sandbox’s user without following links, and opens only the way to it', async () => {
    const data = temporaryFolder()
    const tree = join(data, 'workspaces', 'one')
    mkdirSync(join(tree, 'deep', 'er'), { recursive: true, mode: 0o700 })
    chmodSync(join(data, 'workspaces'), 0o700)
    writeFileSync(join(tree, 'deep', 'er', 'file'), 'x')
    const outside = join(temporaryFolder(), 'outside')
    writeFileSync(outside, 'mine')
    symlinkSync(outside, join(tree, 'link'))
    await handOver([tree], data, identity)
    for (const path of [tree, join(tree, 'deep'), join(tree, 'deep', 'er', 'file'), join(tree, 'link')])
      expect([path, lstatSync(path).uid]).toEqual([path, identity.uid])
    expect(statSync(outside).uid).toBe(0)
    for (const folder of [data, join(data, 'workspaces')]) {
      expect(statSync(folder)).toMatchObject({ uid: 0, gid: identity.gid })
      expect(statSync(folder).mode & 0o777).toBe(0o710)
    }
  })

  it('gives away what has a name that is not UTF-8', async () => {
    const data = temporaryFolder()
    const tree = join(data, 'tree')
    const folder = Buffer.concat([Buffer.from(`${tree}/folder`), Buffer.from([0xe9])])
    const file = Buffer.concat([folder, Buffer.from([0x2f, 0xff])])
    mkdirSync(tree)
    mkdirSync(folder)
    writeFileSync(file, 'x')
    await handOver([tree], data, identity)
    expect([lstatSync(folder).uid, lstatSync(file).uid]).toEqual([identity.uid, identity.uid])
  })

  it('refuses a tree that is reached through a link', async () => {
    const data = temporaryFolder()
    const outside = temporaryFolder()
    mkdirSync(join(outside, 'tree'))
    symlinkSync(outside, join(data, 'link'))
    await expect(handOver([join(data, 'link', 'tree')], data, identity)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(handOver([join(data, 'link')], data, identity)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(statSync(join(outside, 'tree')).uid).toBe(0)
  })

  it('changes nothing outside the data folder that is only read', async () => {
    const data = temporaryFolder()
    const closed = temporaryFolder()
    await expect(openToRead(closed, data, identity)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(openToRead(join(closed, 'x'), data, identity)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(statSync(closed)).toMatchObject({ uid: 0, gid: 0 })
    await openToRead('/usr', data, identity)
    expect(statSync('/usr')).toMatchObject({ uid: 0, gid: 0 })
  })
})
