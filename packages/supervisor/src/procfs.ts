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
  // The first thread may have ended before others of the process.
  return { start: rest[19] ?? '', dead: (state === 'Z' || state === 'X') && !(Number(rest[17]) > 1) }
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
  const environment = environmentOf(pid)
  if (environment?.includes(folderId) !== true) return undefined
  const entries = environment.split('\0')
  if (!entries.includes(`${FOLDER_MARK}=${folderId}`)) return undefined
  return entries.find((entry) => entry.startsWith(`${LAUNCH_MARK}=`))?.slice(LAUNCH_MARK.length + 1)
}

/** What a process was started with; `undefined` where that is not for us to see. */
function environmentOf(pid: number): string | undefined {
  const environment = readOrNone(`/proc/${pid}/environ`)
  if (environment !== undefined && environment !== '') return environment
  if (!/^State:\s*Z/m.test(readOrNone(`/proc/${pid}/status`) ?? '')) return environment
  // What its first thread no longer tells, once it has ended, another one does.
  const found = threadsOf(pid).map((thread) => readOrNone(`/proc/${pid}/task/${thread}/environ`))
  return found.find((text) => text !== undefined && text !== '')
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

function readOrNone(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    // Processes of other users can not be ours.
    if (isGone(error) || systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM') return undefined
    throw error
  }
}

function isGone(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR'
}
