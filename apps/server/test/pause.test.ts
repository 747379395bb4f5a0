import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Place } from './seamark.ts'
import { place, until } from './seamark.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.remove())

async function serve() {
  const service = here.start('serve', '--json')
  await service.saw('"ready"')
  return service
}

const json = async (...argv: string[]) => JSON.parse((await here.seamark(...argv, '--json')).out)

describe('pause', { timeout: 240_000 }, () => {
  it('of a run outlives kill -9: what ran goes on and is settled, nothing new starts before resume', async () => {
    const service = await serve()
    // The first ends when it is told to; the second leaves a file.
    const [go, made] = [join(here.dir, 'go'), join(here.dir, 'made')]
    here.write(
      'plan.yaml',
      `version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "until test -e ${go}; do sleep 0.1; done" }\n  - { id: b, run: "touch ${made}", needs: [a] }\n`,
    )
    expect((await here.seamark('submit', 'plan.yaml', '--id', 'r1')).code).toBe(0)
    await until(async () => (await json('status', 'r1', 'a')).status === 'running')
    expect(await json('pause', 'r1')).toEqual({ run: 'r1', effective: true })
    expect(await json('pause', 'r1')).toEqual({ run: 'r1', effective: false })
    service.child.kill('SIGKILL')
    await service.ended
    writeFileSync(go, '')
    const next = await serve()
    await until(async () => (await json('status', 'r1', 'a')).status === 'succeeded')
    const b = await json('status', 'r1', 'b')
    expect(b).toMatchObject({ status: 'waiting', waiting: { for: 'pause', of: 'run' } })
    expect((await json('list')).runs[0]).toMatchObject({ status: 'running', paused: { by: b.waiting.by } })
    expect((await here.seamark('status', 'r1')).out).toContain('seamark resume r1')
    expect(existsSync(made)).toBe(false)
    expect(await json('resume', 'r1')).toEqual({ run: 'r1', effective: true })
    await until(async () => (await json('status', 'r1')).run.status === 'succeeded')
    expect(existsSync(made)).toBe(true)
    await here.seamark('keys', 'export', '-o', 'trust.json')
    await here.seamark('evidence', 'export', 'r1', '-o', 'r1.tar')
    expect((await here.seamark('verify', 'r1.tar', '--trust', 'trust.json')).code).toBe(0)
    next.child.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })

  it('of all runs needs no service, and takes plans that wait', async () => {
    here.write('plan.yaml', 'version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "true" }\n')
    expect(await json('pause', '--all')).toEqual({ effective: true })
    const service = await serve()
    expect((await here.seamark('submit', 'plan.yaml', '--id', 'r1')).code).toBe(0)
    expect((await json('status', 'r1', 'a')).waiting).toMatchObject({ for: 'pause', of: 'service' })
    expect((await json('status')).paused).toMatchObject({ by: expect.any(String) })
    // A run that is paused itself stays so.
    expect(await json('pause', 'r1')).toMatchObject({ effective: true })
    expect(await json('resume', '--all')).toEqual({ effective: true })
    expect((await json('status', 'r1', 'a')).waiting).toMatchObject({ for: 'pause', of: 'run' })
    await here.seamark('cancel', 'r1')
    await until(async () => (await json('status', 'r1')).run.status === 'canceled')
    service.child.kill('SIGTERM')
    expect((await service.ended).code).toBe(0)
  })

  it('and whatever else only puts something on record launches nothing without a service', async () => {
    const made = join(here.dir, 'made')
    here.write(
      'plan.yaml',
      `version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "touch ${made}" }\n`,
    )
    await json('pause', '--all')
    const service = await serve()
    expect((await here.seamark('submit', 'plan.yaml', '--id', 'r1')).code).toBe(0)
    service.child.kill('SIGTERM')
    await service.ended
    expect(await json('resume', '--all')).toEqual({ effective: true })
    await json('gc', '--dry-run')
    await json('gc', 'hold', 'r1')
    expect(await json('gc', 'holds')).toMatchObject({ holds: [{ run: 'r1', placedAt: expect.any(Number) }] })
    await json('gc', 'release', 'r1')
    expect(await json('gc', 'holds')).toEqual({ holds: [] })
    expect(await json('pause', 'r1')).toEqual({ run: 'r1', effective: true })
    expect((await json('status', 'r1', 'a')).status).toBe('waiting')
    expect(existsSync(made)).toBe(false)
  })

  it('of a run holds up no `seamark run` of another plan, and is not cancelled with that', async () => {
    const plan = (script: string) =>
      `version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "${script}" }\n`
    here.write('plan.yaml', plan('true'))
    here.write('long.yaml', plan('sleep 600'))
    await json('pause', '--all')
    const service = await serve()
    expect((await here.seamark('submit', 'plan.yaml', '--id', 'r1')).code).toBe(0)
    await json('pause', 'r1')
    await json('resume', '--all')
    service.child.kill('SIGTERM')
    await service.ended
    expect(await here.seamark('run', 'plan.yaml', '--id', 'r2')).toMatchObject({
      code: 0,
      err: expect.not.stringContaining('r1'),
    })
    const broken = here.start('run', 'long.yaml', '--id', 'r3', '--json')
    await broken.saw('item.launched')
    broken.child.kill('SIGINT')
    expect((await broken.ended).code).toBe(8)
    expect((await json('status', 'r3')).run.status).toBe('canceled')
    expect((await json('status', 'r1')).run).toMatchObject({ status: 'running', paused: { by: expect.any(String) } })
  })

  it('says what is wrong with what was asked', async () => {
    expect((await here.seamark('pause')).code).toBe(2)
    expect((await here.seamark('resume', 'r1', '--all')).code).toBe(2)
    const service = await serve()
    expect((await here.seamark('pause', 'none')).code).toBe(4)
    service.child.kill('SIGTERM')
    await service.ended
  })
})
