import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkArguments } from '../src/arguments.ts'
import { COMMON } from '../src/command.ts'
import { COMMANDS } from '../src/commands/index.ts'
import { commandHelp, overview } from '../src/help.ts'
import { colourPatch } from '../src/patch-colours.ts'
import { harmless, harmlessOutput, style } from '../src/style.ts'
import { counted, duration } from '../src/words.ts'

const args = {
  run: { type: 'positional', required: true },
  item: { type: 'positional', required: false },
  follow: { type: 'boolean', alias: 'f' },
  ...COMMON,
  output: { type: 'string', alias: 'o' },
} as const

const check = (...raw: string[]) => checkArguments('logs', args, raw)
const refused = (...raw: string[]) =>
  expect(() => check(...raw)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))

describe('arguments', () => {
  it('takes what is declared', () => {
    check('r')
    check('r', 'i', '-f', '-o', 'x', '--json')
    check('-o', '-', 'r')
    check('--output=--x', 'r')
    check('r', '--', '--item')
  })

  it('refuses the rest', () => {
    refused()
    refused('r', 'i', 'j')
    refused('r', '--folow')
    refused('r', '--no-json')
    refused('r', '-x')
    refused('r', '--output')
    refused('r', '--output', '--json')
    refused('r', '--json=1')
  })

  it('suggests what was meant', () => {
    try {
      check('r', '--folow')
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ problems: [{ remedy: expect.stringContaining('--follow') }] })
    }
  })
})

describe('help', () => {
  it.each(COMMANDS.map((entry) => [entry.name, entry] as const))(
    'of %s has examples and every option',
    async (name, { summary, load }) => {
      const command = await load()
      expect(command.name).toBe(name)
      const text = commandHelp(summary, command, style(false))
      expect(command.examples.length).toBeGreaterThan(0)
      for (const { line } of command.examples) expect(line).toContain(`seamark ${command.name}`)
      for (const [name, def] of Object.entries(command.args))
        expect(text).toContain(def.type === 'positional' ? name.toUpperCase() : `--${name}`)
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(130)
    },
  )

  it('the overview names every command', () => {
    const text = overview(COMMANDS, '1.2.3', style(false))
    const lines = text.split('\n').map((line) => line.trim().split(/ {2,}/))
    for (const { name, summary } of COMMANDS) expect(lines).toContainEqual([name, summary])
  })
})

describe('words', () => {
  it('counts and measures', () => {
    expect([counted(1, 'item'), counted(2, 'item')]).toEqual(['1 item', '2 items'])
    expect([duration(12), duration(1_234), duration(61_000), duration(3_700_000)]).toEqual([
      '12 ms',
      '1.2 s',
      '1 min 1 s',
      '1 h 1 min',
    ])
  })
})

describe('harmless', () => {
  const controls = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/

  it('shows everything that is in a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(harmless(text)).not.toMatch(controls)
        expect(harmless(text)).not.toContain('\r')
      }),
    )
    expect(harmless('a\u001B[31mb\r\tc\n')).toBe('a\\u{1b}[31mb\\u{d}\tc\n')
    expect(harmless('x\u200By\u061Cz\uFEFF\u{E0041}\u2028\u200D')).toBe(
      'x\\u{200b}y\\u{61c}z\\u{feff}\\u{e0041}\\u{2028}\\u{200d}',
    )
  })

  it('hides nothing of a patch', () => {
    const line = '+evil()\u001B[8m; more()\r+fine()'
    expect(colourPatch(line, style(false))).toBe('+evil()\\u{1b}[8m; more()\\u{d}+fine()')
  })

  it('leaves output no control character but colours, tabs and line ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(harmlessOutput(text).replaceAll(/\u001B\[[0-9;]*m/g, '')).not.toMatch(controls)
      }),
    )
    const colours = '\u001B[31mred\u001B[0m\u001B[m\u001B[38;5;8mgrey\u001B[1;48;2;8;8;8mx\r\n'
    expect(harmlessOutput(colours)).toBe(colours)
    expect(harmlessOutput('\u001B]0;title\u0007')).toBe('\\u{1b}]0;title\\u{7}')
    for (const conceal of ['8', '08', '1;8', '38;5;1;8'])
      expect(harmlessOutput(`\u001B[${conceal}m`)).toBe(`\\u{1b}[${conceal}m`)
  })
})
