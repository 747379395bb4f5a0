import { readFileSync, statSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'

/** The user as whom sandboxes run. */
export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** Used where there is no user `seamark`: above all ranges that distributions hand out to people and services, below nobody's. */
const fallback: Identity = { uid: 64_198, gid: 64_198 }

/**
 * As whom sandboxes run: `undefined` for the user of this process, which is right unless that is
 * root; then the user `seamark` of `/etc/passwd`, or a fixed one that needs no entry there.
 */
export function sandboxIdentity(): Identity | undefined {
  if (process.geteuid?.() !== 0) return undefined
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'seamark')
  const uid = Number(entry?.[2])
  const gid = Number(entry?.[3])
  return Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 && gid > 0 ? { uid, gid } : fallback
}

export function mayEnter(stat: Stats, identity: Identity): boolean {
  return (modeFor(stat, identity) & 1) !== 0
}

/** Whether a file can be read, or a folder listed and entered. */
export function mayRead(stat: Stats, identity: Identity): boolean {
  const need = stat.isDirectory() ? 5 : 4
  return (modeFor(stat, identity) & need) === need
}

function modeFor(stat: Stats, { uid, gid }: Identity): number {
  if (stat.uid === uid) return stat.mode >> 6
  if (stat.gid === gid) return stat.mode >> 3
  return stat.mode
}

/** The first folder above a path that this user can not pass, or `undefined`. */
export function firstBarrier(path: string, identity: Identity): string | undefined {
  const above: string[] = []
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    above.unshift(folder)
    if (folder === dirname(folder)) break
  }
  return above.find((folder) => {
    const stat = statSync(folder, { throwIfNoEntry: false })
    return stat !== undefined && !mayEnter(stat, identity)
  })
}
