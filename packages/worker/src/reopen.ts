import { chmod, lstat } from 'node:fs/promises'

/**
 * Gives the owner of a folder back what an attempt took from it: one that can not be listed can not be
 * captured, and one that can not be written can not even be moved to another folder. A link is left alone.
 */
export async function reopen(dir: string): Promise<void> {
  const stat = await lstat(dir)
  if (stat.isDirectory() && (stat.mode & 0o700) !== 0o700) await chmod(dir, (stat.mode & 0o7777) | 0o700)
}
