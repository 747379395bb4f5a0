import fc from 'fast-check'
import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backoffMs, eachOrAbort, orAbort, retry, SeamError, sleep, systemClock, throwIfAborted } from '../src/index.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length
const never = () => new Promise<never>(() => undefined)

describe('abort', () => {
  it('throws once the signal has fired, with its reason as the cause', () => {
    const reason = new Error('why')
    expect(() => throwIfAborted(undefined)).not.toThrow()
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow()
    expect(() => throwIfAborted(AbortSignal.abort(reason))).toThrow(
      expect.objectContaining({ code: 'ABORTED', cause: reason }),
    )
  })

  it('interrupts a wait and a promise', async () => {
    const controller = new AbortController()
    const waits = [sleep(60_000, controller.signal), orAbort(never(), controller.signal)]
    controller.abort()
    for (const wait of waits) await expect(wait).rejects.toEqual(code('ABORTED'))
    await expect(sleep(1, controller.signal)).rejects.toEqual(code('ABORTED'))
    await expect(orAbort(Promise.resolve(1), controller.signal)).rejects.toEqual(code('ABORTED'))
  })

  it('ends a source that hangs, and one that nobody reads on from, without waiting for it', async () => {
    const controller = new AbortController()
    let asked = 0
    const source = (next: () => Promise<IteratorResult<number>>): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({ next, return: () => (asked++, never()) }),
    })
    const hanging = eachOrAbort(source(never), controller.signal).next()
    controller.abort()
    await expect(hanging).rejects.toEqual(code('ABORTED'))
    expect(asked).toBe(1)
    const endless = source(() => Promise.resolve({ done: false, value: 1 }))
    for await (const value of eachOrAbort(endless, undefined)) if (value === 1) break
    expect(asked).toBe(2)
    const whole: number[] = []
    const two = async function* () {
      yield* [1, 2]
    }
    for await (const value of eachOrAbort(two(), undefined)) whole.push(value)
    expect(whole).toEqual([1, 2])
  })

  it('says how the reading ended, not how the source did that was asked to end', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      const source = (next: () => Promise<IteratorResult<number>>): AsyncIterable<number> => ({
        [Symbol.asyncIterator]: () => ({ next, return: () => Promise.reject(new Error('late')) }),
      })
      await expect(eachOrAbort(source(never), AbortSignal.abort()).next()).rejects.toEqual(code('ABORTED'))
      const failing = source(() => Promise.reject(new SeamError('CONFLICT', 'x')))
      await expect(eachOrAbort(failing, undefined).next()).rejects.toEqual(code('CONFLICT'))
      const one = source(() => Promise.resolve({ done: false, value: 1 }))
      for await (const _ of eachOrAbort(one, undefined)) break
      await sleep(5)
      expect(unhandled).not.toHaveBeenCalled()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })

  it('leaves no listener behind, however the wait ended', async () => {
    const { signal } = new AbortController()
    for (let round = 0; round < 50; round++) {
      await sleep(0, signal)
      await orAbort(Promise.resolve(), signal)
      await orAbort(Promise.reject(new Error('x')), signal).catch(() => undefined)
    }
    expect(listeners(signal)).toBe(0)
    const controller = new AbortController()
    const waits = [sleep(60_000, controller.signal), orAbort(never(), controller.signal)]
    controller.abort()
    await Promise.allSettled(waits)
    expect(listeners(controller.signal)).toBe(0)
  })

  it('takes charge of a promise that nobody waits for any more', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      await expect(orAbort(Promise.reject(new Error('late')), AbortSignal.abort())).rejects.toEqual(code('ABORTED'))
      await sleep(5)
      expect(unhandled).not.toHaveBeenCalled()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })

  it('without a signal changes nothing', async () => {
    await expect(orAbort(Promise.resolve(7), undefined)).resolves.toBe(7)
    await expect(orAbort(Promise.reject(new SeamError('CONFLICT', 'x')), undefined)).rejects.toEqual(code('CONFLICT'))
  })
})

describe('back-off', () => {
  it('is between half and the whole of the capped delay, and never shrinks with the same draw', () => {
    const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.integer({ min: 0, max: 10_000 }),
        fc.nat(10_000_000),
        draw,
        (n, min, more, random) => {
          const max = min + more
          const full = Math.min(max, min * 2 ** Math.min(n, 60))
          const delay = backoffMs(n, min, max, random)
          expect(Number.isSafeInteger(delay)).toBe(true)
          expect(delay).toBeGreaterThanOrEqual(Math.floor(full / 2))
          expect(delay).toBeLessThanOrEqual(full)
          expect(backoffMs(n + 1, min, max, random)).toBeGreaterThanOrEqual(delay)
        },
      ),
    )
  })
})

describe('retry', () => {
  const quick = { attempts: 4, minDelayMs: 1, maxDelayMs: 2, random: () => 0 }
  const failing = (...codes: ('UNAVAILABLE' | 'CONFLICT')[]) => {
    const call = vi.fn(async () => {
      const next = codes.shift()
      if (next !== undefined) throw new SeamError(next, 'x')
      return 'done'
    })
    return call
  }

  it('goes on while it may help, and no longer', async () => {
    const passing = failing('UNAVAILABLE', 'UNAVAILABLE')
    await expect(retry(passing, quick)).resolves.toBe('done')
    expect(passing).toHaveBeenCalledTimes(3)
    const exhausted = failing('UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE')
    await expect(retry(exhausted, quick)).rejects.toEqual(code('UNAVAILABLE'))
    expect(exhausted).toHaveBeenCalledTimes(4)
    const terminal = failing('CONFLICT')
    await expect(retry(terminal, quick)).rejects.toEqual(code('CONFLICT'))
    expect(terminal).toHaveBeenCalledTimes(1)
    const foreign = vi.fn(() => Promise.reject(new TypeError('x')))
    await expect(retry(foreign, quick)).rejects.toBeInstanceOf(TypeError)
    expect(foreign).toHaveBeenCalledTimes(1)
  })

  it('waits as long as the error asks for, and stops on request', async () => {
    let calls = 0
    const asking = () => Promise.reject(new SeamError('UNAVAILABLE', `${calls++}`, { retryAfterMs: 60_000 }))
    const controller = new AbortController()
    const trying = retry(asking, { ...quick, signal: controller.signal })
    await sleep(20)
    controller.abort()
    await expect(trying).rejects.toEqual(code('ABORTED'))
    expect(calls).toBe(1)
  })
})

describe('the machine’s clock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('calls at its time, not before, and once', () => {
    const callback = vi.fn()
    systemClock.at(systemClock.now() + 100, callback)
    vi.advanceTimersByTime(99)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10_000)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  it('holds more than the 2^31 ms of a timer', () => {
    const callback = vi.fn()
    const far = 3 * 2 ** 31
    systemClock.at(systemClock.now() + far, callback)
    vi.advanceTimersByTime(far - 1)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  it('never calls what was cancelled, also after it was armed again, and calls the past soon', () => {
    const cancelled = vi.fn()
    const cancel = systemClock.at(systemClock.now() + 2 ** 32, cancelled)
    vi.advanceTimersByTime(2 ** 31 + 5)
    cancel()
    cancel()
    const past = vi.fn()
    systemClock.at(systemClock.now() - 1_000, past)
    expect(past).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2 ** 33)
    expect(past).toHaveBeenCalledTimes(1)
    expect(cancelled).not.toHaveBeenCalled()
  })

  it('waits on when a timer fires early', () => {
    const callback = vi.fn()
    systemClock.at(systemClock.now() + 100, callback)
    vi.setSystemTime(Date.now() - 50)
    vi.advanceTimersByTime(100)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(50)
    expect(callback).toHaveBeenCalledTimes(1)
  })
})
