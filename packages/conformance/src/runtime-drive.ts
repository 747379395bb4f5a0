import type { DrivenEvent, Json, RuntimeAdapter } from '@seamark/core'
import { expectCode, expectEqual, fail } from './check.ts'
import { liveBufferBytes } from './live-bytes.ts'
import { accessTo, drive, scriptOf } from './runtime-subject.ts'
import type { Case } from './suite.ts'

const mebibyte = 1024 * 1024
const eventsOf = (driven: readonly DrivenEvent[]) => driven.map(({ event }) => event)

const isJson = (value: unknown): value is Json => value !== undefined

/** A state as it comes back from a journal. */
function recorded(state: Json): Json {
  const parsed: unknown = JSON.parse(JSON.stringify(state))
  return isJson(parsed) ? parsed : fail('a state that is not JSON')
}

/** How a program is started and followed. */
export const driveCases: readonly Case<RuntimeAdapter>[] = [
  {
    id: 'runtime/says-what-it-is',
    about: 'spec, kind, name and guarantees are there',
    async run({ seam }) {
      expectEqual(seam.spec, 'runtime/v1', 'spec')
      if (!/^[a-z0-9][a-z0-9.-]*$/.test(seam.kind)) fail(`kind is not a stable name: ${seam.kind}`)
      if (seam.name === '') fail('name is empty')
      expectEqual(typeof seam.guarantees.interactive, 'boolean', 'guarantees.interactive')
    },
  },
  {
    id: 'runtime/prepare-is-repeatable',
    about: 'prepare gives the same launch for the same task, with a program and files that stay in their folder',
    async run(subject) {
      const { task } = scriptOf(subject)
      const first = await subject.seam.prepare(task)
      expectEqual(await subject.seam.prepare(structuredClone(task)), first, 'second prepare')
      if ((first.argv[0] ?? '') === '') fail('no program')
      for (const text of [...first.argv, ...Object.keys(first.env), ...Object.values(first.env)])
        if (text.includes('\0')) fail('a NUL in an argument or variable')
      for (const { path } of first.files)
        if (path === '' || path.startsWith('/') || path.split('/').includes('..'))
          fail(`file outside its folder: ${path}`)
      expectEqual(first.stdin, subject.seam.guarantees.interactive ? 'pipe' : 'none', 'stdin')
    },
  },
  {
    id: 'runtime/keeps-in-its-folder',
    about: 'what is kept of a conversation is in the private folder, and is no file that the launch makes',
    skip: ({ guarantees }) => (guarantees.takes === 'prompt' ? undefined : 'its program has no conversation'),
    async run(subject) {
      const { keeps = [], files } = await subject.seam.prepare(scriptOf(subject).task)
      for (const path of keeps) {
        const names = path.split('/')
        if (names.some((name) => name === '' || name === '.' || name === '..')) fail(`kept outside its folder: ${path}`)
        if (files.some((file) => file.path === path || file.path.startsWith(`${path}/`))) fail(`made and kept: ${path}`)
      }
    },
  },
  {
    id: 'runtime/goes-on',
    about: 'a conversation that is gone on with is told as that one, or its turn does not complete',
    skip: ({ guarantees }) => (guarantees.takes === 'prompt' ? undefined : 'its program has no conversation'),
    async run(subject) {
      const script = scriptOf(subject)
      const begun = eventsOf(await drive(subject.seam, script)).find((event) => event.type === 'conversation')
      const { keeps = [] } = await subject.seam.prepare(script.task)
      if (begun === undefined) return keeps.length > 0 ? fail('what is kept belongs to no conversation') : undefined
      expectEqual(begun.resumed, false, 'resumed, of a conversation that began')
      for (const id of [begun.id, `${begun.id}-other`]) {
        const resumed = { ...script, task: { ...script.task, resume: { id } } }
        const events = eventsOf(await drive(subject.seam, resumed))
        const told = events.find((event) => event.type === 'conversation')
        const last = events.at(-1)
        if (told !== undefined && told.resumed !== (told.id === id)) fail(`${told.id} passed as ${id}`)
        if (told?.resumed !== true && last?.type === 'turn-end' && last.completed) fail(`${id} was not gone on with`)
      }
    },
  },
  {
    id: 'runtime/prepare-refuses',
    about: 'a task with nothing to do is INVALID_INPUT',
    async run(subject) {
      const { command: _, prompt: __, input: ___, ...nothing } = scriptOf(subject).task
      await expectCode(
        'INVALID_INPUT',
        () => subject.seam.prepare(nothing),
        'prepare without command, prompt and input',
      )
    },
  },
  {
    id: 'runtime/any-chunks',
    about: 'the events are the same however the output is cut, also within a character',
    async run(subject) {
      const script = scriptOf(subject)
      const whole = await drive(subject.seam, script)
      for (const size of [1, 2, 3, 7, 1_000])
        expectEqual(
          await drive(subject.seam, script, accessTo(script, size)),
          whole,
          `events in chunks of ${size} bytes`,
        )
    },
  },
  {
    id: 'runtime/restart',
    about: 'from the state of any event, after JSON, it yields exactly the events after it',
    async run(subject) {
      const script = scriptOf(subject)
      const whole = await drive(subject.seam, script)
      for (const [index, { state }] of whole.entries()) {
        const rest = await drive(subject.seam, script, accessTo(script, 5), recorded(state))
        expectEqual(eventsOf(rest), eventsOf(whole.slice(index + 1)), `events after event ${index}`)
      }
    },
  },
  {
    id: 'runtime/restart-from-restart',
    about: 'restarting after every single event loses and repeats nothing',
    async run(subject) {
      const script = scriptOf(subject)
      const whole = await drive(subject.seam, script)
      const seen: DrivenEvent[] = []
      for (let round = 0; round <= whole.length; round++) {
        const state = seen.at(-1)?.state
        for await (const driven of subject.seam.drive(accessTo(script, 11), script.task, state && recorded(state))) {
          seen.push(driven)
          break
        }
      }
      expectEqual(eventsOf(seen), eventsOf(whole), 'events of many restarts')
    },
  },
  {
    id: 'runtime/huge-line',
    alone: true,
    about: '64 MiB without a newline are followed in bounded memory, and no event holds more than 64 KiB of them',
    async run(subject) {
      const script = scriptOf(subject)
      const base = liveBufferBytes() + process.memoryUsage().heapUsed
      let peak = 0
      let textBytes = 0
      const chunk = new Uint8Array(mebibyte / 4).fill(0x78)
      const access = {
        ...accessTo(script),
        async *output(stream: string): AsyncGenerator<Uint8Array> {
          for (let count = 0; count < (stream === 'stdout' ? 256 : 0); count++) {
            yield chunk
            if (count % 64 === 63) peak = Math.max(peak, liveBufferBytes() + process.memoryUsage().heapUsed - base)
          }
        },
      }
      for await (const { event } of subject.seam.drive(access, script.task, undefined))
        textBytes = Math.max(textBytes, JSON.stringify(event).length)
      if (textBytes > 64 * 1024) fail(`an event of ${textBytes} bytes`)
      if (peak > 24 * mebibyte) fail(`${peak} bytes were alive at once`)
    },
  },
  {
    id: 'runtime/any-bytes',
    about: 'output that is not UTF-8 and not the program’s language is no error',
    async run(subject) {
      const script = scriptOf(subject)
      const stdout = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7_919 + (index >> 8)) & 0xff)
      const driven = await drive(subject.seam, script, accessTo({ ...script, stdout }, 1_000))
      for (const { event } of driven) if (!JSON.stringify(event).isWellFormed()) fail('an event is not Unicode text')
      expectEqual(driven.at(-1)?.event.type, 'turn-end', 'last event')
    },
  },
]
