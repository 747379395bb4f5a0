import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../src/commands/index.ts'
import { wanted } from '../src/completion/words.ts'

const VALUES = { status: ['running', 'failed'], output: ['table', 'json', 'yaml'], shell: ['bash'], by: ['run'] }
const ask = (...words: string[]) => wanted(COMMANDS, VALUES, words)
const texts = (...words: string[]): string[] => {
  const found = ask(...words)
  return found.kind === 'words' ? found.words.map(({ text }) => text) : [found.kind]
}

describe('completion', () => {
  it('knows every command, its second word and every option of it', () => {
    for (const { name, args } of COMMANDS) {
      const words = name.split(' ')
      words.forEach((word, at) => expect(texts(...words.slice(0, at), '')).toContain(word))
      const options = Object.keys(args).filter((option) => args[option]?.type !== 'positional')
      expect(texts(...words, '-')).toEqual(options.map((option) => `--${option}`))
    }
  })

  it('asks the service for runs, items and agents', () => {
    expect(ask('status', '')).toEqual({ kind: 'runs' })
    expect(ask('status', '019a', '')).toEqual({ kind: 'items', run: '019a' })
    expect(ask('logs', '-f', 'last', '')).toEqual({ kind: 'items', run: 'last' })
    expect(ask('answer', '')).toEqual({ kind: 'items' })
    expect(ask('answer', '--run', '019a', '')).toEqual({ kind: 'items', run: '019a' })
    expect(ask('answer', 'guide', '--run', '')).toEqual({ kind: 'runs' })
    expect(ask('agent', 'show', '')).toEqual({ kind: 'agents' })
  })

  it('gives the values of options, however they are written', () => {
    expect(texts('list', '--status', '')).toEqual(['running', 'failed'])
    expect(texts('list', '--status=')).toEqual(['--status=running', '--status=failed'])
    expect(texts('list', '--output', '=', 'js')).toEqual(['--output=table', '--output=json', '--output=yaml'])
    expect(texts('usage', '--by', '')).toEqual(['run'])
  })

  it('leaves files to the shell, where --output names one too', () => {
    expect(ask('run', '')).toEqual({ kind: 'files' })
    expect(ask('list', '--data', '')).toEqual({ kind: 'files' })
    expect(ask('report', 'last', '-o', '')).toEqual({ kind: 'files' })
    expect(ask('evidence', 'export', 'last', '--output', '')).toEqual({ kind: 'files' })
  })

  it('offers no option twice, and nothing for what is no command', () => {
    expect(texts('list', '--json', '-')).not.toContain('--json')
    expect(texts('no-such', '')).toEqual([])
  })

  it('has an answer to any line', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('-', '--', '=', '--=', '--json', '-f', '__proto__', 'agent', 'list'),
    )
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(ask(...words).kind).toBeTypeOf('string')
      }),
    )
  })
})
