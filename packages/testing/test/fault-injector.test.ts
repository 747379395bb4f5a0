import { isSeamError } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { fakeClock, faultInjector, memoryStorage, randomFaults, withFaults } from '../src/index.ts'
import type { Fault } from '../src/index.ts'

const broken = new Error('injected')
const bytes = Buffer.from('x')

describe('a fault injector', () => {
  it('replays exactly from its seed', () => {
    const draw = (seed: number) => {
      const injector = faultInjector(seed)
      return [
        injector.random(),
        injector.int(1_000),
        injector.chance(0.5),
        injector.pick(['a', 'b', 'c']),
        injector.fork('x').random(),
      ]
    }
    expect(draw(42)).toEqual(draw(42))
    expect(draw(42)).not.toEqual(draw(43))
    // mulberry32 with seed 1, from its reference code.
    const one = faultInjector(1)
    expect([one.random(), one.random()].map((value) => value * 2 ** 32)).toEqual([2693262067, 11749833])
  })

  it('is spread evenly over its range', () => {
    const injector = faultInjector(7)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let draw = 0; draw < 20_000; draw++) counts[injector.int(10)]!++
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(250)
    expect(() => injector.pick([])).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('forks by label, whatever was drawn before, and each label apart', () => {
    const early = faultInjector(5).fork('disk').random()
    const parent = faultInjector(5)
    parent.random()
    expect(parent.fork('disk').random()).toBe(early)
    expect(parent.fork('clock').random()).not.toBe(early)
  })
})

describe('withFaults', () => {
  const storage = (fault: Fault | undefined, method: string, clock = fakeClock()) => {
    const right = memoryStorage()
    const plan = (called: string, call: number) => (called === method && call === 0 ? fault : undefined)
    return { right, faulty: withFaults(right, plan, { clock }), clock }
  }

  it('before: the call is not made', async () => {
    const { right, faulty } = storage({ when: 'before', error: broken }, 'put')
    await expect(faulty.put('a', bytes)).rejects.toBe(broken)
    expect(await right.head('a')).toBeUndefined()
    await expect(faulty.put('a', bytes)).resolves.toMatchObject({ created: true })
  })

  it('after: the call is made and its answer is lost', async () => {
    const { right, faulty } = storage({ when: 'after', error: broken }, 'put')
    await expect(faulty.put('a', bytes)).rejects.toBe(broken)
    expect(await right.head('a')).toMatchObject({ size: 1 })
  })

  it('late: the call is made when the clock says so', async () => {
    const { right, faulty, clock } = storage({ when: 'late', delayMs: 50 }, 'put')
    let done = false
    const putting = faulty.put('a', bytes).finally(() => {
      done = true
    })
    clock.advance(49)
    await new Promise((next) => setImmediate(next))
    expect([done, await right.head('a')]).toEqual([false, undefined])
    clock.advance(1)
    await putting
    expect(await right.head('a')).toBeDefined()
  })

  it('cuts streams before, within, after and late', async () => {
    const listing = async (fault: Fault | undefined) => {
      const { right, faulty, clock } = storage(fault, 'list')
      for (const key of ['a', 'b', 'c']) await right.put(key, bytes)
      const keys: string[] = []
      const listed = (async () => {
        for await (const { key } of faulty.list('')) keys.push(key)
      })()
      clock.advance(10)
      return [
        await listed.then(
          () => 'ended',
          (error: unknown) => error,
        ),
        keys,
      ]
    }
    expect(await listing(undefined)).toEqual(['ended', ['a', 'b', 'c']])
    expect(await listing({ when: 'before', error: broken })).toEqual([broken, []])
    expect(await listing({ when: 'after', error: broken, items: 2 })).toEqual([broken, ['a', 'b']])
    expect(await listing({ when: 'after', error: broken })).toEqual([broken, ['a', 'b', 'c']])
    expect(await listing({ when: 'late', delayMs: 10 })).toEqual(['ended', ['a', 'b', 'c']])
  })

  it('leaves what is no method as it is', () => {
    const { faulty, right } = storage({ when: 'before', error: broken }, 'name')
    expect([faulty.name, faulty.spec, faulty.guarantees]).toEqual([right.name, right.spec, right.guarantees])
  })

  it('with random faults fails as often as asked, and the same calls for the same seed', async () => {
    const outcomes = async (seed: number) => {
      const faulty = withFaults(
        memoryStorage(),
        randomFaults(faultInjector(seed), { probability: 0.3, methods: ['head'] }),
      )
      const all: string[] = []
      for (let call = 0; call < 500; call++)
        all.push(
          await faulty.head('a').then(
            () => 'right',
            (error: unknown) => (isSeamError(error) ? error.code : 'foreign'),
          ),
        )
      await faulty.put('a', bytes)
      return all
    }
    const first = await outcomes(11)
    expect(await outcomes(11)).toEqual(first)
    expect(new Set(first)).toEqual(new Set(['right', 'UNAVAILABLE']))
    expect(Math.abs(first.filter((outcome) => outcome !== 'right').length - 150)).toBeLessThan(45)
  })
})
