import { systemCode } from '@seamark/kit'
import { closeSync, readdirSync, readFileSync } from 'node:fs'

/**
 * Closes every descriptor that whoever started this process left open, standard streams apart. A lock
 * or a file that a shell opened above the service would otherwise go on into each attempt, and neither
 * a sandbox nor a user stops what is already open. Node.js itself only makes descriptors that end with
 * an `exec`. Does nothing where there is no `/proc`.
 */
export function closeInherited(): void {
  if (process.platform !== 'linux') return
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd > 2 && survivesExec(fd)) closeSync(fd)
  }
}

const O_CLOEXEC = 0o2000000

function survivesExec(fd: number): boolean {
  let about: string
  try {
    about = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  } catch (error) {
    // The one that the folder was listed through.
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
  const flags = /^flags:\s*([0-7]+)$/m.exec(about)?.[1]
  return flags !== undefined && (parseInt(flags, 8) & O_CLOEXEC) === 0
}
