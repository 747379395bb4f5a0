import type { Clock } from '@seamark/kit'
import { NAME, SeamError } from '@seamark/kit'
import type { Authorize } from './authorization.ts'
import { givenUpOf, limitsOf } from './collections.ts'
import type { Command } from './commands.ts'
import type { Engine } from './engine.ts'
import type { Parts } from './parts.ts'
import { posted } from './parts.ts'
import type { Collection, CollectionTerms } from './state-storage.ts'

/** Characters of the reason of a hold. */
const REASON_CHARS = 200

interface Needs {
  readonly authorize: Authorize
  readonly running: () => Parts
  readonly clock: Clock
  readonly redact: ((text: string) => string) | undefined
}

type StorageCommands = Pick<
  Engine,
  | 'hold'
  | 'release'
  | 'storage'
  | 'givenUp'
  | 'collect'
  | 'removeRun'
  | 'removalLimits'
  | 'collectionLimits'
  | 'collected'
>

/** What may be asked about what is kept. */
export function storageCommands({ authorize, running, clock, redact }: Needs): StorageCommands {
  async function begin(command: Command & { type: 'collect' | 'remove' }): Promise<Collection> {
    await posted(running().loop, command)
    const { collection } = running().loop.state.storage
    if (collection === undefined) throw new SeamError('INTERNAL', 'A collection ended before it began.')
    return collection
  }

  return {
    async hold(principal, run, reason) {
      await authorize(principal, 'run.hold', { run })
      requireRun(run)
      const said = reason === undefined ? undefined : (redact?.(reason) ?? reason).toWellFormed()
      if (said !== undefined && said.length > REASON_CHARS)
        throw new SeamError('INVALID_INPUT', `A reason has at most ${REASON_CHARS} characters.`, {
          place: { pointer: '/reason' },
        })
      const hold = { type: 'hold', principal, run, ...(said !== undefined && { reason: said }) } as const
      const { created = true } = await posted(running().loop, hold)
      return { created }
    },
    async release(principal, run) {
      await authorize(principal, 'run.release', { run })
      requireRun(run)
      const { effective = true } = await posted(running().loop, { type: 'release', principal, run })
      return { released: effective }
    },
    storage() {
      const { holds, collection, removalsFrom } = running().loop.state.storage
      return { collection, removalsFrom, holds: [...holds.values()] }
    },
    givenUp: (run, sealedAt) => givenUpOf(running().loop.state.storage, run, sealedAt),
    async collect(principal, terms) {
      await authorize(principal, 'storage.collect', {})
      checkTerms(terms)
      return begin({ type: 'collect', principal, terms })
    },
    async removeRun(principal, run) {
      await authorize(principal, 'run.remove', { run })
      requireRun(run)
      return begin({ type: 'remove', principal, run })
    },
    async removalLimits(principal, run) {
      await authorize(principal, 'run.remove', { run })
      requireRun(run)
      const { limits } = await posted(running().loop, { type: 'remove', principal, run, dryRun: true })
      if (limits === undefined) throw new SeamError('INTERNAL', 'A removal was asked about, and is held to nothing.')
      return limits
    },
    collectionLimits(terms) {
      checkTerms(terms)
      return limitsOf(running().loop.state, terms, clock.now())
    },
    async collected(seq, data) {
      await posted(running().loop, { type: 'collected', seq, data })
    },
  }
}

function requireRun(run: string): void {
  if (!NAME.test(run)) throw new SeamError('INVALID_INPUT', 'This is no id of a run.')
}

function checkTerms({ graceMs, runsMs = 0, snapshotsMs = 0, keptBytes = 0, mirrorBytes = 0 }: CollectionTerms): void {
  const given = [graceMs, runsMs, snapshotsMs, keptBytes, mirrorBytes]
  if (given.every((number) => Number.isSafeInteger(number) && number >= 0)) return
  throw new SeamError('INVALID_INPUT', 'Ages are whole milliseconds and sizes whole bytes, not below 0.')
}
