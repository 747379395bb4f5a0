import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

beforeAll(async () => {
  here.write(
    'plan.yaml',
    'version: 1\ndefaults: { executor: process }\nitems:\n  - { id: lint, run: "true" }\n  - { id: build, run: "true" }\n',
  )
  expect((await here.seamark('run', 'plan.yaml', '--id', 'nightly')).code).toBe(0)
}, 60_000)

/** The remedy of the only problem, beside the code of the command. */
async function remedy(...argv: string[]) {
  const { code, err } = await here.seamark(...argv, '--json')
  const { problems } = JSON.parse(err.trim().split('\n').at(-1) ?? '').error
  expect(problems).toHaveLength(1)
  return [code, problems[0].remedy]
}

describe('an error names what was probably meant', { timeout: 120_000 }, () => {
  it('of commands, also of two words, and of their options', async () => {
    expect(await remedy('statsu')).toEqual([2, 'Did you mean seamark status?'])
    expect(await remedy('agent', 'lst')).toEqual([2, 'Did you mean seamark agent list?'])
    expect(await remedy('gc', 'hld', 'nightly')).toEqual([2, 'Did you mean seamark gc hold?'])
    expect(await remedy('agent')).toEqual([2, expect.stringMatching(/^Use agent push or .* or agent import\.$/)])
    expect(await remedy('list', '--stauts', 'failed')).toEqual([2, 'Did you mean --status?'])
    expect((await here.seamark('gc')).code).toBe(0)
  })

  it('of runs and items, and where to look', async () => {
    expect(await remedy('status', 'nihgtly')).toEqual([4, 'Did you mean nightly? seamark list shows the runs.'])
    expect(await remedy('status', 'xyz')).toEqual([4, 'seamark list shows the runs.'])
    const item = [4, 'Did you mean lint? `seamark status nightly` lists its items.']
    for (const command of ['status', 'logs', 'patch']) expect(await remedy(command, 'nightly', 'lnit')).toEqual(item)
    expect(await remedy('rerun', 'nightly', '--from', 'lnit')).toEqual(item)
    // Who may cancel an item may not be allowed to read the names of others.
    expect(await remedy('cancel', 'nightly', 'lnit')).toEqual([4, 'List its items with `seamark status`.'])
    expect(await remedy('logs', 'nightly', 'something-else')).toEqual([4, '`seamark status nightly` lists its items.'])
  })

  it('of services, how one is started', async () => {
    expect(await remedy('submit', 'plan.yaml')).toEqual([9, expect.stringContaining('seamark serve')])
  })
})
