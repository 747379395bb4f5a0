import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningService } from '@seamark/cli'
import { seamarkClient } from '@seamark/sdk'
import type { SeamarkClient } from '@seamark/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serviceHost } from '../src/index.ts'

let dir = ''
let service: RunningService
let client: SeamarkClient

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-again-'))
  mkdirSync(join(dir, 'repo'))
  git('init', '-q', '-b', 'main')
  commit('one')
  const host = serviceHost({ path: process.env['PATH'], git: {} })
  service = await host.serve({ dataDir: join(dir, 'data'), cwd: dir, onNotice: () => undefined })
  client = seamarkClient({ socketPath: service.socketPath })
}, 30_000)
afterAll(async () => {
  await client.close()
  await service.stop({ cancelRunning: true })
  rmSync(dir, { recursive: true, force: true })
}, 30_000)

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t']
  return execFileSync('git', [...identity, ...args], { cwd: join(dir, 'repo'), encoding: 'utf8' }).trim()
}

function commit(text: string): void {
  writeFileSync(join(dir, 'repo/file'), text)
  git('add', '.')
  git('commit', '-q', '-m', text)
}

const plan = (run: string) =>
  `version: 1\nworkspace: { git: repo }\nitems: [{ id: a, executor: process, run: ${JSON.stringify(run)} }]\n`
const submit = (run: string, text = plan('true')) => client.submit({ plan: text, format: 'yaml', from: dir, run })

describe('the same plan under the same id', () => {
  it('is the run that is there, on its commit, also when the repository has moved on or is gone', async () => {
    const first = await submit('same')
    expect(first).toMatchObject({ created: true, base: { commit: git('rev-parse', 'HEAD') } })
    commit('two')
    expect(await submit('same')).toEqual({ ...first, created: false })
    renameSync(join(dir, 'repo'), join(dir, 'away'))
    try {
      expect(await submit('same')).toEqual({ ...first, created: false })
      await expect(submit('same', plan('false'))).rejects.toMatchObject({ code: 'CONFLICT' })
      await expect(submit('new')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    } finally {
      renameSync(join(dir, 'away'), join(dir, 'repo'))
    }
  })

  it('is one run, whoever of many is first', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => submit('race')))
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(answers.map(({ base }) => JSON.stringify(base))).size).toBe(1)
  })
})
