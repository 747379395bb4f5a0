import { randomBytes } from 'node:crypto'
import { readdir, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { sha256Hex, systemCode } from '@seamark/kit'

const longestUploadMs = 24 * 60 * 60 * 1000

// A process id says something only on the machine (or in the container) that gave it.
const machine = () => sha256Hex(hostname()).slice(0, 16)

/** A name that tells a later process whether its writer can still be alive. */
export function tempName(): string {
  return `${machine()}.${process.pid}.${randomBytes(12).toString('hex')}`
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/**
 * Removes what crashed writers left: files of dead processes of this machine, and files of any
 * writer that have not changed for 24 hours.
 */
export async function sweepTemp(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [host, pid] = name.split('.')
    const path = join(folder, name)
    try {
      const dead = host === machine() && pid !== undefined && !isAlive(Number(pid))
      if (dead || Date.now() - (await stat(path)).mtimeMs > longestUploadMs) await unlink(path)
    } catch (error) {
      // Another process swept it, or its writer finished.
      if (systemCode(error) !== 'ENOENT') throw error
    }
  }
}
