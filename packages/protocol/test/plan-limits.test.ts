import { describe, expect, test } from 'vitest'
import { parsePlanIsolated, PLAN_LIMITS } from '../src/index.ts'
import { deployment, items, parse, places } from './deployment.ts'

const chain = (length: number) =>
  JSON.stringify({
    version: 1,
    items: Array.from({ length }, (_, at) => ({ id: `i${at}`, run: 'true', ...(at > 0 && { needs: [`i${at - 1}`] }) })),
  })
const limit = (text: string, format?: 'yaml' | 'json') =>
  places(text, format).filter((place) => place.startsWith('LIMIT'))

describe('limits', () => {
  test('100,000 items in one chain are taken, in time that grows with them, and one more is not', () => {
    const timed = (length: number) => {
      const text = chain(length)
      const start = performance.now()
      return { result: parse(text), ms: performance.now() - start }
    }
    const tenth = Math.min(...[1, 2, 3].map(() => timed(PLAN_LIMITS.items / 10).ms))
    const { result, ms } = timed(PLAN_LIMITS.items)
    // Ten times as many; what grew with their square would take a hundred times as long.
    expect(ms / tenth).toBeLessThan(50)
    if (!result.ok) throw new Error(JSON.stringify(result.problems))
    expect(result.plan.items.at(-1)).toMatchObject({ id: 'i99999', needs: [{ from: 99_998 }] })
    expect(places(chain(PLAN_LIMITS.items + 1))).toEqual(['LIMIT_EXCEEDED /items 1:22'])
  })

  test('a cycle through 100,000 items is found, and shown short', () => {
    const text = chain(PLAN_LIMITS.items).replace(
      '{"id":"i0","run":"true"}',
      '{"id":"i0","run":"true","needs":["i99999"]}',
    )
    const result = parse(text)
    if (result.ok) throw new Error('accepted')
    expect(result.problems).toMatchObject([{ code: 'INVALID_INPUT', place: { pointer: '/items/0/needs' } }])
    expect(result.problems[0]?.message.length).toBeLessThan(300)
  })

  test.each([
    ['flow lists', '['.repeat(200_000), 'yaml'],
    ['block lists', '- '.repeat(200_000), 'yaml'],
    ['maps', '{a: '.repeat(200_000), 'yaml'],
    ['keys', '? '.repeat(200_000), 'yaml'],
    ['JSON lists', '['.repeat(200_000), 'json'],
    ['JSON maps', '{"a":'.repeat(200_000), 'json'],
  ] as const)('depth of %s', (_, text, format) => {
    expect(limit(text, format).length).toBe(1)
  })

  test('aliases that multiply', () => {
    const names = Array.from('abcdefghij')
    const lines = names.map((name, at) =>
      at === 0
        ? 'a: &a [x, x, x, x, x, x, x, x, x]'
        : `${name}: &${name} [${Array(9)
            .fill(`*${names[at - 1]}`)
            .join(', ')}]`,
    )
    expect(limit(lines.join('\n')).length).toBe(1)
    const long = `a: &a ${'x'.repeat(100_000)}\nb: [${Array(900).fill('*a').join(', ')}]`
    expect(limit(long).length).toBe(1)
    expect(limit(`a: &a x\nb: [${Array(1_001).fill('*a').join(', ')}]`).length).toBe(1)
  })

  test('an alias of what it is part of', () => {
    expect(places('a: &a [*a]')).toContain('INVALID_INPUT /a/0 1:8')
  })

  test('4 MiB of YAML and 64 MiB of JSON', () => {
    expect(places(`# ${'x'.repeat(PLAN_LIMITS.yamlBytes)}`, 'yaml')).toEqual(['LIMIT_EXCEEDED  1:1'])
    expect(places(Buffer.alloc(PLAN_LIMITS.jsonBytes + 1, 0x20), 'json')).toEqual(['LIMIT_EXCEEDED  1:1'])
  })

  test('needs, locks, gates, outputs and env of one item', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `x${at}`)
    const item = {
      id: 'a',
      run: 'x',
      needs: many(1_001),
      locks: many(1_001),
      gates: many(17).map((run) => ({ run })),
      outputs: many(101).map((path) => ({ path })),
      env: Object.fromEntries(many(1_001).map((name) => [name, ''])),
    }
    const found = limit(JSON.stringify({ version: 1, items: [item] }))
    expect(found.map((place) => place.split(' ')[1])).toEqual(
      ['needs', 'locks', 'gates', 'outputs', 'env'].map((field) => `/items/0/${field}`),
    )
  })

  test('bytes that the outputs of one item take in the record of its end', () => {
    const outputs = (count: number, kind?: string, length = 5) =>
      Array.from({ length: count }, (_, at) => ({ path: `${at}`.padEnd(length, 'x'), ...(kind && { kind }) }))
    const found = (list: object) =>
      limit(
        JSON.stringify({
          version: 1,
          items: [
            { id: 'a', run: 'x' },
            { id: 'b', run: 'x', outputs: list },
          ],
        }),
      )
    for (const list of [outputs(10, 'sarif'), outputs(19, 'junit'), outputs(100, 'coverage'), outputs(100)])
      expect(found(list)).toEqual([])
    for (const list of [outputs(11, 'sarif'), outputs(20, 'junit'), outputs(100, undefined, 400)])
      expect(found(list)).toEqual([expect.stringContaining(' /items/1/outputs ')])
  })

  test('the folders in the locks of all items, of which the engine keeps each', () => {
    const locks = (at: number, segments: number) => [`${at}/${'a/'.repeat(segments - 2)}a`]
    const plan = (last: number) => {
      const list = Array.from({ length: 300 }, (_, at) => ({
        id: `i${at}`,
        run: 'x',
        locks: locks(at, at < 299 ? 1_000 : last),
      }))
      return JSON.stringify({ version: 1, items: list })
    }
    expect(limit(plan(1_000))).toEqual([])
    expect(limit(plan(1_001)).map((place) => place.split(' ')[1])).toEqual(['/items/299/locks'])
  })

  test('the same lock many times is one lock', () => {
    const result = parse(items('  - { id: a, run: x, locks: ["a/**", "a/**", "./a//**"] }'))
    expect(result.ok && result.plan.items[0]?.locks).toEqual([{ type: 'tree', path: 'a' }])
  })

  test('a long command, a long value, a large item', () => {
    const plan = (item: object) => JSON.stringify({ version: 1, items: [{ id: 'a', run: 'x', ...item }] })
    expect(limit(plan({ run: 'x'.repeat(PLAN_LIMITS.runBytes + 1) }))[0]).toContain('/items/0/run')
    expect(limit(plan({ env: { A: 'x'.repeat(PLAN_LIMITS.envValueBytes + 1) } }))[0]).toContain('/items/0/env/A')
    const env = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`A${at}`, 'x'.repeat(PLAN_LIMITS.envValueBytes)]),
    )
    expect(limit(plan({ env }))).toEqual(['LIMIT_EXCEEDED /items/0 1:23'])
  })

  test('defaults that multiply over many items', () => {
    const env = { A: 'x'.repeat(30_000), B: 'x'.repeat(30_000) }
    const list = Array.from({ length: 5_000 }, (_, at) => ({ id: `i${at}`, run: 'x' }))
    expect(limit(JSON.stringify({ version: 1, defaults: { env }, items: list })).length).toBe(1)
  })
})

describe('apart from the service', () => {
  test('the result is the same', async () => {
    const text = chain(1_200)
    expect(await parsePlanIsolated(Buffer.from(text), { deployment })).toEqual(parse(text))
    expect(await parsePlanIsolated('version: 2', { deployment })).toEqual(parse('version: 2'))
  })

  test('100,000 items do not hold the caller up', async () => {
    const text = chain(PLAN_LIMITS.items)
    const began = performance.now()
    parse(text)
    const aloneMs = performance.now() - began
    let longestMs = 0
    let last = performance.now()
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last)
      last = performance.now()
    }, 5)
    const result = await parsePlanIsolated(text, { deployment })
    clearInterval(timer)
    expect(result.ok && result.plan.items.length).toBe(PLAN_LIMITS.items)
    // What it takes to hand the answer over.
    expect(longestMs).toBeLessThan(aloneMs / 2)
  })

  test('time and memory end', async () => {
    const text = chain(PLAN_LIMITS.items)
    expect(await parsePlanIsolated(text, { deployment, timeoutMs: 100 })).toMatchObject({
      problems: [{ code: 'TIMEOUT' }],
    })
    expect(await parsePlanIsolated(text, { deployment, maxHeapMiB: 32 })).toMatchObject({
      problems: [{ code: 'LIMIT_EXCEEDED' }],
    })
  })

  test('an abort ends it', async () => {
    const stopped = parsePlanIsolated(chain(50_000), { deployment, signal: AbortSignal.timeout(50) })
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
