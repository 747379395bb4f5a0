import type { CallOptions } from '@seamark/core'
import { throwIfAborted } from '@seamark/kit'
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** What a pack is made of, the index last: git looks for packs by it. */
const packFile = /^pack-[0-9a-f]+\.(?:pack|rev|bitmap|mtimes|promisor|idx)$/
const fanOut = /^[0-9a-f]{2}$/
const loose = /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/

/**
 * Copies the objects of a repository that nothing is removed from, into one that has none, sharing blocks where the file system can. What is
 * under way there (a pack that is just being fetched) is left out: no name leads to it yet. Nor does one here to what is not whole, so that git may read
 * meanwhile.
 */
export async function copyObjects(from: string, to: string, options?: CallOptions): Promise<void> {
  for (const folder of (await readdir(from)).sort()) {
    if (folder !== 'pack' && !fanOut.test(folder)) continue
    const wanted = folder === 'pack' ? packFile : loose
    const listed = new Set(await readdir(join(from, folder)))
    const names = [...listed].filter(
      (name) => wanted.test(name) && (!name.endsWith('.idx') || listed.has(name.replace(/idx$/, 'pack'))),
    )
    if (names.length === 0) continue
    await mkdir(join(to, folder), { recursive: true })
    for (const name of names.sort((a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')))) {
      throwIfAborted(options?.signal)
      const partly = join(to, folder, `tmp_${name}`)
      await copyFile(join(from, folder, name), partly, constants.COPYFILE_FICLONE)
      await rename(partly, join(to, folder, name))
    }
  }
}
