import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readBundle } from '../src/agent/bundle-records.ts'

const source = join(import.meta.dirname, '../src')
const key = 'sk-ant-api03-of-no-account-0123456789'
let copy = ''

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'seamark-demo-'))
  // The user of sandboxes has to get to the program.
  chmodSync(copy, 0o755)
  for (const name of ['plan.yaml', 'repository.bundle'])
    cpSync(join(source, '..', name), join(copy, 'examples/demo', name), { recursive: true })
  const prefix = ['install', '--no-audit', '--no-fund', '--prefix', join(copy, 'agents')]
  execFileSync('npm', [...prefix, '@anthropic-ai/claude-code@2.1.330'], { stdio: 'pipe' })
}, 600_000)
afterAll(() => rmSync(copy, { recursive: true, force: true }))

it('does the same with the program of Claude Code and a scripted model', { timeout: 600_000 }, async () => {
  const from = (path: string): string => JSON.stringify(join(source, path))
  const script = `
    const { demo } = await import(${from('demo.ts')})
    const { claudeCode } = await import(${from('agent/program.ts')})
    const { scriptedModel } = await import(${from('agent/model.ts')})
    const { scriptFor } = await import(${from('agent/script.ts')})
    const agent = claudeCode(process.env)
    const model = (planted) => scriptedModel(scriptFor(agent, planted), 'ANTHROPIC_API_KEY')
    process.exitCode = await demo(${JSON.stringify(copy)}, { agent, model })`
  const path = [join(copy, 'agents/node_modules/.bin'), process.env['PATH']].join(delimiter)
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=source', '--input-type=module', '-e', script],
    { cwd: copy, encoding: 'utf8', env: { ...process.env, PATH: path, ANTHROPIC_API_KEY: key } },
  )
  expect(status, stdout + stderr).toBe(0)
  const { records, holds } = await readBundle(join(copy, '.seamark/demo/agent.tar'), key)
  expect(holds).toBe(false)
  expect(records.flatMap((record) => (record.kind === 'tool.denied' ? [record.data] : []))).toMatchObject([
    { tool: `Bash: cat ${join(copy, '.seamark/demo/planted-key')}`, reason: 'not-listed' },
  ])
  const refused = records.flatMap((record) =>
    record.kind === 'egress.decided' && record.data.outcome === 'refused' ? [record.data.host] : [],
  )
  expect(refused).toEqual(['paste.example'])
})
