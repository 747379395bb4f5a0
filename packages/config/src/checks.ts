import { systemCode } from '@seamark/kit'
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CheckResult, DoctorCheck } from './doctor.ts'

/** Node.js versions that the packages support: ^22.22.2 || ^24.15 || >=26. */
export function nodeCheck(version: string): DoctorCheck {
  return {
    id: 'node.version',
    title: 'Node.js',
    async run() {
      const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split('.').map(Number)
      const fits =
        major >= 26 || (major === 24 && minor >= 15) || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)))
      const measured = `v${version.replace(/^v/, '')}`
      return fits
        ? { status: 'ok', measured }
        : { status: 'fail', measured, remedy: 'Install Node.js ^22.22.2, ^24.15 or 26 and later.' }
    },
  }
}

/** The oldest git whose ways of neutralising a repository are relied on. */
const leastGit = [2, 30] as const

/** `version` gives what `git --version` prints, or throws. */
export function gitCheck(version: (signal: AbortSignal) => Promise<string>): DoctorCheck {
  const remedy = `Install git ${leastGit.join('.')} or later.`
  return {
    id: 'git.version',
    title: 'git',
    async run(signal) {
      const text = (await version(signal)).trim()
      const found = /(\d+)\.(\d+)/.exec(text)
      const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)]
      const fits = major > leastGit[0] || (major === leastGit[0] && minor >= leastGit[1])
      return fits ? { status: 'ok', measured: text } : { status: 'fail', measured: text, remedy }
    },
  }
}

const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3

/** Room where the data folder is, or will be: below 1 GiB is a warning, below 256 MiB a failure. */
export function diskCheck(dataDir: string): DoctorCheck {
  return {
    id: 'disk.free',
    title: 'Free disk',
    async run() {
      const { bavail, bsize } = await statfs(await nearest(dataDir))
      const free = bavail * bsize
      const measured = `${(free / gibibyte).toFixed(1)} GiB`
      const remedy = `Make room on the disk of ${dataDir}.`
      if (free < gibibyte / 4) return { status: 'fail', measured, remedy }
      return free < gibibyte ? { status: 'warn', measured, remedy } : { status: 'ok', measured }
    },
  }
}

/** `find` looks at the workspaces that were not captured, which nothing but their owner removes. */
export function keptCheck(
  find: (signal: AbortSignal) => Promise<{
    readonly folders: readonly string[]
    readonly count: number
    readonly bytes: number
    readonly counted: boolean
  }>,
): DoctorCheck {
  return {
    id: 'work.kept',
    title: 'Workspaces that were not captured',
    async run(signal) {
      const { folders, count, bytes, counted } = await find(signal)
      if (count === 0) return { status: 'ok', measured: 'none' }
      const where = folders.join(', ')
      const size = `${counted ? '' : 'at least '}${(bytes / mebibyte).toFixed(1)} MiB`
      return {
        status: 'warn',
        measured: `${count}, ${size}, in ${where}`,
        remedy: `Take what you need from ${where}, then remove it: nothing else does, but \`seamark gc\` beyond quotas.kept.`,
      }
    },
  }
}

/** The share of a quota from which on it is said. */
export const NEAR_QUOTA = 0.9

/** `measure` gives how many bytes are taken of a quota, and may be. Beyond that of the storage no run is begun. */
export function quotaCheck(
  of: 'storage' | 'kept' | 'mirrors',
  measure: (signal: AbortSignal) => Promise<{ readonly bytes: number; readonly maxBytes: number }>,
): DoctorCheck {
  const what = { storage: 'the storage', kept: 'workspaces that were not captured', mirrors: 'mirrors of repositories' }
  return {
    id: `${of}.quota`,
    title: `Quota of ${what[of]}`,
    async run(signal) {
      const { bytes, maxBytes } = await measure(signal)
      const measured = `${bytes} of ${maxBytes} bytes, ${Math.round((100 * bytes) / maxBytes)} %`
      const then = of === 'storage' ? ': beyond it no run is begun.' : '. It removes the oldest that nothing needs.'
      const remedy = `Call \`seamark gc\`, or raise quotas.${of}${then}`
      if (bytes > maxBytes && of === 'storage') return { status: 'fail', measured, remedy }
      return bytes > NEAR_QUOTA * maxBytes ? { status: 'warn', measured, remedy } : { status: 'ok', measured }
    },
  }
}

/** The clock against the newest time that is known to have passed, such as that of the newest record. */
export function clockCheck(now: () => number, notBefore: () => Promise<number>): DoctorCheck {
  return {
    id: 'clock.sane',
    title: 'Clock',
    async run() {
      const behindMs = (await notBefore()) - now()
      const measured = new Date(now()).toISOString()
      const remedy = 'Set the clock; use NTP. Records keep the order, but times stand still until it has caught up.'
      if (behindMs <= 1_000) return { status: 'ok', measured }
      return { status: behindMs > 60_000 ? 'fail' : 'warn', measured: `${measured}, ${behindMs} ms behind`, remedy }
    },
  }
}

/** The folder itself, or the nearest one above it that exists. */
async function nearest(folder: string): Promise<string> {
  try {
    await stat(folder)
    return folder
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || folder === dirname(folder)) throw error
    return nearest(dirname(folder))
  }
}

/** Whether the data folder can be written, belongs to this user and is closed to others. */
export function dataFolderCheck(dataDir: string): DoctorCheck {
  return {
    id: 'data.permission',
    title: 'Data folder',
    async run(): Promise<CheckResult> {
      const found = await nearest(dataDir)
      try {
        await access(found, constants.W_OK | constants.X_OK)
      } catch (error) {
        const measured = `${found} is not writable: ${systemCode(error) ?? String(error)}`
        return { status: 'fail', measured, remedy: `Make ${found} writable for this user.` }
      }
      if (found !== dataDir) return { status: 'ok', measured: `${dataDir}, made at the first start` }
      const { mode, uid } = await stat(dataDir)
      const measured = `${dataDir}, mode ${(mode & 0o777).toString(8)}, owner ${uid}`
      if (uid !== process.geteuid?.())
        return { status: 'fail', measured, remedy: 'Run the service as the owner of the folder.' }
      if ((mode & 0o022) !== 0)
        return { status: 'fail', measured, remedy: `If all that is in it is yours: chmod 700 ${dataDir}` }
      // A group may pass where root's sandboxes run as another user; it may not look.
      if ((mode & 0o067) !== 0) return { status: 'warn', measured, remedy: `chmod 700 ${dataDir}` }
      return { status: 'ok', measured }
    },
  }
}
