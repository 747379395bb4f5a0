import type { Executor, Exit, LaunchAnswer } from '@seamark/core'
import { sleep } from '@seamark/kit'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { layoutOf } from '../src/paths.ts'
import { testExecutor } from './support/executor.ts'
import { smallDisk } from './support/small-disk.ts'
import { idOf, processesWith, shell, until } from './support/world.ts'

// A disk of its own needs a mount.
describe.runIf(process.getuid?.() === 0)('on a full disk (as root)', () => {
  const endOf = async (executor: Executor, name: string): Promise<Exit> => {
    for (;;) {
      const state = await executor.attach(idOf(name))
      if (state.state === 'exited') return state.exit
      expect(state.state).toBe('running')
      await sleep(10)
    }
  }

  /** A supervisor that is there before its disk is full. */
  async function fullDisk() {
    const disk = smallDisk()
    const executor = testExecutor(disk.dir)
    await executor.launch(idOf('first'), shell('exit 0'))
    await endOf(executor, 'first')
    disk.fill()
    const file = (name: string) => join(layoutOf(disk.dir).attempts, `${idOf(name)}.stdout`)
    const close = async () => {
      await executor.close?.()
      await until(() => processesWith(disk.dir).length === 0, 'the supervisor leaves')
    }
    return { ...disk, executor, file, close }
  }

  it('what an attempt says waits for room, and nothing of it is lost', async () => {
    const { executor, free, file, close } = await fullDisk()
    expect(await executor.launch(idOf('short'), shell('echo hi'))).toEqual({ outcome: 'launched' })
    const long = 'for n in $(seq 20000); do echo $n; done'
    expect(await executor.launch(idOf('long'), shell(long))).toEqual({ outcome: 'launched' })
    await sleep(600)
    for (const name of ['short', 'long']) expect((await executor.attach(idOf(name))).state).toBe('running')
    free()
    expect(await endOf(executor, 'short')).toMatchObject({ reason: 'exited', code: 0, outputBytes: 3 })
    expect(readFileSync(file('short'), 'utf8')).toBe('hi\n')
    expect(await endOf(executor, 'long')).toMatchObject({ reason: 'exited', code: 0 })
    const numbers = Array.from({ length: 20_000 }, (_, n) => `${n + 1}\n`).join('')
    expect(readFileSync(file('long'), 'utf8')).toBe(numbers)
    await close()
  })

  it('a launch that does not fit is refused as if it had never been asked for', async () => {
    const { executor, free, close } = await fullDisk()
    // What is left of the last block still takes some records.
    let answer: LaunchAnswer = { outcome: 'launched' }
    let n = 0
    while (answer.outcome === 'launched' && n < 200) answer = await executor.launch(idOf(`n${++n}`), shell('exit 0'))
    expect(answer).toEqual({ outcome: 'refused', reason: 'capacity', retryAfterMs: 10_000 })
    expect(await executor.attach(idOf(`n${n}`))).toEqual({ state: 'unknown' })
    free()
    expect(await executor.launch(idOf(`n${n}`), shell('exit 0'))).toEqual({ outcome: 'launched' })
    // An end is told only when it is durable, and no end is lost.
    for (; n > 0; n--) expect(await endOf(executor, `n${n}`)).toMatchObject({ reason: 'exited', code: 0 })
    await close()
  })

  it('nobody waits longer than an attempt may take, or for one that is killed', async () => {
    const { executor, close } = await fullDisk()
    const flood = 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done'
    await executor.launch(idOf('flood'), { ...shell(flood), timeoutMs: 600 })
    await executor.launch(idOf('late'), { ...shell('echo hi'), timeoutMs: 600 })
    await executor.launch(idOf('killed'), shell('echo hi'))
    expect(await endOf(executor, 'flood')).toMatchObject({ reason: 'timeout' })
    // They had ended by themselves, and what they said is not there.
    expect(await endOf(executor, 'late')).toMatchObject({ reason: 'disk', code: 0, outputBytes: 0 })
    await executor.kill(idOf('killed'))
    expect(await endOf(executor, 'killed')).toMatchObject({ reason: 'disk', code: 0, outputBytes: 0 })
    await close()
  })

  it('a limit on output holds for what waits as well', async () => {
    const { executor, free, file, close } = await fullDisk()
    await executor.launch(idOf('over'), { ...shell('head -c 9000 /dev/zero; sleep 50'), maxOutputBytes: 5000 })
    await sleep(300)
    free()
    expect(await endOf(executor, 'over')).toMatchObject({ reason: 'output' })
    expect(statSync(file('over')).size).toBeLessThanOrEqual(5000)
    await close()
  })
})
