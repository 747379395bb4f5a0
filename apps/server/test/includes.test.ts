import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
beforeAll(() => {
  mkdirSync(here.data, { recursive: true })
  mkdirSync(join(here.dir, 'plans/more'), { recursive: true })
  here.write(
    'plans/plan.yaml',
    `version: 1
include: [more/a.yaml]
variables: { text: { type: string } }
defaults: { executor: process }
items:
  - { id: first, run: [printf, '<%s>', '\${{ vars.text }}'] }
`,
  )
  here.write(
    'plans/more/a.yaml',
    `version: 1
items:
  - { id: second, matrix: { n: [1, 2] }, needs: [first], run: 'echo \${{ vars.text }}-\${{ matrix.n }}' }
`,
  )
  here.write('plans/bad.yaml', 'version: 1\ninclude: [more/bad.yaml]\nitems: [{ id: a, run: x, executor: process }]\n')
  here.write('plans/more/bad.yaml', 'version: 1\nitems:\n  - { id: b, run: x, neds: 1, needs: [aa] }\n')
  here.write('plans/away.yaml', 'version: 1\ninclude: [../outside.yaml]\nitems: [{ id: a, run: x }]\n')
  here.write('outside.yaml', 'version: 1\nitems: [{ id: o, run: x }]\n')
})
afterAll(() => here.remove())

it('a run has the items of all files', async () => {
  const shown = await here.seamark('plan', 'show', 'plans/plan.yaml', '--var', 'text=x', '--json')
  expect(JSON.parse(shown.out)).toMatchObject({
    items: [{ item: 'first' }, { item: 'second-1' }, { item: 'second-2' }],
  })
  const ran = await here.seamark('run', 'plans/plan.yaml', '--var', 'text=x')
  expect({ code: ran.code, err: ran.err }).toMatchObject({ code: 0 })
  expect((await here.seamark('logs', 'last', 'second-2')).out).toBe('x-2\n')
})

it('what is wrong is told in the file that it is in', async () => {
  const problems = [
    { code: 'INVALID_INPUT', place: { file: 'plans/more/bad.yaml', pointer: '/items/0/neds', line: 3, column: 22 } },
    { code: 'INVALID_INPUT', place: { file: 'plans/more/bad.yaml', pointer: '/items/0/needs/0', line: 3 } },
  ]
  const data = await here.seamark('validate', 'plans/bad.yaml', '--json')
  expect(JSON.parse(data.out)).toMatchObject({ file: 'plans/bad.yaml', valid: false, problems })
  expect(data.code).toBe(2)
  for (const argv of [['validate'], ['plan', 'show'], ['run'], ['submit']]) {
    const said = await here.seamark(...argv, 'plans/bad.yaml')
    // Nothing runs that it could be submitted to.
    if (argv[0] !== 'submit') expect(said.err).toContain('plans/more/bad.yaml:3:22: ')
    const away = await here.seamark(...argv, 'plans/away.yaml')
    expect(away).toMatchObject({ code: 3, err: expect.stringContaining('plans/away.yaml:2:11: ') })
  }
  const away = await here.seamark('validate', 'plans/away.yaml', '--json')
  expect(JSON.parse(away.out)).toMatchObject({
    valid: false,
    problems: [{ code: 'FORBIDDEN', place: { file: 'plans/away.yaml', pointer: '/include/0' } }],
  })
})
