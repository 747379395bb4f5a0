import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { place } from './seamark.ts'

// A disk of its own needs a mount.
describe.runIf(process.getuid?.() === 0)('a disk that one item fills (as root)', () => {
  it('fails no item of another run, and all goes on when there is room', { timeout: 120_000 }, async () => {
    const here = place()
    onTestFinished(() => here.remove())
    mkdirSync(here.data)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=700', 'none', here.data])
    expect(mounted.status).toBe(0)
    onTestFinished(() => void spawnSync('umount', ['--lazy', here.data]))
    const go = (name: string) => join(here.dir, here.write(name, ''))
    const [start, hold] = [go('start'), go('hold')]
    const full = join(here.dir, 'full')
    const plan = (run: string) => `
version: 1
defaults: { executor: process }
items: [{ id: it, run: ${JSON.stringify(run)} }]
`
    // What the service gives back of its own for the ends of attempts is taken too.
    const filling = (path: string) => `while [ -e ${path} ]; do cat /dev/zero >> fill 2> /dev/null; sleep 0.1; done`
    const whileThere = (path: string) => `while [ -e ${path} ]; do sleep 0.1; done`
    here.write('big.yaml', plan(`${whileThere(start)}; cat /dev/zero > fill; touch ${full}; ${filling(hold)}; rm fill`))
    here.write('small.yaml', plan(`until [ -e ${full} ]; do sleep 0.1; done; seq 100000; echo hi`))

    const service = here.start('serve')
    onTestFinished(() => void service.child.kill('SIGTERM'))
    await service.saw('socket')
    const big = here.seamark('run', 'big.yaml', '--id', 'big')
    const small = here.seamark('run', 'small.yaml', '--id', 'small')
    for (const run of ['big', 'small'])
      await expect
        .poll(async () => (await here.seamark('status', run, '--json')).out, { timeout: 30_000 })
        .toContain('"running"')
    rmSync(start)
    await expect.poll(() => existsSync(full), { timeout: 30_000 }).toBe(true)
    // What is written meanwhile finds no room.
    await sleep(2_000)
    const { stdout } = spawnSync('df', ['--output=avail', here.data], { encoding: 'utf8' })
    expect(Number(stdout.split('\n')[1])).toBeLessThan(64)
    rmSync(hold)
    expect([(await big).code, (await small).code]).toEqual([0, 0])
    const { items } = JSON.parse((await here.seamark('status', 'small', '--json')).out)
    expect(items).toMatchObject([{ item: 'it', status: 'succeeded', attempt: 1 }])
    const said = (await here.seamark('logs', 'small', 'it')).out
    expect(said.split('\n').length).toBe(100_002)
    expect(said.endsWith('\nhi\n')).toBe(true)
    service.child.kill('SIGTERM')
    await service.ended
  })
})
