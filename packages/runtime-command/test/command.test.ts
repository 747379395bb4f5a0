import type { DrivenEvent, Exit, Json, RuntimeAccess, RuntimeTask } from '@seamark/core'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { command } from '../src/index.ts'

const task: RuntimeTask = { run: 'r', item: 'i', attempt: 1, command: 'true', workspaceDir: '/w', env: {} }
const good: Exit = { code: 0, reason: 'exited', startedAt: 0, endedAt: 1, outputBytes: 0 }
const code = (expected: string) => expect.objectContaining({ code: expected })

function access(stdout: Uint8Array, exit: Exit = good, chunkBytes = 65_536): RuntimeAccess {
  return {
    async *output(stream, from) {
      const bytes = stream === 'stdout' ? stdout : new Uint8Array()
      for (let at = from; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
    },
    write: async () => undefined,
    exit: Promise.resolve(exit),
  }
}

async function driven(of: RuntimeAccess, state?: Json) {
  const out: DrivenEvent[] = []
  for await (const told of command().drive(of, task, state)) out.push(told)
  return out
}

async function events(of: RuntimeAccess, state?: Json) {
  return (await driven(of, state)).map(({ event }) => event)
}

async function texts(stdout: string | Uint8Array) {
  return (await events(access(Buffer.from(stdout)))).flatMap((event) => (event.type === 'progress' ? [event.text] : []))
}

describe('prepare', () => {
  it('gives the shell exactly the command', async () => {
    const line = `  printf '%s\\n' "$HOME" 'it''s' && exit 3 # end `
    expect(await command().prepare({ ...task, command: line })).toEqual({
      argv: ['/bin/sh', '-c', line],
      env: {},
      files: [],
      stdin: 'none',
    })
  })

  it.each([[''], ['  \n'], ['a\0b'], ['x'.repeat(131_072)]])('refuses %j', async (line) => {
    await expect(command().prepare({ ...task, command: line })).rejects.toEqual(code('INVALID_INPUT'))
  })

  it('works in a real shell', async () => {
    const { argv } = await command().prepare({ ...task, command: 'echo one; echo two >&2; false; exit 3' })
    const [program = '', ...args] = argv
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    const chunks: Uint8Array[] = []
    child.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    const [exitCode] = await once(child, 'close')
    expect(await events(access(Buffer.concat(chunks), { ...good, code: exitCode }))).toEqual([
      { type: 'progress', text: 'one' },
      { type: 'turn-end', completed: false, reason: 'exit-3' },
    ])
  })
})

describe('drive', () => {
  it('tells lines without what could move a cursor', async () => {
    expect(await texts('a\n\n  b\t\r\n\u001b[2Jc\u0007\u001b]0;title\u0007d\n\u009be')).toEqual(['a', 'b', 'c d', 'e'])
  })

  it('cuts a long line between characters', async () => {
    const [text = ''] = await texts('é'.repeat(5_000) + '\n')
    expect(text).toBe('é'.repeat(512) + '…')
    expect((await texts('x' + 'é'.repeat(5_000)))[0]).toBe('x' + 'é'.repeat(511) + '…')
    expect((await texts('x'.repeat(1_024)))[0]).toBe('x'.repeat(1_024))
  })

  it('tells ever fewer of very many lines', async () => {
    const told = await texts(Array.from({ length: 123_456 }, (_, index) => `${index}\n`).join(''))
    expect(told).toHaveLength(1_000 + 900 + 900 + 24)
    expect(told.slice(999, 1_002)).toEqual(['999', '1000', '1010'])
    expect(told.at(-1)).toBe('123000')
  })

  it('pays no more for lines that are not told than for their bytes', async () => {
    const stdout = Buffer.from('y\n'.repeat(4_000_000))
    const spent = async (act: () => unknown) => {
      const before = process.cpuUsage()
      await act()
      return process.cpuUsage(before).user
    }
    let newlines = 0
    const bare = await spent(() => {
      for (let at = 0; at < stdout.byteLength; at++) if (stdout[at] === 10) newlines++
    })
    expect(await spent(() => events(access(stdout)))).toBeLessThan(25 * bare + 100_000)
    expect(newlines).toBe(4_000_000)
  })

  it.each<[Partial<Exit>, boolean, string]>([
    [{}, true, 'exited'],
    [{ code: 7 }, false, 'exit-7'],
    [{ reason: 'signaled', signal: 'SIGSEGV' }, false, 'signal-SIGSEGV'],
    [{ reason: 'timeout' }, false, 'timeout'],
    [{ reason: 'killed' }, false, 'killed'],
    [{ reason: 'output' }, false, 'output'],
    [{ reason: 'not-started' }, false, 'not-started'],
  ])('ends %j as completed %s: %s', async (exit, completed, reason) => {
    expect(await events(access(new Uint8Array(), { ...good, ...exit }))).toEqual([
      { type: 'turn-end', completed, reason },
    ])
  })

  it('takes an exit without a code for no success', async () => {
    const { code: _, ...unknown } = good
    expect(await events(access(new Uint8Array(), unknown))).toEqual([
      { type: 'turn-end', completed: false, reason: 'exit-unknown' },
    ])
  })

  it.each<[Json]>([
    [null],
    [{}],
    [[1, 2]],
    [[2, 0, 0, false]],
    [[1, -1, 0, false]],
    [[1, 0.5, 0, false]],
    [[1, 0, 0, 1]],
  ])('refuses the state %j', async (state) => {
    await expect(events(access(new Uint8Array()), state)).rejects.toEqual(code('INVALID_INPUT'))
  })

  it('for any output, any chunks and any restart yields the same events', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3_000 }),
      fc
        .array(fc.constantFrom('a', '\n', 'é', '🧭', '\r', 'x'.repeat(1_030)), { maxLength: 60 })
        .map((parts) => Buffer.from(parts.join(''))),
    )
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), fc.nat(), async (stdout, chunkBytes, cut) => {
        const whole = await driven(access(stdout))
        const at = cut % whole.length
        const rest = await driven(access(stdout, good, chunkBytes), whole[at]!.state)
        expect(rest).toEqual(whole.slice(at + 1))
      }),
      { numRuns: 300 },
    )
  })
})
