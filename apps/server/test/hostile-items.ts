import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { deeds } from './hostile-deeds.ts'
import { begin, NODE, place, runs, type Place, type Started } from './seamark.ts'

const atOnce = 6
/** Goes on beside the others for some time. */
const ordinary = 'for i in $(seq 100); do echo $i >> lines.txt; sleep 0.1; done'

const plan = (executor: string, marker: string): string =>
  JSON.stringify({
    version: 1,
    defaults: { timeout: '2m', executor },
    items: [
      { id: 'ordinary', run: ordinary, patch: 'required' },
      ...deeds.map(({ id, run, more }) => ({ id, run: run.replaceAll('MARKER', marker), ...more })),
    ],
  })

interface Ended {
  readonly outcome: string
  readonly reason: string
  readonly detail?: string
  readonly exit?: {
    readonly reason: string
    readonly left?: { readonly processes: number; readonly names: readonly string[] }
  }
}

/** Tests of what comes of programs that attack what runs and captures them, on a real service, in attempts on one executor. */
export function testsOfHostileItems(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  const marker = join(here.dir, 'marker')
  const ended = new Map<string, Ended>()
  let ground: Ground
  let service: Started

  const seamark = (...argv: readonly string[]) => here.seamark(...argv, '--config', 'seamark.config.mjs')

  beforeAll(async () => {
    ground = await open(here)
    undo.push(ground.stop)
    here.write(
      'seamark.config.mjs',
      `export default { ${ground.line} queues: { default: { concurrency: ${atOnce} } } }\n`,
    )
    service = begin(here.dir, [...NODE, 'serve', '--config', 'seamark.config.mjs'])
    undo.push(async () => service.child.kill('SIGTERM') && (await service.ended))
    await service.saw('socket')
    here.write('plan.json', plan(ground.executor, marker))
    const { code, out, err } = await seamark('run', 'plan.json', '--id', 'r', '--json')
    if (code !== 11) throw new Error(`${code}: ${out.slice(-4000)}${err}`)
    for (const line of out.trim().split('\n')) {
      const { kind, item, data } = JSON.parse(line)
      if (kind === 'attempt.ended') ended.set(item, data)
    }
  }, 600_000)

  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  it.each(deeds)('$id comes to the end that is its own', ({ id, fails }) => {
    const wanted = fails && {
      outcome: fails[0] === 'timeout' ? 'timed-out' : 'failed',
      reason: fails[0],
      ...(fails[1] !== '' && { detail: expect.stringContaining(fails[1]) }),
    }
    expect(ended.get(id)).toMatchObject(wanted ?? { outcome: 'succeeded', reason: 'completed' })
  })

  it.each(deeds)('$id is told with what it left running', ({ id, runsOn }) => {
    const exit = ended.get(id)?.exit
    const left = runsOn
      ? { processes: expect.toSatisfy((count) => count >= runsOn.length), names: expect.arrayContaining([...runsOn]) }
      : { processes: 0, names: [] }
    expect(exit).toMatchObject(
      exit?.reason === 'exited' ? { left } : { reason: expect.stringMatching(/^(?!signaled)/) },
    )
    if (runsOn) expect(exit?.reason).toBe('exited')
  })

  it.each(deeds.filter(({ leaves }) => leaves))(
    '$id is a patch of what it left, and no more',
    async ({ id, leaves }) => {
      const into = join(here.dir, `applied-${id}`)
      execFileSync('git', ['init', '-q', into])
      writeFileSync(`${into}.patch`, (await seamark('patch', 'r', id)).out)
      execFileSync('git', ['apply', '--index', `${into}.patch`], { cwd: into, stdio: 'pipe' })
      const listed = execFileSync('git', ['ls-files', '-z'], { cwd: into, encoding: 'latin1' })
      expect(listed.split('\0').slice(0, -1).toSorted()).toEqual(leaves?.toSorted())
    },
  )

  it('stops neither the service nor what runs beside it, and leaves nothing behind', async () => {
    expect(ended.get('ordinary')).toMatchObject({ outcome: 'succeeded', reason: 'completed' })
    here.write('after.json', JSON.stringify({ version: 1, defaults: { executor: ground.executor }, items: [{ id: 'a', run: 'true' }] })) // prettier-ignore
    expect((await seamark('run', 'after.json', '--id', 'after')).code).toBe(0)
    expect(service.child.exitCode).toBeNull()
    expect(existsSync(marker)).toBe(false)
    expect(runs(marker)).toBe(false)
  })

  it('is told in evidence that verifies', async () => {
    const { items } = JSON.parse((await seamark('status', 'r', '--json')).out)
    expect(items.every(({ executor }: { readonly executor: string }) => executor === ground.executor)).toBe(true)
    expect((await seamark('keys', 'export', '-o', 'trust.json')).code).toBe(0)
    expect((await seamark('evidence', 'export', 'r', '-o', 'evidence.tar')).code).toBe(0)
    const { out } = await seamark('verify', 'evidence.tar', '--trust', 'trust.json', '--json')
    expect(JSON.parse(out)).toMatchObject({ verdict: 'verified', run: { status: 'failed', items: deeds.length + 1 } })
  })
}
