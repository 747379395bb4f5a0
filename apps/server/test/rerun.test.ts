import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ended } from './seamark.ts'
import { place, until } from './seamark.ts'

const here = place()
const store = join(here.data, 'storage')
const python = join(import.meta.dirname, '../../../vectors/verify.py')
const config = ['--config', 'seamark.mjs'] as const
const json = ({ code, out }: Ended): unknown => {
  expect(code).toBe(0)
  return JSON.parse(out)
}
const refused = ({ code, out, err }: Ended): unknown => {
  expect([code, out]).toEqual([5, ''])
  return JSON.parse(err)
}
const timesRun = (item: string) => readFileSync(join(here.dir, `${item}.ran`), 'utf8').length

/** Makes all that is stored so old that it may be removed. */
function age(): void {
  const then = new Date(Date.now() - 48 * 3_600_000)
  for (const { parentPath, name } of readdirSync(store, { recursive: true, withFileTypes: true }))
    if (existsSync(join(parentPath, name))) utimesSync(join(parentPath, name), then, then)
}

beforeAll(async () => {
  here.repository('repo', { 'a.txt': 'a\n' })
  const junit = '<testsuite><testcase name="one"/></testsuite>'
  const ran = (item: string) => `printf x >> '${here.dir}/${item}.ran'`
  here.write(
    'plan.json',
    JSON.stringify({
      version: 1,
      workspace: { git: 'repo' },
      defaults: { executor: 'process' },
      items: [
        { id: 'a', run: `${ran('a')}; echo made > made.txt; echo '${junit}' > t.xml; echo said`, outputs: [{ path: 'made.txt' }, { path: 't.xml', kind: 'junit' }], gates: [{ run: 'test -e made.txt' }] }, // prettier-ignore
        { id: 'b', needs: { p: { from: 'a', select: 'patch' }, t: { from: 'a', select: 'workspace' } }, run: `${ran('b')}; date +%s%N >&2; grep -q made "$SEAMARK_INPUTS"/p* -r && test -e '${here.dir}/mended'` }, // prettier-ignore
        { id: 'c', needs: ['b'], run: `${ran('c')}; true` },
      ],
    }),
  )
  here.write('seamark.mjs', `export default { dataDir: '.seamark', retention: { runs: '1ms' } }\n`)
  expect((await here.seamark('run', 'plan.json', '--id', 'first')).code).toBe(11)
  here.write('mended', '')
}, 60_000)
afterAll(() => here.remove())

describe('a run that does another one again', () => {
  it('takes what succeeded, gives it to what needs it, and shows auditors what it did not run', async () => {
    const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: join(here.dir, 'repo'), encoding: 'utf8' }) // prettier-ignore
    const base = git('rev-parse', 'HEAD').trim()
    // The repository has moved on since.
    writeFileSync(join(here.dir, 'repo/a.txt'), 'b\n')
    git('commit', '-qam', 'more')
    expect((await here.seamark('retry', 'first', '--id', 'second')).code).toBe(0)
    expect([timesRun('a'), timesRun('b'), timesRun('c')]).toEqual([1, 2, 1])
    const summaries = [{ path: 't.xml', summary: { kind: 'junit', tests: 1, failures: 0 } }]
    expect(json(await here.seamark('status', 'second', '--json'))).toMatchObject({
      run: { status: 'succeeded', commit: base, rerun: { of: 'first', take: 'succeeded' } },
      items: [{ item: 'a', status: 'succeeded', reason: 'taken', attempt: 0, summaries }, { item: 'b' }, { item: 'c' }],
    })
    expect((await here.seamark('patch', 'second', 'a')).out).toContain('made.txt')
    expect((await here.seamark('logs', 'second', 'a')).out).toBe('said\n')
    const page = (await here.seamark('report', 'second', '-o', '-')).out
    expect(page).toMatch(/its result is that of run first.*t\.xml<\/code>: 1 test,/s)

    await here.seamark('evidence', 'export', 'second', '-o', 'b.tar')
    here.write('trust.json', (await here.seamark('keys', 'export')).out)
    const report = json(await here.seamark('verify', 'b.tar', '--trust', 'trust.json', '--json'))
    expect(report).toMatchObject({ verdict: 'verified', run: { items: 3, taken: { run: 'first', items: 1 } } })
    execFileSync('python3', [python, 'b.tar', '--trust', 'trust.json'], { cwd: here.dir })
    const again = json(await here.seamark('retry', 'first', '--id', 'second', '--json').then((ended) => ({ ...ended, out: ended.out.split('\n').at(-2) ?? '' }))) // prettier-ignore
    expect(again).toMatchObject({ type: 'end', run: { run: 'second' } })
    expect(timesRun('b')).toBe(2)
  }, 120_000)

  it('keeps what it took for as long as it is kept itself', async () => {
    expect((await here.seamark('gc', 'hold', 'second', ...config)).code).toBe(0)
    age()
    expect(json(await here.seamark('gc', '--json', ...config))).not.toMatchObject({
      removed: { givenUp: { objects: 0 } },
    })
    expect((await here.seamark('patch', 'second', 'a')).out).toContain('made.txt')
    expect((await here.seamark('logs', 'second', 'a')).out).toBe('said\n')
    // Of the first run only that is there which the second one took.
    expect((await here.seamark('logs', 'first', 'b', '--stderr')).code).toBe(4)
    expect((await here.seamark('rerun', 'second', '--from', 'b', '--id', 'third')).code).toBe(0)
    expect([timesRun('a'), timesRun('b'), timesRun('c')]).toEqual([1, 3, 2])
  }, 120_000)

  it('refuses to take what was removed, and runs all of it', async () => {
    await here.seamark('gc', 'release', 'second', ...config)
    age()
    await here.seamark('gc', ...config)
    expect(refused(await here.seamark('rerun', 'third', '--from', 'b', '--json'))).toMatchObject({ error: { code: 'CONFLICT' } }) // prettier-ignore
    expect(timesRun('b')).toBe(3)
    expect((await here.seamark('rerun', 'third')).code).toBe(0)
    expect([timesRun('a'), timesRun('b'), timesRun('c')]).toEqual([2, 4, 3])
  }, 120_000)

  it('is refused where a commit or an item is gone, nothing is left to do, or less may be used now', async () => {
    expect(refused(await here.seamark('retry', 'last', '--json'))).toMatchObject({ error: { code: 'CONFLICT' } })
    expect((await here.seamark('rerun', 'last', '--from', 'z')).code).toBe(4)
    here.write('strict.mjs', `export default { dataDir: '.seamark', policy: { limits: { wallClock: '1m' } } }\n`)
    const strict = refused(await here.seamark('rerun', 'last', '--json', '--config', 'strict.mjs'))
    expect(strict).toMatchObject({ error: { code: 'CONFLICT', problems: [{ code: 'CONFLICT' }] } })
    renameSync(join(here.dir, 'repo'), join(here.dir, 'away'))
    expect((await here.seamark('rerun', 'last')).code).toBe(4)
  }, 120_000)

  it('is left to the running service with --detach, and refused without one', async () => {
    here.write('two.json', JSON.stringify({ version: 1, defaults: { executor: 'process' }, items: [{ id: 'a', run: `test -e '${here.dir}/later'` }] })) // prettier-ignore
    expect((await here.seamark('run', 'two.json', '--id', 'failed')).code).toBe(11)
    here.write('later', '')
    const detached = (id: string) => here.seamark('retry', 'failed', '--detach', '--json', '--id', id)
    const { code, err } = await detached('early')
    expect([code, JSON.parse(err).error.code]).toEqual([9, 'UNAVAILABLE'])
    const service = here.start('serve', '--json')
    await service.saw('"ready"')
    expect(json(await detached('detached'))).toMatchObject({ run: 'detached', created: true, of: 'failed' })
    await until(async () => (await here.seamark('status', 'detached')).out.includes('succeeded'))
    expect((await here.seamark('status', 'early')).code).toBe(4)
    service.child.kill('SIGTERM')
    await service.ended
  }, 120_000)

  it('is refused where what an item names that runs again was removed, or can not be used now', async () => {
    mkdirSync(join(here.dir, 'writer'))
    here.write('writer/agent.yaml', 'name: writer\nversion: 1\nruntime: command\n')
    here.write('writer/AGENTS.md', 'Write.\n')
    expect((await here.seamark('agent', 'push', 'writer')).code).toBe(0)
    const items = ['p', 'q'].map((id) => ({ id, agent: 'writer@1', run: id === 'p' ? 'true' : 'false' }))
    here.write('agents.json', JSON.stringify({ version: 1, defaults: { executor: 'process' }, items }))
    expect((await here.seamark('run', 'agents.json', '--id', 'pinned')).code).toBe(11)
    expect((await here.seamark('agent', 'rm', 'writer@1')).code).toBe(0)
    const problems = async (...argv: string[]) => JSON.parse((await here.seamark(...argv, '--json')).err).error.problems
    const removed = { code: 'CONFLICT', message: 'Agent writer@1 was removed.' }
    expect(await problems('retry', 'pinned')).toEqual([expect.objectContaining(removed)])

    const sandbox = join(import.meta.dirname, '../../../packages/executor-sandbox/src/index.ts')
    here.write(
      'away.ts',
      `import { sandboxExecutor } from ${JSON.stringify(sandbox)}
const dir = import.meta.dirname + '/.seamark'
export default { executors: [sandboxExecutor({ dir, name: 'process', bubblewrap: '/no/bwrap' })] }
`,
    )
    const away = { code: 'UNAVAILABLE', remedy: expect.stringContaining('install bubblewrap') }
    expect(await problems('retry', 'pinned', '--config', 'away.ts')).toEqual([
      expect.objectContaining(away),
      expect.objectContaining(removed),
    ])
  }, 120_000)
})
