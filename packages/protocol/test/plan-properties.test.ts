import { isSeamError } from '@seamark/kit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { faultList } from '../src/plan/fault.ts'
import { readJson } from '../src/plan/json-source.ts'
import { readYaml } from '../src/plan/yaml-source.ts'
import { parse } from './deployment.ts'

const duration = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom('ms', 's', 'm', 'h', 'd'))
  .map((d) => d.join(''))
const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
const lock = fc.oneof(
  path,
  path.map((p) => `${p}/**`),
  fc.constant('**'),
  word.map((name) => `name:${name}`),
)
const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((t) => !t.includes('\0'))
const retries = fc.record(
  { max: fc.integer({ min: 0, max: 100 }), minDelay: fc.constant('1s'), maxDelay: fc.constant('1d') },
  { requiredKeys: [] },
)

const item = fc.record(
  {
    run: text,
    locks: fc.array(lock, { maxLength: 5 }),
    gates: fc.array(fc.record({ run: text, protect: fc.array(path, { maxLength: 3 }) }, { requiredKeys: ['run'] }), {
      maxLength: 3,
    }),
    outputs: fc.array(fc.record({ path }), { maxLength: 3 }),
    effects: fc.constant('write-impure'),
    executor: fc.constantFrom('process', 'sandbox'),
    queue: fc.constantFrom('default', 'slow'),
    priority: fc.integer({ min: -100, max: 100 }),
    timeout: duration,
    retries,
    env: fc.dictionary(
      fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,6}$/).filter((n) => !n.startsWith('SEAMARK_') && n !== '__proto__'),
      text.filter((t) => t.isWellFormed()),
    ),
    keepWorkspace: fc.boolean(),
  },
  { requiredKeys: ['run'] },
)

/** Plans that are valid: needs only point backwards. */
const plan = fc
  .record(
    {
      version: fc.constant(1),
      name: word,
      workspace: fc.constantFrom({}, { git: '.' }, { git: 'https://host/x.git', ref: 'main' }),
      defaults: fc.record({ timeout: duration, executor: fc.constant('process'), retries }, { requiredKeys: [] }),
      budget: fc.record({ wallClock: duration }, { requiredKeys: [] }),
      queue: fc.constantFrom('default', 'slow'),
      items: fc.array(fc.tuple(item, fc.array(fc.nat(), { maxLength: 4 })), { minLength: 1, maxLength: 12 }),
    },
    { requiredKeys: ['version', 'items'] },
  )
  .map(({ items, ...head }) => ({
    ...head,
    items: items.map(([fields, needs], at) => ({
      id: `i${at}`,
      ...fields,
      ...(at > 0 && needs.length > 0 && { needs: needs.map((need) => `i${need % at}`) }),
    })),
  }))

describe('any valid plan', () => {
  test('is accepted, with the same digest as JSON and as YAML, and without loss', () => {
    fc.assert(
      fc.property(plan, (value) => {
        const json = parse(JSON.stringify(value), 'json')
        const yaml = parse(stringify(value), 'yaml')
        if (!json.ok) throw new Error(JSON.stringify(json.problems))
        expect(yaml).toEqual(json)
        for (const [at, written] of value.items.entries()) {
          const spec = json.plan.items[at]
          expect(spec).toMatchObject({ id: written.id, run: written.run, priority: written.priority ?? 0 })
          expect(new Set(spec?.needs.map(({ from }) => `i${from}`))).toEqual(new Set(written.needs ?? []))
          expect(spec?.env).toEqual(written.env ?? {})
        }
      }),
      { numRuns: 150 },
    )
  })
})

/** Every problem has a code, and a place that is in the text. */
function judged(source: string, format: 'yaml' | 'json'): void {
  const result = parse(source, format)
  if (result.ok) return
  expect(result.problems.length).toBeGreaterThan(0)
  const lines = source.split('\n')
  for (const { place, message } of result.problems) {
    expect(place?.pointer).toMatch(/^(\/.*)?$/s)
    expect(place?.line).toBeGreaterThanOrEqual(1)
    expect(place?.line).toBeLessThanOrEqual(lines.length)
    expect(place?.column).toBeLessThanOrEqual((lines[(place?.line ?? 1) - 1]?.length ?? 0) + 2)
    expect(message.length).toBeLessThan(2_000)
  }
}

describe('any text', () => {
  test('that a valid plan was damaged to is judged with places', () => {
    const damage = fc.record({ at: fc.nat(), cut: fc.nat({ max: 6 }), insert: fc.string({ maxLength: 6 }) })
    fc.assert(
      fc.property(plan, fc.array(damage, { minLength: 1, maxLength: 4 }), fc.boolean(), (value, damages, asJson) => {
        let source = asJson ? JSON.stringify(value, undefined, 1) : stringify(value)
        for (const { at, cut, insert } of damages) {
          const start = at % (source.length + 1)
          source = source.slice(0, start) + insert + source.slice(start + cut)
        }
        judged(source, asJson ? 'json' : 'yaml')
      }),
      { numRuns: 400 },
    )
  })

  test('of any kind is judged with places', () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          '- ',
          ': ',
          'a',
          '\n',
          '  ',
          '[',
          ']',
          '{',
          '}',
          '&x ',
          '*x',
          '"',
          "'",
          '|',
          '>',
          '#',
          '?',
          '!t ',
          '---',
          ',',
          '1',
          '~',
        ),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.string(), yamlish), (source) => {
        judged(source, 'yaml')
        judged(source, 'json')
      }),
      { numRuns: 800 },
    )
  })

  test('of any value is judged with places', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        judged(JSON.stringify(one), 'json')
        judged(JSON.stringify({ version: 1, items: [one, two], defaults: two, workspace: one }, undefined, 1), 'json')
      }),
      { numRuns: 300 },
    )
  })

  test('of any bytes is judged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const result = parse(bytes)
        expect(result.ok || result.problems.every((p) => p.place !== undefined && !isSeamError(p))).toBe(true)
      }),
    )
  })
})

test('JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (source) => {
      const faults = faultList()
      const reading = readJson(source, faults)
      fc.pre(faults.list.length === 0)
      expect(reading.ok && reading.document.value).toEqual(JSON.parse(source))
    }),
    { numRuns: 500 },
  )
})

test('every part of a document is found where it is', () => {
  const pathsOf = (value: unknown, path: (string | number)[] = []): (string | number)[][] => [
    path,
    ...(Array.isArray(value)
      ? value.flatMap((entry: unknown, at) => pathsOf(entry, [...path, at]))
      : typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))
        : []),
  ]
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.boolean(), (source, asYaml) => {
      const faults = faultList()
      const reading = asYaml ? readYaml(source, faults) : readJson(source, faults)
      fc.pre(reading.ok && faults.list.length === 0)
      if (!reading.ok) return
      const wanted = pathsOf(reading.document.value).map((path) => ({ path, part: 'value' as const }))
      for (const [at, { offset, depth }] of reading.document.locate(wanted).entries()) {
        const path = wanted[at]?.path ?? []
        expect(depth).toBe(path.length)
        const value = path.reduce((from: unknown, step) => Reflect.get(Object(from), step), reading.document.value)
        const first = JSON.stringify(value)[0]
        expect(source[offset]).toBe(first)
      }
    }),
    { numRuns: 300 },
  )
})
