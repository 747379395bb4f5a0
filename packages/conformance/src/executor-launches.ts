import type { Executor, LaunchSpec } from '@seamark/core'
import { sleep } from '@seamark/kit'
import { join } from 'node:path'
import { expectCode, expectEqual, fail, within } from './check.ts'
import { exitOf, launched, newLaunchId, programsOf, run, sizeOf, specOf, withFolder } from './executor-subject.ts'
import type { Case } from './suite.ts'

/** What starts, once, and what is refused. */
export const launchCases: readonly Case<Executor>[] = [
  {
    id: 'executor/says-what-it-is',
    about: 'It has a spec, a kind, a name and guarantees.',
    async run({ seam }) {
      expectEqual(seam.spec, 'executor/v1', 'spec')
      if (seam.kind === '' || seam.name === '') fail('kind and name are empty')
      if (!['none', 'namespace', 'container', 'vm'].includes(seam.guarantees.isolation.value)) fail('isolation')
      if (seam.guarantees.input !== (seam.send !== undefined))
        fail('guarantees.input does not say whether send is there')
    },
  },
  {
    id: 'executor/runs-a-program',
    about: 'A program that ends by itself is reported with its code, times and output size.',
    async run(subject) {
      const before = Date.now()
      const bytes = new TextEncoder().encode('hello')
      const { exit } = await run(subject.seam, specOf(programsOf(subject).print('stdout', bytes)))
      expectEqual(
        { code: exit.code, reason: exit.reason, outputBytes: exit.outputBytes },
        { code: 0, reason: 'exited', outputBytes: 5 },
        'exit',
      )
      // Clocks of another machine may differ from ours.
      if (!(exit.startedAt <= exit.endedAt)) fail('it ended before it started')
      if (Math.abs(exit.startedAt - before) > 60_000) fail('startedAt is not the time of the start')
    },
  },
  {
    id: 'executor/companions-not-held',
    about: 'A companion of an image that `guarantees.companions` does not name is refused.',
    async run(subject) {
      const image = `sha256:${'0'.repeat(64)}`
      const companions = [{ name: 'db', image, argv: ['/none'], env: {}, mounts: [] }]
      await expectCode(
        'INVALID_INPUT',
        () => subject.seam.launch(newLaunchId(), specOf(programsOf(subject).exit(0), { companions })),
        'a launch with a companion',
      )
    },
  },
  {
    id: 'executor/launches-once',
    about: 'A second launch of the same id starts nothing, during the first and after its end.',
    run: async (subject) =>
      withFolder(subject.seam, async (folder, mount) => {
        const spec = specOf(programsOf(subject).append(join(mount.target, 'count'), 'x'), { mounts: [mount] })
        const launchId = await launched(subject.seam, spec)
        await launched(subject.seam, spec, launchId)
        const exit = await exitOf(subject.seam, launchId)
        await launched(subject.seam, spec, launchId)
        await sleep(100)
        expectEqual(await exitOf(subject.seam, launchId), exit, 'exit')
        expectEqual(await sizeOf(join(folder, 'count')), 1, 'runs')
      }),
  },
  {
    id: 'executor/concurrent-launches-run-once',
    about: 'Ten launches of the same id at once start one program.',
    run: async (subject) =>
      withFolder(subject.seam, async (folder, mount) => {
        const spec = specOf(programsOf(subject).append(join(mount.target, 'count'), 'x'), { mounts: [mount] })
        const launchId = newLaunchId()
        await Promise.all(Array.from({ length: 10 }, () => launched(subject.seam, spec, launchId)))
        await exitOf(subject.seam, launchId)
        await sleep(100)
        expectEqual(await sizeOf(join(folder, 'count')), 1, 'runs')
      }),
  },
  {
    id: 'executor/eight-at-once',
    about: 'Eight attempts run side by side, or are refused for want of capacity; none waits in silence.',
    async run(subject) {
      const { seam } = subject
      const ids = Array.from({ length: 8 }, newLaunchId)
      const spec = specOf(programsOf(subject).sleep(60_000))
      const answers = await within(Promise.all(ids.map((id) => seam.launch(id, spec))), 'eight launches')
      const states = await Promise.all(ids.map((id) => seam.attach(id)))
      answers.forEach((answer, i) => {
        expectEqual(states[i]?.state, answer.outcome === 'launched' ? 'running' : 'unknown', `attempt ${i}`)
      })
      await Promise.all(ids.map((id) => seam.kill(id)))
    },
  },
  {
    id: 'executor/missing-program',
    about: 'A program that does not exist is an attempt that did not start, with what the host said.',
    async run({ seam }) {
      const { exit } = await run(seam, specOf(['/no/such/program']))
      expectEqual(exit.reason, 'not-started', 'reason')
      if (!exit.detail?.includes('ENOENT')) fail(`detail does not say what is missing: ${exit.detail}`)
      expectEqual(exit.outputBytes, 0, 'outputBytes')
    },
  },
  {
    id: 'executor/missing-folder',
    about: 'A working folder that does not exist is an attempt that did not start.',
    async run(subject) {
      const { exit } = await run(subject.seam, specOf(programsOf(subject).exit(0), { cwd: '/no/such/folder' }))
      expectEqual(exit.reason, 'not-started', 'reason')
    },
  },
  {
    id: 'executor/unknown-launch',
    about: 'A launch that never was is unknown; killing it does nothing.',
    async run({ seam }) {
      const launchId = newLaunchId()
      expectEqual(await seam.attach(launchId), { state: 'unknown' }, 'state')
      await seam.kill(launchId)
      expectEqual(await seam.attach(launchId), { state: 'unknown' }, 'state after kill')
    },
  },
  {
    id: 'executor/invalid-input',
    about: 'Ids and specs that can not be honoured are refused, and nothing starts.',
    async run(subject) {
      const { seam } = subject
      const right = specOf(programsOf(subject).exit(0))
      for (const id of [
        '',
        'sm',
        'sm/../../etc/passwd',
        newLaunchId().toUpperCase(),
        newLaunchId() + 'a',
        '../' + newLaunchId(),
      ]) {
        await expectCode('INVALID_INPUT', () => seam.launch(id, right), `launch of id ${JSON.stringify(id)}`)
        await expectCode('INVALID_INPUT', () => seam.attach(id), `attach to id ${JSON.stringify(id)}`)
      }
      const wrong: Record<string, LaunchSpec> = {
        'no program': { ...right, argv: [] },
        'relative folder': { ...right, cwd: 'here' },
        'NUL in an argument': { ...right, argv: [...right.argv, 'a\0b'] },
        'NUL in a variable': { ...right, env: { A: 'a\0b' } },
        'relative source': { ...right, mounts: [{ source: 'here', target: '/there', mode: 'read-only' }] },
        'relative target': { ...right, mounts: [{ source: '/here', target: 'there', mode: 'read-only' }] },
      }
      for (const [what, spec] of Object.entries(wrong)) {
        const launchId = newLaunchId()
        await expectCode('INVALID_INPUT', () => seam.launch(launchId, spec), what)
        expectEqual(await seam.attach(launchId), { state: 'unknown' }, `state after ${what}`)
      }
    },
  },
  {
    id: 'executor/aborts',
    about: 'A call whose signal has fired fails with ABORTED and starts nothing.',
    async run(subject) {
      const { seam } = subject
      const options = { signal: AbortSignal.abort() }
      const launchId = newLaunchId()
      await expectCode('ABORTED', () => seam.launch(launchId, specOf(programsOf(subject).exit(0)), options), 'launch')
      expectEqual(await seam.attach(launchId), { state: 'unknown' }, 'state')
      await expectCode('ABORTED', () => seam.attach(launchId, options), 'attach')
      await expectCode('ABORTED', () => seam.kill(launchId, options), 'kill')
      await expectCode('ABORTED', () => seam.reap(launchId, options), 'reap')
    },
  },
  {
    id: 'executor/closes-twice',
    about: 'Closing is idempotent.',
    async run({ seam }) {
      await seam.attach(newLaunchId())
      await seam.close?.()
      await within(Promise.resolve(seam.close?.()), 'second close')
    },
  },
]
