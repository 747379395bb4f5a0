import type { CallOptions, JsonObject } from '@seamark/core'
import { limitedThread, SeamError, throwIfAborted } from '@seamark/kit'
import { OUTPUT_SCHEMA_LIMITS } from './limits.ts'
import type { MatchTask } from './match-thread.ts'
import type { DocumentLimit } from './document-size.ts'
import type { Match, Over } from './match.ts'

export interface MatchOptions extends CallOptions {
  /** Default `OUTPUT_SCHEMA_LIMITS.matchMs`. */
  readonly timeoutMs?: number
}

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
  throwIfAborted(signal)
  if (document.byteLength > OUTPUT_SCHEMA_LIMITS.documentBytes) throw overLimit('documentBytes')
  const thread = limitedThread<MatchTask, Match | Over>({
    beside: import.meta.url,
    file: 'match-thread',
    heapMiB: OUTPUT_SCHEMA_LIMITS.matchHeapMiB,
    doing: 'Holding the document to its schema',
  })
  try {
    const result = await thread.ask({ schema, document }, { timeoutMs, ...(signal && { signal }) })
    if ('over' in result) throw overLimit(result.over)
    return result
  } finally {
    await thread.end()
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
