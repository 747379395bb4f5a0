import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Ground } from './grounds.ts'
import { place, until, type Place } from './seamark.ts'

/** Goes on until somebody removes a file from the workspace, for which a full disk has room. */
const whileThere = (name: string, doing = ''): string => `while [ -e ${name} ]; do ${doing} sleep 0.1; done`

const big = [
  'touch start hold',
  whileThere('start'),
  'cat /dev/zero > fill 2> /dev/null',
  // What the service gives back of its own for the ends of attempts is taken too.
  whileThere('hold', 'cat /dev/zero >> fill 2> /dev/null;'),
  'rm fill',
].join('\n')
const small = ['touch wait', whileThere('wait'), 'seq 100000; echo hi'].join('\n')

/** A test of a disk that one item fills, on a real service, in attempts on one executor. */
export function testsOfAFullDisk(open: (here: Place) => Promise<Ground>): void {
  // A disk of its own needs a mount.
  describe.runIf(process.getuid?.() === 0)('a disk that one item fills (as root)', () => {
    it('fails no item of another run, and all goes on when there is room', { timeout: 180_000 }, async () => {
      const here = place()
      onTestFinished(() => here.remove())
      mkdirSync(here.data)
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=755', 'none', here.data])
      expect(mounted.status).toBe(0)
      onTestFinished(() => void spawnSync('umount', ['--lazy', here.data]))
      const { executor, line, stop } = await open(here)
      onTestFinished(stop, 60_000)
      here.write('seamark.config.mjs', `export default { ${line} }\n`)
      const seamark = (...argv: readonly string[]) => here.seamark(...argv, '--config', 'seamark.config.mjs')
      for (const [name, run] of Object.entries({ big, small }))
        here.write(`${name}.json`, JSON.stringify({ version: 1, defaults: { executor }, items: [{ id: 'it', run }] }))
      const found = (name: string): readonly string[] => globSync(join(here.data, `**/${name}`))
      const remove = (name: string): void => found(name).forEach((path) => rmSync(path))
      const room = (): number => {
        const { stdout } = spawnSync('df', ['--output=avail', here.data], { encoding: 'utf8' })
        return Number(stdout.split('\n')[1])
      }

      const service = here.start('serve', '--config', 'seamark.config.mjs')
      onTestFinished(() => void service.child.kill('SIGTERM'))
      await service.saw('socket')
      const filling = seamark('run', 'big.json', '--id', 'big')
      const writing = seamark('run', 'small.json', '--id', 'small')
      await until(() => found('hold').length + found('wait').length === 2, 60_000)
      remove('start')
      await until(() => room() < 64, 60_000)
      remove('wait')
      // What is written meanwhile finds no room.
      await sleep(2_000)
      expect(room()).toBeLessThan(64)
      remove('hold')
      expect([(await filling).code, (await writing).code]).toEqual([0, 0])
      const { items } = JSON.parse((await seamark('status', 'small', '--json')).out)
      expect(items).toMatchObject([{ item: 'it', executor, status: 'succeeded', attempt: 1 }])
      const said = (await seamark('logs', 'small', 'it')).out
      expect(said.split('\n').length).toBe(100_002)
      expect(said.endsWith('\nhi\n')).toBe(true)
      service.child.kill('SIGTERM')
      await service.ended
    })
  })
}
