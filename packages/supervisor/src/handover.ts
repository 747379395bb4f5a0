import { SeamError } from '@seamark/kit'
import { chmodSync, chownSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { lchown, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { firstBarrier, mayEnter, mayRead, type Identity } from './identity.ts'

/**
 * Lets the sandbox's user reach and own the trees that an attempt may write.
 *
 * A root service keeps its data folder closed to everyone else, and bubblewrap, which runs as the
 * sandbox's user, has to walk to what it binds. So each folder between the data folder and a tree
 * gets the sandbox's group with the right to pass, never to list; the way to the data folder itself
 * is shortened by a bind mount in the supervisor's own mount namespace (see `ways.ts`). Folders
 * outside the data folder are never changed.
 *
 * A tree is handed over once: while its top folder has another owner, everything in it is given to
 * the sandbox's user, the top folder last. Links are never followed. Whoever adds files later gives
 * them the owner of the top folder.
 */
export async function handOver(trees: readonly string[], data: string, identity: Identity): Promise<void> {
  for (const tree of trees) {
    openWay(tree, data, identity)
    const top = lstatSync(tree, { throwIfNoEntry: false })
    // What is missing is said by bubblewrap, as the reason why the attempt did not start.
    if (top === undefined || top.uid === identity.uid) continue
    // Otherwise a link that an attempt left in a tree could make us give away what it leads to.
    if (realpathSync(tree) !== tree)
      throw new SeamError('INVALID_INPUT', `A writable mount is reached through a symbolic link: ${tree}`, {
        remedy: 'Mount what it leads to, by its real path.',
      })
    if (top.isDirectory()) await giveContent(Buffer.from(tree), identity)
    await lchown(tree, identity.uid, identity.gid)
  }
}

/**
 * Lets the sandbox's user reach and read what is mounted read-only. What is closed to it and lies in
 * the data folder is handed over as a whole: the mount keeps the attempt from changing it.
 */
export async function openToRead(path: string, data: string, identity: Identity): Promise<void> {
  openWay(path, data, identity)
  const top = statSync(path, { throwIfNoEntry: false })
  if (top === undefined || mayRead(top, identity)) return
  if (isInside(path, data)) return handOver([path], data, identity)
  throw new SeamError('INVALID_INPUT', `The sandbox's user (uid ${identity.uid}) can not read ${path}.`, {
    remedy: 'Keep what is mounted in the data folder, or let that user read it.',
  })
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + '/')
}

/** Makes the folders from the data folder down to a path passable. Errors: `INVALID_INPUT` where one is not ours to open. */
function openWay(path: string, data: string, identity: Identity): void {
  if (!isInside(path, data)) {
    const barrier = firstBarrier(path, identity)
    if (barrier === undefined) return
    throw new SeamError(
      'INVALID_INPUT',
      `The sandbox's user (uid ${identity.uid}) can not pass ${barrier} to reach ${path}.`,
      {
        remedy: 'Keep what is mounted in the data folder, or where that user may go.',
      },
    )
  }
  const above: string[] = []
  for (let folder = dirname(path); folder.length >= data.length; folder = dirname(folder)) above.unshift(folder)
  for (const folder of above) {
    const stat = statSync(folder, { throwIfNoEntry: false })
    if (stat === undefined || mayEnter(stat, identity)) continue
    if (stat.gid === 0 || stat.gid === identity.gid) {
      chownSync(folder, stat.uid, identity.gid)
      chmodSync(folder, (stat.mode & 0o7707) | 0o010)
    } else chmodSync(folder, (stat.mode & 0o7777) | 0o001)
  }
}

// Names are bytes: a repository may hold some that are not UTF-8.
async function giveContent(folder: Buffer, { uid, gid }: Identity): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name])
    if (entry.isDirectory()) await giveContent(path, { uid, gid })
    await lchown(path, uid, gid)
  }
}
