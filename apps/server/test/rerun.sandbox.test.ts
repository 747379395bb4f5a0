import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

const sandbox = join(import.meta.dirname, '../../../packages/executor-sandbox/src/index.ts')
const plain = join(import.meta.dirname, '../../../packages/executor-process/src/index.ts')
const config = (executors: string) =>
  here.write(
    'seamark.config.ts',
    `import { processExecutor } from ${JSON.stringify(plain)}
import { sandboxExecutor } from ${JSON.stringify(sandbox)}
const dir = import.meta.dirname + '/.seamark'
export default { executors: [${executors}] }
`,
  )
const seamark = (...argv: string[]) => here.seamark(...argv, '--config', 'seamark.config.ts')

it(
  'is held to what its executors can hold now: items that run again, and their set-up',
  { timeout: 180_000 },
  async () => {
    here.repository('repo', { 'a.txt': 'a\n' })
    const item = { executor: 'x', network: { allow: [] } }
    const setup = { run: 'mkdir -p made', paths: ['made'], key: ['a.txt'], policy: { limits: { pids: 100 } } }
    const items = [
      { ...item, id: 'a', run: 'true' },
      { ...item, id: 'b', run: 'false' },
    ]
    here.write('plan.json', JSON.stringify({ version: 1, workspace: { git: 'repo', setup }, items }))
    config(`sandboxExecutor({ dir, name: 'x' })`)
    const ran = await seamark('run', 'plan.json', '--id', 'first')
    expect(ran.code, ran.out + ran.err).toBe(11)
    expect((await seamark('retry', 'first', '--id', 'same')).code).toBe(11)

    config(`processExecutor({ dir, name: 'x' })`)
    const fault = (pointer: string) => expect.objectContaining({ code: 'UNSUPPORTED', place: { pointer } })
    const found = async (...argv: string[]) => {
      const { out, err } = await seamark(...argv, '--json')
      expect(out).toBe('')
      return JSON.parse(err).error.problems
    }
    // What is taken is not run, so nothing has to hold it.
    expect(await found('retry', 'first')).toEqual([
      fault('/items/1/network/allow'),
      fault('/workspace/setup/policy/limits/pids'),
    ])
    expect(await found('rerun', 'first')).toEqual([
      fault('/items/0/network/allow'),
      fault('/items/1/network/allow'),
      fault('/workspace/setup/policy/limits/pids'),
    ])
  },
)
