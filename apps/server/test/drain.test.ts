import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Place } from './seamark.ts'
import { place, until } from './seamark.ts'

let here: Place
let go = ''
let made = ''
beforeEach(() => {
  here = place()
  ;[go, made] = [join(here.dir, 'go'), join(here.dir, 'made')]
  // The first ends when it is told to; the second leaves a file.
  here.write(
    'plan.yaml',
    `version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "until test -e ${go}; do sleep 0.1; done" }\n  - { id: b, run: "touch ${made}", needs: [a] }\n`,
  )
})
afterEach(() => here.remove())

async function begun() {
  const service = here.start('serve', '--json')
  await service.saw('"ready"')
  expect((await here.seamark('submit', 'plan.yaml', '--id', 'r1')).code).toBe(0)
  await until(async () => (await json('status', 'r1', 'a')).status === 'running')
  return service
}

/** One that the service has heard. */
async function draining() {
  const started = here.start('drain')
  await new Promise((resolve) => started.child.stderr?.once('data', resolve))
  return started
}

const json = async (...argv: string[]) => JSON.parse((await here.seamark(...argv, '--json')).out)

describe('drain', { timeout: 240_000 }, () => {
  it('takes no plan, lets what runs end, starts nothing new, and stops with 0; the next service goes on', async () => {
    const service = await begun()
    const draining = here.start('drain')
    // What is there already is answered all the while: a new plan is refused.
    await until(async () => (await here.seamark('submit', 'plan.yaml')).code === 9)
    writeFileSync(go, '')
    expect(await draining.ended).toMatchObject({ code: 0, out: expect.stringContaining('unfinished run') })
    expect(await service.ended).toMatchObject({ code: 0, out: expect.stringContaining('"stopped"') })
    expect(existsSync(made)).toBe(false)
    const next = here.start('serve', '--json')
    await next.saw('"ready"')
    await until(async () => (await json('status', 'r1')).run.status === 'succeeded')
    expect(existsSync(made)).toBe(true)
    await until(async () => (await json('list', '--status', 'running')).runs.length === 0)
    expect(await json('drain', '--timeout', '60s')).toEqual({ drained: true, waiting: 0 })
    expect((await next.ended).code).toBe(0)
  })

  it('tells what is left when it has stopped, and takes another time when it is called again', async () => {
    const service = await begun()
    here.write(
      'short.yaml',
      `version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "until test -e ${go}; do sleep 0.1; done" }\n`,
    )
    expect((await here.seamark('submit', 'short.yaml', '--id', 'r2')).code).toBe(0)
    await until(async () => (await json('status', 'r2', 'a')).status === 'running')
    const first = await draining()
    const again = await here.seamark('drain', '--timeout', '1s', '--json')
    expect([again.code, (await first.ended).code]).toEqual([8, 8])
    const last = await draining()
    writeFileSync(go, '')
    // What ran ends as the service stops; what was to follow it is left.
    expect(await last.ended).toMatchObject({ code: 0, out: expect.stringContaining(' 1 unfinished run left') })
    expect((await service.ended).code).toBe(0)
  })

  it('is given up in time; a kill in the middle of one loses nothing', async () => {
    const service = await begun()
    const late = await here.seamark('drain', '--timeout', '1s', '--json')
    expect([late.code, JSON.parse(late.err.trim().split('\n').at(-1) ?? '').error.code]).toEqual([8, 'TIMEOUT'])
    expect((await here.seamark('submit', 'plan.yaml', '--id', 'r2')).code).toBe(0)
    const again = here.start('drain', '--json')
    await until(async () => (await here.seamark('submit', 'plan.yaml')).code === 9)
    service.child.kill('SIGKILL')
    expect((await again.ended).code).toBe(0)
    const next = here.start('serve', '--json')
    await next.saw('"ready"')
    writeFileSync(go, '')
    await until(async () => (await json('status', 'r2')).run.status === 'succeeded')
    next.child.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })

  it('is refused without a service, and for what is no time', async () => {
    expect((await here.seamark('drain')).code).toBe(9)
    expect((await here.seamark('drain', '--timeout', 'soon')).code).toBe(2)
  })
})
