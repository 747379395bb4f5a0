import type { CallOptions } from '@seamark/core'
import { orAbort, SeamError, systemCode, throwIfAborted, toSeamError } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { ItemTexts, ReportInput } from './input.ts'
import { REPORT_LIMITS } from './limits.ts'

export interface IsolatedRenderOptions extends CallOptions {
  /** Milliseconds for the page with colours. Default `REPORT_LIMITS.colourMs`. */
  readonly colourMs?: number
  /** Milliseconds for the page without them. Default `REPORT_LIMITS.plainMs`. */
  readonly plainMs?: number
}

type Rest = Omit<ReportInput, 'records' | 'items' | 'texts'>

/** What the thread is given: lists in parts, and the rest when they are whole. It is copied. */
export type RenderMessage =
  | { readonly type: 'records'; readonly part: ReportInput['records'] }
  | { readonly type: 'items'; readonly part: ReportInput['items'] }
  | { readonly type: 'texts'; readonly part: readonly (readonly [string, ItemTexts])[] }
  | { readonly type: 'render'; readonly rest: Rest; readonly colours: boolean }

// Small enough that copying one takes about a millisecond.
const PART = 250

// The source and the built package have the thread's file beside this one, under its own extension.
const here = import.meta.url
const fromSource = here.endsWith('.ts')
const threadFile = new URL(fromSource ? './isolated-thread.ts' : './isolated-thread.js', here)

/**
 * `renderReport` in a thread of its own, as UTF-8, with limits on time and memory: a hostile patch stops nothing else. Where colours
 * take too much, the page is made without them, and says so.
 *
 * Errors: `TIMEOUT`, `LIMIT_EXCEEDED` where it takes too much without them, `ABORTED`, `INTERNAL` for a defect.
 */
export async function renderIsolated(input: ReportInput, options: IsolatedRenderOptions = {}): Promise<Uint8Array> {
  const { signal, colourMs = REPORT_LIMITS.colourMs, plainMs = REPORT_LIMITS.plainMs } = options
  try {
    return await renderOnce(input, true, colourMs, signal)
  } catch (error) {
    const { code } = toSeamError(error)
    if (code !== 'TIMEOUT' && code !== 'LIMIT_EXCEEDED') throw error
    return renderOnce(input, false, plainMs, signal)
  }
}

async function renderOnce(
  input: ReportInput,
  colours: boolean,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  throwIfAborted(signal)
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const thread = new Worker(threadFile, {
    resourceLimits: { maxOldGenerationSizeMb: REPORT_LIMITS.heapMiB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    env: {},
    stdin: false,
    ...(fromSource && { execArgv: ['--conditions=source', '--no-warnings'] }),
  })
  const timer = setTimeout(() => reject(tooMuch('TIMEOUT', `The report took longer than ${timeoutMs} ms.`)), timeoutMs)
  thread
    .on('message', resolve)
    .on('error', (error) =>
      reject(
        systemCode(error) === 'ERR_WORKER_OUT_OF_MEMORY'
          ? tooMuch('LIMIT_EXCEEDED', `The report took more than ${REPORT_LIMITS.heapMiB} MiB.`)
          : toSeamError(error),
      ),
    )
    .on('exit', () => reject(new SeamError('INTERNAL', 'The thread that makes reports ended without an answer.')))
  try {
    return await orAbort(Promise.race([promise, give(thread, input, colours).then(() => promise)]), signal)
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}

/** One part after another, and whoever else waits for a turn in between. */
async function give(thread: Worker, { records, items, texts, ...rest }: ReportInput, colours: boolean): Promise<void> {
  for (const message of messages()) {
    thread.postMessage(message)
    await setImmediate()
  }

  function* messages(): Generator<RenderMessage> {
    for (const part of partsOf(records)) yield { type: 'records', part }
    for (const part of partsOf(items)) yield { type: 'items', part }
    for (const part of partsOf([...texts])) yield { type: 'texts', part }
    yield { type: 'render', rest, colours }
  }
}

function* partsOf<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += PART) yield list.slice(at, at + PART)
}

function tooMuch(code: 'TIMEOUT' | 'LIMIT_EXCEEDED', message: string): SeamError {
  return new SeamError(code, message, {
    remedy: 'seamark status, patch, logs and evidence export show all of the run.',
  })
}
