import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSeamError } from '@seamark/kit'
import { expect, onTestFinished, test } from 'vitest'
import { parseScript, readScript, startModelServer } from '../src/index.ts'

function problemsOf(act: () => unknown): readonly object[] {
  try {
    act()
  } catch (error) {
    if (isSeamError(error)) return error.problems
    throw error
  }
  return []
}

test('a script is YAML or JSON', () => {
  const script = { version: 1, turns: [{ answer: 'Hi' }, { error: { kind: 'overloaded' }, times: 2 }] }
  expect(parseScript(JSON.stringify(script))).toEqual(script)
  expect(parseScript('version: 1\nturns:\n  - answer: Hi\n  - error: { kind: overloaded }\n    times: 2\n')).toEqual(
    script,
  )
})

test('everything that is wrong is said at once, with its place', () => {
  const text = `version: 2
turns:
  - answer:
      - text: Hi
      - tool: a b
    times: 0
  - error: { kind: nothing }
  - answer: Hi
    expect: { contains: 1 }
asides:
  - name: x
    when: {}
    answer: Hi
unknown: 1
`
  const found = problemsOf(() => parseScript(text))
  expect(found).toMatchObject(
    [
      ['', 1],
      ['/version', 1],
      ['/turns/0/answer/1/tool', 5],
      ['/turns/0/times', 6],
      ['/turns/1/error/kind', 7],
      ['/turns/2/expect/contains', 9],
      ['/asides/0/when', 12],
    ].map(([pointer, line]) => ({ code: 'INVALID_INPUT', place: { pointer, line, column: expect.any(Number) } })),
  )
})

test.for([
  ['text that is no YAML', 'a: [', 'INVALID_INPUT'],
  ['a key twice', 'version: 1\nversion: 1\nturns: [{ answer: x }]', 'INVALID_INPUT'],
  ['two documents', 'version: 1\n---\nversion: 1', 'INVALID_INPUT'],
  ['nothing', '', 'INVALID_INPUT'],
  [
    'a turn after one that is unlimited',
    '{"version":1,"turns":[{"answer":"x","times":"unlimited"},{"answer":"y"}]}',
    'INVALID_INPUT',
  ],
  ['two cuts', '{"version":1,"turns":[{"answer":"x","stream":{"cutInEvent":1,"cutAfterBytes":1}}]}', 'INVALID_INPUT'],
  ['a header with a line in it', '{"version":1,"turns":[{"answer":"x","headers":{"a":"b\\r\\nc"}}]}', 'INVALID_INPUT'],
  ['half a character', '{"version":1,"turns":[{"answer":"\\ud800"}]}', 'INVALID_INPUT'],
  [
    'a conversation with a path for a name',
    '{"version":1,"conversations":{"a/b":{"turns":[{"answer":"x"}]}}}',
    'INVALID_INPUT',
  ],
  ['a value without end', 'version: 1\nturns: &a [*a, *a]', 'LIMIT_EXCEEDED'],
  [
    'aliases that grow',
    `a: &a [x]\n${Array.from('bcdefghijklmnopq', (c, i) => `${c}: &${c} [${`*${'abcdefghijklmnopq'[i]},`.repeat(9)}]`).join('\n')}`,
    'LIMIT_EXCEEDED',
  ],
  ['nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'LIMIT_EXCEEDED'],
  ['a mebibyte', `# ${'x'.repeat(1_048_576)}`, 'LIMIT_EXCEEDED'],
] as const)('%s is refused', ([, text, code]) => {
  expect(problemsOf(() => parseScript(text))[0]).toMatchObject({ code })
})

test('a script comes from a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seamark-model-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'script.yaml')
  await expect(readScript(path)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await writeFile(path, 'version: 1\nturns: [{ answer: Hi }]\n')
  const server = await startModelServer({ script: path })
  await expect(server.close()).rejects.toMatchObject({ code: 'CONFLICT' })
  await writeFile(path, Buffer.from([0xff]))
  await expect(startModelServer({ script: path })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

test('a port in use is said', async () => {
  const script = { version: 1, asides: [{ name: 'a', when: { stream: true }, answer: '' }] } as const
  const server = await startModelServer({ script })
  onTestFinished(() => server.close())
  const port = Number(new URL(server.url).port)
  await expect(startModelServer({ script, port })).rejects.toMatchObject({ code: 'CONFLICT' })
})
