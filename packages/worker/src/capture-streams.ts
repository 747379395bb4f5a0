import type { BlobRef, CallOptions, Executor, StepTask } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { redactBytes, redactStream, streamRedactor } from '@seamark/kit'
import type { Blobs } from './blobs.ts'
import type { AttemptLayout } from './layout.ts'
import { inputWrites } from './written-input.ts'

/** What a step wrote, and what it was written; `stdin` is absent where nothing was written to its program. */
export interface CapturedStreams {
  readonly stdout: BlobRef
  readonly stderr: BlobRef
  readonly stdin?: BlobRef
}

interface Source {
  readonly tools: { readonly blobs: Blobs }
  readonly attempt: AttemptLayout
  readonly executor: Executor
  /** What may be in nothing that is kept. */
  readonly secrets: RedactionTable
}

/** Makes the streams of a step durable, without its secrets. Errors: those of the storage and of the executor. */
export async function captureStreams(
  { launchId }: StepTask,
  { tools: { blobs }, attempt, executor, secrets }: Source,
  options?: CallOptions,
): Promise<CapturedStreams> {
  const marks: number[] = []
  for await (const { after } of inputWrites(attempt.written)) marks.push(after)
  const places: number[] = []
  const out = executor.output(launchId, 'stdout', 0, options)
  const [stdout, stderr] = await Promise.all([
    blobs.store(marks.length === 0 ? redactStream(out, secrets) : redactMarked(out, secrets, marks, places), options),
    blobs.store(redactStream(executor.output(launchId, 'stderr', 0, options), secrets), options),
  ])
  if (marks.length === 0) return { stdout, stderr }
  return { stdout, stderr, stdin: await blobs.store(inputLines(attempt.written, places, secrets), options) }
}

/**
 * As `redactStream`. For each of the marks, which are offsets of `body` in rising order, `places` is told how many bytes of the
 * answer are from before it: all but what may be the beginning of a secret there. A mark past the end is at the end.
 */
async function* redactMarked(
  body: AsyncIterable<Uint8Array>,
  secrets: RedactionTable,
  marks: readonly number[],
  places: number[],
): AsyncGenerator<Uint8Array> {
  const redact = streamRedactor(secrets)
  let [at, told] = [0, 0]
  for await (const piece of body) {
    for (let from = 0; from < piece.byteLength;) {
      const mark = marks[places.length] ?? Infinity
      const to = Math.min(piece.byteLength, Math.max(from, mark - at))
      const decided = from < to ? redact.push(piece.subarray(from, to)) : new Uint8Array()
      told += decided.byteLength
      if (decided.byteLength > 0) yield decided
      from = to
      if (at + to >= mark) places.push(told)
    }
    at += piece.byteLength
  }
  const rest = redact.end()
  if (rest.byteLength > 0) yield rest
  told += rest.byteLength
  while (places.length < marks.length) places.push(told)
}

/**
 * One line of JSON for each write: `{ after, text }`, with how many bytes of the stored stdout come before it; `unsure` where the
 * program may not have it; `omitted`, a count of bytes, in the place of `text` for writes in a row that were past what is kept.
 */
async function* inputLines(
  path: string,
  places: readonly number[],
  secrets: RedactionTable,
): AsyncGenerator<Uint8Array> {
  let omitted = 0
  let index = 0
  let last = 0
  const line = (entry: object) => Buffer.from(`${JSON.stringify(entry)}\n`)
  for await (const { bytes, size, sent } of inputWrites(path)) {
    const after = places[index++] ?? last
    if (bytes === undefined) {
      if (omitted === 0) last = after
      omitted += size
      continue
    }
    if (omitted > 0) yield line({ after: last, omitted })
    omitted = 0
    last = after
    const text = Buffer.from(redactBytes(bytes, secrets)).toString()
    yield line({ after, text, ...(!sent && { unsure: true }) })
  }
  if (omitted > 0) yield line({ after: last, omitted })
}
