import { join, resolve } from 'node:path'
import { NAME, SeamError } from '@seamark/kit'

/** The files of one namespace: one folder each, so that no namespace's name can be another one's file. */
export interface NamespacePaths {
  readonly dir: string
  readonly database: string
  readonly wal: string
  /** Held open with an exclusive transaction by whoever has the lease. Holds no data. */
  readonly lock: string
  /** Who has, or last had, the lease; and its epoch. */
  readonly holder: string
  /** Newest signed checkpoint. */
  readonly checkpoint: string
  /** Names the move that comes here, until it is over. */
  readonly arriving: string
  /** Names the move that went away from here. */
  readonly movedBy: string
}

/** Errors: `INVALID_INPUT` for a name that is no namespace. */
export function namespacePaths(root: string, ns: string): NamespacePaths {
  if (!NAME.test(ns))
    throw new SeamError('INVALID_INPUT', `${JSON.stringify(ns)} is not the name of a namespace.`, {
      remedy: `Use 1 to 63 characters that match ${NAME.source}.`,
    })
  const dir = join(resolve(root), ns)
  return {
    dir,
    database: join(dir, 'journal.db'),
    wal: join(dir, 'journal.db-wal'),
    lock: join(dir, 'lock.db'),
    holder: join(dir, 'holder.json'),
    checkpoint: join(dir, 'checkpoint.json'),
    arriving: join(dir, 'arriving'),
    movedBy: join(dir, 'moved-by'),
  }
}

/** Space that only urgent batches may use. No namespace has this name. */
export function reservePath(root: string): string {
  return join(resolve(root), '.reserve')
}
