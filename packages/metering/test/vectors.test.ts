import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { answerReader } from '../src/index.ts'
import type { AnswerOutcome, ModelCall, Tokens } from '../src/index.ts'
import { callOf } from './support.ts'

interface Vector {
  readonly name: string
  readonly host: string
  readonly path: string
  readonly request: unknown
  readonly status: number
  readonly contentType: string
  readonly whole?: boolean
  readonly expected: Tokens | string
}

const folder = new URL('vectors/', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8'))

const expected = ({ expected: want }: Vector): AnswerOutcome =>
  typeof want === 'string'
    ? { kind: 'reserved', why: want as (AnswerOutcome & { kind: 'reserved' })['why'] }
    : { kind: 'usage', tokens: want }

function outcome(call: ModelCall, vector: Vector, bytes: Uint8Array, step: number, whole: boolean): AnswerOutcome {
  const reader = answerReader(call, vector)
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step))
  return reader.end(whole)
}

for (const vector of vectors) {
  const call = callOf(vector.host, vector.path, vector.request)
  const bytes = readFileSync(new URL(`${vector.name}.body`, folder))

  test(`${vector.name} comes to what it says, in pieces of any size`, () => {
    for (const step of [1, 2, 3, 7, 64, 4096, bytes.length])
      expect(outcome(call, vector, bytes, step, vector.whole ?? true)).toEqual(expected(vector))
  })

  test(`${vector.name} settles at the reservation or at its end, wherever it is cut`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const found = outcome(call, vector, bytes.subarray(0, length), 4096, false)
      if (found.kind === 'usage') expect(found).toEqual(expected(vector))
      else expect(found.kind).toBe('reserved')
    }
  })
}

test('another implementation comes to the same', () => {
  const output = execFileSync('python3', [new URL('check.py', folder).pathname], { encoding: 'utf8' })
  expect(output.trim()).toBe(`${vectors.length} vectors, 0 wrong`)
})
