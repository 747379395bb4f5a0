import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../src/commands/index.ts'
import { wanted } from '../src/completion/words.ts'

const VALUES = {
  status: async () => ['running', 'failed'],
  output: async () => ['table', 'json', 'yaml'],
  shell: async () => ['bash'],
  by: async () => ['run'],
}
const ask = (...words: string[]) => wanted(COMMANDS, VALUES, words)
const texts = async (...words: string[]): Promise<string[]> => {
  const found = await ask(...words)
  return found.kind === 'words' ? found.words.map(({ text }) => text) : [found.kind]
}

describe('completion', () => {
  it('knows every command, its second word and every option of it', async () => {
    for (const { name, load } of COMMANDS) {
      const { args } = await load()
      const words = name.split(' ')
      for (const [at, word] of words.entries()) expect(await texts(...words.slice(0, at), '')).toContain(word)
      const options = Object.keys(args).filter((option) => args[option]?.type !== 'positional')
      expect(await texts(...words, '-')).toEqual(options.map((option) => `--${option}`))
    }
  })

  it('asks the service for runs, items and agents', async () => {
    expect(await ask('status', '')).toEqual({ kind: 'runs' })
    expect(await ask('status', '019a', '')).toEqual({ kind: 'items', run: '019a' })
    expect(await ask('logs', '-f', 'last', '')).toEqual({ kind: 'items', run: 'last' })
    expect(await ask('answer', '')).toEqual({ kind: 'items' })
    expect(await ask('answer', '--run', '019a', '')).toEqual({ kind: 'items', run: '019a' })
    expect(await ask('answer', 'guide', '--run', '')).toEqual({ kind: 'runs' })
    expect(await ask('agent', 'show', '')).toEqual({ kind: 'agents' })
  })

  it('gives the values of options, however they are written', async () => {
    expect(await texts('list', '--status', '')).toEqual(['running', 'failed'])
    expect(await texts('list', '--status=')).toEqual(['--status=running', '--status=failed'])
    expect(await texts('list', '--output', '=', 'js')).toEqual(['--output=table', '--output=json', '--output=yaml'])
    expect(await texts('usage', '--by', '')).toEqual(['run'])
  })

  it('leaves files to the shell, where --output names one too', async () => {
    expect(await ask('run', '')).toEqual({ kind: 'files' })
    expect(await ask('list', '--data', '')).toEqual({ kind: 'files' })
    expect(await ask('report', 'last', '-o', '')).toEqual({ kind: 'files' })
    expect(await ask('evidence', 'export', 'last', '--output', '')).toEqual({ kind: 'files' })
  })

  it('offers no option twice, and nothing for what is no command', async () => {
    expect(await texts('list', '--json', '-')).not.toContain('--json')
    expect(await texts('no-such', '')).toEqual([])
  })

  it('has an answer to any line', async () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('-', '--', '=', '--=', '--json', '-f', '__proto__', '--constructor=', 'agent', 'list'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(word), async (words) => {
        expect((await ask(...words)).kind).toBeTypeOf('string')
      }),
    )
  })
})
