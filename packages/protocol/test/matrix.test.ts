import { matcher } from '@seamark/output-schema'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { childProblems, parsePlan, parsePlanIsolated, PLAN_LIMITS, planJsonSchema } from '../src/index.ts'
import type { VariableValues } from '../src/index.ts'
import { accepted, deployment, items, places } from './deployment.ts'

const idsOf = (text: string) => accepted(text).items.map(({ id }) => id)
const runs = (text: string) => Object.fromEntries(accepted(text).items.map(({ id, run }) => [id, run]))
const matrix = (text: string) => items(`  - { id: t, run: x, matrix: ${text} }`)

describe('matrix', () => {
  test('has an item for each combination, the last list running fastest', () => {
    const text = items(`  - id: test
    matrix: { node: [20, 22.1], os: [Linux, "src/a**"] }
    run: test --node=\${{ matrix.node }}
    priority: \${{ matrix.node }}
    env: { OS: "\${{ matrix.os }}" }`).replace('22.1', '22')
    expect(runs(text)).toEqual({
      'test-20-linux': 'test --node=20',
      'test-20-src-a': 'test --node=20',
      'test-22-linux': 'test --node=22',
      'test-22-src-a': 'test --node=22',
    })
    expect(accepted(text).items[1]).toMatchObject({ priority: 20, env: { OS: 'src/a**' } })
  })

  test('is the plan that has its items written out', () => {
    const short = items(`  - { id: a, run: x }
  - { id: b, run: [echo, '\${{ matrix.v }}'], matrix: { v: [1, two] }, needs: [a] }
  - { id: c, run: x, needs: [b] }`)
    const long = items(`  - { id: a, run: x }
  - { id: b-1, run: echo 1, needs: [a] }
  - { id: b-two, run: echo two, needs: [a] }
  - { id: c, run: x, needs: [b-1, b-two] }`)
    expect(accepted(short)).toEqual(accepted(long))
  })

  test('excludes by some or all values', () => {
    expect(idsOf(matrix('{ a: [1, 2], b: [x, y], exclude: [{ a: 1, b: y }] }'))).toEqual(['t-1-x', 't-2-x', 't-2-y'])
    expect(idsOf(matrix('{ a: [1, 2], b: [x, y], exclude: [{ a: "1" }] }'))).toEqual(['t-2-x', 't-2-y'])
  })

  test('includes as CI systems do', () => {
    // The example of the documentation of GitHub Actions.
    const text = items(`  - id: t
    matrix:
      fruit: [apple, pear]
      animal: [cat, dog]
      include:
        - { color: green }
        - { color: pink, animal: cat }
        - { fruit: apple, shape: circle }
        - { fruit: banana }
        - { fruit: banana, animal: cat }
    run: x
    env: { ALL: '\${{ matrix.fruit }}' }`)
    expect(idsOf(text)).toEqual(['t-apple-cat', 't-apple-dog', 't-pear-cat', 't-pear-dog', 't-banana', 't-banana-cat'])
    const colored = text
      .replace('- { fruit: apple, shape: circle }', '- { fruit: banana, color: yellow }')
      .replace(/ +- \{ fruit: banana \}\n +- \{ fruit: banana, animal: cat \}\n/, '')
      .replace('matrix.fruit }}', 'matrix.color }}')
    expect(accepted(colored).items.map(({ id, env }) => `${id} ${env['ALL']}`)).toEqual([
      't-apple-cat pink',
      't-apple-dog green',
      't-pear-cat pink',
      't-pear-dog green',
      't-banana yellow',
    ])
    expect(idsOf(matrix('{ include: [{ os: linux, v: 1 }, { os: mac, v: 2 }] }'))).toEqual(['t-linux-1', 't-mac-2'])
  })

  test('a need of it is one of all of its items, also of inputs', () => {
    const plan = accepted(
      items(`  - { id: build, run: x, matrix: { v: [1, 2] }, outputs: [{ path: o }] }
  - { id: test, run: x, matrix: { v: [1, 2] }, needs: ['build-\${{ matrix.v }}'] }
  - { id: join, run: x, needs: { all: { from: build, select: { output: o } }, two: { from: test-2, select: patch } } }`),
    )
    expect(plan.items.map(({ id }) => id)).toEqual(['build-1', 'build-2', 'test-1', 'test-2', 'join'])
    expect(plan.items.map(({ needs }) => needs)).toEqual([
      [],
      [],
      [{ from: 0 }],
      [{ from: 1 }],
      [
        { name: 'all-1', from: 0, select: { output: 'o' } },
        { name: 'all-2', from: 1, select: { output: 'o' } },
        { name: 'two', from: 3, select: 'patch' },
      ],
    ])
  })

  test('takes variables, in its lists too', () => {
    const text = `version: 1
variables: { major: { type: integer, default: 20 } }
items:
  - { id: t, matrix: { v: ['\${{ vars.major }}', 22] }, run: 'x \${{ matrix.v }} \${{ vars.major }}', priority: '\${{ matrix.v }}' }`
    const of = (variables: VariableValues) => {
      const result = parsePlan(text, { deployment, variables })
      return result.ok ? result.plan.items.map(({ id, run, priority }) => `${id} ${run} ${priority}`) : result.problems
    }
    expect(of({ major: 18 })).toEqual(['t-18 x 18 18 18', 't-22 x 22 18 22'])
  })

  test('texts of the other items of a plan without variables are as they are', () => {
    const text = items(`  - { id: a, run: 'echo \${{ matrix.v }}' }\n  - { id: b, run: x, matrix: { v: [1] } }`)
    expect(runs(text)).toEqual({ a: 'echo ${{ matrix.v }}', 'b-1': 'x' })
  })

  test.each([
    ['no list', '[a]', 'INVALID_INPUT /items/0/matrix 3:30'],
    ['an empty one', '{}', 'INVALID_INPUT /items/0/matrix 3:30'],
    ['a value that is none', '{ v: [null] }', 'INVALID_INPUT /items/0/matrix/v/0 3:36'],
    ['a map as a value', '{ v: [{ a: 1 }] }', 'INVALID_INPUT /items/0/matrix/v/0 3:36'],
    ['an entry that is no map', '{ v: [1], include: [x] }', 'INVALID_INPUT /items/0/matrix/include/0 3:50'],
    ['a value without letter or digit', '{ v: [1, "*"] }', 'INVALID_INPUT /items/0/matrix/v/1 3:39'],
    ['a name that is none', '{ "v.w": [1] }', 'INVALID_INPUT /items/0/matrix/v.w 3:32'],
    ['a value that is there twice', '{ v: [1, "1"] }', 'INVALID_INPUT /items/0/matrix 3:30'],
    ['exclude of no list', '{ ver: [1], exclude: [{ vre: 1 }] }', 'INVALID_INPUT /items/0/matrix/exclude/0/vre 3:59'],
    ['exclude of no value', '{ v: [1], exclude: [{ v: 2 }] }', 'INVALID_INPUT /items/0/matrix/exclude/0/v 3:55'],
    ['nothing left', '{ v: [1], exclude: [{ v: 1 }] }', 'INVALID_INPUT /items/0/matrix 3:30'],
    ['an id that is too long', `{ v: [${'x'.repeat(62)}] }`, 'INVALID_INPUT /items/0/matrix 3:30'],
    ['include without an id', '{ include: [{ v: "" }] }', 'INVALID_INPUT /items/0/matrix 3:30'],
  ])('%s is refused', (_, text, expected) => {
    expect(places(matrix(text))).toEqual([expected])
  })

  test('what is wrong with an item is told once, where it was written', () => {
    const text = items(`  - { id: a, run: x, matrix: { v: [1, 2, 3] } }
  - { id: b, run: '\${{ matrix.w }} x', timeout: soon, matrix: { v: [1, 2, 3] }, needs: [a, c] }
  - { id: d, prompt: x, needs: { in: { from: a, select: { output: none } } }, priority: 200 }`)
    expect(places(text)).toEqual([
      'INVALID_INPUT /items/1/run 4:19',
      'INVALID_INPUT /items/1/timeout 4:49',
      'INVALID_INPUT /items/1/needs/1 4:92',
      'INVALID_INPUT /items/2/prompt 5:14',
      'INVALID_INPUT /items/2/needs/in/select/output 5:67',
      'INVALID_INPUT /items/2/priority 5:89',
    ])
  })

  test('all that is wrong at one place is told, of an item beside a matrix and of one with it', () => {
    const text = `version: 1
workspace: { git: x }
variables: { a: { type: string, default: x } }
items:
  - { id: a, run: x, matrix: { v: [1, 2] } }
  - { id: b, run: 'echo \${{ vars.aa }} \${{ vars.bb }}' }
  - { id: c, run: 'echo \${{ matrix.x }} \${{ vars.bb }}', matrix: { v: [1, 2] } }`
    const result = parsePlan(text, { deployment })
    expect(result.ok ? [] : result.problems.map(({ message, place }) => [place?.pointer, message])).toEqual([
      ['/items/1/run', 'There is no vars.aa here.'],
      ['/items/1/run', 'There is no vars.bb here.'],
      ['/items/2/run', 'There is no matrix.x here.'],
      ['/items/2/run', 'There is no vars.bb here.'],
    ])
  })

  test('also where it is the first', () => {
    const text = items(`  - { id: a, run: x, matrix: { v: [1, 2, 3] }, needs: [c], timeout: '\${{ matrix.v }}' }`)
    expect(places(text)).toEqual(['INVALID_INPUT /items/0/needs/0 3:56', 'INVALID_INPUT /items/0/timeout 3:69'])
  })

  test('one of which something is wrong stands for itself', () => {
    const text = items(`  - { id: a, run: x, matrix: { v: [null] }, priority: '\${{ matrix.v }}', keepWorkspace: 3 }
  - { id: b, run: x, needs: [a] }`)
    expect(places(text)).toEqual([
      'INVALID_INPUT /items/0/matrix/v/0 3:36',
      'INVALID_INPUT /items/0/keepWorkspace 3:89',
    ])
  })

  test.each([
    ['the id of another item', '  - { id: a, run: x, matrix: { v: [1] } }\n  - { id: a, run: x }', '1/id 4:11'],
    ['the id of an item of it', '  - { id: a, run: x, matrix: { v: [1] } }\n  - { id: a-1, run: x }', '1/id 4:11'],
    [
      'the id of another matrix',
      '  - { id: a, run: x, matrix: { v: [1] } }\n  - { id: a, run: x, matrix: { v: [2] } }',
      '1/id 4:11',
    ],
    [
      'the id of an item of another matrix',
      '  - { id: a, run: x, matrix: { v: [1] } }\n  - { id: a-1, run: x, matrix: { v: [2] } }',
      '0/id 3:11',
    ],
  ])('%s is there twice', (_, text, expected) => {
    expect(places(items(text))).toEqual([`INVALID_INPUT /items/${expected}`])
  })

  test('is bounded before it is made', () => {
    const list = (size: number) => `[${Array.from({ length: size }, (_, at) => at).join(',')}]`
    expect(idsOf(matrix(`{ a: ${list(40)}, b: ${list(25)} }`))).toHaveLength(PLAN_LIMITS.matrixItems)
    const place = ['LIMIT_EXCEEDED /items/0/matrix 3:30']
    expect(places(matrix(`{ a: ${list(1000)}, b: [1], include: [{ a: x }] }`))).toEqual(place)
    const deep = Array.from({ length: 30 }, (_, at) => `l${at}: ${list(1000)}`).join(', ')
    expect(places(matrix(`{ ${deep} }`))).toEqual(place)
    const many = Array.from({ length: 101 }, (_, at) => `  - { id: i${at}, run: x, matrix: { v: ${list(1000)} } }`)
    expect(places(items(many.join('\n')))).toEqual(['LIMIT_EXCEEDED /items/99/matrix 102:32'])
    const nameless = many.map((one, at) => one.replace(`id: i${at}`, `id: "I ${at}"`)).join('\n')
    expect(places(items(nameless)).filter((one) => one.startsWith('LIMIT_EXCEEDED'))).toHaveLength(1)
    const large = items(`  - { id: t, run: x, prompt: "${'x'.repeat(200_000)}", matrix: { v: ${list(1000)} } }`)
    expect(places(large)).toContain('LIMIT_EXCEEDED /items/0/matrix 3:200042')
  })

  test('needs that it makes too many of are refused', () => {
    const list = `[${Array.from({ length: 1000 }, (_, at) => at).join(',')}]`
    const two = (needs: string) =>
      items(
        `  - { id: a, run: x, matrix: { v: ${list} } }\n  - { id: b, run: x }\n  - { id: c, run: x, needs: ${needs} }`,
      )
    expect(accepted(two('[a]')).items.at(-1)?.needs).toHaveLength(1000)
    expect(places(two('[a, b]'))).toEqual(['LIMIT_EXCEEDED /items/2/needs 5:29'])
    const all = Array.from({ length: 5 }, (_, at) => `  - { id: b${at}, run: x, matrix: { v: ${list} }, needs: [a] }`)
    expect(places(items([`  - { id: a, run: x, matrix: { v: ${list} } }`, ...all].join('\n')))[0]).toMatch(
      /^LIMIT_EXCEEDED \/items\/\d+\/needs/,
    )
  })

  test('needs of matrices take no memory before they are within the limits', async () => {
    const matrixOf = (size: number) => ({ v: Array.from({ length: size }, (_, at) => at) })
    const refused = async (...others: { needs: unknown; matrix?: unknown }[]) => {
      const list = [{ matrix: matrixOf(1000) }, ...others].map((one, at) => ({ id: `i${at}`, run: 'x', ...one }))
      const plan = JSON.stringify({ version: 1, items: list })
      const result = await parsePlanIsolated(plan, { deployment, maxHeapMiB: 256 })
      return result.ok ? [] : result.problems.map(({ code, place }) => `${code} ${place?.pointer}`)
    }
    const needs = Array.from({ length: 100_000 }, () => 'i0')
    expect(await refused({ needs }, { needs })).toEqual([
      'LIMIT_EXCEEDED /items/1/needs',
      'LIMIT_EXCEEDED /items/2/needs',
    ])
    // Once for all that are written from one.
    expect(await refused({ needs: ['i0', 'i0'], matrix: matrixOf(10) })).toEqual(['LIMIT_EXCEEDED /items/1/needs'])
  })

  test('has as many items as its lists have combinations, each with its own id', () => {
    const lists = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 6 }),
      { minKeys: 1 },
    )
    fc.assert(
      fc.property(lists, (written) => {
        const ids = idsOf(matrix(JSON.stringify(written)))
        const count = Object.values(written).reduce((product, { length }) => product * length, 1)
        expect(new Set(ids).size).toBe(count)
      }),
      { numRuns: 50 },
    )
  })

  test('nothing that it holds makes it throw', () => {
    const leaf = fc.constantFrom<unknown>(
      'a',
      1,
      true,
      null,
      '${{ matrix.v }}',
      '${{ matrix.',
      '*',
      '',
      1e300,
      'constructor',
    )
    const entries = fc.array(fc.dictionary(fc.constantFrom('v', 'w', 'constructor'), leaf))
    const lists = fc.array(leaf, { maxLength: 4 })
    const written = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({ v: lists, w: lists, include: entries, exclude: entries }, { requiredKeys: [] }),
    )
    const one = fc.record({
      id: fc.constantFrom<unknown>('a', 'a-1', 'b', 3),
      run: fc.constantFrom('x', 'x ${{ matrix.v }}'),
      matrix: written,
      needs: fc.oneof(fc.array(fc.constantFrom('a', 'b')), fc.constant({ i: { from: 'a', select: 'patch' } }), leaf),
    })
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), (list) => {
        const text = JSON.stringify({ version: 1, items: list })
        const result = parsePlan(text, { deployment })
        for (const { place } of result.ok ? [] : result.problems)
          expect(place?.pointer).toMatch(/^\/items(?:\/[0-3](?:\/|$)|$)/)
      }),
      { numRuns: 300 },
    )
  })

  test('the schema knows it', () => {
    const holds = matcher(planJsonSchema())
    const plan = (value: unknown) =>
      Buffer.from(JSON.stringify({ version: 1, items: [{ id: 't', run: 'x', ...Object(value) }] }))
    const written = { v: [1, 'x', true], exclude: [{ v: 1 }], include: [{ v: 2, w: 'y' }] }
    expect(holds(plan({ matrix: written, timeout: '${{ matrix.w }}' }))).toEqual({ matches: true })
    expect(holds(plan({ matrix: { v: 1 } }))).toMatchObject({ matches: false })
  })

  test('a child is no matrix', () => {
    const [parent] = accepted(items('  - { id: p, run: x }')).items
    if (parent === undefined) throw new Error('There is no item.')
    expect(childProblems([{ id: 'c', run: 'x', matrix: { v: [1] } }], parent, 1)).toMatchObject([
      { code: 'FORBIDDEN', place: { pointer: '/items/0/matrix' } },
    ])
  })
})
