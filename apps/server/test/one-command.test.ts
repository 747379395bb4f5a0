import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runEvent } from '@seamark/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { begin, NODE, place } from './seamark.ts'

const here = place()
let repo = ''
const run = (cwd: string, ...words: string[]) =>
  begin(cwd, [...NODE, 'run', '--executor', 'process', '--data', here.data, ...words]).ended

beforeAll(() => {
  repo = here.repository('repo', { 'file.txt': 'original\n' })
})
afterAll(() => here.remove())

describe('seamark run -- COMMAND', () => {
  it('hands each word on as it is, and offers what the command changed', async () => {
    const script = 'printf "<%s>" "$@"; echo; echo changed > file.txt'
    const { code, out } = await run(
      repo,
      '--id',
      'words',
      '--',
      'sh',
      '-c',
      script,
      'sh',
      'a b',
      '$HOME',
      "it's",
      '',
      '*',
      '--json',
    )
    expect(code).toBe(0)
    expect(out).toContain("<a b><$HOME><it's><><*><--json>")
    expect(out).toContain('1 file changed: seamark patch words command')
    expect(readFileSync(join(repo, 'file.txt'), 'utf8')).toBe('original\n')
    const { out: patch } = await here.seamark('patch', 'words', 'command')
    expect(patch).toContain('+changed')
  })

  it('ends as the command ended, also as data', async () => {
    const { code, out } = await run(repo, '--json', '--id', 'bad', '--', 'sh', '-c', 'exit 7')
    expect(code).toBe(11)
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => runEvent.parse(JSON.parse(line)))
    expect(events.at(-1)).toMatchObject({ type: 'end', run: { run: 'bad', status: 'failed' } })
    const end = events.find((event) => event.type === 'record' && event.kind === 'attempt.ended')
    expect(end).toMatchObject({ data: { outcome: 'failed', exit: { code: 7 } } })
  })

  it('begins in the same folder of the repository', async () => {
    mkdirSync(join(repo, "it's"))
    writeFileSync(join(repo, "it's", 'f'), '')
    await begin(repo, ['git', 'add', '.']).ended
    await begin(repo, ['git', '-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-qm', 'more']).ended
    const { code, out } = await run(join(repo, "it's"), '--', 'sh', '-c', 'test -f f && basename "$PWD"')
    expect(code).toBe(0)
    expect(out).toContain("\nit's\n")
  })

  it('has an empty workspace where there is no repository, and refuses one that git does not take', async () => {
    mkdirSync(join(here.dir, 'none'))
    const { code, out } = await run(join(here.dir, 'none'), '--', 'ls', '-A')
    expect(code).toBe(0)
    expect(out).toContain('an empty workspace')
    mkdirSync(join(here.dir, 'broken', '.git'), { recursive: true })
    expect((await run(join(here.dir, 'broken'), '--', 'true')).code).toBe(2)
  })

  it.each([
    [['run']],
    [['run', '--']],
    [['run', 'plan.yaml', '--', 'x']],
    [['run', 'plan.yaml', '--executor', 'process']],
  ])('%j is refused', async (argv) => {
    expect((await here.seamark(...argv)).code).toBe(2)
  })
})
