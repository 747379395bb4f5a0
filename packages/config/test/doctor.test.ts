import { SeamError } from '@seamark/kit'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  checkRequirements,
  clockCheck,
  dataFolderCheck,
  diskCheck,
  gitCheck,
  keptCheck,
  nodeCheck,
  runDoctor,
} from '../src/index.ts'
import type { DoctorCheck } from '../src/index.ts'

const signal = new AbortController().signal
const status = async (check: DoctorCheck) => (await check.run(signal)).status

test.each([
  ['20.20.2', 'fail'],
  ['22.22.1', 'fail'],
  ['22.22.2', 'ok'],
  ['v22.23.0', 'ok'],
  ['23.9.0', 'fail'],
  ['24.14.9', 'fail'],
  ['24.15.0', 'ok'],
  ['25.1.0', 'fail'],
  ['26.0.0', 'ok'],
])('Node %s is %s', async (version, expected) => {
  expect(await status(nodeCheck(version))).toBe(expected)
})

test.each([
  ['git version 2.39.5', 'ok'],
  ['git version 2.29.0', 'fail'],
  ['git version 3.0.1 (Apple)', 'ok'],
  ['nothing', 'fail'],
])('%s is %s', async (version, expected) => {
  expect(await status(gitCheck(async () => version))).toBe(expected)
})

test('a clock behind the newest record is told', async () => {
  const check = (behindMs: number) =>
    clockCheck(
      () => 1_000_000,
      async () => 1_000_000 + behindMs,
    )
  expect(await status(check(-5))).toBe('ok')
  expect(await status(check(5_000))).toBe('warn')
  expect(await status(check(120_000))).toBe('fail')
})

test('the data folder and its disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seamark-doctor-'))
  try {
    const dataDir = join(folder, 'a/b')
    expect(await status(dataFolderCheck(dataDir))).toBe('ok')
    expect((await diskCheck(dataDir).run(signal)).measured).toMatch(/GiB$/)
    await mkdir(dataDir, { recursive: true })
    await chmod(dataDir, 0o755)
    expect(await status(dataFolderCheck(dataDir))).toBe('warn')
    await chmod(dataDir, 0o720)
    expect(await status(dataFolderCheck(dataDir))).toBe('fail')
    await chmod(dataDir, 0o700)
    expect(await status(dataFolderCheck(dataDir))).toBe('ok')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('workspaces that are kept are counted, and where they are is told', async () => {
  const found = { folders: ['/d/work/namespaces/a/kept'], count: 2, bytes: 3 * 1024 ** 2, counted: false }
  const kept = await keptCheck(async () => found).run(signal)
  expect(kept).toMatchObject({ status: 'warn', measured: expect.stringMatching(/^2, .*3\.0 MiB.*\/d\/work/) })
  expect(kept.remedy).toContain('/d/work/namespaces/a/kept')
  expect(await status(keptCheck(async () => ({ folders: [], count: 0, bytes: 0, counted: true })))).toBe('ok')
})

test('each check is a finding, also one that throws or never ends; the worst decides', async () => {
  const check = (id: string, run: DoctorCheck['run']): DoctorCheck => ({ id, title: id, run })
  const report = await runDoctor(
    [
      check('good', async () => ({ status: 'ok', measured: '1' })),
      check('throws', async () => {
        throw new SeamError('FORBIDDEN', 'No.', { remedy: 'Ask.' })
      }),
      check('hangs', () => new Promise(() => undefined)),
    ],
    { seams: () => [], now: 7, timeoutMs: 20 },
  )
  expect(report).toMatchObject({ version: 1, status: 'fail', at: 7 })
  expect(report.findings.map(({ id, status: found, remedy }) => [id, found, remedy])).toEqual([
    ['good', 'ok', undefined],
    ['throws', 'fail', 'Ask.'],
    ['hangs', 'fail', expect.any(String)],
  ])
})

test('an abort ends the doctor', async () => {
  const hangs: DoctorCheck = { id: 'x', title: 'x', run: () => new Promise(() => undefined) }
  await expect(runDoctor([hangs], { seams: () => [], now: 0, signal: AbortSignal.timeout(10) })).rejects.toMatchObject({
    code: 'ABORTED',
  })
})

test('requirements are judged only for what is known', () => {
  expect(() => checkRequirements({ anchors: 3 }, {})).not.toThrow()
  expect(() => checkRequirements({ anchors: 3 }, { anchors: [] })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
})
