import type { OutputStream } from '@seamark/core'
import { isSeamError, orAbort, SeamError, sleep, throwIfAborted } from '@seamark/kit'
import type { Piece } from './demultiplex.ts'
import type { Launches } from './launches.ts'
import type { ContainerFacts } from './port.ts'
import { limitOf, phaseOf } from './state.ts'
import type { Tail } from './tail.ts'

/** Between two looks at a launch whose output has ended and which has not: it is about to, or the engine went away. */
const AGAIN_MS = 20
/** How long the log may be silent before an unfinished line is taken from the tail. */
const SILENT_MS = 20

/**
 * The bytes of one stream from an offset. The engine knows no offsets, so what comes before is read and dropped; at most
 * one chunk is held, and the engine waits for a reader that is slow.
 */
export async function* readOutput(
  launches: Launches,
  launchId: string,
  stream: OutputStream,
  fromByte: number,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (!Number.isSafeInteger(fromByte) || fromByte < 0)
    throw new SeamError('INVALID_INPUT', 'The offset is not a whole number of bytes.')
  throwIfAborted(signal)
  for (let told = fromByte; ; await sleep(AGAIN_MS, signal)) {
    const facts = await launches.facts(launchId, signal)
    const phase = phaseOf(facts)
    if (facts === undefined || phase === 'absent' || phase === 'waiting')
      throw new SeamError('NOT_FOUND', `There is no launch ${launchId}, or it was reaped.`)
    if (phase === 'not-started' || phase === 'lost') return
    if (phase === 'ended' && told >= (await launches.size(facts, stream, signal))) return
    const whole = yield* readOnce(launches, facts, stream, told, (bytes) => (told += bytes), signal)
    throwIfAborted(signal)
    if (whole && phase === 'ended' && told < (await launches.size(facts, stream, signal)))
      throw new SeamError('INTEGRITY', `The output of ${launchId} is shorter than it was.`)
  }
}

/** Reads the log once. Whether it came to its end: a connection may break, and the next look says what the matter is. */
async function* readOnce(
  launches: Launches,
  facts: ContainerFacts,
  stream: OutputStream,
  fromByte: number,
  advance: (bytes: number) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, boolean> {
  const over = new AbortController()
  const log = launches.pieces(facts, over.signal)[Symbol.asyncIterator]()
  let told = fromByte
  let at = 0
  let next = log.next()
  next.catch(heard)
  try {
    for (;;) {
      const step = await orAbort(stepOf(next, launches.tail(facts), facts, stream, told), signal)
      if ('done' in step && step.done === true) return true
      let fresh: Uint8Array
      if ('tail' in step) fresh = step.tail
      else {
        next = log.next()
        next.catch(heard)
        if (step.value.stream !== stream) continue
        fresh = step.value.bytes.subarray(Math.max(0, told - at))
        at += step.value.bytes.byteLength
      }
      if (fresh.byteLength === 0) continue
      told += fresh.byteLength
      advance(fresh.byteLength)
      yield fresh
    }
  } catch (error) {
    if (isSeamError(error)) throw error
    const meant = launches.meaning('Reading output', error)
    // The connection broke: the next look says whether the engine is away. All else is told.
    if (meant.code === 'UNAVAILABLE') return false
    throw meant
  } finally {
    over.abort()
  }
}

/** A piece that nobody waits for any more, as the reader has left, fails without harm; whoever waits for it is told. */
function heard(): void {}

type Step = IteratorYieldResult<Piece> | IteratorReturnResult<unknown> | { readonly tail: Uint8Array }

/** The next piece of the log, or where that is silent, what its tail has beyond what was told. */
async function stepOf(
  next: Promise<IteratorResult<Piece>>,
  tail: Tail | undefined,
  facts: ContainerFacts,
  stream: OutputStream,
  told: number,
): Promise<Step> {
  if (tail === undefined) return next
  const limit = limitOf(facts, 'maxOutputBytes') ?? Infinity
  for (;;) {
    const first = await Promise.race([next, silence()])
    if (first !== undefined) return first
    // Past the limit only the log says which bytes are within it.
    const bytes = tail.total <= limit ? tail.from(stream, told) : new Uint8Array(0)
    if (bytes.byteLength > 0) return { tail: bytes }
    if (tail.ended) return next
    const woken = await Promise.race([next, tail.changed()])
    if (woken !== undefined) return woken
  }
}

function silence(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), SILENT_MS))
}
