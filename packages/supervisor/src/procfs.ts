import { systemCode } from '@seamark/kit'
import { readdirSync, readFileSync } from 'node:fs'

/** The variable that marks the processes of a plain attempt, and the one that names their data folder. */
export const LAUNCH_MARK = 'SEAMARK_LAUNCH_ID'
export const FOLDER_MARK = 'SEAMARK_SUPERVISOR'

/** Names this boot of the machine: process ids of another one mean nothing. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/**
 * One process, told from a later one with the same id by the time of its start (proc(5), field 22).
 * `undefined` where it is gone. `dead`: nothing of it runs any more; only its exit status waits.
 */
export function processAt(pid: number): { readonly start: string; readonly dead: boolean } | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
  // The second field is the program's name in parentheses and may hold anything.
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = rest[0] ?? ''
  return { start: rest[19] ?? '', dead: state === 'Z' || state === 'X' }
}

export function isAlive(pid: number, start: string): boolean {
  const found = processAt(pid)
  return found !== undefined && !found.dead && found.start === start
}

/** Whether a process is the first one of a process namespace below ours (proc(5), `NSpid`). */
export function isFirstOfNamespace(pid: number): boolean {
  try {
    const ids = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split(/\s+/) ?? []
    return ids.length > 1 && ids.at(-1) === '1'
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

/**
 * Kills one process, or with a negative id a whole group. False where there is nothing to kill, or only
 * what became another user's by a set-user-id program: that goes on, and so does its attempt.
 */
export function killNow(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch (error) {
    if (systemCode(error) === 'ESRCH' || systemCode(error) === 'EPERM') return false
    throw error
  }
}

/** Living processes that carry the marks of this data folder, by launch. */
export function markedProcesses(folderId: string): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const launchId = markOf(pid, folderId)
    if (launchId === undefined || processAt(pid)?.dead !== false) continue
    const pids = found.get(launchId)
    if (pids === undefined) found.set(launchId, [pid])
    else pids.push(pid)
  }
  return found
}

function markOf(pid: number, folderId: string): string | undefined {
  let environment: string
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch (error) {
    // Processes of other users can not be ours.
    if (isGone(error) || systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM') return undefined
    throw error
  }
  if (!environment.includes(folderId)) return undefined
  const entries = environment.split('\0')
  if (!entries.includes(`${FOLDER_MARK}=${folderId}`)) return undefined
  return entries.find((entry) => entry.startsWith(`${LAUNCH_MARK}=`))?.slice(LAUNCH_MARK.length + 1)
}

function isGone(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR'
}
