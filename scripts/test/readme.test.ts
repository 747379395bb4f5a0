import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parsePlan } from '../../packages/protocol/src/index.ts'
import { REPOSITORY } from './planted.ts'

const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8')

it("accepts the README's plan", () => {
  const [, plan = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? []
  const deployment = { queues: ['default'], executors: [{ name: 'sandbox' }], runtimes: ['command'] }
  expect(parsePlan(plan, { format: 'yaml', deployment })).toMatchObject({
    ok: true,
    plan: { items: [{ id: 'lint' }, { id: 'guide' }, { id: 'integrate' }] },
  })
})

it('names only scripts that are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
  for (const file of ['README.md', 'CONTRIBUTING.md']) {
    const text = readFileSync(join(REPOSITORY, file), 'utf8')
    const named = [...text.matchAll(/`npm (?:run )?([a-z:]+)/g)].map(([, name]) => name)
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
  }
})
