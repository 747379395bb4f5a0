import { describe, expect, test } from 'vitest'
import { items, parse, places } from './deployment.ts'

const one = (fields: string) => items(`  - { id: a, run: x, ${fields} }`)

describe('text that is no document', () => {
  test.each([
    ['YAML without an end', 'version: 1\nitems: [\n', 'yaml', ['INVALID_INPUT  3:1']],
    ['YAML with a bad indent', 'version: 1\n  items: []\n', 'yaml', undefined],
    ['YAML with an unknown tag', 'version: !odd 1\n', 'yaml', ['INVALID_INPUT  1:10']],
    ['two YAML documents', 'version: 1\n---\nversion: 1\n', 'yaml', ['INVALID_INPUT  2:1']],
    ['JSON with a missing value', '{"version":1,\n "items": }', 'json', ['INVALID_INPUT /items 2:11']],
    ['JSON with a comment', '{"version":1, // x\n}', 'json', ['INVALID_INPUT  1:15']],
    ['JSON with a trailing comma', '{"version":1,}', 'json', ['INVALID_INPUT  1:14']],
    ['JSON that goes on', '{} {}', 'json', ['INVALID_INPUT  1:4']],
    ['JSON with a raw line end in a text', '{"a":"x\ny"}', 'json', ['INVALID_INPUT /a 1:8']],
    ['half of a surrogate pair', '{"version":1,"x":"\\ud800"}', 'json', ['INVALID_INPUT /x 1:18']],
    ['nothing', '', 'yaml', ['INVALID_INPUT  1:1']],
    ['nothing, as JSON', '', 'json', ['INVALID_INPUT  1:1']],
    ['only a comment', '# x\n', 'yaml', undefined],
  ] as const)('%s', (_, text, format, expected) => {
    const found = places(text, format)
    if (expected === undefined) expect(found.length).toBeGreaterThan(0)
    else expect(found).toEqual(expected)
    for (const place of found) expect(place).toMatch(/^INVALID_INPUT .*\d+:\d+$/)
  })

  test('bytes that are not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('version: 1\nname: é'), Buffer.from([0xff]), Buffer.from('\n')])
    expect(places(bytes)).toEqual(['INVALID_INPUT  2:8'])
  })

  test('duplicate keys, in both formats', () => {
    expect(places('{"version":1,"items":[{"id":"a","run":"x"}],\n"version":1}')).toEqual(['INVALID_INPUT /version 2:1'])
    expect(places(items('  - id: a\n    run: x\n    run: x'))).toEqual(['INVALID_INPUT /items/0/run 5:5'])
  })

  test('numbers and names that would not be kept as written', () => {
    expect(places('{"version":1,"items":[{"id":"a","run":"x","priority":9007199254740993}]}')).toContain(
      'INVALID_INPUT /items/0/priority 1:54',
    )
    expect(places(one('env: { __proto__: x }'))).toEqual(['INVALID_INPUT /items/0/env/__proto__ 3:29'])
    expect(places('{"version":1,"items":[{"id":"a","run":"x","env":{"__proto__":"x"}}]}')).toEqual([
      'INVALID_INPUT /items/0/env/__proto__ 1:50',
    ])
  })
})

describe('an item', () => {
  test.each([
    ['an unknown field', 'tiemout: 5s', 'INVALID_INPUT /items/0/tiemout'],
    ['a wrong type', 'priority: high', 'INVALID_INPUT /items/0/priority'],
    ['a number for text', 'env: { A: 5 }', 'INVALID_INPUT /items/0/env/A'],
    ['a priority out of range', 'priority: 101', 'INVALID_INPUT /items/0/priority'],
    ['a duration without unit', 'timeout: "20"', 'INVALID_INPUT /items/0/timeout'],
    ['a duration of nothing', 'timeout: 0s', 'INVALID_INPUT /items/0/timeout'],
    ['a duration of years', 'timeout: 400d', 'LIMIT_EXCEEDED /items/0/timeout'],
    ['a duration with a fraction', 'timeout: 1.5h', 'INVALID_INPUT /items/0/timeout'],
    ['an unknown queue', 'queue: fats', 'INVALID_INPUT /items/0/queue'],
    ['an unknown executor', 'executor: docker', 'INVALID_INPUT /items/0/executor'],
    ['an unknown runtime', 'runtime: codex', 'INVALID_INPUT /items/0/runtime'],
    ['an executor that is not there now', 'executor: away', 'UNAVAILABLE /items/0/executor'],
    ['a need that dangles', 'needs: [b]', 'INVALID_INPUT /items/0/needs/0'],
    ['a need of itself', 'needs: [a]', 'INVALID_INPUT /items/0/needs'],
    ['a bad name of an input', 'needs: { "../x": { from: b } }', 'INVALID_INPUT /items/0/needs/..~1x'],
    ['an unknown select', 'needs: { x: { from: b, select: all } }', 'INVALID_INPUT /items/0/needs/x/select'],
    ['a lock that goes up', 'locks: ["a/../b"]', 'INVALID_INPUT /items/0/locks/0'],
    ['a lock that is absolute', 'locks: ["/etc"]', 'INVALID_INPUT /items/0/locks/0'],
    ['a lock with a pattern', 'locks: ["src/*.ts"]', 'INVALID_INPUT /items/0/locks/0'],
    ['a lock with a pattern inside', 'locks: ["src/**/a"]', 'INVALID_INPUT /items/0/locks/0'],
    ['a lock with a trailing slash', 'locks: ["src/"]', 'INVALID_INPUT /items/0/locks/0'],
    ['an empty lock', 'locks: [""]', 'INVALID_INPUT /items/0/locks/0'],
    ['a lock with a control character', 'locks: ["a\\tb"]', 'INVALID_INPUT /items/0/locks/0'],
    ['a lock with a bad name', 'locks: ["name:A/B"]', 'INVALID_INPUT /items/0/locks/0'],
    ['protection that goes up', 'gates: [{ run: x, protect: ["../a"] }]', 'INVALID_INPUT /items/0/gates/0/protect/0'],
    ['an output in .git', 'outputs: [{ path: .git/config }]', 'INVALID_INPUT /items/0/outputs/0'],
    ['an environment name of ours', 'env: { SEAMARK_X: y }', 'INVALID_INPUT /items/0/env/SEAMARK_X'],
    ['an environment name with a space', 'env: { "A B": y }', 'INVALID_INPUT /items/0/env/A B'],
    ['a NUL in the environment', 'env: { A: "\\0" }', 'INVALID_INPUT /items/0/env/A'],
    [
      'retries in the wrong order',
      'retries: { minDelay: 5s, maxDelay: 1s }',
      'INVALID_INPUT /items/0/retries/maxDelay',
    ],
    ['an unknown agent', 'agent: writr', 'INVALID_INPUT /items/0/agent'],
    ['an agent of a version', 'agent: writer@3', 'INVALID_INPUT /items/0/agent'],
    ['an agent without a name', 'agent: ""', 'INVALID_INPUT /items/0/agent'],
    ['input', 'input: { a: 1 }', 'UNSUPPORTED /items/0/input'],
    ['a budget that nothing is counted against', 'budget: { usd: 1 }', 'INVALID_INPUT /items/0/budget'],
    ['a clock in its budget', 'budget: { wallClock: 1h }', 'UNSUPPORTED /items/0/budget/wallClock'],
    ['money that is too fine', 'budget: { usd: 0.0000000001 }', 'INVALID_INPUT /items/0/budget/usd'],
    ['less than nothing', 'budget: { usd: -1 }', 'INVALID_INPUT /items/0/budget/usd'],
    ['a part of a token', 'budget: { tokens: 1.5 }', 'INVALID_INPUT /items/0/budget/tokens'],
    ['a limit that is not held', 'limits: { cpu: 1 }', 'UNSUPPORTED /items/0/limits/cpu'],
    ['a patch that may be there', 'patch: optional', 'INVALID_INPUT /items/0/patch'],
    ['effects that are not enforced', 'effects: pure', 'UNSUPPORTED /items/0/effects'],
    ['a schema that is a word', 'outputs: [{ path: a, schema: junit }]', 'INVALID_INPUT /items/0/outputs/0/schema'],
    ['a kind that is none', 'outputs: [{ path: a, kind: tap }]', 'INVALID_INPUT /items/0/outputs/0/kind'],
    ['a kind and a schema', 'outputs: [{ path: a, kind: sarif, schema: {} }]', 'INVALID_INPUT /items/0/outputs/0/kind'],
    ['a schema that is a list', 'outputs: [{ path: a, schema: [] }]', 'INVALID_INPUT /items/0/outputs/0/schema'],
    [
      'a schema with a word that is none',
      'outputs: [{ path: a, schema: { type: object, properties: { b: { typ: x } } } }]',
      'INVALID_INPUT /items/0/outputs/0/schema/properties/b/typ',
    ],
    [
      'a schema that would be fetched',
      'outputs: [{ path: a }, { path: b, schema: { anyOf: [{ $ref: "https://a.example/x" }] } }]',
      'UNSUPPORTED /items/0/outputs/1/schema/anyOf/0/$ref',
    ],
    [
      'an output with two schemas',
      'outputs: [{ path: a, schema: {} }, { path: ./a }]',
      'INVALID_INPUT /items/0/outputs/1',
    ],
  ])('with %s', (_, fields, expected) => {
    const found = places(one(fields))
    expect(found.some((place) => place.startsWith(`${expected} 3:`))).toBe(true)
  })

  test.each([
    ['no id', '  - { run: x }', ['INVALID_INPUT /items/0 3:5']],
    ['no run', '  - { id: a }', ['INVALID_INPUT /items/0 3:5']],
    ['an agent and no run', '  - { id: a, agent: writer }', ['UNSUPPORTED /items/0/agent 3:14']],
    ['a number', '  - 5', ['INVALID_INPUT /items/0 3:5']],
    ['nothing', '  -', ['INVALID_INPUT /items/0 3:4']],
  ])('that has or is %s', (_, yaml, expected) => {
    expect(places(items(yaml))).toEqual(expected)
  })

  test.each(['a/b', '..', '', 'A', '-a', 'a\u0000b', 'a\u202eb', 'é', 'a b', 'x'.repeat(64), 'x'.repeat(10_000)])(
    'with the id %j, which is shown short and without hidden characters',
    (id) => {
      const result = parse(JSON.stringify({ version: 1, items: [{ id, run: 'x' }] }))
      if (result.ok) throw new Error('accepted')
      expect(result.problems).toMatchObject([{ code: 'INVALID_INPUT', place: { pointer: '/items/0/id', line: 1 } }])
      const text = JSON.stringify(result.problems)
      expect(text.length).toBeLessThan(600)
      expect(text).not.toMatch(/[\u0000-\u001f\u202e]/)
    },
  )

  test('with a key that can not stand in a pointer', () => {
    const key = `\u202e${'k'.repeat(5_000)}`
    const result = parse(JSON.stringify({ version: 1, items: [{ id: 'a', run: 'x', [key]: 1 }] }))
    expect(result).toMatchObject({ problems: [{ place: { pointer: '/items/0', line: 1, column: 43 } }] })
    expect(JSON.stringify(result)).not.toContain('\u202e')
  })
})

describe('the head', () => {
  test.each([
    ['no version', 'items: [{ id: a, run: x }]', 'INVALID_INPUT '],
    ['another version', 'version: 2\nitems: [{ id: a, run: x }]', 'INVALID_INPUT /version'],
    ['no items', 'version: 1\nitems: []', 'INVALID_INPUT /items'],
    ['items that are a map', 'version: 1\nitems: {}', 'INVALID_INPUT /items'],
    ['money that nothing costs', 'version: 1\nbudget: { usd: 5 }\nitems: [{ id: a, run: x }]', 'INVALID_INPUT /budget'],
    [
      'tokens that nothing uses',
      'version: 1\nbudget: { tokens: 5 }\nitems: [{ id: a, run: x }]',
      'INVALID_INPUT /budget',
    ],
    ['too much money', 'version: 1\nbudget: { usd: 9000001 }\nitems: [{ id: a, run: x }]', 'INVALID_INPUT /budget/usd'],
    [
      'submodules alone',
      'version: 1\nworkspace: { submodules: true }\nitems: [{ id: a, run: x }]',
      'INVALID_INPUT /workspace/submodules',
    ],
    ['lfs alone', 'version: 1\nworkspace: { lfs: true }\nitems: [{ id: a, run: x }]', 'INVALID_INPUT /workspace/lfs'],
    [
      'history alone',
      'version: 1\nworkspace: { history: none }\nitems: [{ id: a, run: x }]',
      'INVALID_INPUT /workspace/history',
    ],
    ['a ref alone', 'version: 1\nworkspace: { ref: x }\nitems: [{ id: a, run: x }]', 'INVALID_INPUT /workspace/ref'],
    [
      'setup without a repository',
      'version: 1\nworkspace: { setup: { run: x, key: [], paths: [a] } }\nitems: [{ id: a, run: x }]',
      'INVALID_INPUT /workspace/setup',
    ],
    [
      'an option for git',
      'version: 1\nworkspace: { git: --upload-pack=x }\nitems: [{ id: a, run: x }]',
      'INVALID_INPUT /workspace/git',
    ],
    [
      'a remote helper',
      'version: 1\nworkspace: { git: "ext::sh -c x" }\nitems: [{ id: a, run: x }]',
      'INVALID_INPUT /workspace/git',
    ],
    [
      'an unknown default executor, once',
      'version: 1\ndefaults: { executor: docker }\nitems: [{ id: a, run: x }, { id: b, run: x }]',
      'INVALID_INPUT /defaults/executor',
    ],
    [
      'an unknown default agent, once',
      'version: 1\ndefaults: { agent: nobody }\nitems: [{ id: a, run: x }, { id: b, run: x }]',
      'INVALID_INPUT /defaults/agent',
    ],
  ])('%s', (_, text, expected) => {
    const found = places(text, 'yaml')
    expect(found.length).toBe(1)
    expect(found[0]?.startsWith(`${expected} `)).toBe(true)
  })

  test('a credential in the address is refused and not repeated', () => {
    const text = 'version: 1\nworkspace: { git: "https://bob:hunter22@host/x" }\nitems: [{ id: a, run: x }]'
    const result = parse(text)
    expect(result).toMatchObject({ problems: [{ code: 'INVALID_INPUT', place: { pointer: '/workspace/git' } }] })
    expect(JSON.stringify(result)).not.toContain('hunter22')
  })
})

describe('several problems', () => {
  test('are all there at once, in the order of the text', () => {
    const text = `version: 1
nmae: x
defaults: { timeout: 20 }
items:
  - id: a
    run: 5
    queue: fast
  - id: b
    runn: x
    needs: [a, zz]
    effects: pure
  - id: a
    run: x
    locks: [../x]
`
    expect(places(text)).toEqual([
      'INVALID_INPUT /nmae 2:1',
      'INVALID_INPUT /defaults/timeout 3:22',
      'INVALID_INPUT /items/0/run 6:10',
      'INVALID_INPUT /items/0/queue 7:12',
      'INVALID_INPUT /items/1 8:5',
      'INVALID_INPUT /items/1/runn 9:5',
      'INVALID_INPUT /items/1/needs/1 10:16',
      'UNSUPPORTED /items/1/effects 11:5',
      'INVALID_INPUT /items/2/id 12:9',
      'INVALID_INPUT /items/2/locks/0 14:13',
    ])
  })

  test('each cycle is written out', () => {
    const result = parse(
      items(`  - { id: a, run: x, needs: [b] }
  - { id: b, run: x, needs: [c, d] }
  - { id: c, run: x, needs: [a] }
  - { id: d, run: x, needs: [d] }
  - { id: e, run: x, needs: [a] }`),
    )
    if (result.ok) throw new Error('accepted')
    expect(result.problems.map(({ place }) => place?.pointer)).toEqual(['/items/0/needs', '/items/3/needs'])
    expect(result.problems[0]?.message).toContain('a -> b -> c -> a')
    expect(result.problems[1]?.message).toContain('d -> d')
  })

  test('are listed up to a limit, and the rest is counted', () => {
    const list = Array.from({ length: 3_000 }, (_, at) => ({ id: `i${at}`, run: 'x', odd: 1 }))
    const result = parse(JSON.stringify({ version: 1, items: list }))
    if (result.ok) throw new Error('accepted')
    expect(result.problems.length).toBe(1_001)
    expect(result.problems.at(-1)?.code).toBe('LIMIT_EXCEEDED')
  })
})

test('inputs that can not be there', () => {
  const text = items(`  - { id: a, run: x, keepWorkspace: false, outputs: [{ path: out/a }] }
  - id: b
    run: x
    needs: { w: { from: a, select: workspace }, o: { from: a, select: { output: out/b } }, ok: { from: a, select: { output: ./out//a } } }`)
  expect(places(text)).toEqual([
    'INVALID_INPUT /items/1/needs/w/select 6:36',
    'INVALID_INPUT /items/1/needs/o/select/output 6:81',
  ])
})
