import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { firstBarrier, type Identity } from './identity.ts'
import type { Layout } from './paths.ts'

const PREFIX = '/run/seamark-'

/** A host folder that the sandbox's user reaches by another path. */
export interface Way {
  readonly from: string
  readonly to: string
}

/** Which of the folders that every sandbox needs, data and Node, its user can not walk to. */
export function barredFrom(data: string, identity: Identity): readonly string[] {
  const folders = [data, dirname(dirname(process.execPath))]
  return folders.filter((folder) => existsSync(folder) && firstBarrier(folder, identity) !== undefined)
}

/** Ways that are open. */
export interface Ways {
  readonly ways: readonly Way[]
  /** Removes the mounts and their folders. Errors: those of the system. */
  close(): void
}

/**
 * Binds the barred folders to paths that can be walked. Only the supervisor's own mount namespace has these
 * mounts, and the kernel removes them with it; the empty folders that they cover are on the host. Their name
 * is drawn: where a data folder was removed and made again, its old supervisor may still be there, and to
 * remove a folder unmounts what others have on it. Only who has the data folder's lock may call it.
 * Errors: those of the system, where it may not mount; nothing is left then.
 */
export function openWays(layout: Layout, identity: Identity): Ways {
  removeLeft(layout)
  const barred = barredFrom(layout.data, identity)
  if (barred.length === 0) return { ways: [], close: () => undefined }
  const folder = `${PREFIX}${randomBytes(16).toString('hex')}`
  // First, so that it is found again after a kill.
  writeFileSync(layout.ways, folder, { mode: 0o600 })
  const close = () => {
    removeWays(folder)
    if (nameLeft(layout) === folder) rmSync(layout.ways)
  }
  try {
    return { ways: barred.map((from, n) => openWay(from, join(folder, String(n)))), close }
  } catch (error) {
    close()
    throw error
  }
}

function openWay(from: string, to: string): Way {
  mkdirSync(to, { recursive: true })
  // Whatever the mask of this process is.
  for (const folder of [dirname(to), to]) chmodSync(folder, 0o755)
  run('mount', ['--bind', from, to])
  return { from, to }
}

/** What a supervisor left that was killed. */
function removeLeft(layout: Layout): void {
  const folder = nameLeft(layout)
  if (folder === undefined) return
  if (folder.startsWith(PREFIX) && /^[0-9a-f]{32}$/.test(folder.slice(PREFIX.length))) removeWays(folder)
  rmSync(layout.ways)
}

function nameLeft({ ways }: Layout): string | undefined {
  return existsSync(ways) ? readFileSync(ways, 'utf8') : undefined
}

function removeWays(folder: string): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const to = join(folder, name)
    // Lazily: a sandbox that is about to die may still look at it. It fails where nothing is mounted.
    spawnSync('umount', ['--lazy', to], { stdio: 'ignore' })
    rmdirSync(to)
  }
  rmdirSync(folder)
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${basename(program)} ended with ${status}: ${stderr.trim()}`)
}
