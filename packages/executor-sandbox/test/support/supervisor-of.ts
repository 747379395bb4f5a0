import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './see.ts'

/** From the lock of the data folder: the kernel knows who holds it. */
export async function supervisorOf(dir: string): Promise<number> {
  const inode = statSync(join(dir, 'supervisor', 'lock')).ino
  let pid = NaN
  await until(() => {
    const locks = readFileSync('/proc/locks', 'utf8').split('\n')
    pid = Number(
      locks
        .find((entry) => entry.includes(`:${inode} `))
        ?.trim()
        .split(/\s+/)[4],
    )
    return pid > 0
  }, 'a supervisor has the data folder')
  return pid
}
