import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import type { RedactionTable } from '@seamark/kit'
import type { Keeping, KeptPackage } from './package-cache.ts'
import { scrubbing, scrubHeaders } from './scrub.ts'

/** Aborts once nobody is left to answer. */
export function untilClosed(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (res.destroyed) gone.abort()
  else res.once('close', () => gone.abort())
  return gone.signal
}

/**
 * Answers with a file that was kept, once that is a record; secrets that the host was sent in this attempt are taken out of
 * it as of its own answers. Errors: those of `recorded`.
 */
export async function sendKept(
  res: ServerResponse,
  kept: KeptPackage,
  known: RedactionTable | undefined,
  recorded: () => Promise<void>,
): Promise<void> {
  try {
    await recorded()
  } catch (error) {
    await kept.close()
    throw error
  }
  // Nobody is left to send it to.
  if (res.destroyed) return kept.close()
  const body = kept.body()
  const headers = [...kept.headers.flat(), 'cache-status', 'seamark; hit']
  const cut = (): void => void (res.destroy(), body.destroy())
  body.on('error', cut)
  res.on('close', () => body.destroy())
  if (known === undefined) {
    res.writeHead(200, [...headers, 'content-length', String(kept.bytes)])
    body.pipe(res)
    return
  }
  res.writeHead(200, [...scrubHeaders(headers, known)])
  body.pipe(scrubbing(known)).on('error', cut).pipe(res)
}

/**
 * Keeps what passes, as it passes: the next piece waits until this one is stored. What does not come to its end is not
 * kept.
 */
export function keepingOf(keeping: Keeping, answer: IncomingMessage, res: ServerResponse): Transform {
  const stored = (work: Promise<void>, go: () => void): void => void work.then(go, go)
  const through = new Transform({
    transform: (piece: Buffer, _, done) => stored(keeping.add(piece), () => done(null, piece)),
    flush: (done) => stored(answer.complete ? keeping.done() : keeping.drop(), () => done()),
    destroy(error, done) {
      stored(keeping.drop(), () => done(error))
    },
  })
  // Whoever it was for is gone, or has all of it.
  res.on('close', () => through.destroy())
  return through
}
