import type { StoredRecord } from '@seamark/core'
import { canonicalJson } from '@seamark/log'
import { describe, expect, it } from 'vitest'
import { leaderOf } from '../src/leader.ts'

/** A log of `size` records, with a start by `holder` at each of the given places; counts what is read of it. */
function log(size: number, starts: Readonly<Record<number, string>>) {
  const headers: Uint8Array[] = []
  const add = (count: number, more: Readonly<Record<number, string>> = {}): void => {
    for (const end = headers.length + count; headers.length < end;) {
      const seq = headers.length
      const holder = more[seq]
      const kind = holder === undefined ? 'checkpoint.committed' : 'engine.started'
      const data = holder === undefined ? {} : { version: '0', holder, executors: [] }
      headers.push(canonicalJson({ v: 1, ns: 'ns', seq, epoch: 1, at: 0, kind, kindVersion: 1, actor: 'engine', data }))
    }
  }
  add(size, starts)
  const counted = { reads: 0 }
  return {
    add,
    counted,
    journal: {
      head: async () => ({ size: headers.length }),
      async *read(_ns: string, from: number, { to = headers.length } = {}): AsyncIterable<StoredRecord> {
        for (let seq = from; seq < to; seq++) {
          counted.reads++
          yield { seq, header: headers[seq] ?? new Uint8Array(), leaf: new Uint8Array(32) }
        }
      },
    },
  }
}

describe('leaderOf', () => {
  it('is not known of a log that nobody started', async () => {
    expect(await leaderOf(log(0, {}).journal, 'ns')()).toBeUndefined()
  })

  it('is who started last, and costs what was written since then', async () => {
    const { journal, counted } = log(100_000, { 1: 'old', 50_000: 'older', 99_500: 'now' })
    expect(await leaderOf(journal, 'ns')()).toBe('now')
    expect(counted.reads).toBeLessThanOrEqual(1_000)
  })

  it('is found however long ago it started', async () => {
    const { journal } = log(100_000, { 1: 'long ago' })
    expect(await leaderOf(journal, 'ns')()).toBe('long ago')
  })

  it('reads only what is new when it is asked again', async () => {
    const { journal, counted, add } = log(5_000, { 4_990: 'first' })
    const leader = leaderOf(journal, 'ns')
    expect(await leader()).toBe('first')
    counted.reads = 0
    expect(await leader()).toBe('first')
    expect(counted.reads).toBe(0)
    add(10)
    expect(await leader()).toBe('first')
    add(10, { 5_015: 'second' })
    expect(await leader()).toBe('second')
    expect(counted.reads).toBe(20)
  })
})
