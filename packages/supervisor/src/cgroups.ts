import type { LaunchLimits } from '@seamark/core'
import { sleep, systemCode } from '@seamark/kit'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { forgetFolders, notedFolders, noteFolders } from './cgroup-note.ts'
import { CONTROLLERS, foldersUp, hierarchiesOf, type Controller, type Hierarchy } from './cgroup-places.ts'
import { counterOf, countIn, settingsOf } from './cgroup-settings.ts'
import { sandboxIdentity } from './identity.ts'
import type { Layout } from './paths.ts'
import { killNow } from './procfs.ts'

/** The control groups of one launch. */
export interface LaunchGroup {
  /** Descriptors through which a process joins by writing `0`, whoever it is. Whoever takes them closes them. */
  openJoins(): number[]
  /** Which limit was hit since it was made. */
  breach(): 'memory' | 'pids' | undefined
  /** Kills all that is in it. */
  kill(): void
  /** Removes it, once nothing is in it any more. */
  remove(): Promise<void>
}

/** The control groups of one data folder's launches. */
export interface Cgroups {
  /** Controllers that hold here, found by trying. */
  readonly controllers: readonly Controller[]
  /** Makes the groups of a launch. Errors: those of the system; nothing is left then. */
  make(launchId: string, limits: LaunchLimits): LaunchGroup
  /** Removes what is empty. Errors: those of the system. */
  close(): void
}

/** A folder in which launches get theirs, and what it can hold them to. */
interface Base {
  readonly version: 1 | 2
  readonly controllers: readonly Controller[]
  readonly folder: string
}

/** How often it is tried to remove a group in which something is still about to die. */
const removeTries = 100

/**
 * Finds out which control groups may be made here, by making one in each hierarchy. Their names go into a file first, so
 * that they are found again by `endLeftGroups`. Only who has the data folder's lock may call it. Where a right is missing
 * there are no controllers. Errors: those of the system, where the disk has no room for that file.
 */
export function openCgroups(layout: Layout): Cgroups {
  const name = `${prefixOf(layout)}${randomBytes(8).toString('hex')}`
  const places = placesHere()
  const noted = places.flatMap((hierarchy) => foldersUp(hierarchy).map((folder) => join(folder, name)))
  if (noted.length > 0) noteFolders(layout.cgroups, noted)
  const bases: Base[] = []
  for (const hierarchy of places) {
    const base = baseIn(hierarchy, name)
    if (base !== undefined) bases.push(base)
  }
  try {
    if (bases.length === 0) forgetFolders(layout.cgroups)
    else
      noteFolders(
        layout.cgroups,
        bases.map(({ folder }) => folder),
      )
  } catch (error) {
    // The next launch tries again under another name, and these would be left.
    for (const { folder } of bases) removeTree(folder)
    throw error
  }
  return {
    controllers: bases.flatMap(({ controllers }) => controllers),
    make: (launchId, limits) => groupOf(bases, launchId, limits),
    close() {
      for (const { folder } of bases) removeTree(folder)
      forgetFolders(layout.cgroups)
    },
  }
}

/** Controllers with which limits hold here, for a process like this one: found by making a group, which is removed at once. */
export function usableControllers(): readonly { readonly controller: Controller; readonly version: 1 | 2 }[] {
  const name = `seamark-${randomBytes(16).toString('hex')}`
  return placesHere().flatMap((hierarchy) => {
    const base = baseIn(hierarchy, name)
    if (base !== undefined) removeTree(base.folder)
    return (base?.controllers ?? []).map((controller) => ({ controller, version: hierarchy.version }))
  })
}

function prefixOf({ id }: Layout): string {
  return `seamark-${id.slice(0, 16)}`
}

function placesHere(): Hierarchy[] {
  try {
    return hierarchiesOf(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'))
  } catch (error) {
    // A kernel without control groups.
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** The nearest place from this process's own group upwards in which groups hold; `undefined` where there is none. */
function baseIn(hierarchy: Hierarchy, name: string): Base | undefined {
  for (const parent of hierarchy.version === 1 ? [hierarchy.own] : foldersUp(hierarchy)) {
    const folder = join(parent, name)
    try {
      const controllers = hierarchy.version === 1 ? hierarchy.controllers : enabledIn(parent)
      if (controllers.length === 0) continue
      mkdirSync(folder)
      if (hierarchy.version === 2)
        writeFileSync(join(folder, 'cgroup.subtree_control'), controllers.map((one) => `+${one}`).join(' '))
      const base = { version: hierarchy.version, controllers, folder }
      if (holds(base)) return base
      removeTree(folder)
    } catch (error) {
      removeTree(folder)
      // Not ours to use, for whatever reason of the system's: found by trying, and what is not found is not promised.
      if (systemCode(error)?.startsWith('ERR_') !== false) throw error
    }
  }
  return undefined
}

function enabledIn(folder: string): Controller[] {
  const words = readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').trim().split(' ')
  return CONTROLLERS.filter((name) => words.includes(name))
}

/** Whether a group can be made, given limits and joined. */
function holds(base: Base): boolean {
  const folder = join(base.folder, 'trial')
  groupOf([base], 'trial', { cpu: 1, memoryBytes: 1024 ** 3, pids: 100 })
  let joining: number | undefined
  try {
    joining = openSync(joinsOf(base.version, folder), constants.O_WRONLY)
    const stdio = ['ignore' as const, 'ignore' as const, 'ignore' as const, joining]
    const { status } = spawnSync('/bin/sh', ['-c', 'echo 0 >&3'], { stdio, env: {}, cwd: '/', ...sandboxIdentity() })
    return status === 0
  } finally {
    if (joining !== undefined) closeSync(joining)
    removeTree(folder)
  }
}

function groupOf(bases: readonly Base[], launchId: string, limits: LaunchLimits): LaunchGroup {
  const made: Made[] = []
  let counters: Counter[] | undefined
  const remove = () => made.map(({ folder }) => removeEmpty(folder) || removeTree(folder)).every(Boolean)
  try {
    for (const { version, controllers, folder } of bases) {
      const used = controllers.filter((controller) => settingsOf(version, controller, limits).length > 0)
      // Beside other limits, each launch gets its own share of the processors, however many threads it has.
      if (used.length === 0 && !controllers.includes('cpu')) continue
      const group = join(folder, launchId)
      mkdirSync(group)
      made.push({ version, controllers, folder: group, used })
      for (const controller of used)
        for (const { file, value, optional } of settingsOf(version, controller, limits))
          if (optional !== true || existsSync(join(group, file))) writeFileSync(join(group, file), value)
    }
  } catch (error) {
    remove()
    throw error
  }
  return {
    openJoins() {
      const joins: number[] = []
      try {
        for (const { version, folder } of made) joins.push(openSync(joinsOf(version, folder), constants.O_WRONLY))
        return joins
      } catch (error) {
        for (const fd of joins) closeSync(fd)
        throw error
      }
    },
    breach() {
      counters ??= openCounters(made)
      return counters.find(({ fd, name }) => countIn(readAgain(fd), name) > 0)?.controller
    },
    kill: () => made.forEach(({ folder }) => killAllIn(folder)),
    async remove() {
      for (const { fd } of counters ?? []) closeSync(fd)
      counters = []
      for (let tries = 0; tries < removeTries; tries++) {
        if (remove()) return
        await sleep(Math.min(50, 1 + tries))
      }
    },
  }
}

/** The group of a launch in one hierarchy. */
type Made = Base & { readonly used: readonly Controller[] }

/** Open as long as its launch: it is looked at again and again. */
interface Counter {
  readonly controller: 'memory' | 'pids'
  readonly fd: number
  readonly name: string
}

function openCounters(made: readonly Made[]): Counter[] {
  return (['memory', 'pids'] as const).flatMap((controller) =>
    made
      .filter(({ used }) => used.includes(controller))
      .map(({ version, folder }) => {
        const { file, name } = counterOf(version, controller)
        return { controller, fd: openSync(join(folder, file), 'r'), name }
      }),
  )
}

function readAgain(fd: number): string {
  const bytes = Buffer.alloc(1024)
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0))
}

/** Of version 1, by thread: one that joins by itself needs no lock over all processes of the machine. A first process has one. */
function joinsOf(version: 1 | 2, folder: string): string {
  return join(folder, version === 1 ? 'tasks' : 'cgroup.procs')
}

function killAllIn(folder: string): void {
  const kill = join(folder, 'cgroup.kill')
  if (existsSync(kill)) return writeFileSync(kill, '1')
  const procs = readFileSync(join(folder, 'cgroup.procs'), 'utf8').trim()
  for (const pid of procs.split('\n').filter((line) => /^[1-9]\d*$/.test(line))) killNow(Number(pid))
}

/**
 * Ends and removes the groups that an earlier supervisor of this data folder left, which was killed. Where the file that
 * names them is torn, they are looked for by their name where this process would make its own, and that is said.
 */
export async function endLeftGroups(layout: Layout): Promise<void> {
  if (!existsSync(layout.cgroups)) return
  const places = placesHere()
  let folders = notedFolders(layout.cgroups)
  if (folders === undefined) {
    folders = places.flatMap((place) => foldersUp(place).flatMap(foldersIn))
    process.stderr.write(`${layout.cgroups} was torn; control groups of this data folder are looked for by name\n`)
  }
  // Of a copy of a data folder, the original's groups are not ours.
  const ours = folders.filter(
    (folder) =>
      folder.split('/').at(-1)?.startsWith(prefixOf(layout)) === true &&
      places.some(({ mount }) => folder.startsWith(`${mount}/`)),
  )
  for (let tries = 0; tries < removeTries; tries++) {
    if (ours.map(removeTree).every(Boolean)) return forgetFolders(layout.cgroups)
    await sleep(Math.min(50, 1 + tries))
  }
  // They hold nothing back but themselves; who looks after the machine is told.
  process.stderr.write(`control groups that can not be removed: ${ours.filter((one) => existsSync(one)).join(', ')}\n`)
  forgetFolders(layout.cgroups)
}

function foldersIn(parent: string): string[] {
  // Where nothing can be seen, nothing of ours could be made either.
  if (!existsSync(parent)) return []
  return readdirSync(parent, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(parent, entry.name)] : [],
  )
}

/** Kills what is in a group and in those below it, and removes them. False where something is not dead yet. */
export function removeTree(folder: string): boolean {
  if (!existsSync(folder)) return true
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name))
  try {
    killAllIn(folder)
    rmdirSync(folder)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EBUSY' || code === 'ENOENT') return code === 'ENOENT'
    throw error
  }
}

/** False where it is not empty, or gone. */
function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    // Whoever removes it in another way is told why not.
    return false
  }
}
