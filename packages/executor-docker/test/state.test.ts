import type { LaunchState } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import type { Judgement } from '@seamark/supervisor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changesSince, parseCursor, type Known } from '../src/cursor.ts'
import { LABEL } from '../src/names.ts'
import type { ContainerFacts } from '../src/port.ts'
import { startFailure, stateOf, stopReasonOf, type StopReason } from '../src/state.ts'

const base: ContainerFacts = {
  id: 'c1',
  status: 'exited',
  exitCode: 0,
  oomKilled: false,
  error: '',
  createdAt: 1000,
  startedAt: 2000,
  endedAt: 3000,
  labels: {},
  input: false,
  pid: 0,
  writable: [],
}
const count = { stdout: 3, stderr: 4, over: false }

function endOf(facts: Partial<ContainerFacts>, stop?: StopReason, over = false): unknown {
  const state = stateOf({ ...base, ...facts }, stop, { ...count, over })
  if (state.state !== 'exited') return state.state
  const { reason, code, signal } = state.exit
  return [reason, code ?? signal]
}

describe('the state of a launch', () => {
  it('is told from its container', () => {
    expect(stateOf(undefined, undefined, count)).toEqual({ state: 'unknown' })
    const states = {
      created: 'unknown',
      removing: 'unknown',
      running: 'running',
      paused: 'running',
      dead: 'lost',
    } as const
    for (const status of ['created', 'removing', 'running', 'paused', 'dead'] as const)
      expect([status, stateOf({ ...base, status }, undefined, count).state]).toEqual([status, states[status]])
    expect(stateOf(base, undefined, count)).toEqual({
      state: 'exited',
      exit: { code: 0, reason: 'exited', startedAt: 2000, endedAt: 3000, outputBytes: 7 },
    })
  })

  it('tells the reasons of an end apart', () => {
    const limits = (timeoutMs: string) => ({ [LABEL.timeoutMs]: timeoutMs })
    expect(endOf({ exitCode: 42 })).toEqual(['exited', 42])
    expect(endOf({ exitCode: 143 })).toEqual(['signaled', 'SIGTERM'])
    expect(endOf({ exitCode: 137 })).toEqual(['signaled', 'SIGKILL'])
    expect(endOf({ exitCode: 255 })).toEqual(['exited', 255])
    expect(endOf({ exitCode: 137 }, 'killed')).toEqual(['killed', 'SIGKILL'])
    expect(endOf({ exitCode: 137 }, 'timeout')).toEqual(['timeout', 'SIGKILL'])
    expect(endOf({ exitCode: 137 }, 'output', true)).toEqual(['output', 'SIGKILL'])
    // It ended before the kill arrived.
    expect(endOf({ exitCode: 3 }, 'killed')).toEqual(['exited', 3])
    expect(endOf({ exitCode: 137, oomKilled: true })).toEqual(['memory', 'SIGKILL'])
    expect(endOf({ exitCode: 1, oomKilled: true })).toEqual(['memory', 1])
    expect(endOf({ exitCode: 0, oomKilled: true })).toEqual(['exited', 0])
    // While no service was there to kill it.
    expect(endOf({ exitCode: 0 }, undefined, true)).toEqual(['output', 0])
    expect(endOf({ labels: limits('900'), endedAt: 2999 + 1000 })).toEqual(['timeout', 0])
    expect(endOf({ labels: limits('1000') })).toEqual(['exited', 0])
    expect(endOf({ exitCode: 137, labels: limits('1000') })).toEqual(['timeout', 'SIGKILL'])
    expect(endOf({ exitCode: 137, labels: limits('1001') })).toEqual(['signaled', 'SIGKILL'])
    expect(endOf({ exitCode: 137, labels: limits('1000') }, 'killed')).toEqual(['killed', 'SIGKILL'])
    // By the engine, where the keeper would have told anything else.
    const tells = { [LABEL.watchword]: 'a'.repeat(32) }
    for (const exitCode of [137, 255])
      expect(endOf({ exitCode, labels: tells })).toEqual(['interrupted', exitCode === 137 ? 'SIGKILL' : 255])
    for (const exitCode of [0, 1, 143]) expect(endOf({ exitCode, labels: tells })).not.toContain('interrupted')
    expect(endOf({ exitCode: 137, labels: tells }, 'killed')).toEqual(['killed', 'SIGKILL'])
    expect(endOf({ exitCode: 137, labels: tells, oomKilled: true })).toEqual(['memory', 'SIGKILL'])
    expect(endOf({ exitCode: 137, labels: tells }, undefined, true)).toEqual(['output', 'SIGKILL'])
    expect(endOf({ labels: limits('-1'), endedAt: 9e12 })).toEqual(['exited', 0])
  })

  it('has what the keeper told, unless the container ended in another way after that', () => {
    const left = { processes: 2, names: ['sh'] }
    const labels = { [LABEL.watchword]: 'a'.repeat(32) }
    const toldOf = (exitCode: number, said: Judgement, stop?: StopReason) => {
      const state = stateOf({ ...base, exitCode, labels }, stop, count, said)
      return state.state === 'exited' ? [state.exit.reason, state.exit.code ?? state.exit.signal, state.exit.left] : []
    }
    expect(toldOf(139, { reason: 'exited', code: 139, left })).toEqual(['exited', 139, left])
    expect(toldOf(137, { reason: 'exited', code: 137 }, 'killed')).toEqual(['exited', 137, undefined])
    expect(toldOf(139, { reason: 'signaled', signal: 'SIGSEGV', left })).toEqual(['signaled', 'SIGSEGV', left])
    expect(toldOf(144, { reason: 'signaled', signal: 'SIGSTKFLT' })).toEqual(['signaled', 'SIGSTKFLT', undefined])
    // Killed by the engine after the keeper had told.
    expect(toldOf(137, { reason: 'exited', code: 0, left }, 'killed')).toEqual(['killed', 'SIGKILL', left])
    expect(toldOf(0, { reason: 'signaled', signal: 'SIGTERM', left })).toEqual(['exited', 0, left])
  })

  it('of what could not start says why', () => {
    const started = {
      status: 'created',
      startedAt: 0,
      endedAt: 0,
      exitCode: 127,
      error: 'exec: no such file or directory',
    } as const
    expect(stateOf({ ...base, ...started }, undefined, count)).toMatchObject({
      state: 'exited',
      exit: {
        reason: 'not-started',
        startedAt: 1000,
        endedAt: 1000,
        outputBytes: 0,
        detail: expect.stringMatching(/^ENOENT/),
      },
    })
    expect(endOf({ status: 'created', labels: { [LABEL.notStarted]: 'ENOENT: x' } })).toEqual([
      'not-started',
      undefined,
    ])
    expect(startFailure('x '.repeat(9999)).length).toBeLessThanOrEqual(300)
  })

  it('knows only its own reasons', () => {
    expect(stopReasonOf({ [LABEL.stop]: 'timeout' })).toBe('timeout')
    expect(stopReasonOf({ [LABEL.stop]: 'exited' })).toBeUndefined()
    expect(stopReasonOf(undefined)).toBeUndefined()
  })
})

const idOf = (n: number) => 'sm' + 'abcdefghij'[n] + 'a'.repeat(31)
const runs = (startedAt: number): LaunchState => ({ state: 'running', startedAt })
const ends = (startedAt: number, endedAt: number): LaunchState => ({
  state: 'exited',
  exit: { code: 0, reason: 'exited', startedAt, endedAt, outputBytes: 0 },
})

describe('a cursor', () => {
  it('tells every change once, from wherever it is resumed, in whatever order changes become known', () => {
    const launch = fc.record({ start: fc.nat({ max: 50 }), length: fc.nat({ max: 50 }), seen: fc.nat({ max: 5 }) })
    fc.assert(
      fc.property(fc.array(launch, { maxLength: 10 }), fc.nat(), (list, stop) => {
        let cursor: string | undefined
        const told: string[] = []
        for (let round = 0; round <= 6; round++) {
          const known: Known[] = list.map(({ start, length, seen }, n) => ({
            launchId: idOf(n),
            state: round > seen ? ends(start, start + length) : runs(start),
          }))
          const events = changesSince(parseCursor(cursor), known)
          // Some of them were told before the reader went away.
          const heard = round === 6 ? events : events.slice(0, stop % (events.length + 1))
          told.push(...heard.map(({ launchId, state }) => `${launchId} ${state.state}`))
          cursor = heard.at(-1)?.cursor ?? cursor
        }
        const want = list.flatMap((_, n) => [`${idOf(n)} running`, `${idOf(n)} exited`])
        expect(told.toSorted()).toEqual(want.toSorted())
      }),
    )
  })

  it('forgets what was reaped', () => {
    const both = [0, 1].map((n) => ({ launchId: idOf(n), state: ends(n, n + 5) }))
    const cursor = changesSince(parseCursor(undefined), both).at(-1)?.cursor
    const [event] = changesSince(parseCursor(cursor), [{ launchId: idOf(2), state: runs(9) }])
    expect(event?.cursor).toBe(idOf(2).slice(2, 14) + '1')
  })

  it('of another is refused', () => {
    for (const cursor of ['', '7', 'x.y', 'a'.repeat(13), 'a'.repeat(12) + '4']) {
      let refused = false
      try {
        parseCursor(cursor)
      } catch (error) {
        refused = hasCode(error, 'INVALID_INPUT')
      }
      expect([cursor, refused]).toEqual([cursor, true])
    }
  })
})
