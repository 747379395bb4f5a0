import type { LaunchSpec } from '@seamark/core'
import { hasCode, launchId } from '@seamark/kit'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sandboxAvailable, sandboxExecutor, type SandboxExecutorOptions } from '../src/index.ts'
import { asOrdinaryUser } from './support/ordinary-user.ts'
import { verdictOf } from './support/sbpl.ts'
import { standIn, type LineReport } from './support/seatbelt-line.ts'

const isRoot = process.getuid?.() === 0
const temporary = () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-seatbelt-')))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}
const onDarwin = (more: Partial<SandboxExecutorOptions> = {}) => {
  const dir = temporary()
  const sandboxExec = join(dir, 'sandbox-exec')
  writeFileSync(sandboxExec, standIn, { mode: 0o755 })
  const executor = sandboxExecutor({ dir: join(dir, 'data'), graceMs: 0, platform: 'darwin', sandboxExec, ...more })
  onTestFinished(() => executor.close?.())
  return { executor, dir, sandboxExec }
}
const spec: LaunchSpec = { argv: ['/bin/sh', '-c', 'true'], env: { PATH: '/bin' }, cwd: '/', mounts: [] }
const id = launchId('test', 'seatbelt', 'x', 1, 'main')

/** Says that this machine is one of Apple's while a test runs. */
const pretendDarwin = () => {
  const own = process.platform
  Object.defineProperty(process, 'platform', { value: 'darwin' })
  onTestFinished(() => void Object.defineProperty(process, 'platform', { value: own }))
}

describe('sandboxes of macOS', () => {
  it('promise nothing that was proven, and none of what Seatbelt can not do', () => {
    const { guarantees, kind, name } = onDarwin().executor
    expect({ kind, name }).toEqual({ kind: 'seatbelt', name: 'sandbox' })
    const { isolation, network, tree, limits, filesystem } = guarantees
    for (const claim of [isolation, network, tree, ...Object.values(limits)]) expect(claim.proof).toBe('unproven')
    expect(filesystem).toBe('host')
    expect({ isolation: isolation.value, network: network.value, tree: tree.value }).toEqual({
      isolation: 'none',
      network: 'none',
      tree: 'best-effort',
    })
    const values = Object.fromEntries(Object.entries(limits).map(([limit, { value }]) => [limit, value]))
    expect(values).toEqual({
      cpu: 'none',
      memory: 'none',
      pids: 'none',
      disk: 'none',
      wallClock: 'enforced',
      idle: 'enforced',
    })
  })

  it('are refused where there is no supervisor, at once and by the doctor', async () => {
    const { executor, dir } = onDarwin()
    pretendDarwin()
    expect(await executor.unavailable?.()).toMatchObject({ code: 'UNSUPPORTED', remedy: expect.any(String) })
    await expect(executor.launch(id, spec)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(executor.attach(id)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await sandboxAvailable()).toMatchObject({ ok: false, problem: { code: 'UNSUPPORTED' } })
    expect(existsSync(join(dir, 'data', 'supervisor', 'journal.ndjson'))).toBe(false)
  })

  it('are what a machine of Apple gets without being asked', () => {
    pretendDarwin()
    expect(sandboxExecutor({ dir: temporary() }).kind).toBe('seatbelt')
  })

  it.runIf(isRoot)('are refused as root', async () => {
    const { executor } = onDarwin()
    expect(await executor.unavailable?.()).toMatchObject({ code: 'UNSUPPORTED' })
    await expect(executor.launch(id, spec)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await executor.attach(id)).toEqual({ state: 'unknown' })
  })

  it.each([
    ['processors', { limits: { cpu: 1 } }, '/limits/cpu'],
    ['memory', { limits: { memoryBytes: 2 ** 30 } }, '/limits/memoryBytes'],
    ['processes', { limits: { pids: 100 } }, '/limits/pids'],
    ['disk', { limits: { diskBytes: 2 ** 30 } }, '/limits/diskBytes'],
    [
      'a mount at another place',
      { mounts: [{ source: '/srv', target: '/workspace', mode: 'read-only' as const }] },
      '/mounts/0/target',
    ],
  ])('refuse %s', async (_, more, pointer) => {
    const problems = await onDarwin()
      .executor.launch(id, { ...spec, ...more })
      .catch((error: unknown) => (hasCode(error, 'INVALID_INPUT') ? error.problems : undefined))
    expect(problems).toMatchObject([{ code: 'INVALID_INPUT', place: { pointer } }])
  })

  it('are started by one line with the profile in it, and real paths in that', () => {
    const dir = temporary()
    const { stdout, stderr } = asOrdinaryUser('seatbelt-line.ts', dir)
    expect(stderr).toBe('')
    const { end, profile, node, refused }: LineReport = JSON.parse(stdout)
    expect(end).toMatchObject({ code: 7, reason: 'exited', err: 'a "b" c\n', out: `${dirname(node)}:/usr/bin:/bin\n` })
    const workspace = join(dir, 'real "workspace"')
    expect(existsSync(join(workspace, 'seen'))).toBe(true)
    expect(verdictOf(profile, 'file-write-create', join(workspace, 'seen'))).toBe('allow')
    expect(verdictOf(profile, 'file-write-create', join(dir, 'link', 'seen'))).toBe('deny')
    expect(verdictOf(profile, 'file-read-data', join(dir, 'data', 'supervisor', 'journal.ndjson'))).toBe('deny')
    expect(verdictOf(profile, 'process-exec', node)).toBe('allow')
    expect(verdictOf(profile, 'file-write-data', node)).toBe('deny')
    expect(refused).toEqual([
      ['INVALID_INPUT', '/mounts/1/source'],
      ['INVALID_INPUT', '/mounts/2/source'],
      ['INVALID_INPUT', '/mounts/0/source'],
    ])
  })

  it('say what they are made with, and something else where that changes', async () => {
    const { executor, sandboxExec, dir } = onDarwin()
    const basis = await executor.basis?.()
    expect(basis).toMatchObject({
      engine: expect.stringMatching(/^seatbelt /),
      program: expect.stringContaining(sandboxExec),
    })
    const tools = join(dir, 'tools')
    mkdirSync(tools)
    const other = onDarwin({ toolchain: { binds: [{ source: tools, target: tools }] }, sandboxExec }).executor
    expect((await other.basis?.())?.['configuration']).not.toBe(basis?.['configuration'])
    await expect(onDarwin({ sandboxExec: '/no/sandbox-exec' }).executor.basis?.()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    const moved = onDarwin({ toolchain: { binds: [{ source: tools, target: '/tools' }] } }).executor
    await expect(moved.basis?.()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
