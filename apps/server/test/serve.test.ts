import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { runEvent } from '@seamark/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Place } from './seamark.ts'
import { place, runs, until } from './seamark.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.remove())

async function serve(...argv: string[]) {
  const service = here.start('serve', '--json', ...argv)
  await service.saw('"ready"')
  return service
}

describe('serve', { timeout: 90_000 }, () => {
  it('is on a socket that only its owner can open; a second one is refused, naming the first', async () => {
    const service = await serve()
    const { socket } = JSON.parse(readFileSync(join(here.data, 'service.json'), 'utf8'))
    expect(statSync(socket).mode & 0o777).toBe(0o600)
    const second = await here.seamark('serve', '--json')
    expect(second.code).toBe(5)
    expect(JSON.parse(second.err).error).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(String(service.child.pid)),
    })
    service.child.kill('SIGTERM')
    expect(await service.ended).toMatchObject({ code: 0, out: expect.stringContaining('"stopped"') })
    expect(existsSync(socket)).toBe(false)
  })

  it('goes on after kill -9 with what ran, and the run ends verified', async () => {
    const service = await serve()
    here.write(
      'plan.yaml',
      'version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "sleep 3; echo done" }\n  - { id: b, run: "true", needs: [a] }\n',
    )
    expect((await here.seamark('submit', 'plan.yaml', '--id', 'r1')).code).toBe(0)
    await until(async () => JSON.parse((await here.seamark('status', 'r1', 'a', '--json')).out).status === 'running')
    service.child.kill('SIGKILL')
    await service.ended
    expect(existsSync(join(here.data, 'service/socket'))).toBe(true)
    const next = await serve()
    await until(async () => JSON.parse((await here.seamark('status', 'r1', '--json')).out).run.status === 'succeeded')
    expect((await here.seamark('logs', 'r1', 'a')).out).toBe('done\n')
    await here.seamark('keys', 'export', '-o', 'trust.json')
    await here.seamark('evidence', 'export', 'r1', '-o', 'r1.tar')
    expect((await here.seamark('verify', 'r1.tar', '--trust', 'trust.json')).code).toBe(0)
    next.child.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })

  it('works in a folder that is too deep for the address of a socket', async () => {
    const deep = join(here.dir, 'd'.repeat(60), 'e'.repeat(60))
    mkdirSync(deep, { recursive: true })
    const service = await serve('--data', deep)
    expect(await here.seamark('status', '--data', deep)).toMatchObject({ code: 0 })
    service.child.kill('SIGTERM')
    expect((await service.ended).code).toBe(0)
  })
})

const slow = (mark: string) => `
version: 1
defaults: { executor: process }
items:
  - { id: a, run: "exec sleep ${mark}", locks: ["name:x"] }
  - { id: b, run: "exec sleep ${mark}", locks: ["name:x"] }
  - { id: c, run: "true", needs: [b] }
`

describe('Ctrl-C', { timeout: 90_000 }, () => {
  it('once cancels a run cleanly and leaves nothing running', async () => {
    const mark = `${3_000 + process.pid}.5`
    here.write('slow.yaml', slow(mark))
    const run = here.start('run', 'slow.yaml', '--json')
    await run.saw('"item.launched"')
    await until(() => runs(`sleep\0${mark}`))
    run.child.kill('SIGINT')
    const { code, out } = await run.ended
    expect(code).toBe(8)
    const last = runEvent.parse(JSON.parse(out.trimEnd().split('\n').at(-1) ?? ''))
    expect(last).toMatchObject({ type: 'end', run: { status: 'canceled', settled: { canceled: 3 } } })
    expect(runs(`sleep\0${mark}`)).toBe(false)
    await until(() => !runs(here.data))
  })

  it('stops a service and what runs on it', async () => {
    const mark = `${5_000 + process.pid}.5`
    const service = await serve()
    here.write('slow.yaml', slow(mark))
    const run = here.start('run', 'slow.yaml', '--json')
    await run.saw('"item.launched"')
    await until(() => runs(`sleep\0${mark}`))
    service.child.kill('SIGINT')
    expect((await service.ended).code).toBe(0)
    expect((await run.ended).code).toBe(8)
    expect(runs(`sleep\0${mark}`)).toBe(false)
  })

  it('leaves attempts to the next service where SIGTERM stopped this one', async () => {
    const mark = `${6_000 + process.pid}.5`
    const service = await serve()
    here.write('slow.yaml', slow(mark))
    await here.seamark('submit', 'slow.yaml', '--id', 'r1')
    await until(() => runs(`sleep\0${mark}`))
    service.child.kill('SIGTERM')
    expect((await service.ended).code).toBe(0)
    expect(runs(`sleep\0${mark}`)).toBe(true)
    const { code, out } = await here.seamark('cancel', 'r1', '--json')
    expect({ code, answer: JSON.parse(out) }).toEqual({ code: 0, answer: { run: 'r1', effective: true } })
    expect(runs(`sleep\0${mark}`)).toBe(false)
  })
})

describe('commands at the same time', { timeout: 90_000 }, () => {
  it('share the service of the first', async () => {
    here.write('plan.yaml', 'version: 1\nitems: [{ id: a, run: sleep 1, executor: process }]\n')
    const ended = await Promise.all([1, 2, 3].map(() => here.seamark('run', 'plan.yaml')))
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(JSON.parse((await here.seamark('status', '--json')).out).runs).toHaveLength(3)
  })
})
