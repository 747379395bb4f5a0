import type { JsonObject } from '@seamark/core'
import { parentPort } from 'node:worker_threads'
import { match } from './match.ts'

/** What the thread is given. */
export interface MatchTask {
  readonly schema: JsonObject
  readonly document: Uint8Array
}

parentPort?.on('message', ({ schema, document }: MatchTask) => parentPort?.postMessage(match(schema, document)))
