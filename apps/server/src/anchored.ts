import type { AuditAnchor, Checkpoint, Journal, Place } from '@seamark/core'
import { orAbort, SeamError, toSeamError } from '@seamark/kit'
import { readFrontier, toHex } from '@seamark/log'

/** What an anchor has of a log. */
export interface Anchored {
  /** The anchor's place in the configuration. */
  readonly place: Place
  readonly anchor: AuditAnchor
  readonly head: Checkpoint
}

export interface AskOptions {
  readonly onNotice: (error: Error) => void
  readonly signal?: AbortSignal
}

// Whoever waits has something better to do than to wait for one that is silent.
const patienceMs = 20_000

/**
 * What one call to an anchor gives. One that is away, or does not answer for 20 seconds, is a notice and `undefined`.
 * Errors: those of the call that no waiting ends, and `ABORTED`.
 */
export async function unlessAway<T>(
  { name }: AuditAnchor,
  call: (signal: AbortSignal) => Promise<T>,
  { onNotice, signal }: AskOptions,
): Promise<T | undefined> {
  const late = AbortSignal.timeout(patienceMs)
  const either = signal === undefined ? late : AbortSignal.any([signal, late])
  try {
    return await orAbort(call(either), either)
  } catch (thrown) {
    const error = toSeamError(thrown)
    const silent = late.aborted && signal?.aborted !== true
    if (error.consequence !== 'retry' && !silent) throw error
    const what = silent ? `It did not answer for ${patienceMs} ms.` : error.message
    onNotice(new SeamError(silent ? 'TIMEOUT' : error.code, `Anchor ${name} is left out: ${what}`))
    return undefined
  }
}

/** The newest head of a log that each anchor has, where it has one. Errors: those of `unlessAway`, at the anchor's place. */
export async function anchoredHeads(
  anchors: readonly AuditAnchor[],
  origin: string,
  options: AskOptions,
): Promise<readonly Anchored[]> {
  const asked = anchors.map(async (anchor, at): Promise<readonly Anchored[]> => {
    const place = { pointer: `/anchors/${at}` }
    try {
      const head = await unlessAway(anchor, (signal) => anchor.latest(origin, { signal }), options)
      return head === undefined ? [] : [{ place, anchor, head }]
    } catch (thrown) {
      const { code, message, problems } = toSeamError(thrown)
      throw new SeamError(code, message, { cause: thrown, problems: problems.map((each) => ({ ...each, place })) })
    }
  })
  return (await Promise.all(asked)).flat()
}

/** Errors: `INTEGRITY` where the log has another root at the size of an anchored head, which it covers. */
export async function requireSameHistory(
  { ns, journal }: { readonly ns: string; readonly journal: Pick<Journal, 'hashes'> },
  { place, anchor, head }: Anchored,
  signal?: AbortSignal,
): Promise<void> {
  const frontier = await readFrontier(
    (level, from, count) => journal.hashes(ns, level, from, count, { ...(signal && { signal }) }),
    head.size,
  )
  if (toHex(frontier.root()) === head.root) return
  throw new SeamError('INTEGRITY', `Anchor ${anchor.name} has another head of ${head.size} records than this log.`, {
    remedy: 'Keep both, and find out which of them was changed.',
    place,
  })
}
