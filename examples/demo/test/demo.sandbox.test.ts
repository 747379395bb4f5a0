import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { parsePlan } from '@seamark/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planFor } from '../src/place.ts'
import { excerpt, statOf } from '../src/stat.ts'

const root = join(import.meta.dirname, '../../..')
let copy = ''
beforeAll(() => {
  // A checkout that is no repository, as from a tar of the sources: the shipped bundle is what there is to work on.
  copy = mkdtempSync(join(tmpdir(), 'seamark-demo-'))
  cpSync(join(root, 'examples/demo/plan.yaml'), join(copy, 'examples/demo/plan.yaml'), { recursive: true })
  cpSync(join(root, 'examples/demo/repository.bundle'), join(copy, 'examples/demo/repository.bundle'))
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

describe('the plan', () => {
  const deployment = {
    queues: ['default'],
    executors: [{ name: 'sandbox' }, { name: 'process' }],
    runtimes: ['command'],
  }
  it.each([
    [true, true, '.', 'sandbox'],
    [false, true, 'examples/demo/repository.bundle', 'sandbox'],
    [true, false, '.', 'process'],
  ])('own %s, sandbox %s', (own, sandbox, git, executor) => {
    const result = parsePlan(planFor(root, { own, sandbox }), { format: 'yaml', deployment })
    if (!result.ok) throw new Error(JSON.stringify(result.problems))
    expect(result.plan.workspace.git).toBe(git)
    expect(result.plan.items.length).toBeGreaterThanOrEqual(5)
    expect(new Set(result.plan.items.map((item) => item.executor))).toEqual(new Set([executor]))
  })
})

it('runs over the shipped repository: tested, verified, and both forgeries found', { timeout: 180_000 }, () => {
  const script = `import(${JSON.stringify(join(root, 'examples/demo/src/demo.ts'))}).then(({ demo }) => demo(${JSON.stringify(copy)})).then((code) => { process.exitCode = code })`
  for (const _ of ['first', 'again']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', '-e', script], {
      cwd: copy,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/tests of the merged result: [1-9]\d* passed, 0 failed/)
    expect(stdout.match(/✓ verified/g)).toHaveLength(1)
    expect(stdout.match(/✗ tampered/g)).toHaveLength(2)
    expect(stdout).toContain('waits for lock')
  }
})

it('counts a patch', () => {
  const patch = readFileSync(join(import.meta.dirname, 'sample.patch'), 'utf8')
  expect(statOf(patch)).toEqual({ files: ['a.txt', 'b.txt'], added: 2, removed: 1 })
  expect(excerpt(patch, /b\.txt/, 2)).toEqual(['@@ -1 +1,2 @@', ' same'])
})
