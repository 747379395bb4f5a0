import { chmod, constants, lchmod, open } from 'node:fs/promises'

// Node does not name it. The same number on every architecture that Linux runs Node on.
const O_PATH = 0o10000000

/**
 * Changes the mode of what is at a path, and never of what a link there leads to: an attempt that still runs may have put
 * one there since it was looked at. Errors: those of the system; `EOPNOTSUPP` or `ELOOP` for a link on Linux.
 */
export async function chmodItself(path: string, mode: number): Promise<void> {
  // oxlint-disable-next-line typescript/no-deprecated -- on macOS, where it is, nothing else does this
  if (process.platform !== 'linux') return lchmod(path, mode)
  // Also of a file that its owner may not open otherwise.
  const handle = await open(path, O_PATH | constants.O_NOFOLLOW)
  try {
    await chmod(`/proc/self/fd/${handle.fd}`, mode)
  } finally {
    await handle.close()
  }
}
