import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { doctorReport, itemView, runEvent, runView, submitAnswer, trustFile } from '@seamark/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Ended } from './seamark.ts'
import { place } from './seamark.ts'

const here = place()
const plan = `
version: 1
name: commands
workspace: { git: repo }
defaults: { executor: process }
items:
  - { id: one, run: "printf 'out\\\\n'; printf 'err\\\\n' >&2; echo changed > file.txt" }
  - { id: two, run: "mkdir -p made; echo '{}' > made/report.json", outputs: [{ path: made/report.json }] }
  - id: both
    needs: { one: { from: one, select: patch }, two: { from: two, select: patch } }
    run: seamark-apply one two && test -f made/report.json
    gates: [{ run: grep -q changed file.txt && echo good }]
`
const json = ({ out }: Ended): unknown => JSON.parse(out)
let first: Ended

beforeAll(async () => {
  here.repository('repo', { 'file.txt': 'original\n' })
  here.write('plan.yaml', plan)
  first = await here.seamark('run', 'plan.yaml', '--id', 'first', '--json')
}, 120_000)
afterAll(() => here.remove())

describe('run', () => {
  it('writes one event a line, the last of type end, and exits 0', () => {
    expect(first).toMatchObject({ code: 0, err: '' })
    const events = first.out
      .trimEnd()
      .split('\n')
      .map((line) => runEvent.parse(JSON.parse(line)))
    expect(events.at(-1)).toMatchObject({ type: 'end', run: { run: 'first', status: 'succeeded' } })
    expect(events.filter(({ type }) => type === 'record').length).toBeGreaterThan(10)
  })

  it('says that an item was not isolated, at submit, in each launch, in the summary and in status', async () => {
    const launches = first.out.split('\n').filter((line) => line.includes('"item.launched"'))
    expect(launches.length).toBeGreaterThan(3)
    for (const line of launches) expect(JSON.parse(line)).toMatchObject({ isolation: 'none' })
    const { items } = JSON.parse((await here.seamark('status', 'first', '--json')).out)
    for (const item of items) expect(item).toMatchObject({ executor: 'process', isolation: 'none' })
    expect((await here.seamark('status', 'first')).out.match(/not isolated/g)).toHaveLength(3)
    expect((await here.seamark('status', 'first', 'one')).out).toContain('isolation none')
    const { out } = await here.seamark('run', 'plan.yaml', '--id', 'shown')
    expect(out).toMatch(/^ {2}not isolated: 3 items on process/m)
    expect(out).toMatch(/ one .*not isolated, started/)
    expect(out).toMatch(/run succeeded.*\n {2}not isolated: 3 items/)
  })

  it('keeps its data closed to others', () => {
    expect(statSync(here.data).mode & 0o067).toBe(0)
    expect(statSync(join(here.data, 'keys/log.pem')).mode & 0o777).toBe(0o600)
  })

  it('is the same run for the same id and plan, and CONFLICT for another', async () => {
    const again = await here.seamark('run', 'plan.yaml', '--id', 'first')
    expect(again.code).toBe(0)
    here.write('other.yaml', plan.replace('name: commands', 'name: other'))
    const other = await here.seamark('run', 'other.yaml', '--id', 'first', '--json')
    expect(other.code).toBe(5)
    expect(JSON.parse(other.err)).toMatchObject({ error: { code: 'CONFLICT' } })
  })

  it('exits 11 where an item failed, and says what it wrote', async () => {
    here.write('bad.yaml', 'version: 1\nitems: [{ id: no, executor: process, run: no-such-program-here }]\n')
    const { code, out } = await here.seamark('run', 'bad.yaml')
    expect(code).toBe(11)
    expect(out).toContain('no-such-program-here')
  })
})

describe('questions without a service', () => {
  it('status', async () => {
    const runs = z.object({ runs: z.array(runView) }).parse(json(await here.seamark('status', '--json')))
    expect(runs.runs.map(({ run }) => run)).toContain('first')
    const one = json(await here.seamark('status', 'fir', '--json'))
    const { items } = z.object({ run: runView, items: z.array(itemView) }).parse(one)
    expect(items.map(({ item, status }) => [item, status])).toEqual([
      ['one', 'succeeded'],
      ['two', 'succeeded'],
      ['both', 'succeeded'],
    ])
    const item = itemView.parse(json(await here.seamark('status', 'first', 'two', '--json')))
    expect(item.product?.outputs.map(({ path }) => path)).toEqual(['made/report.json'])
    expect((await here.seamark('status', 'first', 'three')).code).toBe(4)
    expect((await here.seamark('status', 'nothing')).code).toBe(4)
  })

  it('logs', async () => {
    expect((await here.seamark('logs', 'first', 'one')).out).toBe('out\n')
    expect((await here.seamark('logs', 'first', 'one', '--stderr')).out).toBe('err\n')
    expect((await here.seamark('logs', 'first', 'both', '--gate', '1')).out).toBe('good\n')
    const line = json(await here.seamark('logs', 'first', 'one', '--json'))
    expect(line).toEqual({ stream: 'stdout', from: 0, text: 'out\n' })
    expect((await here.seamark('logs', 'first', 'one', '--attempt', '2')).code).toBe(4)
    expect((await here.seamark('logs', 'first', 'one', '--attempt', 'x')).code).toBe(2)
  })

  it('patch shows, applies, and refuses what does not fit', async () => {
    const { out, code } = await here.seamark('patch', 'first', 'both')
    expect(code).toBe(0)
    expect(out).toContain('+changed')
    const clone = join(here.dir, 'clone')
    execFileSync('git', ['clone', '-q', join(here.dir, 'repo'), clone])
    mkdirSync(join(clone, 'sub'))
    const applied = await here.seamark('patch', 'first', 'both', '--apply', 'clone/sub', '--json')
    expect(json(applied)).toMatchObject({
      run: 'first',
      item: 'both',
      patch: { files: 2 },
      applied: join(clone, 'sub'),
    })
    expect(readFileSync(join(clone, 'file.txt'), 'utf8')).toBe('changed\n')
    const again = await here.seamark('patch', 'first', 'both', '--apply', 'clone')
    expect(again.code).toBe(5)
    expect(again.err).toContain('file.txt')
    expect((await here.seamark('patch', 'first', 'both', '--apply', '/tmp')).code).toBe(4)
  })

  it('cancel of what is over changes nothing', async () => {
    const answer = json(await here.seamark('cancel', 'first', '--json'))
    expect(answer).toEqual({ run: 'first', effective: false })
  })

  it('submit needs a service', async () => {
    const { code, err } = await here.seamark('submit', 'plan.yaml', '--json')
    expect(code).toBe(9)
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'UNAVAILABLE' } })
    expect(submitAnswer.safeParse({}).success).toBe(false)
  })

  it('doctor', async () => {
    const { code, out } = await here.seamark('doctor', '--deep', '--json')
    const report = doctorReport.parse(JSON.parse(out))
    expect(report.findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['node.version', 'key.log', 'key.export', 'log.deep', 'storage.deep']),
    )
    expect(report.findings.filter(({ id, status }) => /deep/.test(id) && status !== 'ok')).toEqual([])
    expect(code).toBe(report.status === 'fail' ? 9 : 0)
  })
})

describe('evidence', () => {
  beforeAll(async () => {
    trustFile.parse(json(await here.seamark('keys', 'export')))
    await here.seamark('keys', 'export', '-o', 'trust.json')
    expect(json(await here.seamark('evidence', 'export', 'first', '-o', 'e.tar', '--json'))).toMatchObject({
      run: 'first',
      format: 'tar',
    })
    expect(json(await here.seamark('evidence', 'export', 'first', '-o', 'folder/', '--json'))).toMatchObject({
      format: 'folder',
    })
  }, 60_000)

  it('is verified as a tar and as a folder, without a service or a data folder', async () => {
    for (const bundle of ['e.tar', 'folder']) {
      const { code, out } = await here.seamark(
        'verify',
        bundle,
        '--trust',
        'trust.json',
        '--json',
        '--data',
        '/nowhere',
      )
      expect(code).toBe(0)
      expect(JSON.parse(out)).toMatchObject({
        verdict: 'verified',
        run: { run: 'first', status: 'succeeded', items: 3 },
      })
    }
  })

  it('is 12 without trust, 10 with a byte flipped, 2 for what is no bundle', async () => {
    expect((await here.seamark('verify', 'e.tar')).code).toBe(12)
    const bytes = readFileSync(join(here.dir, 'e.tar'))
    bytes[3_000] = (bytes[3_000] ?? 0) ^ 1
    writeFileSync(join(here.dir, 'flipped.tar'), bytes)
    expect((await here.seamark('verify', 'flipped.tar', '--trust', 'trust.json')).code).toBe(10)
    expect((await here.seamark('verify', 'plan.yaml', '--trust', 'trust.json')).code).toBe(2)
    expect((await here.seamark('verify', 'nothing.tar', '--trust', 'trust.json')).code).toBe(4)
  })

  it('does not take a file more than the manifest names', async () => {
    writeFileSync(join(here.dir, 'folder/notes.txt'), 'x')
    const { code, out } = await here.seamark('verify', 'folder', '--trust', 'trust.json', '--json')
    expect(code).toBe(10)
    expect(JSON.parse(out).checks).toContainEqual(
      expect.objectContaining({ id: 'bundle.layout', code: 'unknown-path' }),
    )
  })

  it('goes into no folder that holds something', async () => {
    expect((await here.seamark('evidence', 'export', 'first', '-o', 'repo/')).code).toBe(5)
  })
})
