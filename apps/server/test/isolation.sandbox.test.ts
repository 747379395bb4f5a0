import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

it('only what is not isolated is said not to be', async () => {
  here.write(
    'plan.yaml',
    'version: 1\nitems:\n  - { id: in, run: "true" }\n  - { id: out, run: "true", executor: process }\n',
  )
  const { code, out } = await here.seamark('run', 'plan.yaml', '--id', 'r')
  expect(code).toBe(0)
  expect(out).toMatch(/^ {2}not isolated: 1 item on process/m)
  expect(out).not.toMatch(/ in .*not isolated/)
  expect(out).toMatch(/ out .*not isolated/)
  const { items } = JSON.parse((await here.seamark('status', 'r', '--json')).out)
  expect(items).toMatchObject([
    { item: 'in', isolation: 'namespace' },
    { item: 'out', isolation: 'none' },
  ])
})
