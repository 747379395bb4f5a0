import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { VerifyReport } from '@seamark/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ended } from './seamark.ts'
import { place } from './seamark.ts'

const here = place()
const anchor = JSON.stringify(join(import.meta.dirname, '../../../packages/anchor-file/src/index.ts'))
const kit = JSON.stringify(join(import.meta.dirname, '../../../packages/kit/src/index.ts'))
const text = ({ code, out, err }: Ended): string => (code === 0 ? out : expect.fail(`${code}: ${out}${err}`))

beforeAll(async () => {
  here.write('plan.yaml', 'version: 1\nitems: [{ id: a, run: "true", executor: process }]\n')
  here.write(
    'anchored.config.ts',
    `import { fileAnchor } from ${anchor}
export default { anchors: [fileAnchor({ dir: import.meta.dirname + '/anchored' })] }`,
  )
  here.write(
    'forked.config.ts',
    `import { fileAnchor } from ${anchor}
const inner = fileAnchor({ dir: import.meta.dirname + '/anchored' })
const latest = async (origin) => ({ ...(await inner.latest(origin)), root: 'f'.repeat(64) })
export default { anchors: [{ ...inner, latest }] }`,
  )
  here.write(
    'away.config.ts',
    `import { fileAnchor } from ${anchor}
import { SeamError } from ${kit}
const inner = fileAnchor({ dir: import.meta.dirname + '/anchored' })
const away = async () => { throw new SeamError('UNAVAILABLE', 'no answer') }
export default {
  anchors: [
    { ...inner, name: 'no-latest', latest: away },
    { ...inner, name: 'no-receipt', anchor: away },
    inner,
  ],
}`,
  )
  for (const id of ['r1', 'r2'])
    text(await here.seamark('run', 'plan.yaml', '--id', id, '--config', 'anchored.config.ts'))
  text(await here.seamark('keys', 'export', '-o', 'trust.json'))
}, 60_000)
afterAll(() => here.remove())

it.each(['r1', 'r2'])('the bundle of %s holds what the anchor gave for a head that covers it', async (run) => {
  text(await here.seamark('evidence', 'export', run, '-o', `${run}/`, '--config', 'anchored.config.ts'))
  expect(readdirSync(join(here.dir, run, 'receipts'))).toHaveLength(1)
  const report: VerifyReport = JSON.parse(
    text(await here.seamark('verify', run, '--trust', 'trust.json', '--json', '--config', 'none')),
  )
  expect(report.verdict).toBe('verified')
  expect(report.checks).toContainEqual(expect.objectContaining({ id: 'receipts.checkpoint', status: 'pass' }))
})

it('there is no bundle where an anchor has another history', async () => {
  const { code, err } = await here.seamark(
    'evidence',
    'export',
    'r1',
    '-o',
    'forked.tar',
    '--config',
    'forked.config.ts',
    '--json',
  )
  expect(code).toBe(10)
  expect(JSON.parse(err).error).toMatchObject({ code: 'INTEGRITY' })
})

it('a bundle is made without the receipts of anchors that are away, which is told', async () => {
  const { code, err } = await here.seamark('evidence', 'export', 'r2', '-o', 'away/', '--config', 'away.config.ts')
  expect([code, err.match(/(?<=^notice Anchor )\S+/gm)]).toEqual([0, ['no-latest', 'no-receipt']])
  expect(readdirSync(join(here.dir, 'away', 'receipts'))).toHaveLength(1)
  const report: VerifyReport = JSON.parse(
    text(await here.seamark('verify', 'away', '--trust', 'trust.json', '--json', '--config', 'none')),
  )
  expect(report.verdict).toBe('verified')
})
