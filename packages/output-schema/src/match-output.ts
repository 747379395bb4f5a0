import type { CallOptions, JsonObject } from '@seamark/core'
import { orAbort, SeamError, systemCode, throwIfAborted, toSeamError } from '@seamark/kit'
import { Worker } from 'node:worker_threads'
import { OUTPUT_SCHEMA_LIMITS } from './limits.ts'
import type { MatchTask } from './match-thread.ts'
import type { DocumentLimit } from './document-size.ts'
import type { Match, Over } from './match.ts'

export interface MatchOptions extends CallOptions {
  /** Default `OUTPUT_SCHEMA_LIMITS.matchMs`. */
  readonly timeoutMs?: number
}

// The source and the built package have the thread's file beside this one, under its own extension.
const here = import.meta.url
const fromSource = here.endsWith('.ts')
const threadFile = new URL(fromSource ? './match-thread.ts' : './match-thread.js', here)

/**
 * Holds a document to a schema that `schemaCheck` found nothing wrong with, in a thread of its own: neither a regular
 * expression that never ends nor a document that takes all memory stops the caller. It ends before this resolves. How
 * many are held at once is up to the caller.
 *
 * Throws `LIMIT_EXCEEDED` (bytes, values, depth, names, memory), `TIMEOUT`, `ABORTED` on request, and `INTERNAL` for a defect.
 */
export async function matchOutput(
  schema: JsonObject,
  document: Uint8Array,
  options: MatchOptions = {},
): Promise<Match> {
  const { timeoutMs = OUTPUT_SCHEMA_LIMITS.matchMs, signal } = options
  const maxHeapMiB = OUTPUT_SCHEMA_LIMITS.matchHeapMiB
  throwIfAborted(signal)
  if (document.byteLength > OUTPUT_SCHEMA_LIMITS.documentBytes) throw overLimit('documentBytes')
  const task: MatchTask = { schema, document }
  const thread = new Worker(threadFile, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    env: {},
    stdin: false,
    ...(fromSource && { execArgv: ['--conditions=source', '--no-warnings'] }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<Match | Over>()
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
    const result = await orAbort(promise, signal)
    if ('over' in result) throw overLimit(result.over)
    return result
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}

const what: Readonly<Record<DocumentLimit | 'documentBytes', string>> = {
  documentBytes: 'bytes',
  documentValues: 'values',
  documentDepth: 'lists and objects inside each other',
  documentName: 'bytes in a name',
}

function overLimit(limit: DocumentLimit | 'documentBytes'): SeamError {
  const most = OUTPUT_SCHEMA_LIMITS[limit]
  return new SeamError('LIMIT_EXCEEDED', `A document that is held to a schema has at most ${most} ${what[limit]}.`, {
    remedy: 'Make it smaller, or check it in a gate.',
  })
}
