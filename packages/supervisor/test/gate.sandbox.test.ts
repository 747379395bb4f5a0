import { sleep } from '@seamark/kit'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAttempt } from '../src/attempt.ts'
import { openCapture } from '../src/capture.ts'
import { sandboxIdentity } from '../src/identity.ts'
import { layoutOf } from '../src/paths.ts'
import { openPipes } from '../src/pipes.ts'
import { sandboxPlan } from '../src/sandbox-plan.ts'
import { openStreams } from '../src/standard-streams.ts'
import { smallDisk } from './support/small-disk.ts'
import { idOf, temporaryFolder } from './support/world.ts'

const program = '/usr/bin/bwrap'

describe('a sandbox', () => {
  const start = async (dir: string, launchId: string, planned: () => void = () => undefined) => {
    const layout = layoutOf(dir)
    mkdirSync(layout.attempts, { recursive: true })
    const work = join(dir, 'work')
    mkdirSync(work, { recursive: true })
    const identity = sandboxIdentity()
    if (identity !== undefined) chownSync(work, identity.uid, identity.gid)
    chmodSync(dir, 0o711)
    const options = ['--unshare-all', '--die-with-parent', '--dev-bind', '/', '/']
    const argv = ['/bin/sh', '-c', 'echo ran > "$1"; exit 3', 'sh', join(work, launchId)]
    const sandbox = { program, options, writable: [], readable: [], promised: [] }
    const pipes = await openPipes(layout.pipes, identity)
    const streams = await openStreams(pipes, 'none')
    await pipes.close()
    const plan = sandboxPlan(layout, launchId, argv, sandbox, identity)
    planned()
    const request = { argv, env: {}, cwd: '/', stdin: 'none', sandbox } as const
    const capture = openCapture(layout, launchId, Infinity)
    return {
      attempt: await startAttempt(layout, launchId, request, { plan, streams }, capture, Date.now()),
      ran: join(work, launchId),
    }
  }

  it('runs nothing before it is released', async () => {
    const { attempt, ran } = await start(temporaryFolder(), idOf('a'))
    await sleep(300)
    expect(existsSync(ran)).toBe(false)
    attempt.release()
    expect(await attempt.ended).toMatchObject({ reason: 'exited', code: 3 })
    expect(existsSync(ran)).toBe(true)
  })

  it('that is killed before it is released never runs', async () => {
    const { attempt, ran } = await start(temporaryFolder(), idOf('b'))
    await sleep(100)
    attempt.kill('killed')
    expect(await attempt.ended).toMatchObject({ reason: 'killed' })
    await sleep(100)
    expect(existsSync(ran)).toBe(false)
  })

  describe.runIf(process.getuid?.() === 0)('on a disk without room (as root)', () => {
    it('is not planned, and nothing of it is left', async () => {
      const { dir, fill } = smallDisk()
      const layout = layoutOf(dir)
      mkdirSync(layout.attempts, { recursive: true })
      fill()
      const sandbox = { program, options: ['--dev-bind', '/', '/'], writable: [], readable: [], promised: [] }
      expect(() => sandboxPlan(layout, idOf('a'), ['/bin/true'], sandbox, undefined)).toThrow(
        expect.objectContaining({ code: 'ENOSPC' }),
      )
      expect(readdirSync(layout.attempts)).toEqual([])
    })

    it('runs and is judged by its own end where the room went after it was planned', async () => {
      const { dir, fill } = smallDisk()
      const { attempt } = await start(dir, idOf('b'), fill)
      attempt.release()
      expect(await attempt.ended).toMatchObject({ reason: 'exited', code: 3 })
    })
  })
})
