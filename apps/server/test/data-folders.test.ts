import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { VERSION } from '../src/index.ts'
import { place } from './seamark.ts'

// One for each released version, as it left them: `scripts/freeze-data-folder.ts`.
const folders = join(import.meta.dirname, 'data-folders')
const versions = readdirSync(folders)
  .filter((name) => name.endsWith('.tar.gz'))
  .map((name) => name.slice(0, -'.tar.gz'.length))
const independent = join(import.meta.dirname, '../../../vectors/verify.py')

function opened(version: string) {
  const here = place()
  onTestFinished(() => here.remove())
  mkdirSync(here.data, { mode: 0o700 })
  execFileSync('tar', ['-xzf', join(folders, `${version}.tar.gz`), '-C', here.data])
  return here
}

const greet = JSON.stringify({
  version: 1,
  name: 'greet again',
  defaults: { executor: 'process' },
  items: [{ id: 'hello', run: 'echo hello > hello.txt' }],
})

it('the present version is among them', () => {
  expect(versions).toContain(VERSION)
})

// Each starts the command many times.
describe.each(versions)('a data folder of %s', { timeout: 600_000 }, (version) => {
  it('is opened, run on, and verified by us and by a program that is not ours', async () => {
    const { dir, write, seamark } = opened(version)
    const listed = async (): Promise<{ run: string; status: string }[]> => {
      const { code, out, err } = await seamark('list', '--json')
      expect([code, err]).toEqual([0, ''])
      const answer: { runs: { run: string; status: string }[] } = JSON.parse(out)
      return answer.runs
    }
    const old = await listed()
    expect(old.map(({ status }) => status)).toEqual(['failed', 'succeeded'])

    expect(await seamark('run', write('greet.json', greet))).toMatchObject({ code: 0 })
    const all = await listed()
    expect(all.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'succeeded'])
    expect(all.slice(1)).toEqual(old)

    expect(await seamark('keys', 'export', '--output', 'trust.json')).toMatchObject({ code: 0 })
    for (const [at, { run }] of all.entries()) {
      expect(await seamark('evidence', 'export', run, '--output', `run-${at}.tar`)).toMatchObject({ code: 0 })
      expect(await seamark('verify', `run-${at}.tar`, '--trust', 'trust.json')).toMatchObject({ code: 0 })
      execFileSync('python3', [independent, `run-${at}.tar`, '--trust', 'trust.json'], { cwd: dir })
    }
  })
})

it('a data folder of a newer version is refused, and left as it is', async () => {
  const { data, write, seamark } = opened(VERSION)
  const file = join(data, 'journal/default/journal.db')
  const version = (set?: number): unknown => {
    const db = new DatabaseSync(file)
    if (set !== undefined) db.exec(`PRAGMA user_version = ${set}`)
    const found = db.prepare('PRAGMA user_version').get()?.['user_version']
    db.close()
    return found
  }
  version(9_999)
  for (const argv of [['run', write('greet.json', greet)], ['list'], ['evidence', 'export', 'last']]) {
    const { code, err } = await seamark(...argv)
    expect([argv[0], code]).toEqual([argv[0], 7])
    // Names both versions, and what to do.
    expect(err).toMatch(/9999/)
    expect(err).toMatch(/\n.*\S/)
  }
  expect(version()).toBe(9_999)
})
