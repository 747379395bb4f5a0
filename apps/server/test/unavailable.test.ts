import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
const sandbox = join(import.meta.dirname, '../../../packages/executor-sandbox/src/index.ts')
const plain = join(import.meta.dirname, '../../../packages/executor-process/src/index.ts')

beforeAll(() => {
  here.write(
    'seamark.config.ts',
    `import { processExecutor } from ${JSON.stringify(plain)}
import { sandboxExecutor } from ${JSON.stringify(sandbox)}
const dir = import.meta.dirname + '/.seamark'
export default { executors: [sandboxExecutor({ dir, bubblewrap: '/no/bwrap' }), processExecutor({ dir })] }
`,
  )
})
afterAll(() => here.remove())

const plan = (executor: string) => `version: 1\nitems: [{ id: a, run: "true"${executor} }]\n`

describe('without bubblewrap', () => {
  it.each([
    ['by default', ''],
    ['by name', ', executor: sandbox'],
  ])('a plan that wants a sandbox %s is UNAVAILABLE, with the line to run', async (_, executor) => {
    here.write('plan.yaml', plan(executor))
    const { code, err } = await here.seamark('run', 'plan.yaml', '--config', 'seamark.config.ts', '--json')
    expect(code).toBe(9)
    const { problems } = JSON.parse(err).error
    expect(problems[0]).toMatchObject({ code: 'UNAVAILABLE', remedy: expect.stringContaining('install bubblewrap') })
  })

  it('one that names process runs', async () => {
    here.write('plan.yaml', plan(', executor: process'))
    expect((await here.seamark('run', 'plan.yaml', '--config', 'seamark.config.ts')).code).toBe(0)
  })

  it('the doctor warns, with the same line', async () => {
    const { findings } = JSON.parse((await here.seamark('doctor', '--json', '--config', 'seamark.config.ts')).out)
    expect(findings).toContainEqual(expect.objectContaining({ id: 'executor.sandbox', status: 'warn' }))
    expect(findings).toContainEqual(expect.objectContaining({ id: 'executor.process', status: 'ok' }))
  })
})
