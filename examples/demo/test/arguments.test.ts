import { mkdtempSync, rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { programNamed } from '../src/agent/program.ts'

const script = join(import.meta.dirname, '../../../scripts/demo.ts')

it('a program and a key that are missing are both said', () => {
  const code = (env: Readonly<Record<string, string>>): unknown => {
    try {
      return programNamed('claude-code', env)
    } catch (error) {
      return error
    }
  }
  expect(code({ PATH: '/nonexistent' })).toMatchObject({ code: 'NOT_FOUND' })
  expect(code({ PATH: '/nonexistent', ANTHROPIC_API_KEY: 'k' })).toMatchObject({ code: 'NOT_FOUND' })
  expect(() => programNamed('other', {})).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
})

it.each([[['--agent', 'claude-code']], [['--agent', 'other']], [['--agnet', 'x']], [['x']]])(
  '%j is refused before anything is run',
  (argv) => {
    const empty = mkdtempSync(join(tmpdir(), 'seamark-demo-'))
    try {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', script, ...argv], {
        encoding: 'utf8',
        env: { PATH: empty },
      })
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr.split('\n').length).toBeLessThan(5)
    } finally {
      rmSync(empty, { recursive: true, force: true })
    }
  },
)
