import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SeamError, toSeamError } from '@seamark/kit'
import { parsePlan, PLAN_LIMITS } from '@seamark/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readPlanFile } from '../src/plan-file.ts'
import { inItsFiles, withIncludes } from '../src/plan-include.ts'

const deployment = { queues: ['default'], executors: [{ name: 'sandbox' }], runtimes: ['command'] }
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-include-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
}

const file = (include: readonly string[], ...ids: readonly string[]) =>
  `version: 1\ninclude: ${JSON.stringify(include)}\nitems:\n${ids.map((id) => `  - { id: ${id}, run: x }`).join('\n')}\n`
const plain = (...ids: readonly string[]) => file([], ...ids).replace('include: []\n', '')

async function read(name = 'plan.yaml') {
  return withIncludes(await readPlanFile(dir, name))
}

async function idsOf(name?: string): Promise<readonly string[]> {
  const { bytes, format } = await read(name)
  const result = parsePlan(bytes, { deployment, format })
  return result.ok ? result.plan.items.map(({ id }) => id) : result.problems.map(({ message }) => message)
}

/** `CODE file:line:column` of every problem. */
async function refusals(name?: string): Promise<readonly string[]> {
  const thrown = await read(name).then(
    () => undefined,
    (error: unknown) => toSeamError(error),
  )
  return placesOf(thrown)
}

function placesOf(error: SeamError | undefined): readonly string[] {
  return (error?.problems ?? []).map(({ code, place }) => `${code} ${place?.file}:${place?.line}:${place?.column}`)
}

describe('a plan that includes others', () => {
  test('is the one of the guide', async () => {
    cpSync(join(import.meta.dirname, '../../../examples/plans/several'), dir, { recursive: true })
    expect(await idsOf()).toEqual(['build', 'lint', 'docs'])
  })

  test('has their items after its own, each file once, by paths from the file that names them', async () => {
    write({
      'plan.yaml': file(['parts/b.yaml', 'c.json'], 'a'),
      'parts/b.yaml': file(['../parts/d.yaml', '../c.json'], 'b'),
      'parts/d.yaml': plain('d1', 'd2'),
      'c.json': JSON.stringify({ version: 1, items: [{ id: 'c', run: 'x', needs: ['a', 'd2'] }] }),
    })
    expect(await idsOf()).toEqual(['a', 'b', 'd1', 'd2', 'c'])
  })

  test('is the plan that says it in one file', async () => {
    write({
      'plan.yaml': `${file(['b.yaml'], 'a')}name: both\nvariables: { v: { type: integer, default: 3 } }\n`,
      'b.yaml': 'version: 1\nitems: [{ id: b, run: x, priority: "${{ vars.v }}", matrix: { n: [1, 2] } }]\n',
    })
    const { bytes, format } = await read()
    const one = `version: 1\nname: both\nitems:\n  - { id: a, run: x }\n  - { id: b-1, run: x, priority: 3 }\n  - { id: b-2, run: x, priority: 3 }`
    expect(parsePlan(bytes, { deployment, format })).toEqual(parsePlan(one, { deployment }))
  })

  test('one that includes nothing is as it was, and so is what is no plan', async () => {
    for (const text of [
      plain('a'),
      'include: [',
      'version: 1\nitems: [{ id: include, run: x }]',
      '- include',
      '\u0000',
    ])
      for (const name of ['plan.yaml', 'plan.json']) {
        write({ [name]: text })
        const before = await readPlanFile(dir, name)
        expect(await withIncludes(before)).toBe(before)
      }
  })

  test.each([
    ['a path out of its folder', '../other.yaml', 'FORBIDDEN'],
    ['a path out and in again', '../../x/plan/b.yaml', 'FORBIDDEN'],
    ['an absolute path', '/etc/passwd', 'FORBIDDEN'],
    ['a URL', 'https://plans.example/b.yaml', 'FORBIDDEN'],
    ['a URL of a file', 'file:b.yaml', 'FORBIDDEN'],
    ['a path with a NUL', 'b\0.yaml', 'FORBIDDEN'],
    ['a link out of its folder', 'link.yaml', 'FORBIDDEN'],
    ['a file in a folder that is a link', 'out/other.yaml', 'FORBIDDEN'],
    ['a file that is not there', 'none.yaml', 'NOT_FOUND'],
    ['a file below a file', 'plan.yaml/x.yaml', 'INVALID_INPUT'],
    ['a folder', 'parts', 'INVALID_INPUT'],
    ['a pipe', 'pipe', 'INVALID_INPUT'],
    ['a name that is too long', 'x'.repeat(300), 'INVALID_INPUT'],
    ['its folder', '.', 'FORBIDDEN'],
  ])('%s is refused', async (_, path, code) => {
    write({ 'other.yaml': plain('other'), 'in/plan.yaml': file([path], 'a'), 'in/parts/b.yaml': plain('b') })
    symlinkSync('../other.yaml', join(dir, 'in/link.yaml'))
    symlinkSync('..', join(dir, 'in/out'))
    execFileSync('mkfifo', [join(dir, 'in/pipe')])
    expect(await refusals('in/plan.yaml')).toEqual([`${code} in/plan.yaml:2:11`])
  })

  test('a link inside the folder is the file that it leads to', async () => {
    write({ 'plan.yaml': file(['link.yaml', 'b.yaml'], 'a'), 'b.yaml': plain('b') })
    symlinkSync('b.yaml', join(dir, 'link.yaml'))
    expect(await idsOf()).toEqual(['a', 'b'])
  })

  test('a cycle is told with the files that it goes through', async () => {
    write({ 'plan.yaml': file(['b.yaml'], 'a'), 'b.yaml': file(['c.yaml'], 'b'), 'c.yaml': file(['./b.yaml'], 'c') })
    await expect(read()).rejects.toMatchObject({ message: expect.stringContaining('b.yaml -> c.yaml -> b.yaml') })
    expect(await refusals()).toEqual(['INVALID_INPUT c.yaml:2:11'])
    write({ 'plan.yaml': file(['plan.yaml'], 'a') })
    expect(await refusals()).toEqual(['INVALID_INPUT plan.yaml:2:11'])
  })

  test('what is wrong in the files is told all at once, in the file that it is in', async () => {
    write({
      'plan.yaml': file(['b.yaml', 'c.yaml', 'd.yaml', 'none.yaml'], 'a'),
      'b.yaml': 'version: 1\nname: b\ndefaults: {}\nitems: [{ id: b, run: x }]',
      'c.yaml': 'version: 1\nitems: [{ id: c, id: d }]',
      'd.yaml': 'version: 2\nitems: []\ninclude: [3]',
    })
    expect(await refusals()).toEqual([
      'INVALID_INPUT b.yaml:2:1',
      'INVALID_INPUT b.yaml:3:1',
      'INVALID_INPUT c.yaml:2:18',
      'INVALID_INPUT d.yaml:1:10',
      'INVALID_INPUT d.yaml:2:8',
      'INVALID_INPUT d.yaml:3:11',
      'NOT_FOUND plan.yaml:2:38',
    ])
    write({ 'plan.yaml': 'version: 1\nversion: 1\ninclude: [b.yaml]\nitems: [{ id: a, run: x }]' })
    expect(await refusals()).toEqual(['INVALID_INPUT plan.yaml:2:1'])
    write({ 'plan.yaml': 'version: 1\ninclude: b.yaml\nitems: [{ id: a, run: x }]' })
    expect(await refusals()).toEqual(['INVALID_INPUT plan.yaml:2:10'])
  })

  test('what the service finds wrong is told in the file that it is in', async () => {
    write({
      'plan.yaml': `${file(['sub/b.yaml'], 'a')}nmae: x\n`,
      'sub/b.yaml': 'version: 1\nitems:\n  - id: b\n    run: x\n    neds: [a]\n  - { id: a, run: 3, needs: [b, z] }\n',
    })
    const plan = await read()
    const thrown = await inItsFiles(plan, async () => {
      const result = parsePlan(plan.bytes, { deployment, format: plan.format })
      if (!result.ok) throw new SeamError('INVALID_INPUT', 'The plan is refused.', { problems: result.problems })
    }).catch(toSeamError)
    expect(placesOf(thrown ?? undefined)).toEqual([
      'INVALID_INPUT plan.yaml:5:1',
      'INVALID_INPUT sub/b.yaml:5:5',
      'INVALID_INPUT sub/b.yaml:6:11',
      'INVALID_INPUT sub/b.yaml:6:19',
      'INVALID_INPUT sub/b.yaml:6:33',
    ])
    const away = new SeamError('UNAVAILABLE', 'There is no service.')
    await expect(inItsFiles(plan, () => Promise.reject(away))).rejects.toMatchObject({ problems: away.problems })
  })

  test('depth, number and size are bounded', async () => {
    const deep = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [
          at === 0 ? 'plan.yaml' : `f${at}.yaml`,
          at === count - 1 ? plain(`i${at}`) : file([`f${at + 1}.yaml`], `i${at}`),
        ]),
      )
    write(deep(PLAN_LIMITS.includeDepth))
    expect(await idsOf()).toHaveLength(PLAN_LIMITS.includeDepth)
    write(deep(PLAN_LIMITS.includeDepth + 1))
    expect(await refusals()).toEqual([`LIMIT_EXCEEDED f${PLAN_LIMITS.includeDepth - 1}.yaml:2:11`])
    const names = Array.from({ length: PLAN_LIMITS.files }, (_, at) => `w${at}.yaml`)
    write(Object.fromEntries(names.map((name) => [name, plain(name.replace('.yaml', ''))])))
    write({ 'plan.yaml': file(names.slice(1), 'a') })
    expect(await idsOf()).toHaveLength(PLAN_LIMITS.files)
    write({ 'plan.yaml': file(names, 'a') })
    expect((await refusals()).map((one) => one.split(':')[0])).toEqual(['LIMIT_EXCEEDED plan.yaml'])
    const large = (id: string) =>
      `version: 1\nitems:\n  - { id: ${id}, run: x, env: { A: &a '${'x'.repeat(60_000)}' }, outputs: [${'*a, '.repeat(600)}] }`
    write({ 'plan.yaml': file(['b.yaml', 'c.yaml'], 'a'), 'b.yaml': large('b'), 'c.yaml': large('c') })
    expect(await refusals()).toEqual(['LIMIT_EXCEEDED plan.yaml:2:20'])
    write({ 'plan.yaml': file(['b.yaml'], 'a'), 'b.yaml': `#${' '.repeat(PLAN_LIMITS.filesBytes)}\n${plain('b')}` })
    expect(await refusals()).toEqual(['LIMIT_EXCEEDED plan.yaml:2:11'])
  })
})

test('a plan on standard input has no folder to include from', async () => {
  const bytes = Buffer.from(file(['b.yaml'], 'a'))
  await expect(withIncludes({ file: 'standard input', bytes, format: 'yaml' })).rejects.toMatchObject({
    problems: [{ code: 'INVALID_INPUT', place: { file: 'standard input', pointer: '/include', line: 2 } }],
  })
})

test('a plan that is submitted with an include is refused', () => {
  expect(parsePlan(file(['b.yaml'], 'a'), { deployment })).toMatchObject({
    ok: false,
    problems: [{ code: 'UNSUPPORTED', place: { pointer: '/include', line: 2, column: 1 } }],
  })
})
