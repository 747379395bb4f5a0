import type { Exit, RuntimeAccess, RuntimeAdapter } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { expectCode, expectEqual, fail, within } from './check.ts'
import { accessTo, drive, scriptOf } from './runtime-subject.ts'
import type { RuntimeScript } from './runtime-subject.ts'
import type { Case } from './suite.ts'

const base = { startedAt: 1_000, endedAt: 2_000, outputBytes: 0 }
const badEnds: readonly Exit[] = [
  { ...base, reason: 'exited', code: 1 },
  { ...base, reason: 'exited', code: 255 },
  { ...base, reason: 'signaled', signal: 'SIGSEGV' },
  { ...base, reason: 'killed', signal: 'SIGKILL' },
  { ...base, reason: 'timeout', signal: 'SIGKILL' },
  { ...base, reason: 'output', signal: 'SIGKILL' },
  { ...base, reason: 'memory', signal: 'SIGKILL' },
  { ...base, reason: 'interrupted', signal: 'SIGKILL' },
  { ...base, reason: 'not-started', detail: 'ENOENT' },
]

/** A program whose output never ends by itself. */
function hanging(script: RuntimeScript, exit: Promise<Exit>, onReturn?: () => void): RuntimeAccess {
  return {
    ...accessTo(script),
    exit,
    output: () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        async return() {
          onReturn?.()
          return { done: true, value: undefined }
        },
      }),
    }),
  }
}

/** How following a program comes to its end. */
export const endCases: readonly Case<RuntimeAdapter>[] = [
  {
    id: 'runtime/completes',
    about: 'a program that did its work ends with one completed turn-end, last',
    async run(subject) {
      const driven = await drive(subject.seam, scriptOf(subject))
      const last = driven.at(-1)?.event ?? fail('no events')
      if (last.type !== 'turn-end') fail(`the last event is ${last.type}`)
      expectEqual(last.completed, true, 'completed')
    },
  },
  {
    id: 'runtime/failure-is-not-success',
    about: 'a program that ended in any other way does not end with a completed turn-end',
    async run(subject) {
      const script = scriptOf(subject)
      for (const exit of badEnds) {
        const last = (await drive(subject.seam, { ...script, exit })).at(-1)?.event
        if (last?.type === 'turn-end' && last.completed) fail(`${JSON.stringify(exit)} passed as success`)
        if (last?.type === 'turn-end' && last.reason === '') fail(`${JSON.stringify(exit)} has no reason`)
      }
    },
  },
  {
    id: 'runtime/ends-after-exit',
    about: 'it goes on until the process tree has ended, and then ends',
    async run(subject) {
      const script = scriptOf(subject)
      let ended = false
      const exit = setTimeout(50).then(() => {
        ended = true
        return script.exit
      })
      const iterator = subject.seam.drive(accessTo(script, 64, exit), script.task, undefined)[Symbol.asyncIterator]()
      for (;;) {
        const next = await within(iterator.next(), 'the next event')
        if (next.done === true) break
        if (next.value.event.type === 'turn-end' && next.value.event.completed && !ended)
          fail('a completed turn-end before the program ended')
      }
      if (!ended) fail('it ended before the program')
    },
  },
  {
    id: 'runtime/abort',
    about: 'an abort ends it with ABORTED at once, even if the output hangs',
    async run(subject) {
      const script = scriptOf(subject)
      const never = new Promise<Exit>(() => undefined)
      const aborted = AbortSignal.abort()
      await expectCode('ABORTED', () => drive(subject.seam, script, accessTo(script), undefined, aborted), 'before')
      const controller = new AbortController()
      const driving = () => drive(subject.seam, script, hanging(script, never), undefined, controller.signal)
      const soon = setTimeout(20).then(() => controller.abort())
      await expectCode('ABORTED', driving, 'during')
      await soon
      await expectCode('ABORTED', () => subject.seam.prepare(script.task, { signal: aborted }), 'prepare')
    },
  },
  {
    id: 'runtime/lost',
    about: 'when the program is lost it fails, even if the output hangs, and tells no completed turn',
    async run(subject) {
      const script = scriptOf(subject)
      const loss = () => {
        const exit = setImmediate().then(() => {
          throw new SeamError('UNAVAILABLE', 'The program is lost.')
        })
        exit.catch(() => undefined)
        return exit
      }
      for (const access of [hanging(script, loss()), accessTo(script, 64, loss())]) {
        let completed = false
        const follow = async () => {
          for await (const { event } of subject.seam.drive(access, script.task, undefined))
            completed ||= event.type === 'turn-end' && event.completed
        }
        await expectCode('UNAVAILABLE', follow, 'a lost program')
        if (completed) fail('a lost program passed as success')
      }
    },
  },
  {
    id: 'runtime/lets-go',
    about: 'when it is stopped or left, it lets go of the output',
    async run(subject) {
      const script = scriptOf(subject)
      const never = new Promise<Exit>(() => undefined)
      let opened = 0
      let released = 0
      const counted = (access: RuntimeAccess): RuntimeAccess => ({
        ...access,
        output(stream, fromByte) {
          opened++
          return access.output(stream, fromByte)
        },
      })
      const controller = new AbortController()
      const soon = setTimeout(20).then(() => controller.abort())
      const access = counted(hanging(script, never, () => released++))
      await drive(subject.seam, script, access, undefined, controller.signal).catch(() => undefined)
      await soon
      await setImmediate()
      expectEqual(released, opened, 'outputs that were let go')
    },
  },
]
