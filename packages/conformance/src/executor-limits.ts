import type { Executor, ExitReason, LaunchLimits } from '@seamark/core'
import { join } from 'node:path'
import { expectCode, expectEqual, fail } from './check.ts'
import {
  newLaunchId,
  outputOf,
  programsOf,
  run,
  specOf,
  withFolder,
  type ExecutorPrograms,
} from './executor-subject.ts'
import type { Case } from './suite.ts'

type Limit = 'cpu' | 'memory' | 'pids' | 'disk' | 'idle'

const fields = { cpu: 'cpu', memory: 'memoryBytes', pids: 'pids', disk: 'diskBytes', idle: 'idleMs' } as const
const limits: readonly Limit[] = ['cpu', 'memory', 'pids', 'disk', 'idle']
const isHeld = (seam: Executor, limit: Limit): boolean => (seam.guarantees.limits[limit]?.value ?? 'none') !== 'none'
const needs = (limit: Limit) => (seam: Executor) =>
  isHeld(seam, limit) ? undefined : `guarantees.limits.${limit} is none`

const MIB = 1024 ** 2
const memoryBytes = 64 * MIB
/** For as long as a look at what is watched may take. */
const staysMs = 30_000

/** Limits of what an attempt may use. */
export const limitCases: readonly Case<Executor>[] = [
  {
    id: 'executor/cpu-limit',
    about: 'An attempt gets no more than its share of the processors.',
    skip: needs('cpu'),
    async run(subject) {
      const spec = specOf(programsOf(subject).spin(2000), { limits: { cpu: 0.5 } })
      const { launchId, exit } = await run(subject.seam, spec)
      expectEqual([exit.reason, exit.code], ['exited', 0], 'exit')
      const used = childSeconds((await outputOf(subject.seam, launchId)).toString())
      const seconds = (exit.endedAt - exit.startedAt) / 1000
      if (!(used > 0)) fail(`it used ${used} seconds of processors`)
      // A share is held over tenths of a second.
      if (used > 0.5 * seconds * 1.3 + 0.2) fail(`it used ${used} seconds of processors in ${seconds} seconds`)
    },
  },
  breach('memory', { memoryBytes }, (programs) => programs.allocate(8 * memoryBytes)),
  breach('pids', { pids: 16 }, (programs) => programs.processes(64, staysMs)),
  breach('disk', { diskBytes: 4 * MIB }, (programs, folder) => programs.fill(join(folder, 'big'), 16 * MIB, staysMs)),
  breach('idle', { idleMs: 300 }, (programs) => programs.chunks(staysMs, ['said'])),
  {
    id: 'executor/not-idle',
    about: 'What writes now and then is not idle, however long it takes.',
    skip: needs('idle'),
    async run(subject) {
      const argv = programsOf(subject).chunks(150, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'])
      const { exit } = await run(subject.seam, specOf(argv, { limits: { idleMs: 1200 } }))
      expectEqual([exit.reason, exit.code], ['exited', 0], 'exit')
    },
  },
  {
    id: 'executor/within-all-limits',
    about: 'Limits of what may be used that are not reached change nothing.',
    run: async (subject) =>
      withFolder(subject.seam, async (_folder, mount) => {
        const ample = { cpu: 1, memoryBytes, pids: 32, diskBytes: 4 * MIB, idleMs: 30_000 }
        const held = Object.fromEntries(
          limits.filter((limit) => isHeld(subject.seam, limit)).map((limit) => [fields[limit], ample[fields[limit]]]),
        )
        const { processes, fill, allocate } = programsOf(subject)
        for (const argv of [processes(4, 0), fill(join(mount.target, 'small'), MIB, 0), allocate(4 * MIB)]) {
          const { exit } = await run(subject.seam, specOf(argv, { mounts: [mount], limits: held }))
          expectEqual([exit.reason, exit.code], ['exited', 0], `exit of ${argv[0]}`)
        }
      }),
  },
  {
    id: 'executor/limits-not-held',
    about: 'A limit that the executor does not hold is refused, and so is one that is no number.',
    async run(subject) {
      const refused = async (asked: LaunchLimits, what: string) =>
        expectCode(
          'INVALID_INPUT',
          () => subject.seam.launch(newLaunchId(), specOf(programsOf(subject).exit(0), { limits: asked })),
          what,
        )
      for (const limit of limits) {
        const field = fields[limit]
        await refused({ [field]: -1 }, `a launch with the ${field} -1`)
        if (!isHeld(subject.seam, limit)) await refused({ [field]: memoryBytes }, `a launch with ${field}`)
      }
    },
  },
]

/** Past this limit an attempt is ended, with the limit as the reason. */
function breach(
  limit: Limit & ExitReason,
  asked: LaunchLimits,
  argv: (programs: ExecutorPrograms, folder: string) => readonly string[],
): Case<Executor> {
  return {
    id: `executor/${limit}-limit`,
    about: `Past its limit of ${limit} an attempt ends, with reason ${limit}.`,
    skip: needs(limit),
    run: async (subject) =>
      withFolder(subject.seam, async (_folder, mount) => {
        const spec = specOf(argv(programsOf(subject), mount.target), { mounts: [mount], limits: asked })
        const { exit } = await run(subject.seam, spec)
        expectEqual(exit.reason, limit, 'reason')
        if (exit.code === 0) fail('it ended as if nothing was the matter')
      }),
  }
}

/** What `times` says of children, in seconds. */
function childSeconds(text: string): number {
  const line = text.trim().split('\n')[1] ?? ''
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0)
}
