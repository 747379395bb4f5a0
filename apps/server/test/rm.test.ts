import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ended } from './seamark.ts'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

const json = ({ code, out, err }: Ended): unknown => {
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out)
}
const refused = async (...argv: string[]) => {
  const { code, out, err } = await here.seamark(...argv, '--json')
  expect(out).toBe('')
  return [code, JSON.parse(err).error.code]
}

beforeAll(async () => {
  here.repository('repo', { 'a.txt': 'a\n' })
  const items = [
    { id: 'a', run: 'echo b > b.txt; echo said $SEAMARK_RUN', outputs: [{ path: 'b.txt' }] },
    { id: 'b', needs: ['a'], run: 'echo only $SEAMARK_RUN; false' },
  ]
  here.write(
    'plan.json',
    JSON.stringify({ version: 1, workspace: { git: 'repo' }, defaults: { executor: 'process' }, items }),
  )
  for (const id of ['first', 'other']) expect((await here.seamark('run', 'plan.json', '--id', id)).code).toBe(11)
}, 120_000)

describe('seamark rm', () => {
  it('is refused for a run that is held or not there, and then removes nothing of the others either', async () => {
    expect((await here.seamark('gc', 'hold', 'first')).code).toBe(0)
    expect(await refused('rm', 'first')).toEqual([5, 'CONFLICT'])
    expect(await refused('rm', 'first', '--dry-run')).toEqual([5, 'CONFLICT'])
    expect(await refused('rm', 'other', 'none')).toEqual([4, 'NOT_FOUND'])
    expect(await refused('rm', 'none', '--dry-run')).toEqual([4, 'NOT_FOUND'])
    expect((await here.seamark('gc', 'release', 'first')).code).toBe(0)
    for (const run of ['first', 'other'])
      expect(await here.seamark('logs', run, 'b')).toMatchObject({ code: 0, out: `only ${run}\n` })
    expect(await refused('rm')).toEqual([2, 'INVALID_INPUT'])
  }, 120_000)

  it('removes what only that run left, just now, and leaves the records and what another one has', async () => {
    const dry = await here.seamark('rm', 'first', '--dry-run')
    expect(dry).toMatchObject({ code: 0, out: expect.stringMatching(/^Would remove [1-9]/) })
    const would = json(await here.seamark('rm', 'first', '--dry-run', '--output', 'json'))
    expect(would).toMatchObject({ dryRun: true, run: 'first', young: { objects: 0 } })
    expect((await here.seamark('logs', 'first', 'b')).out).toBe('only first\n')
    const removed = json(await here.seamark('rm', 'first', '--json'))
    // What was asked, and nothing else, is gone.
    expect(removed).toEqual({ ...(would as object), dryRun: false })
    expect(removed).not.toMatchObject({ removed: { objects: 0 } })
    for (const item of ['a', 'b']) {
      const { code, err } = await here.seamark('logs', 'first', item, '--json')
      expect([item, code, JSON.parse(err).error.code]).toEqual([item, 4, 'NOT_FOUND'])
      expect(err).toContain('was given up')
    }
    expect((await here.seamark('logs', 'other', 'a')).out).toBe('said other\n')
    // The patch and the output are those of both.
    expect((await here.seamark('patch', 'first', 'a')).out).toContain('b.txt')
    const status = json(await here.seamark('status', 'first', '--json'))
    expect(status).toMatchObject({ run: { status: 'failed' }, items: [{ item: 'a' }, { item: 'b' }] })
    const again = await here.seamark('rm', 'first')
    expect(again).toMatchObject({ code: 0, out: 'Removed 0 blobs (0 bytes) of run first.\n' })
  }, 120_000)

  it('says in a bundle what is not there, which verifies, and refuses to take it for another run', async () => {
    expect((await here.seamark('rm', 'first', 'other')).out).toMatch(/run first\.\nRemoved [1-9]\d* blobs .* of run other\.\n/) // prettier-ignore
    expect((await here.seamark('evidence', 'export', 'first', '-o', 'bundle/')).code).toBe(0)
    expect(readFileSync(join(here.dir, 'bundle/README.md'), 'utf8')).toContain('**Not here:**')
    expect(existsSync(join(here.dir, 'bundle/artifacts'))).toBe(false)
    here.write('trust.json', (await here.seamark('keys', 'export')).out)
    expect((await here.seamark('verify', 'bundle/', '--trust', 'trust.json')).code).toBe(0)
    expect(await refused('retry', 'first')).toEqual([5, 'CONFLICT'])
    expect((await here.seamark('doctor', '--deep')).code).toBe(0)
  }, 120_000)

  it('is refused while the run is under way', async () => {
    here.write(
      'long.json',
      JSON.stringify({ version: 1, items: [{ id: 'a', run: 'echo up; sleep 600', executor: 'process' }] }),
    )
    const long = here.start('run', 'long.json', '--id', 'long', '--json')
    await long.saw('item.launched')
    expect(await refused('rm', 'long')).toEqual([5, 'CONFLICT'])
    expect(await refused('rm', 'long', '--dry-run')).toEqual([5, 'CONFLICT'])
    expect((await here.seamark('cancel', 'long')).code).toBe(0)
    await long.ended
    expect(json(await here.seamark('rm', 'long', '--json'))).toMatchObject({ young: { objects: 0 } })
  }, 120_000)
})
