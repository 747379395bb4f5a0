import { SeamError, sleep } from '@seamark/kit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Companions } from '../src/companions.ts'
import { openGuards } from '../src/guards.ts'
import type { Launches } from '../src/launches.ts'
import { meaningOf } from '../src/meaning.ts'
import { LABEL } from '../src/names.ts'
import { readOutput } from '../src/output.ts'
import type { ContainerFacts } from '../src/port.ts'
import { openWatch } from '../src/watch.ts'

const launchId = 'sm' + 'a'.repeat(32)

function running(labels: Readonly<Record<string, string>>): ContainerFacts {
  const at = { createdAt: Date.now(), startedAt: Date.now(), endedAt: 0 }
  return {
    id: 'c',
    status: 'running',
    exitCode: 0,
    oomKilled: false,
    error: '',
    ...at,
    labels,
    input: false,
    pid: 0,
    writable: [],
  }
}

async function* noPieces() {}

/** Launches of which one runs, with calls that fail as planned. */
function launchesThat(facts: ContainerFacts, calls: Partial<Launches>): Launches {
  return {
    facts: async () => facts,
    state: async () => ({ state: 'running', startedAt: facts.startedAt }),
    async *all() {},
    pieces: noPieces,
    rawPieces: noPieces,
    size: async () => 0,
    stop: async () => undefined,
    wasReaped: async () => false,
    meaning: (doing, error) => meaningOf(error, { message: String(error) }, doing, '/socket'),
    tail: () => undefined,
    keepTail: () => undefined,
    forget: () => undefined,
    close: () => undefined,
    ...calls,
  }
}

const none: Companions = {
  images: async () => [],
  create: async () => undefined,
  start: async () => undefined,
  end: async () => undefined,
  remove: async () => undefined,
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await sleep(10)) if (Date.now() > end) throw new Error('never')
}

describe('a limit', () => {
  it('holds after an error that nobody foresaw, which is told', async () => {
    for (const [label, broken] of [
      [LABEL.timeoutMs, 'stop'],
      [LABEL.maxOutputBytes, 'facts'],
      [LABEL.maxOutputBytes, 'rawPieces'],
      [LABEL.maxOutputBytes, 'tail'],
    ] as const) {
      const facts = running({ [label]: '1' })
      const stopped: string[] = []
      let failures = 2
      const fails = (name: string) => {
        if (name === broken && failures-- > 0) throw new TypeError('a defect')
      }
      const told: Error[] = []
      const guards = openGuards(
        launchesThat(facts, {
          facts: async () => (fails('facts'), facts),
          tail: () => (fails('tail'), undefined),
          async *rawPieces() {
            fails('rawPieces')
            yield { stream: 'stdout', bytes: new Uint8Array(2) }
          },
          async stop(_id, reason) {
            fails('stop')
            stopped.push(reason)
          },
        }),
        none,
        (error) => told.push(error),
      )
      guards.watch(launchId, facts)
      await until(() => told.length > 0)
      expect(guards.trouble()).toMatchObject({ code: 'INTERNAL' })
      await until(() => stopped.length > 0)
      expect([broken, stopped]).toEqual([broken, [label === LABEL.timeoutMs ? 'timeout' : 'output']])
      expect(told).toEqual([expect.objectContaining({ code: 'INTERNAL' })])
      expect(guards.trouble()).toBeUndefined()
      guards.close()
    }
  })

  it('that can not be watched ends the launch, while an engine that is away ends none', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    for (const [code, ends] of [
      ['INTERNAL', ['killed']],
      ['UNAVAILABLE', []],
    ] as const) {
      const facts = running({ [LABEL.maxOutputBytes]: '1' })
      const stopped: string[] = []
      const guards = openGuards(
        launchesThat(facts, {
          async facts() {
            throw new SeamError(code, 'not now')
          },
          async stop(_id, reason) {
            stopped.push(reason)
          },
        }),
        none,
        () => undefined,
      )
      guards.watch(launchId, facts)
      await vi.advanceTimersByTimeAsync(5_000)
      expect(stopped).toEqual([])
      await vi.advanceTimersByTimeAsync(10_000)
      expect(stopped).toEqual(ends)
      guards.close()
    }
  })

  it('is held on to while the engine is away, and given up when the launch has ended', async () => {
    const facts = running({ [LABEL.timeoutMs]: '1' })
    let stops = 0
    const told: Error[] = []
    const guards = openGuards(
      launchesThat(facts, {
        async stop() {
          stops++
          throw new SeamError('UNAVAILABLE', 'away')
        },
      }),
      none,
      (error) => told.push(error),
    )
    guards.watch(launchId, facts)
    await until(() => stops > 1)
    expect(told).toHaveLength(1)
    expect(guards.trouble()).toBeUndefined()
    guards.end(launchId)
    const before = stops
    await sleep(1200)
    expect(stops - before).toBeLessThan(2)
  })
})

describe('a defect', () => {
  it('while output is read is told to its reader, and is no broken connection', async () => {
    const facts = running({})
    const read = async () => {
      const launches = launchesThat(facts, {
        async *pieces() {
          yield { stream: 'stdout', bytes: new Uint8Array(0) }
          throw new TypeError('a defect')
        },
      })
      for await (const _ of readOutput(launches, launchId, 'stdout', 0)) throw new Error('there is none')
    }
    await expect(read()).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('while changes are watched is told, and they are watched again', async () => {
    const told: Error[] = []
    let calls = 0
    const engine = {
      meaning: (doing: string, error: unknown) => meaningOf(error, { message: String(error) }, doing, '/socket'),
      async call<T>(): Promise<T> {
        throw calls++ === 0 ? new TypeError('a defect') : new SeamError('UNAVAILABLE', 'away')
      },
      forget: () => undefined,
    }
    const watch = openWatch(
      engine,
      'scope',
      async () => undefined,
      (error) => told.push(error),
    )
    watch.open()
    await until(() => calls > 1)
    watch.close()
    expect(told).toEqual([expect.objectContaining({ code: 'INTERNAL' })])
  })

  it('is told apart from an engine that is away', () => {
    const socket = '/socket'
    const codeOf = (error: unknown, failure: Parameters<typeof meaningOf>[1]) =>
      meaningOf(error, failure, 'Asking', socket).code
    expect(codeOf(new Error('connect'), { code: 'ECONNREFUSED', message: 'connect' })).toBe('UNAVAILABLE')
    expect(codeOf(new Error('hang up'), { code: 'ECONNRESET', message: 'hang up' })).toBe('UNAVAILABLE')
    expect(codeOf(new Error('no'), { status: 500, message: 'no' })).toBe('UNAVAILABLE')
    expect(codeOf(new TypeError('a defect'), { message: 'a defect' })).toBe('INTERNAL')
  })
})
