import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Place, Started } from './seamark.ts'
import { begin, NODE, place } from './seamark.ts'

let here: Place
let service: Started
let run: string

beforeAll(async () => {
  here = place()
  here.write('seamark', `#!/bin/sh\nexec ${NODE.map((word) => `'${word}'`).join(' ')} "$@"\n`)
  chmodSync(join(here.dir, 'seamark'), 0o755)
  here.write('plan.yaml', 'version: 1\nitems: [{ id: polish-docs, run: ls, executor: process }]\n')
  service = here.start('serve')
  await service.saw('Serving')
  const { out } = await here.seamark('submit', 'plan.yaml', '--json')
  const answer: { run: string } = JSON.parse(out)
  run = answer.run
}, 90_000)

afterAll(async () => {
  service.child.kill('SIGINT')
  await service.ended
  here.remove()
}, 60_000)

const shell = async (...line: string[]) => {
  const PATH = `${here.dir}:${process.env['PATH'] ?? ''}`
  const { out, err } = await begin(here.dir, line, { PATH, TERM: 'xterm', HOME: here.dir }).ended
  return { out, err }
}

const asked = [
  [['lis'], 'list'],
  [['agent', 'pu'], 'push'],
  [['list', '--status', 'su'], 'succeeded'],
  [['list', '--output', 'y'], 'yaml'],
  [['status', 'la'], 'last'],
  [['logs', 'last', 'pol'], 'polish-docs'],
] as const

describe('completion', { timeout: 300_000 }, () => {
  it('works in bash', async () => {
    const complete = asked.map(
      ([words]) =>
        `COMP_WORDS=(seamark ${words.join(' ')}); COMP_CWORD=${words.length}; _seamark; echo "\${COMPREPLY[*]}"`,
    )
    const { out, err } = await shell('bash', '-c', `source <(seamark completion bash); ${complete.join('; ')}`)
    expect(err).toBe('')
    expect(out.trim().split('\n')).toEqual(asked.map(([, word]) => word))
    const equal = 'COMP_WORDS=(seamark list --output = js); COMP_CWORD=4; _seamark; echo "${COMPREPLY[*]}"'
    expect((await shell('bash', '-c', `source <(seamark completion bash); ${equal}`)).out).toBe('json\n')
    const runs = 'COMP_WORDS=(seamark status ""); COMP_CWORD=2; _seamark; printf "%s\\n" "${COMPREPLY[@]}"'
    expect((await shell('bash', '-c', `source <(seamark completion bash); ${runs}`)).out).toBe(`last\n${run}\n`)
  })

  it('works in fish', async () => {
    const complete = asked.map(([words]) => `complete -C 'seamark ${words.join(' ')}'`)
    const { out, err } = await shell('fish', '-c', `seamark completion fish | source; ${complete.join('; ')}`)
    expect(err).toBe('')
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[0]),
    ).toEqual(asked.map(([, word]) => word))
  })

  it.each([
    ['bash', ['bash', '--norc', '--noprofile', '-i'], 'source <(seamark completion bash)'],
    ['zsh', ['zsh', '-f', '-i'], 'autoload -U compinit; compinit -u; source <(seamark completion zsh)'],
  ])('works in %s, at its prompt', async (_, line, load) => {
    // What is completed is shown at once; Ctrl-U takes the line away.
    const pairs = [
      // Said by the shell before it reads a line.
      ['\u001B[?2004h', `${load}; PS1='ready'"> "\r`],
      ...asked.map(([words], at) => [asked[at - 1]?.[1] ?? 'ready> ', `\u0015seamark ${words.join(' ')}\t`]),
      [asked.at(-1)?.[1] ?? '', '\u0015exit\r'],
    ]
    const program = join(import.meta.dirname, 'complete.py')
    const { out } = await shell('python3', '-B', program, JSON.stringify(pairs), ...line)
    expect(out).toMatch(/exit \d+\s*$/)
    for (const [words, word] of asked) expect(out).toContain(`seamark ${[...words.slice(0, -1), word].join(' ')}`)
  })
})
