import type { CallOptions, JsonObject } from '@seamark/core'
import { orAbort, SeamError, systemCode, throwIfAborted, toSeamError } from '@seamark/kit'
import { Worker } from 'node:worker_threads'
import { OUTPUT_SCHEMA_LIMITS } from './limits.ts'
import type { MatchTask } from './match-thread.ts'
import type { Match } from './match.ts'

export interface MatchOptions extends CallOptions {
  /** Default `OUTPUT_SCHEMA_LIMITS.matchMs`. */
  readonly timeoutMs?: number
  /** Default `OUTPUT_SCHEMA_LIMITS.matchHeapMiB`. */
  readonly maxHeapMiB?: number
}

// The source and the built package have the thread's file beside this one, under its own extension.
const here = import.meta.url
const fromSource = here.endsWith('.ts')
const threadFile = new URL(fromSource ? './match-thread.ts' : './match-thread.js', here)

/**
 * Holds a document to a schema that `schemaCheck` found nothing wrong with, in a thread of its own: neither a regular
 * expression that never ends nor a document that takes all memory stops the caller. It ends before this resolves.
 *
 * Throws `LIMIT_EXCEEDED` (bytes, memory), `TIMEOUT`, `ABORTED` on request, and `INTERNAL` for a defect.
 */
export async function matchOutput(
  schema: JsonObject,
  document: Uint8Array,
  options: MatchOptions = {},
): Promise<Match> {
  const { timeoutMs = OUTPUT_SCHEMA_LIMITS.matchMs, maxHeapMiB = OUTPUT_SCHEMA_LIMITS.matchHeapMiB, signal } = options
  const most = OUTPUT_SCHEMA_LIMITS.documentBytes
  throwIfAborted(signal)
  if (document.byteLength > most)
    throw new SeamError('LIMIT_EXCEEDED', `A document that is held to a schema has at most ${most} bytes.`)
  const task: MatchTask = { schema, document }
  const thread = new Worker(threadFile, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    env: {},
    stdin: false,
    ...(fromSource && { execArgv: ['--conditions=source', '--no-warnings'] }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<Match>()
  const late = new SeamError('TIMEOUT', `Holding the document to its schema took longer than ${timeoutMs} ms.`)
  const timer = setTimeout(() => reject(late), timeoutMs)
  thread.on('message', resolve)
  thread.on('error', (error) =>
    reject(
      systemCode(error) === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new SeamError('LIMIT_EXCEEDED', `Holding the document to its schema took more than ${maxHeapMiB} MiB.`)
        : toSeamError(error),
    ),
  )
  thread.on('exit', () =>
    reject(new SeamError('INTERNAL', 'The thread that checks a document ended without an answer.')),
  )
  try {
    return await orAbort(promise, signal)
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}
