import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
beforeAll(() => {
  mkdirSync(here.data, { recursive: true })
  here.write(
    'plan.yaml',
    `version: 1
variables:
  text: { type: string }
  count: { type: integer, default: 1 }
defaults: { executor: process }
items:
  - { id: a, run: [printf, '<%s>', '\${{ vars.text }}', '\${{ vars.count }}'] }
`,
  )
  here.write('values.yaml', 'text: from the file\ncount: 7\n')
})
afterAll(() => here.remove())

it('a run has the values that the command line gives, and those of a file below them', async () => {
  const hostile = `'; touch hacked; echo "$HOME" \`id\``
  const ran = await here.seamark('run', 'plan.yaml', '--var-file', 'values.yaml', '--var', `text=${hostile}`)
  expect({ code: ran.code, err: ran.err }).toMatchObject({ code: 0 })
  const logs = await here.seamark('logs', 'last', 'a')
  expect(logs.out).toBe(`<${hostile}><7>`)
})

it('what does not fit is told before anything runs', async () => {
  const wrong = await here.seamark('validate', 'plan.yaml', '--var', 'count=many', '--var', 'texts=x', '--json')
  expect(wrong.code).toBe(2)
  expect(JSON.parse(wrong.out)).toMatchObject({
    valid: false,
    problems: [
      { code: 'INVALID_INPUT', place: { pointer: '/variables/text', line: 3 } },
      { code: 'INVALID_INPUT', place: { pointer: '/variables' } },
      { code: 'INVALID_INPUT', place: { pointer: '/variables/count', line: 4 } },
    ],
  })
  expect((await here.seamark('validate', 'plan.yaml', '--var', 'text=a=b')).code).toBe(0)
  expect((await here.seamark('plan', 'show', 'plan.yaml', '--var', 'text=x')).code).toBe(0)
  expect((await here.seamark('validate', 'plan.yaml', '--var', 'text')).code).toBe(2)
  expect((await here.seamark('validate', 'plan.yaml', '--var', 'text=a', '--var=text=b')).code).toBe(2)
  expect((await here.seamark('validate', 'plan.yaml', '--var-file', 'none.yaml')).code).toBe(4)
})
