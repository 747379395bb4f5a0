import type { StepReport } from '@seamark/core'
import { redactionTable } from '@seamark/kit'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { captureStep } from '../src/capture.ts'
import { UNSEEN } from '../src/judge.ts'
import { attemptLayout } from '../src/layout.ts'
import { namespaceTools } from '../src/namespace-tools.ts'
import { openBelow } from '../src/service-reports.ts'
import { turns } from '../src/turns.ts'
import { bytes, EXITED, executor, item, storage, task } from './attempt.ts'
import { sh, temporary } from './repository.ts'

const root = temporary()

/** Does something as a user who may not reach everything: the superuser may. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) sh('/', `chown -R 65534 ${root}`)
  if (isRoot) process.seteuid?.(65_534)
  try {
    return await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

describe('a folder of services that an attempt has closed', () => {
  it('keeps nothing that was written from being stored', async () => {
    const services = [{ name: 'db', run: '', ready: { run: '', everyMs: 1, timeoutMs: 1 }, env: {}, stopMs: 1 }]
    const gates = [{ run: 'true', protect: [], timeoutMs: 1_000 }]
    const step = await task({ step: 'gate:0', item: item('true', { services, gates }) })
    const attempt = attemptLayout(root, 'ns', step.launchId)
    for (const dir of [attempt.workspace, attempt.services]) mkdirSync(dir, { recursive: true })
    writeFileSync(join(attempt.services, 'db.log'), 'started')
    await executor.run(step.launchId, {
      argv: ['/bin/sh', '-c', `echo out; echo err >&2; chmod 000 ${attempt.services}`],
      env: {},
      cwd: '/',
      mounts: [],
      timeoutMs: 1_000,
      maxOutputBytes: 1_000,
      stdin: 'none',
    })
    expect(statSync(attempt.services).mode & 0o777).toBe(0)
    const tools = namespaceTools(root, 'ns', storage, { matching: turns(1) })
    const about = { tools, attempt, executor, seen: UNSEEN, secrets: redactionTable([]) }
    const report: StepReport = await asOrdinaryUser(() => captureStep(step, EXITED, about))
    expect(await bytes(report.stdout)).toBe('out\n')
    expect(await bytes(report.stderr)).toBe('err\n')
    expect(await bytes(report.services?.[0]?.log)).toBe('started')
  })

  it('has no file that can be opened while it is closed', async () => {
    const dir = join(root, 'closed')
    mkdirSync(dir)
    writeFileSync(join(dir, 'db.log'), 'started')
    await asOrdinaryUser(async () => {
      sh(root, `chmod 000 ${dir}`)
      expect(await openBelow(dir, 'db.log')).toBeUndefined()
    })
  })
})
