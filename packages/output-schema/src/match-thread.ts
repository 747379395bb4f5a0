import type { JsonObject } from '@seamark/core'
import { parentPort, workerData } from 'node:worker_threads'
import { match } from './match.ts'

/** What the thread is given. */
export interface MatchTask {
  readonly schema: JsonObject
  readonly document: Uint8Array
}

function isTask(data: unknown): data is MatchTask {
  return typeof data === 'object' && data !== null && 'schema' in data && 'document' in data
}

if (isTask(workerData)) parentPort?.postMessage(match(workerData.schema, workerData.document))
