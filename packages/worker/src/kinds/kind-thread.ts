import type { OutputKind } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { parentPort } from 'node:worker_threads'
import type { KindReading } from './read-kind.ts'
import { kindReading } from './read-kind.ts'
import type { ReadOutput } from './reader.ts'

/** What the thread is given: the kind with what is not told, then a document in pieces, then its end. */
export type KindQuestion =
  | { readonly kind: OutputKind; readonly secrets: RedactionTable }
  | { readonly piece: Uint8Array }
  | { readonly end: true }

/** What came of it, or nothing as long as there is more to read. */
export type KindAnswer = ReadOutput | undefined

let reading: KindReading | undefined

function answerTo(question: KindQuestion): KindAnswer {
  if ('kind' in question) {
    reading = kindReading(question.kind, question.secrets)
    return undefined
  }
  return 'piece' in question ? reading?.write(question.piece) : reading?.end()
}

parentPort?.on('message', (question: KindQuestion) => parentPort?.postMessage(answerTo(question)))
