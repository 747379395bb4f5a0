import type { Json, RuntimeAccess, RuntimeAdapter, RuntimeTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import { expectEqual, fail, within } from './check.ts'
import { accessTo, scriptOf } from './runtime-subject.ts'
import type { RuntimeScript, RuntimeSubject } from './runtime-subject.ts'
import type { Case, Saboteur, Subject } from './suite.ts'

interface Write {
  readonly at: number
  readonly text: string
}

/** Access that keeps what is written, as it was written. */
function listening(script: RuntimeScript, writes: Write[], chunkBytes?: number): RuntimeAccess {
  return {
    ...accessTo(script, chunkBytes),
    async write(bytes, at) {
      writes.push({ at, text: Buffer.from(bytes).toString('latin1') })
    },
  }
}

/** The input that these writes make. Fails where one leaves a gap or says other bytes than one before it. */
function inputOf(writes: readonly Write[]): string {
  let input = ''
  for (const { at, text } of writes) {
    if (at > input.length) fail(`a write at ${at} of an input of ${input.length} bytes`)
    const known = input.slice(at, at + text.length)
    if (!text.startsWith(known)) fail(`other bytes at ${at} than before`)
    input += text.slice(known.length)
  }
  return input
}

const silent = (seam: RuntimeAdapter): string | undefined =>
  seam.guarantees.interactive ? undefined : 'it does not write to its program'

/** What a runtime writes to its program. */
export const inputCases: readonly Case<RuntimeAdapter>[] = [
  {
    id: 'runtime/writes-without-gaps',
    about: 'each write begins where the one before it ended, however the output is cut',
    skip: silent,
    async run(subject) {
      const script = scriptOf(subject)
      const inputs: string[] = []
      for (const size of [65_536, 1, 7]) {
        const writes: Write[] = []
        for await (const _ of subject.seam.drive(listening(script, writes, size), script.task, undefined));
        inputs.push(inputOf(writes))
      }
      if (inputs[0] === '') fail('nothing is written')
      expectEqual(new Set(inputs).size, 1, 'different inputs')
    },
  },
  {
    id: 'runtime/writes-again-the-same',
    about: 'a restart from any state, and from none, writes the same bytes at the same places and leaves none out',
    skip: silent,
    async run(subject) {
      const script = scriptOf(subject)
      const whole: Write[] = []
      const states: (Json | undefined)[] = [undefined]
      const before: number[] = [0]
      for await (const { state } of subject.seam.drive(listening(script, whole), script.task, undefined)) {
        states.push(state)
        before.push(inputOf(whole).length)
      }
      const input = inputOf(whole)
      for (const [index, state] of states.entries()) {
        const writes: Write[] = []
        for await (const _ of subject.seam.drive(listening(script, writes), script.task, state));
        const first = input.slice(0, before[index])
        expectEqual(inputOf([{ at: 0, text: first }, ...writes]), input, `input after event ${index - 1}`)
      }
    },
  },
  {
    id: 'runtime/answers-after-told',
    about: 'what is allowed is told as an event before the program is written to again',
    skip: (seam) => (seam.guarantees.tools === 'asked' ? undefined : 'its program asks for nothing'),
    async run(subject) {
      const script = scriptOf(subject)
      const writes: Write[] = []
      let allowances = 0
      for await (const { event } of subject.seam.drive(listening(script, writes), script.task, undefined)) {
        if (event.type !== 'allowance') continue
        allowances++
        const then = writes.length
        await setImmediate()
        expectEqual(writes.length, then, 'writes while the allowance is recorded')
        writes.push({ at: inputOf(writes).length, text: '' })
      }
      if (allowances === 0) fail('the script has no allowance')
      for (const [index, { text }] of writes.entries())
        if (text === '' && writes[index + 1] === undefined) fail('an allowance that is answered by nothing')
    },
  },
  {
    id: 'runtime/input-refused',
    about: 'a program that takes no input is followed to its end, and its turn is not completed',
    skip: silent,
    async run(subject) {
      const script = scriptOf(subject)
      const access: RuntimeAccess = {
        ...accessTo(script),
        write: async () => {
          throw new SeamError('CONFLICT', 'The launch takes no input.')
        },
      }
      const follow = async () => {
        let completed = false
        for await (const { event } of subject.seam.drive(access, script.task, undefined))
          completed = event.type === 'turn-end' && event.completed
        return completed
      }
      expectEqual(await within(follow(), 'the end'), false, 'completed')
    },
  },
]

const script: RuntimeScript = {
  task: { run: 'r', item: 'i', attempt: 1, prompt: 'do it', workspaceDir: '/w', env: {} },
  stdout: new TextEncoder().encode('ask\nask\n'),
  exit: { code: 0, reason: 'exited', startedAt: 0, endedAt: 1, outputBytes: 8 },
}

type Fault = 'gap' | 'again' | 'early' | 'deaf'

/** A small runtime whose program asks twice, with one thing wrong in it: suites of runtimes that write nothing have no other. */
function faulty(fault: Fault): RuntimeAdapter {
  return {
    spec: 'runtime/v1',
    kind: 'faulty',
    name: 'faulty',
    guarantees: { interactive: true, takes: 'prompt', tools: 'asked' },
    prepare: async () => ({ argv: ['true'], env: {}, files: [], stdin: 'pipe' }),
    async *drive(access: RuntimeAccess, _task: RuntimeTask, state: Json | undefined) {
      const from = typeof state === 'number' ? state : 0
      const shift = fault === 'gap' ? 1 : 0
      const write = async (count: number) => {
        const at = fault === 'again' && from > 0 ? 0 : count * 3
        const text = fault === 'again' && from > 0 ? 'oh\n' : 'ok\n'
        const written = access.write(new TextEncoder().encode(text), at + shift * count, 0)
        // The fault itself: a program that takes no input goes unnoticed.
        await (fault === 'deaf' ? written.catch(() => undefined) : written)
      }
      for (let count = from; count < 2; count++) {
        if (fault === 'early') void setImmediate().then(() => write(count))
        yield { event: { type: 'allowance', tool: 't', reason: 'listed' }, state: count }
        await write(count)
      }
      await access.exit
      yield { event: { type: 'turn-end', completed: true, reason: 'done' }, state: 2 }
    },
  }
}

const brokenInput = (about: string, id: string, fault: Fault): Saboteur<RuntimeAdapter> => ({
  about,
  rejectedBy: [`runtime/${id}`],
  break: () => async () => {
    const subject: RuntimeSubject = { seam: faulty(fault), script, dispose: async () => undefined }
    return subject satisfies Subject<RuntimeAdapter>
  },
})

/** Runtimes that write wrongly, each rejected by the case that it names. */
export const inputSaboteurs: readonly Saboteur<RuntimeAdapter>[] = [
  brokenInput('it leaves out bytes of the input', 'writes-without-gaps', 'gap'),
  brokenInput('it writes something else after a restart', 'writes-again-the-same', 'again'),
  brokenInput('it answers while the answer is not recorded', 'answers-after-told', 'early'),
  brokenInput('it takes no notice of a program that took no input', 'input-refused', 'deaf'),
]
