import type { AnchorSubject } from '@seamark/conformance/anchor'
import type { AnchorReceipt } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gitAnchor } from './git-anchor.ts'

const tagOf = ({ origin, size }: AnchorReceipt) => `refs/tags/seamark/${sha256Hex(origin).slice(0, 32)}/${size}`

/** An anchor on a fresh repository for one case of the suite, in which tags can be moved and removed. */
export async function subject(): Promise<AnchorSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-git-anchor-'))
  const repository = join(dir, 'remote.git')
  const git = (args: readonly string[], input = '') =>
    execFileSync('git', ['--git-dir', repository, ...args], { input, encoding: 'utf8' }).trim()
  git(['init', '--quiet', '--bare', repository])
  const open = () => gitAnchor({ repository, dir: join(dir, 'local.git') })
  return {
    seam: open(),
    reopen: async () => open(),
    async damage(receipt) {
      const note = Buffer.from(execFileSync('git', ['--git-dir', repository, 'cat-file', '-p', tagOf(receipt)]))
      note[0] = (note[0] ?? 0) ^ 1
      git(['update-ref', tagOf(receipt), git(['hash-object', '-w', '--stdin'], note.toString())])
    },
    remove: async (receipt) => void git(['update-ref', '-d', tagOf(receipt)]),
    dispose: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  }
}
