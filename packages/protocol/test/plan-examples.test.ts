import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parsePlan } from '../src/index.ts'
import type { PlanDeployment } from '../src/index.ts'

const root = new URL('../../../', import.meta.url)
const limit = 'enforced'
const deployment: PlanDeployment = {
  queues: ['default'],
  executors: [
    {
      name: 'sandbox',
      holds: {
        filesystem: 'private',
        network: 'none',
        limits: { cpu: limit, memory: limit, pids: limit, disk: limit, idle: limit },
      },
    },
  ],
  runtimes: ['command'],
}
const guide = readFileSync(new URL('docs/how-to/plan-language.md', root), 'utf8')
const files = readdirSync(new URL('examples/plans/', root)).filter((name) => name.endsWith('.yaml'))

test.each(files)('examples/plans/%s stands in the guide and can run', (name) => {
  const text = readFileSync(new URL(`examples/plans/${name}`, root), 'utf8')
  expect(guide).toContain(`\`\`\`yaml\n${text}\`\`\``)
  expect(parsePlan(text, { deployment })).toMatchObject({ ok: true })
})

test('every plan of the guide is such a file, but for those that say where they are from', () => {
  const blocks = [...guide.matchAll(/(?<!-->\n\n?)```yaml\n([\s\S]*?)```/g)].map(([, text]) => text)
  const texts = files.map((name) => readFileSync(new URL(`examples/plans/${name}`, root), 'utf8'))
  expect(new Set(blocks)).toEqual(new Set(texts))
})
