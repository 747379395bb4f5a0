import { hasCode, sleep } from '@seamark/kit'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { testExecutor } from './support/executor.ts'
import { idOf, processesWith, shell, supervisorPid, temporaryFolder, until } from './support/world.ts'

const service = fileURLToPath(new URL('./support/service.ts', import.meta.url))

describe('when the service is killed', () => {
  it('20 times at random instants, every launch runs once and is found again', { timeout: 120_000 }, async () => {
    const dir = temporaryFolder()
    const marks = join(dir, 'marks')
    const answered = new Set<string>()
    const watcher = testExecutor(dir)
    await watcher.attach(idOf('nothing'))
    for (let round = 0; round < 20; round++) {
      // Half of the launches of a round were asked for by the one before: each is asked for again.
      const args = ['--conditions=source', service, dir, marks, String(round * 10), '20']
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = new Promise((resolve) => child.once('close', resolve))
      let text = ''
      const killAfter = Math.floor(Math.random() * 60)
      child.stdout.on('data', (chunk: Buffer) => {
        if (text === '') setTimeout(() => child.kill('SIGKILL'), killAfter)
        text += chunk.toString()
      })
      await ended
      for (const id of text.split('\n').slice(0, -1)) answered.add(id)
    }
    const states = new Map<string, string>()
    await until(async () => {
      states.clear()
      for await (const { launchId, state } of watcher.list()) states.set(launchId, state.state)
      return ![...states.values()].includes('running')
    }, 'all have ended')
    const runs = readFileSync(marks, 'utf8').trim().split('\n')
    expect(runs.length).toBe(new Set(runs).size)
    expect(new Set(states.values())).toEqual(new Set(['exited']))
    for (const id of answered) expect(runs).toContain(id)
    for (const id of runs) expect(states.has(id)).toBe(true)
    await watcher.close?.()
  })
})

describe('when the supervisor is killed', () => {
  it('10 times, nothing runs twice, nothing is left, and what ran is lost', { timeout: 120_000 }, async () => {
    const dir = temporaryFolder()
    const marks = join(dir, 'marks')
    const tag = `seamark-crash-${process.pid}`
    const executor = testExecutor(dir)
    const ids: string[] = []
    for (let round = 0; round < 10; round++) {
      const pid = await executor.attach(idOf('nothing')).then(() => supervisorPid(dir))
      const mine = Array.from({ length: 6 }, (_, n) => idOf(`${round}-${n}`))
      ids.push(...mine)
      // One in three leaves its group and session, as a daemon does.
      const launches = mine.map((id, n) =>
        executor.launch(id, shell(`echo ${id} >> "$1"; ${n % 3 === 0 ? 'setsid ' : ''}sleep 50; : ${tag}`, marks)),
      )
      await sleep(Math.random() * 40)
      process.kill(pid, 'SIGKILL')
      for (const result of await Promise.allSettled(launches))
        if (result.status === 'rejected') expect(hasCode(result.reason, 'UNAVAILABLE')).toBe(true)
      for (const id of mine) expect(['lost', 'running', 'unknown']).toContain((await executor.attach(id)).state)
    }
    process.kill(await supervisorPid(dir), 'SIGKILL')
    for (const id of ids) expect(['lost', 'unknown']).toContain((await executor.attach(id)).state)
    await until(() => processesWith(tag).length === 0, 'nothing is left')
    const runs = readFileSync(marks, 'utf8').trim().split('\n')
    expect(runs.length).toBe(new Set(runs).size)
    // A lost launch never starts again.
    const [lost] = runs
    expect(await executor.launch(lost ?? '', shell('echo again >> "$1"', marks))).toEqual({ outcome: 'launched' })
    expect((await executor.attach(lost ?? '')).state).toBe('lost')
    await executor.close?.()
  })

  it('followers of events are told what was lost, from where they were', async () => {
    const dir = temporaryFolder()
    const executor = testExecutor(dir)
    const stop = new AbortController()
    const told: string[] = []
    const follow = async () => {
      for await (const { launchId, state } of executor.events(undefined, { signal: stop.signal }))
        told.push(`${launchId === idOf('one') ? 'one' : 'two'} ${state.state}`)
    }
    const following = follow().catch(() => undefined)
    await executor.launch(idOf('one'), shell('sleep 50'))
    await until(() => told.length === 1, 'the start is told')
    process.kill(await supervisorPid(dir), 'SIGKILL')
    await until(() => told.length === 2, 'the loss is told')
    await executor.launch(idOf('two'), shell('exit 0'))
    await until(() => told.length === 4, 'the next launch is told')
    expect(told).toEqual(['one running', 'one lost', 'two running', 'two exited'])
    stop.abort()
    await following
    await executor.close?.()
  })

  it('its plain processes are found, killed and named by the next one', async () => {
    const dir = temporaryFolder()
    const tag = `seamark-leftover-${process.pid}`
    const executor = testExecutor(dir)
    await executor.launch(idOf('daemon'), shell(`setsid sh -c 'sleep 50; : ${tag}' & sleep 50; : ${tag}`))
    await executor.launch(idOf('clean'), { ...shell(''), argv: ['/usr/bin/env', '-i', '/bin/sleep', '50.123'] })
    await executor.launch(idOf('ended'), shell('exit 3'))
    await until(async () => (await executor.attach(idOf('ended'))).state === 'exited', 'one has ended')
    await until(() => processesWith('50.123').length === 1 && processesWith(tag).length >= 2, 'all run')
    process.kill(await supervisorPid(dir), 'SIGKILL')
    await sleep(50)
    expect(processesWith(tag).length).toBeGreaterThan(0)

    expect(await executor.attach(idOf('daemon'))).toEqual({ state: 'lost' })
    expect(await executor.attach(idOf('ended'))).toMatchObject({ state: 'exited', exit: { code: 3 } })
    expect(processesWith(tag)).toEqual([])
    // It had dropped its marks: its process id and start time were enough.
    expect(processesWith('50.123')).toEqual([])
    const found = new Map<string, number>()
    for await (const { launchId, processes } of executor.leftovers?.() ?? []) found.set(launchId, processes)
    expect([...found.keys()].sort()).toEqual([idOf('clean'), idOf('daemon')].sort())
    expect(found.get(idOf('daemon'))).toBeGreaterThanOrEqual(2)
    await executor.close?.()
  })
})
