import type { AnchorReceipt } from '@seamark/core'
import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { anchorSuite } from '@seamark/conformance/anchor'
import type { AnchorSubject } from '@seamark/conformance/anchor'
import { sha256Hex } from '@seamark/kit'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { fileAnchor } from '../src/index.ts'

const subject = async (): Promise<AnchorSubject> => {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-anchor-'))
  const open = () => fileAnchor({ dir })
  const pathOf = ({ origin, size }: AnchorReceipt) =>
    join(dir, sha256Hex(origin).slice(0, 32), `${String(size).padStart(16, '0')}.note`)
  return {
    seam: open(),
    reopen: async () => open(),
    async damage(receipt) {
      const path = pathOf(receipt)
      const note = await readFile(path)
      note[0]! ^= 1
      await chmod(path, 0o600)
      await writeFile(path, note)
    },
    remove: (receipt) => rm(pathOf(receipt)),
    dispose: () => rm(dir, { recursive: true, force: true }),
  }
}

registerSuite(anchorSuite, subject, { describe, it })
registerSaboteurs(anchorSuite, subject, { describe, it })
registerSuite(underTraits(anchorSuite, subject), subject, { describe, it })
