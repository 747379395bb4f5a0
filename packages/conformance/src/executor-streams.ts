import type { Executor } from '@seamark/core'
import { sleep } from '@seamark/kit'
import { expectCode, expectEqual, fail, within } from './check.ts'
import { eventsUntil, exitOf, launched, newLaunchId, outputOf, programsOf, run, specOf } from './executor-subject.ts'
import type { Case } from './suite.ts'

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)

const needsInput = (seam: Executor) => (seam.guarantees.input ? undefined : 'guarantees.input is false')

/** Output, input and events. */
export const streamCases: readonly Case<Executor>[] = [
  {
    id: 'executor/output',
    about: 'Each stream holds what was written to it, byte for byte, and can be read again.',
    async run(subject) {
      const { print } = programsOf(subject)
      for (const stream of ['stdout', 'stderr'] as const) {
        const { launchId } = await run(subject.seam, specOf(print(stream, everyByte)))
        expectEqual(await outputOf(subject.seam, launchId, stream), Buffer.from(everyByte), stream)
        expectEqual(await outputOf(subject.seam, launchId, stream), Buffer.from(everyByte), `${stream}, again`)
        const other = stream === 'stdout' ? 'stderr' : 'stdout'
        expectEqual((await outputOf(subject.seam, launchId, other)).byteLength, 0, `${other} beside ${stream}`)
      }
    },
  },
  {
    id: 'executor/output-opened-again',
    about: 'What a program writes to /dev/stdout or /dev/stderr, opened by that name, is in that stream.',
    async run(subject) {
      const { reopen } = programsOf(subject)
      for (const stream of ['stdout', 'stderr'] as const) {
        const { launchId, exit } = await run(subject.seam, specOf(reopen(stream, `to ${stream}`)))
        expectEqual([exit.reason, exit.code], ['exited', 0], `exit of what opens ${stream}`)
        expectEqual((await outputOf(subject.seam, launchId, stream)).toString(), `to ${stream}`, stream)
        const other = stream === 'stdout' ? 'stderr' : 'stdout'
        expectEqual((await outputOf(subject.seam, launchId, other)).byteLength, 0, `${other} beside ${stream}`)
      }
    },
  },
  {
    id: 'executor/output-from-an-offset',
    about: 'Output is read from any byte; from its end or beyond there is nothing.',
    async run(subject) {
      const { launchId } = await run(subject.seam, specOf(programsOf(subject).print('stdout', everyByte)))
      for (const from of [1, 100, 255, 256, 1000])
        expectEqual(
          await outputOf(subject.seam, launchId, 'stdout', from),
          Buffer.from(everyByte.subarray(from)),
          `from ${from}`,
        )
    },
  },
  {
    id: 'executor/output-follows',
    about: 'Output arrives while the program runs, and ends when it has ended.',
    async run(subject) {
      const { seam } = subject
      const launchId = await launched(seam, specOf(programsOf(subject).chunks(500, ['first', 'second'])))
      let text = ''
      let early = false
      const read = async () => {
        for await (const chunk of seam.output(launchId, 'stdout', 0)) {
          text += Buffer.from(chunk).toString()
          if (text === 'first') early = (await seam.attach(launchId)).state === 'running'
        }
      }
      await within(read(), 'output')
      expectEqual([text, early], ['firstsecond', true], 'output')
      expectEqual((await seam.attach(launchId)).state, 'exited', 'state when the output has ended')
    },
  },
  {
    id: 'executor/large-output',
    about: 'Output larger than any buffer is whole.',
    async run(subject) {
      const argv = programsOf(subject).flood()
      const limit = 3_000_000
      const { launchId, exit } = await run(subject.seam, specOf(argv, { maxOutputBytes: limit }))
      const bytes = await outputOf(subject.seam, launchId)
      expectEqual(bytes.byteLength, exit.outputBytes, 'size')
      if (!bytes.every((byte) => byte === 0x78)) fail('the output holds what was not written')
    },
  },
  {
    id: 'executor/output-of-nothing',
    about: 'There is no output of a launch that never was.',
    run: async ({ seam }) => expectCode('NOT_FOUND', () => outputOf(seam, newLaunchId()), 'output'),
  },
  {
    id: 'executor/output-aborts',
    about: 'A reader of output that waits can be stopped.',
    async run(subject) {
      const launchId = await launched(subject.seam, specOf(programsOf(subject).sleep(60_000)))
      const stop = new AbortController()
      const read = async () => {
        for await (const chunk of subject.seam.output(launchId, 'stdout', 0, { signal: stop.signal }))
          fail(`output of a program without: ${chunk.byteLength} bytes`)
      }
      setTimeout(() => stop.abort(), 50)
      await expectCode('ABORTED', read, 'output')
      await subject.seam.kill(launchId)
    },
  },
  {
    id: 'executor/events',
    about: 'Starts and ends are told in order, to a reader who was there and to one who comes later.',
    async run(subject) {
      const { seam } = subject
      const live = eventsUntil(seam, undefined, ({ state }) => state.state === 'exited')
      await sleep(50)
      const launchId = await launched(seam, specOf(programsOf(subject).sleep(100)))
      const exit = await exitOf(seam, launchId)
      for (const [who, events] of [
        ['live', await live],
        ['later', await eventsUntil(seam, undefined, ({ state }) => state.state === 'exited')],
      ] as const) {
        expectEqual(new Set(events.map((event) => event.launchId)), new Set([launchId]), `launches, ${who}`)
        expectEqual([...new Set(events.map(({ state }) => state.state))], ['running', 'exited'], `states, ${who}`)
        expectEqual(events.at(-1)?.state, { state: 'exited', exit }, `last state, ${who}`)
      }
    },
  },
  {
    id: 'executor/events-resume',
    about: 'From the cursor of any event, every later change is told.',
    async run(subject) {
      const { seam } = subject
      const { exit } = programsOf(subject)
      const ids: string[] = []
      for (let i = 0; i < 4; i++) ids.push((await run(seam, specOf(exit(i)))).launchId)
      const all = await eventsUntil(
        seam,
        undefined,
        ({ launchId, state }) => launchId === ids[3] && state.state === 'exited',
      )
      for (const [index, { cursor }] of all.entries()) {
        if (index === all.length - 1) continue
        const rest = await eventsUntil(seam, cursor, (event) => event.cursor === all.at(-1)?.cursor)
        const told = new Set(rest.map((event) => event.cursor))
        const missing = all.slice(index + 1).filter((event) => !told.has(event.cursor))
        expectEqual(missing, [], `not told after event ${index}`)
        if (rest.length > all.length) fail('a cursor starts before the beginning')
      }
      // Past the last event there is only what comes.
      const next = eventsUntil(seam, all.at(-1)?.cursor, () => true)
      const launchId = await launched(seam, specOf(exit(0)))
      expectEqual((await next)[0]?.launchId, launchId, 'next event')
    },
  },
  {
    id: 'executor/events-abort',
    about: 'A reader of events that waits can be stopped.',
    async run({ seam }) {
      const stop = new AbortController()
      const read = async () => {
        for await (const event of seam.events(undefined, { signal: stop.signal })) fail(`event of ${event.launchId}`)
      }
      setTimeout(() => stop.abort(), 50)
      await expectCode('ABORTED', read, 'events')
    },
  },
  {
    id: 'executor/sends',
    about: 'What is sent arrives at the program’s input, in order.',
    skip: needsInput,
    async run(subject) {
      const { seam } = subject
      const launchId = await launched(seam, specOf(programsOf(subject).cat(), { stdin: 'pipe' }))
      for (const text of ['one ', 'two ', 'three']) await seam.send?.(launchId, new TextEncoder().encode(text))
      await seam.send?.(launchId, everyByte)
      const want = Buffer.concat([Buffer.from('one two three'), everyByte])
      let got = Buffer.alloc(0)
      const read = async () => {
        for await (const chunk of seam.output(launchId, 'stdout', 0)) {
          got = Buffer.concat([got, chunk])
          if (got.byteLength >= want.byteLength) return
        }
      }
      await within(read(), 'output')
      expectEqual(got, want, 'echo')
      await seam.kill(launchId)
      await exitOf(seam, launchId)
      await expectCode(
        'NOT_FOUND',
        async () => seam.send?.(newLaunchId(), everyByte),
        'send to a launch that never was',
      )
    },
  },
  {
    id: 'executor/sends-on',
    about: 'What takes input takes it also from a service that comes back.',
    skip: (seam) =>
      needsInput(seam) ?? (seam.guarantees.outlivesService ? undefined : 'guarantees.outlivesService is false'),
    async run(subject) {
      const launchId = await launched(subject.seam, specOf(programsOf(subject).cat(), { stdin: 'pipe' }))
      await subject.seam.send?.(launchId, new TextEncoder().encode('before\n'))
      const again =
        (await subject.reopen?.()) ?? fail('guarantees.outlivesService, but the subject can not be reopened')
      await again.send?.(launchId, new TextEncoder().encode('after\n'))
      let got = ''
      const read = async () => {
        for await (const chunk of again.output(launchId, 'stdout', 0)) {
          got += Buffer.from(chunk).toString()
          if (got.length >= 'before\nafter\n'.length) return
        }
      }
      await within(read(), 'output')
      expectEqual(got, 'before\nafter\n', 'echo')
      await again.kill(launchId)
      await exitOf(again, launchId)
      await again.close?.()
    },
  },
  {
    id: 'executor/refuses-input',
    about: 'What takes no input, or has ended, is sent nothing.',
    skip: needsInput,
    async run(subject) {
      const { seam } = subject
      const without = await launched(seam, specOf(programsOf(subject).sleep(60_000)))
      await expectCode('CONFLICT', async () => seam.send?.(without, everyByte), 'send to a launch without input')
      await seam.kill(without)
      const { launchId } = await run(seam, specOf(programsOf(subject).exit(0), { stdin: 'pipe' }))
      await expectCode('CONFLICT', async () => seam.send?.(launchId, everyByte), 'send to what has ended')
    },
  },
  {
    id: 'executor/no-input',
    about: 'Without a pipe the input is empty.',
    async run(subject) {
      const { exit } = await run(subject.seam, specOf(programsOf(subject).cat()))
      expectEqual([exit.reason, exit.code, exit.outputBytes], ['exited', 0, 0], 'exit')
    },
  },
]
