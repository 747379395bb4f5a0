import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Works in a new folder below the system's temporary one, and removes it. */
export async function inTemporary<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-bench-'))
  // Sandboxes may run as another user, who has to pass through.
  chmodSync(dir, 0o755)
  try {
    return await work(dir)
  } finally {
    await remove(dir)
  }
}

/** A supervisor that is just leaving removes files of its own, and a removal that meets that stops without an error. */
async function remove(dir: string): Promise<void> {
  for (let tries = 0; existsSync(dir); tries++) {
    if (tries === 50) throw new Error(`${dir} can not be removed.`)
    if (tries > 0) await sleep(100)
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}
