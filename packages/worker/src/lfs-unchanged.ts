import type { CallOptions } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { createHash } from 'node:crypto'
import type { LfsFile, LfsFiles } from './lfs-object.ts'
import { openPlain, readThrough } from './plain-file.ts'
import { below, shown } from './path-bytes.ts'
import type { BytePath } from './path-bytes.ts'
import type { WalkEntry } from './walk.ts'

/**
 * Holds files of Git LFS to what they were made as: a patch has pointers and no objects. One that is the pointer itself is as it
 * was, as git-lfs has it. Errors: `UNSUPPORTED` naming the first that is another or gone.
 */
export async function mustBeAsTheyWere(
  dir: string,
  files: LfsFiles,
  seen: readonly WalkEntry[],
  removed: readonly BytePath[],
  options?: CallOptions,
): Promise<void> {
  const gone = removed.find((path) => files.has(path))
  if (gone !== undefined) throw changed(gone, 'removed')
  for (const entry of seen) {
    throwIfAborted(options?.signal)
    const file = files.get(entry.path)
    if (file !== undefined && !(await isAsItWas(dir, entry, file))) throw changed(entry.path, 'changed')
  }
}

async function isAsItWas(dir: string, { path, stat, kind }: WalkEntry, file: LfsFile): Promise<boolean> {
  if (kind !== 'file' || (stat.mode & 0o100) !== (file.mode === '100755' ? 0o100 : 0)) return false
  const whole = createHash('sha256')
  const blob = createHash(file.oid.length === 64 ? 'sha256' : 'sha1').update(`blob ${stat.size}\0`)
  if (stat.size !== file.object.size && stat.size > 1_024) return false
  const opened = await openPlain(below(dir, path))
  if (opened === undefined) return false
  try {
    for await (const piece of readThrough(opened)) {
      whole.update(piece)
      if (stat.size <= 1_024) blob.update(piece)
    }
  } finally {
    await opened.close()
  }
  return whole.digest('hex') === file.object.sha256 || (stat.size <= 1_024 && blob.digest('hex') === file.oid)
}

function changed(path: BytePath, how: 'changed' | 'removed'): SeamError {
  return new SeamError('UNSUPPORTED', `${shown(path)} is a file of Git LFS and was ${how}, which a patch can not hold.`, {
    remedy: 'Leave files of Git LFS as they are, and leave a new one as a declared output.',
  }) // prettier-ignore
}
