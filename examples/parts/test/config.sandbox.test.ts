import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { begin, NODE, place, runs, until } from '../../../apps/server/test/seamark.ts'
import type { Ended, Place } from '../../../apps/server/test/seamark.ts'

const config = join(import.meta.dirname, '../src/seamark.config.ts')

let at: Place
beforeEach(() => (at = place()))
afterEach(async () => {
  await until(() => !runs(at.dir))
  at.remove()
})

it('is a deployment that runs a plan, anchors and verifies with parts of its own', async () => {
  const witness = join(at.dir, 'witness.git')
  execFileSync('git', ['init', '--quiet', '--bare', witness])
  const env = { DATA: at.data, WITNESS: witness, SECRETS: at.dir }
  const seamark = async (...argv: string[]): Promise<Ended> => {
    const ended = await begin(at.dir, [...NODE, ...argv, '--config', config], env).ended
    return ended.code === 0 ? ended : expect.fail(`${ended.code}: ${ended.out}${ended.err}`)
  }
  at.repository('work', { 'a.txt': 'a\n' })
  at.write(
    'plan.yaml',
    `version: 1
name: parts
workspace: { git: work }
defaults: { executor: offline }
items:
  - id: change
    run: echo b >> a.txt
`,
  )
  await seamark('run', 'plan.yaml')
  expect((await seamark('patch', 'last', 'change')).out).toContain('+b')
  const blobs = new DatabaseSync(join(at.data, 'blobs.sqlite'), { readOnly: true })
  expect(blobs.prepare('SELECT count(*) AS blobs FROM object').get()?.['blobs']).toBeGreaterThan(0)
  blobs.close()

  await seamark('keys', 'export', '-o', 'trust.json')
  await seamark('evidence', 'export', 'last', '-o', 'evidence.tar')
  const verified = await seamark('verify', 'evidence.tar', '--trust', 'trust.json', '--online', '--json')
  expect(JSON.parse(verified.out).checks).toContainEqual(expect.objectContaining({ id: 'anchors', status: 'pass' }))
  expect(execFileSync('git', ['--git-dir', witness, 'tag'], { encoding: 'utf8' })).toContain('seamark/')

  const { seams } = JSON.parse((await seamark('doctor', '--json')).out)
  const kinds = seams.map(({ seam, kind }: { seam: string; kind: string }) => `${seam} ${kind}`)
  expect(kinds).toEqual(
    expect.arrayContaining(['storage sqlite', 'executors offline', 'anchors git', 'secrets mounted']),
  )
})
