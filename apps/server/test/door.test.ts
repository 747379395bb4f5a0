import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readServiceFile } from '@seamark/cli'
import { sleep } from '@seamark/kit'
import { fastify } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { claimOn } from '../src/claim.ts'
import { listen, serviceIn } from '../src/socket.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-door-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const open = (as: string, log?: string) => listen(fastify(), { dataDir: dir, as, log })

describe('a door', () => {
  it('takes the place of another, which removes nothing of it when it closes', async () => {
    const first = await open('first', 'a')
    expect(first.isFound()).toBe(true)
    const second = await open('second', 'b')
    expect([first.isFound(), second.isFound()]).toEqual([false, true])
    await first.close()
    expect(second.isFound()).toBe(true)
    expect(await serviceIn(dir)).toMatchObject({ as: 'second', log: 'b' })
    await second.close()
    expect(await readServiceFile(dir)).toBeUndefined()
    expect(readdirSync(join(dir, 'service'))).toEqual([])
  })

  it('says of which log it is as soon as that has a name', async () => {
    const door = await open('first')
    expect(await serviceIn(dir)).not.toHaveProperty('log')
    await door.tell('a')
    expect(door.isFound()).toBe(true)
    expect(await serviceIn(dir)).toMatchObject({ log: 'a' })
    await door.close()
  })
})

describe('a claim', () => {
  const pair = () => {
    const [first, second] = [claimOn(dir), claimOn(dir)]
    first.take()
    onTestFinished(() => [first, second].forEach((claim) => claim.close()))
    return { first, second }
  }

  it('is held until another one takes it, also where the folder was removed', () => {
    const { first, second } = pair()
    expect(first.held()).toBe(true)
    rmSync(join(dir, 'service'), { recursive: true })
    expect(first.held()).toBe(true)
    second.take()
    expect([first.held(), second.held()]).toEqual([false, true])
    expect(first.lost.reason).toMatchObject({ code: 'CONFLICT' })
    expect(readFileSync(join(dir, 'service/claim'), 'utf8')).not.toBe('')
  })

  it('is told that it was lost while nothing is done with it', async () => {
    const { first, second } = pair()
    const told = new Promise<void>((resolve) => first.lost.addEventListener('abort', () => resolve()))
    second.take()
    await told
  })

  it('lets nothing begin once it is lost, and answers nothing until the caller gives up', async () => {
    const { first, second } = pair()
    second.take()
    const caller = new AbortController()
    let begun = false
    const call = first.during({ signal: caller.signal }, async () => {
      begun = true
    })
    expect(await Promise.race([call, sleep(200).then(() => 'silent')])).toBe('silent')
    caller.abort()
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(first.during(undefined, async () => 1)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(begun).toBe(false)
  })

  it('ends what is under way when it is lost, and keeps what came of it to itself', async () => {
    const { first, second } = pair()
    const caller = new AbortController()
    const seen = Promise.withResolvers<void>()
    const call = first.during({ signal: caller.signal }, async ({ signal }) => {
      signal?.addEventListener('abort', () => seen.resolve())
      await seen.promise
      return 'done'
    })
    await sleep(150)
    second.take()
    await seen.promise
    expect(await Promise.race([call, sleep(200).then(() => 'silent')])).toBe('silent')
    caller.abort()
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('gives the answer, or the error, of what it lets through', async () => {
    const { first } = pair()
    expect(await first.during(undefined, async () => 1)).toBe(1)
    await expect(first.during(undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })
})
