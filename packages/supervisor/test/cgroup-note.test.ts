import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { notedFolders, noteFolders } from '../src/cgroup-note.ts'
import { foldersUp, hierarchiesOf } from '../src/cgroup-places.ts'
import { endLeftGroups, openCgroups, removeTree } from '../src/cgroups.ts'
import { layoutOf } from '../src/paths.ts'
import { smallDisk } from './support/small-disk.ts'
import { temporaryFolder } from './support/world.ts'

const isRoot = process.getuid?.() === 0

function layout(dir: string) {
  const found = layoutOf(dir)
  mkdirSync(found.folder, { recursive: true })
  return found
}

describe('the file that names control groups', () => {
  it('is read as it was written', () => {
    const path = join(temporaryFolder(), 'cgroups')
    noteFolders(path, ['/a'])
    noteFolders(path, ['/a', '/b'])
    expect(notedFolders(path)).toEqual(['/a', '/b'])
  })

  it.each(['', '["/sys/fs/cg', '{}', '[1]'])('keeps no supervisor from starting where it holds %j', async (text) => {
    const torn = layout(temporaryFolder())
    writeFileSync(torn.cgroups, text)
    expect(notedFolders(torn.cgroups)).toBeUndefined()
    await endLeftGroups(torn)
    expect(existsSync(torn.cgroups)).toBe(false)
  })

  it.runIf(isRoot)('is whole or not there on a full disk (as root)', () => {
    const disk = smallDisk()
    const full = layout(disk.dir)
    disk.fill()
    expect(() => openCgroups(full)).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    expect(readdirSync(full.folder)).toEqual([])
  })

  it.runIf(isRoot)('is not needed to find groups that were left (as root)', async () => {
    const torn = layout(temporaryFolder())
    const places = hierarchiesOf(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    )
    const left = places
      .flatMap((place) => foldersUp(place).slice(0, 1))
      .map((folder) => `${folder}/seamark-${torn.id.slice(0, 16)}abcd`)
    onTestFinished(() => void left.map(removeTree))
    for (const folder of left) mkdirSync(folder)
    writeFileSync(torn.cgroups, '')
    await endLeftGroups(torn)
    expect(left.filter((folder) => existsSync(folder))).toEqual([])
  })
})
