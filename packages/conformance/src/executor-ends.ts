import type { Executor } from '@seamark/core'
import { sleep } from '@seamark/kit'
import { join } from 'node:path'
import { expectCode, expectEqual, fail } from './check.ts'
import {
  eventsUntil,
  exitOf,
  launched,
  mustRest,
  newLaunchId,
  outputOf,
  programsOf,
  run,
  sizeOf,
  specOf,
  stateThat,
  withFolder,
} from './executor-subject.ts'
import type { Case } from './suite.ts'

const needsTree = (seam: Executor) =>
  seam.guarantees.tree.value === 'proven' ? undefined : 'guarantees.tree is best-effort'
const needsWallClock = (seam: Executor) =>
  seam.guarantees.limits.wallClock.value === 'none' ? 'guarantees.limits.wallClock is none' : undefined
const needsOutliving = (seam: Executor) =>
  seam.guarantees.outlivesService ? undefined : 'guarantees.outlivesService is false'

/** How attempts end, are killed and are reaped. */
export const endCases: readonly Case<Executor>[] = [
  {
    id: 'executor/exit-codes',
    about: 'Exit codes are reported as they are.',
    async run(subject) {
      for (const code of [0, 1, 42, 127]) {
        const { exit } = await run(subject.seam, specOf(programsOf(subject).exit(code)))
        expectEqual([exit.reason, exit.code], ['exited', code], `exit ${code}`)
      }
    },
  },
  {
    id: 'executor/signals',
    about: 'An end by a signal is reported with its name.',
    async run(subject) {
      for (const signal of ['SIGTERM', 'SIGKILL']) {
        const { exit } = await run(subject.seam, specOf(programsOf(subject).signal(signal)))
        expectEqual([exit.reason, exit.signal], ['signaled', signal], signal)
      }
    },
  },
  {
    id: 'executor/kills',
    about: 'A killed attempt ends with reason killed; killing again changes nothing.',
    async run(subject) {
      const { seam } = subject
      const launchId = await launched(seam, specOf(programsOf(subject).sleep(60_000)))
      await seam.kill(launchId)
      await seam.kill(launchId)
      const exit = await exitOf(seam, launchId)
      expectEqual(exit.reason, 'killed', 'reason')
      await seam.kill(launchId)
      expectEqual(await exitOf(seam, launchId), exit, 'exit after another kill')
    },
  },
  {
    id: 'executor/kill-after-the-end',
    about: 'An attempt that has ended keeps its end when it is killed.',
    async run(subject) {
      const { launchId, exit } = await run(subject.seam, specOf(programsOf(subject).exit(3)))
      await subject.seam.kill(launchId)
      await sleep(50)
      expectEqual(await exitOf(subject.seam, launchId), exit, 'exit')
    },
  },
  {
    id: 'executor/kill-takes-the-tree',
    about: 'When a killed attempt is reported as ended, no process of it is alive, not even one in another session.',
    skip: needsTree,
    run: async (subject) =>
      withFolder(subject.seam, async (folder, mount) => {
        const argv = programsOf(subject).daemon(join(mount.target, 'signs'), 60_000)
        const launchId = await launched(subject.seam, specOf(argv, { mounts: [mount] }))
        await waitForSigns(folder)
        await subject.seam.kill(launchId)
        await exitOf(subject.seam, launchId)
        await mustRest(join(folder, 'signs'), 'after the kill')
      }),
  },
  {
    id: 'executor/end-takes-the-tree',
    about: 'When an attempt is reported as ended, what it left in the background is dead.',
    skip: needsTree,
    run: async (subject) =>
      withFolder(subject.seam, async (folder, mount) => {
        const argv = programsOf(subject).daemon(join(mount.target, 'signs'), 0)
        const { exit } = await run(subject.seam, specOf(argv, { mounts: [mount] }))
        expectEqual([exit.reason, exit.code], ['exited', 0], 'exit')
        await mustRest(join(folder, 'signs'), 'after the end')
      }),
  },
  {
    id: 'executor/timeout',
    about: 'Past its wall-clock limit an attempt is killed, with reason timeout.',
    skip: needsWallClock,
    async run(subject) {
      const { exit } = await run(subject.seam, specOf(programsOf(subject).sleep(60_000), { timeoutMs: 100 }))
      expectEqual(exit.reason, 'timeout', 'reason')
      if (exit.endedAt - exit.startedAt < 100) fail('it ended before its limit')
    },
  },
  {
    id: 'executor/within-its-limits',
    about: 'Limits that are not reached change nothing.',
    async run(subject) {
      const argv = programsOf(subject).print('stdout', new TextEncoder().encode('12345'))
      const { launchId, exit } = await run(subject.seam, specOf(argv, { timeoutMs: 30_000, maxOutputBytes: 5 }))
      expectEqual([exit.reason, exit.code], ['exited', 0], 'exit')
      expectEqual((await outputOf(subject.seam, launchId)).toString(), '12345', 'output')
    },
  },
  {
    id: 'executor/output-limit',
    about: 'Past its output limit an attempt is killed, with reason output, and little more than the limit is kept.',
    async run(subject) {
      const { launchId, exit } = await run(
        subject.seam,
        specOf(programsOf(subject).flood(), { maxOutputBytes: 100_000 }),
      )
      expectEqual(exit.reason, 'output', 'reason')
      const { byteLength } = await outputOf(subject.seam, launchId)
      if (byteLength < 100_000 || byteLength > 1_100_000) fail(`${byteLength} bytes are kept under a limit of 100000`)
    },
  },
  {
    id: 'executor/lists',
    about: 'What runs and what has ended is listed until it is reaped.',
    async run(subject) {
      const { seam } = subject
      const ended = await run(seam, specOf(programsOf(subject).exit(0)))
      const running = await launched(seam, specOf(programsOf(subject).sleep(60_000)))
      const gone = await run(seam, specOf(programsOf(subject).exit(0)))
      await seam.reap(gone.launchId)
      const states = new Map<string, string>()
      for await (const { launchId, state } of seam.list()) states.set(launchId, state.state)
      expectEqual(
        states,
        new Map([
          [ended.launchId, 'exited'],
          [running, 'running'],
        ]),
        'list',
      )
      await seam.kill(running)
    },
  },
  {
    id: 'executor/reaps',
    about: 'What is reaped is unknown, has no output, and never starts again.',
    async run(subject) {
      const { seam } = subject
      const spec = specOf(programsOf(subject).exit(0))
      const { launchId } = await run(seam, spec)
      await seam.reap(launchId)
      await seam.reap(launchId)
      expectEqual(await seam.attach(launchId), { state: 'unknown' }, 'state')
      await expectCode('NOT_FOUND', () => outputOf(seam, launchId), 'output')
      await expectCode('CONFLICT', () => seam.launch(launchId, spec), 'launch after reap')
    },
  },
  {
    id: 'executor/reap-forbids-a-launch',
    about: 'A launch that was reaped before it ever started never starts.',
    async run(subject) {
      const launchId = newLaunchId()
      await subject.seam.reap(launchId)
      await expectCode('CONFLICT', () => subject.seam.launch(launchId, specOf(programsOf(subject).exit(0))), 'launch')
    },
  },
  {
    id: 'executor/reap-kills',
    about: 'Reaping an attempt that runs kills it first.',
    run: async (subject) =>
      withFolder(subject.seam, async (folder, mount) => {
        const argv = programsOf(subject).daemon(join(mount.target, 'signs'), 60_000)
        const launchId = await launched(subject.seam, specOf(argv, { mounts: [mount] }))
        await waitForSigns(folder)
        await subject.seam.reap(launchId)
        await mustRest(join(folder, 'signs'), 'after the reap')
      }),
  },
  {
    id: 'executor/outlives-the-service',
    about: 'What runs goes on while the service is away, is found again, and ends as it would have.',
    skip: needsOutliving,
    async run(subject) {
      const programs = programsOf(subject)
      const { launchId: ended, exit } = await run(subject.seam, specOf(programs.exit(7)))
      const gone = newLaunchId()
      await subject.seam.reap(gone)
      const running = await launched(subject.seam, specOf(programs.chunks(1_500, ['a', 'b'])))
      const again =
        (await subject.reopen?.()) ?? fail('guarantees.outlivesService, but the subject can not be reopened')
      expectEqual((await again.attach(running)).state, 'running', 'state of what ran')
      expectEqual(await again.attach(ended), { state: 'exited', exit }, 'state of what had ended')
      await expectCode('CONFLICT', () => again.launch(gone, specOf(programs.exit(0))), 'launch of what was reaped')
      await launched(again, specOf(programs.exit(1)), running)
      const { code } = await exitOf(again, running)
      expectEqual(code, 0, 'code of what ran')
      expectEqual((await outputOf(again, running)).toString(), 'ab', 'output of what ran')
      const events = await eventsUntil(
        again,
        undefined,
        ({ launchId, state }) => launchId === running && state.state === 'exited',
      )
      if (!events.some(({ launchId }) => launchId === ended)) fail('events forgot what had ended')
      await again.close?.()
    },
  },
  {
    id: 'executor/states-follow-each-other',
    about: 'What was launched is running or ended at once, never unknown.',
    async run(subject) {
      const launchId = await launched(subject.seam, specOf(programsOf(subject).sleep(200)))
      await stateThat(
        subject.seam,
        launchId,
        ({ state }) => {
          if (state === 'unknown' || state === 'lost') fail(`the state is ${state}`)
          return state === 'exited'
        },
        'exited',
      )
    },
  },
]

async function waitForSigns(folder: string): Promise<void> {
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(5)) {
    if ((await sizeOf(join(folder, 'signs'))) > 0) return
  }
  fail('the program never wrote to its mount')
}
