import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { ArgsDef } from 'citty'
import { SeamError } from '@seamark/kit'
import { runCli } from '../src/cli.ts'
import { COMMON } from '../src/command.ts'
import type { CliContext } from '../src/command.ts'
import { COMMANDS } from '../src/commands/index.ts'
import { command } from '../src/define.ts'
import { instant } from '../src/instant.ts'
import { outputFormat, wantsDocuments } from '../src/output-format.ts'
import { errorDocument } from '../src/problems.ts'
import { style } from '../src/style.ts'
import { table } from '../src/table.ts'
import type { Terminal } from '../src/terminal.ts'
import { yamlTerminal } from '../src/yaml-terminal.ts'

const refused = expect.objectContaining({ code: 'INVALID_INPUT' })

function recorder(): { readonly io: Terminal; text(): string } {
  let text = ''
  const io: Terminal = {
    out: async (bytes) => void (text += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
    err: () => undefined,
    lost: new AbortController().signal,
    lostFor: () => undefined,
    interactive: false,
    size: () => ({ columns: 80, rows: 24 }),
    style: style(false),
    errStyle: style(false),
  }
  return { io, text: () => text }
}

describe('output formats', () => {
  it('are table, json and yaml', () => {
    expect(outputFormat('list', {})).toBe('table')
    expect(outputFormat('list', { json: true })).toBe('json')
    expect(outputFormat('list', { output: 'json', json: true })).toBe('json')
    expect(outputFormat('list', { output: 'yaml' })).toBe('yaml')
    expect(() => outputFormat('list', { output: 'xml' })).toThrow(refused)
    expect(() => outputFormat('list', { output: 'yaml', json: true })).toThrow(refused)
  })

  it('decide how errors are told before the line is parsed', () => {
    expect(wantsDocuments(['list', '--output', 'yaml'])).toBe(true)
    expect(wantsDocuments(['list', '--output=json'])).toBe(true)
    expect(wantsDocuments(['list', '--output', 'table'])).toBe(false)
    expect(wantsDocuments(['run', '--', '--json'])).toBe(false)
  })

  it('write lines of JSON, however they are cut, as YAML documents of the same content', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.nat(), async (documents, cut) => {
        const { io, text } = recorder()
        const lines = Buffer.from(documents.map((one) => `${JSON.stringify(one)}\n`).join(''))
        const yaml = yamlTerminal(io)
        const at = cut % (lines.byteLength + 1)
        await yaml.out(lines.subarray(0, at))
        await yaml.out(lines.subarray(at))
        // JSON has one zero.
        const plain: unknown = JSON.parse(JSON.stringify(documents))
        expect(parseAllDocuments(text()).map((document) => JSON.parse(JSON.stringify(document)))).toEqual(plain)
      }),
    )
  })
  it.each(['--json', '--output=json', '--output=yaml'])('are none of a script for a shell: %s', async (asked) => {
    const never = () => Promise.reject(new Error('A script needs no service.'))
    const { io, text } = recorder()
    const host = { serve: never, startInProcess: never, migrate: never, secrets: never }
    const context = { host, io, env: { noColor: true, dumb: false }, cwd: '/', version: '0.0.0' }
    expect(await runCli(['completion', 'bash', asked], context)).toBe(2)
    expect(text()).toBe('')
    expect(await runCli(['completion', 'bash', '--output', 'table'], context)).toBe(0)
  })

  it('are none of commands that write a file, which the documentation names', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/how-to/command-line.md'), 'utf8')
    const [, named = ''] = /^(`.*) write files: their `--output` names the file/m.exec(page) ?? []
    const commands = await Promise.all(COMMANDS.map(({ load }) => load()))
    const writers = commands.filter(({ args }) => args['output'] !== COMMON.output).map(({ name }) => `\`${name}\``)
    expect(named.split(/, | and /).toSorted()).toEqual(writers.toSorted())
  })
})

describe('documents on a terminal', () => {
  const unseen =
    /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]/u
  const unit = fc.constantFrom(
    ...Array.from('a\\"\'\n\t\r :-#|>?&*!{}[]\u001B\u0085\u009B\u200D\u2028\u202E\uFEFF\u{E0041}\u{1F600}'),
  )
  const text = fc.string({ unit, maxLength: 120 })
  const document = fc.dictionary(text, fc.oneof(text, fc.array(text), fc.dictionary(text, text)))
  const writes = (args: ArgsDef, written: string) =>
    command({
      name: 'show',
      args,
      examples: [],
      run: async ({ io }) => {
        await io.out(written)
        return 0
      },
    })
  async function shown(args: ArgsDef, written: string, ...given: string[]): Promise<string> {
    const { io, text: all } = recorder()
    await writes(args, written).run({ io } as CliContext, given)
    return all()
  }
  const file = { output: { type: 'string', alias: 'o' } } as const

  it('hold nothing that a terminal obeys or does not show, and are the same data', async () => {
    await fc.assert(
      fc.asyncProperty(document, async (data) => {
        const line = `${JSON.stringify(data)}\n`
        for (const json of [await shown({}, line, '--json'), await shown(file, line, '--json', '-o', 'f')]) {
          expect(json).not.toMatch(unseen)
          expect(JSON.parse(json)).toEqual(JSON.parse(line))
        }
        const yaml = await shown({}, line, '--output', 'yaml')
        expect(yaml).not.toMatch(unseen)
        expect(parse(yaml)).toEqual(JSON.parse(line))
        const error = errorDocument(new SeamError('INVALID_INPUT', line))
        expect(error).not.toMatch(unseen)
        expect(JSON.parse(error)).toMatchObject({ error: { message: line } })
      }),
    )
  })

  it('say what they hold as other readers of JSON and YAML know it', async () => {
    expect(parse(await shown({}, '{"a":" \\n"}\n', '--output', 'yaml'))).toEqual({ a: ' \n' })
    const line = '{"a\u202E":"b\u009B\u{E0041}"}\n'
    expect(await shown({}, line, '--json')).toBe(String.raw`{"a\u202e":"b\u009b\udb40\udc41"}` + '\n')
    expect(await shown({}, line, '--output', 'yaml')).toBe(`---\n${String.raw`"a\u202e": "b\u009b\U000e0041"`}\n`)
  })

  it('are escaped alone: a file that goes to standard output stays as it is', async () => {
    expect(await shown(file, 'a\u202Eb', '--json', '--output=-')).toBe('a\u202Eb')
  })
})

describe('a moment', () => {
  const now = Date.parse('2026-11-23T12:00:00Z')

  it('is so long ago, a day, or a time with its zone', () => {
    expect(instant('--since', '90s', now)).toBe(now - 90_000)
    expect(instant('--since', '7d', now)).toBe(now - 7 * 86_400_000)
    expect(instant('--since', '2026-11-01', now)).toBe(Date.UTC(2026, 10, 1))
    expect(instant('--since', '2026-11-01T08:30:00+01:00', now)).toBe(Date.UTC(2026, 10, 1, 7, 30))
    expect(instant('--since', '999999d', now)).toBe(0)
  })

  it.each(['', 'tomorrow', '0d', '-1d', '1w', '2026-02-30', '2026-13-01', '2026-11-01T08:30', '1e3s'])(
    'is not %j',
    (text) => {
      expect(() => instant('--since', text, now)).toThrow(refused)
    },
  )
})

describe('a table', () => {
  const columns = [
    { head: 'RUN', least: 8 },
    { head: 'STATUS' },
    { head: 'DONE', right: true, spare: 1 },
    { head: 'NAME', spare: 2, least: 4 },
  ] as const
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 60 })
  const rows = fc.array(fc.tuple(word, word, word, word).map((texts) => texts.map((text) => ({ text }))))

  it('is never wider than it may be, and says all where it may be as wide as it likes', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 20, max: 300 }), (cells, width) => {
        for (const line of table(columns, cells, style(false), width)) expect(line.length).toBeLessThanOrEqual(width)
        const whole = table(columns, cells, style(false), undefined)
        for (const [at, row] of cells.entries()) for (const { text } of row) expect(whole[at + 1]).toContain(text)
      }),
    )
  })

  it('leaves out what is spare before it shortens what is not', () => {
    const cells = [['0123456789abcdef', 'succeeded', '2/2', 'nightly'].map((text) => ({ text }))]
    const [head, row] = table(columns, cells, style(false), 20)
    expect(head?.split(/ +/)).toEqual(['RUN', 'STATUS'])
    expect(row).toContain('succeeded')
  })
})
