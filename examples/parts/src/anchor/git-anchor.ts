import type { AnchorGuarantees, AuditAnchor, Checkpoint } from '@seamark/core'
import { isSeamError, SeamError, sha256Hex, systemClock, throwIfAborted } from '@seamark/kit'
import { makeFolder } from '@seamark/kit/files'
import { parseCheckpoint } from '@seamark/log'
import { git } from './git.ts'
import { judgeNote } from './judge-note.ts'

export interface GitAnchorOptions {
  /** Where checkpoints are pushed: what `git push` takes, without a password in it. */
  readonly repository: string
  /** Folder of a repository of its own on this machine, through which they go. Made at first use. */
  readonly dir: string
  /** Name of this instance. Default `git`. */
  readonly name?: string
}

const guarantees: AnchorGuarantees = {
  // Whoever may push here may usually delete here: a host that protects tags is one that you know, not this program.
  beyondOperator: { value: false, proof: 'unproven' },
  time: { value: false, proof: 'tested' },
}

const folderOf = (origin: string): string => `refs/tags/seamark/${sha256Hex(origin).slice(0, 32)}`
const tagOf = (origin: string, size: number): string => `${folderOf(origin)}/${size}`

/**
 * Leaves each checkpoint as a tag `seamark/<SHA-256 of the origin, 32 hex digits>/<size>` on a blob that is its note. A tag is never
 * moved: of two heads of one size the repository takes the first.
 *
 * Errors of the factory: `INVALID_INPUT`. Reasons of `check`: `gone`, `changed`, `other-checkpoint`, `bad-signature`,
 * `not-signed-by-trusted-key`, `key-compromised`, `malformed-receipt`; not checked: `other-anchor`, `unreachable`, `no-trusted-key`, `malformed-trust`.
 */
export function gitAnchor({ repository, dir, name = 'git' }: GitAnchorOptions): AuditAnchor {
  const kind = 'git'
  if (repository.startsWith('-') || /^[a-z+]+:\/\/[^/@]*:[^/@]*@/i.test(repository))
    throw new SeamError('INVALID_INPUT', 'The repository of gitAnchor is an option, or has a password in it.', {
      remedy: 'Name it without; git asks its credential helper.',
    })
  let made: Promise<unknown> | undefined

  async function local(args: readonly string[], options: Parameters<typeof git>[1] = {}) {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    await made
    return git(['--git-dir', dir, ...args], options)
  }

  async function make(): Promise<void> {
    await makeFolder(dir)
    await done(git(['init', '--quiet', '--bare', dir]), 'init')
  }

  /** Tags of the repository below a prefix, with the objects that they are on. */
  async function tags(pattern: string, signal: AbortSignal | undefined): Promise<ReadonlyMap<string, string>> {
    const out = await done(local(['ls-remote', '--', repository, pattern], { signal }), 'ls-remote')
    return new Map(
      out.split('\n').flatMap((line) => {
        const [object = '', ref] = line.split('\t')
        return ref === undefined ? [] : [[ref, object] as const]
      }),
    )
  }

  /** The note of one tag; `undefined` if there is none. */
  async function noteAt(tag: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const object = (await tags(tag, signal)).get(tag)
    if (object === undefined) return undefined
    const fetch = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-gc', '--', repository, tag]
    await done(local(fetch, { signal }), 'fetch')
    return done(local(['cat-file', '-p', object], { signal }), 'cat-file')
  }

  /** The checkpoint of one tag, which must be the one that its name says. */
  async function stored(origin: string, tag: string, signal: AbortSignal | undefined): Promise<Checkpoint | undefined> {
    const note = await noteAt(tag, signal)
    if (note === undefined) return undefined
    try {
      const checkpoint = parseCheckpoint(note)
      if (checkpoint.origin === origin && tagOf(origin, checkpoint.size) === tag) return checkpoint
    } catch (error) {
      if (!isSeamError(error)) throw error
    }
    throw new SeamError('INTEGRITY', `The tag ${tag} is not the checkpoint that was left there.`, {
      remedy: 'Find out who changed it; compare it with the other anchors and with receipts.',
    })
  }

  async function leave(checkpoint: Checkpoint, signal: AbortSignal | undefined): Promise<string> {
    const { origin, size, root, note } = checkpoint
    const stated = parseCheckpoint(note)
    if (stated.origin !== origin || stated.size !== size || stated.root !== root)
      throw new SeamError('INVALID_INPUT', `The note of the checkpoint of ${origin} at ${size} states another one.`)
    const tag = tagOf(origin, size)
    const object = await done(local(['hash-object', '-w', '--stdin'], { input: note, signal }), 'hash-object')
    // Without force: the repository itself decides between two that come at once.
    const push = ['push', '--quiet', '--', repository, `${object.trim()}:${tag}`]
    if ((await local(push, { signal })).code === 0) return note
    const there = await stored(origin, tag, signal)
    if (there === undefined) throw unreachable('push')
    if (there.root !== root)
      throw new SeamError(
        'INTEGRITY',
        `${origin} has two histories: two heads of size ${size}, one of them in ${tag}.`,
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
      const note = await leave(checkpoint, signal)
      const { origin, size, root } = checkpoint
      return { v: 1, kind, name, origin, size, root, at: systemClock.now(), body: { sha256: sha256Hex(note) } }
    },
    async check(receipt, trust, { signal } = {}) {
      throwIfAborted(signal)
      if (receipt.kind !== kind || receipt.name !== name) return { status: 'not-checked', reason: 'other-anchor' }
      if (!Number.isSafeInteger(receipt.size) || receipt.size < 0)
        return { status: 'fail', reason: 'malformed-receipt' }
      let note: string | undefined
      try {
        note = await noteAt(tagOf(receipt.origin, receipt.size), signal)
      } catch {
        throwIfAborted(signal)
        return { status: 'not-checked', reason: 'unreachable' }
      }
      return judgeNote(receipt, note, trust)
    },
    async latest(origin, { signal } = {}) {
      throwIfAborted(signal)
      const sizes = [...(await tags(`${folderOf(origin)}/*`, signal)).keys()]
        .map((tag) => tag.slice(folderOf(origin).length + 1))
        .filter((size) => /^\d{1,16}$/.test(size))
        .map(Number)
      return sizes.length === 0 ? undefined : stored(origin, tagOf(origin, Math.max(...sizes)), signal)
    },
  }
}

const unreachable = (what: string): SeamError =>
  new SeamError('UNAVAILABLE', `git ${what} did not succeed.`, {
    remedy: 'See that the repository answers and may be pushed to: git ls-remote REPOSITORY.',
  })

async function done(answer: ReturnType<typeof git>, what: string): Promise<string> {
  const { code, out } = await answer
  if (code !== 0) throw unreachable(what)
  return out
}
