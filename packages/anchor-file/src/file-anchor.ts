import type { AnchorGuarantees, AuditAnchor, Checkpoint } from '@seamark/core'
import { fromSystemError, SeamError, sha256Hex, systemClock, systemCode, throwIfAborted } from '@seamark/kit'
import type { Clock } from '@seamark/kit'
import { createFile, makeFolder } from '@seamark/kit/files'
import { parseCheckpoint } from '@seamark/log'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { judge } from './judge.ts'

export interface FileAnchorOptions {
  /** Where checkpoints are left, best on a disk that is not the journal's. Made with mode 0700. */
  readonly dir: string
  /** Name of this instance. Default `file`. */
  readonly name?: string
  /** Source of `at` in receipts. Default the machine's clock. */
  readonly clock?: Clock
}

const guarantees: AnchorGuarantees = {
  // Whoever runs the log can usually write to this folder too.
  beyondOperator: { value: false, proof: 'tested' },
  time: { value: false, proof: 'tested' },
}

const noteName = /^[0-9]{16}\.note$/

async function readNote(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Leaves each checkpoint as the file `<SHA-256 of the origin, 32 hex digits>/<size, 16 digits>.note`
 * and never changes one. Sizes may come in any order: only another head of the same size
 * contradicts what is there, as consistency between sizes needs proofs that an anchor does not have.
 *
 * Besides the codes of `AuditAnchor`: `INVALID_INPUT` for a note that does not state its
 * checkpoint, `FORBIDDEN` (no access), `LIMIT_EXCEEDED` (disk full). Reasons of `check`: `gone`,
 * `changed`, `other-checkpoint`, `bad-signature`, `not-signed-by-trusted-key`, `key-compromised`,
 * `malformed-receipt`; not checked: `other-anchor`, `unreadable`, `no-trusted-key`,
 * `malformed-trust`.
 */
export function fileAnchor(options: FileAnchorOptions): AuditAnchor {
  const kind = 'file'
  const name = options.name ?? 'file'
  const clock = options.clock ?? systemClock
  const root = resolve(options.dir)

  const folderOf = (origin: string) => join(root, sha256Hex(origin).slice(0, 32))
  const pathOf = (origin: string, size: number) => join(folderOf(origin), `${String(size).padStart(16, '0')}.note`)

  /** The checkpoint in a file, which must be the one that its name says. */
  async function stored(origin: string, path: string): Promise<Checkpoint> {
    const note = await readFile(path, 'utf8')
    try {
      const checkpoint = parseCheckpoint(note)
      if (checkpoint.origin === origin && pathOf(origin, checkpoint.size) === path) return checkpoint
    } catch (error) {
      throw damaged(path, error)
    }
    throw damaged(path, undefined)
  }

  async function leave(checkpoint: Checkpoint): Promise<string> {
    const stated = parseCheckpoint(checkpoint.note)
    const { origin, size } = checkpoint
    if (stated.origin !== origin || stated.size !== size || stated.root !== checkpoint.root)
      throw new SeamError('INVALID_INPUT', `The note of the checkpoint of ${origin} at ${size} states another one.`)
    await makeFolder(folderOf(origin))
    const path = pathOf(origin, size)
    if (await createFile(path, Buffer.from(checkpoint.note, 'utf8'), 0o400)) return checkpoint.note
    const there = await stored(origin, path)
    if (there.root !== checkpoint.root)
      throw new SeamError(
        'INTEGRITY',
        `${origin} has two histories: two heads of size ${size}, one of them in ${path}.`,
        {
          remedy: 'Stop the service and keep both; `seamark verify` with each tells which records differ.',
        },
      )
    return there.note
  }

  return {
    spec: 'anchor/v1',
    kind,
    name,
    guarantees,

    async anchor(checkpoint, { signal } = {}) {
      throwIfAborted(signal)
      try {
        const note = await leave(checkpoint)
        const { origin, size } = checkpoint
        return {
          v: 1,
          kind,
          name,
          origin,
          size,
          root: checkpoint.root,
          at: clock.now(),
          body: { sha256: sha256Hex(note) },
        }
      } catch (error) {
        throw fromSystemError(error, `Leaving a checkpoint in ${root}`)
      }
    },

    async check(receipt, trust, { signal } = {}) {
      throwIfAborted(signal)
      if (receipt.kind !== kind || receipt.name !== name) return { status: 'not-checked', reason: 'other-anchor' }
      if (!Number.isSafeInteger(receipt.size) || receipt.size < 0)
        return { status: 'fail', reason: 'malformed-receipt' }
      let found: string | undefined
      try {
        found = await readNote(pathOf(receipt.origin, receipt.size))
      } catch {
        // Data, never an exception: what can not be read was not checked.
        return { status: 'not-checked', reason: 'unreadable' }
      }
      return judge(receipt, found, trust)
    },

    async latest(origin, { signal } = {}) {
      throwIfAborted(signal)
      try {
        const names = await readdir(folderOf(origin)).catch((error: unknown) => {
          if (systemCode(error) === 'ENOENT') return []
          throw error
        })
        const newest = names
          .filter((entry) => noteName.test(entry))
          .sort()
          .at(-1)
        return newest === undefined ? undefined : await stored(origin, join(folderOf(origin), newest))
      } catch (error) {
        throw fromSystemError(error, `Reading the newest checkpoint in ${root}`)
      }
    },
  }
}

function damaged(path: string, cause: unknown): SeamError {
  return new SeamError('INTEGRITY', `The anchored checkpoint ${path} is not what was left there.`, {
    remedy: 'Find out who changed it; compare it with the other anchors and with receipts.',
    cause,
  })
}
