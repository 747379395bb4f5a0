import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AnyRecord, VerifyReport } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const KILLS = 200
const ITEMS = 200
const MAIN = join(import.meta.dirname, '../src/main.ts')
const NODE = [process.execPath, '--conditions=source', MAIN] as const

describe('kill -9 of the service', () => {
  let dir = ''
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'seamark-kill-'))
    mkdirSync(join(dir, 'done'))
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it(
    `at ${KILLS} random instants of a run of ${ITEMS} items loses nothing and settles nothing twice`,
    { timeout: 1_200_000 },
    async () => {
      // Each attempt leaves a line outside its workspace, so that one that ran twice is seen.
      const items = Array.from({ length: ITEMS }, (_, index) => ({
        id: `i${index}`,
        run: `echo "$SEAMARK_ATTEMPT" >> "$DONE/i${index}"; echo ${index} > out; sleep 1`,
        ...(index % 5 === 4 && { needs: [`i${index - 1}`] }),
        ...(index % 7 === 0 && { locks: ['out'] }),
        ...(index % 11 === 0 && { gates: [{ run: `grep -q ${index} out` }] }),
      }))
      const plan = {
        version: 1,
        name: 'kill',
        defaults: { executor: 'process', env: { DONE: join(dir, 'done') } },
        items,
      }
      writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan))

      const launchedAt = Date.now()
      let service = launch(dir)
      await expect
        .poll(() => existsSync(join(dir, '.seamark/service.json')), { timeout: 30_000, interval: 5 })
        .toBe(true)
      const startMs = Date.now() - launchedAt
      execFileSync(NODE[0], [...NODE.slice(1), 'submit', 'plan.json', '--id', 'kill', '--json'], { cwd: dir })
      for (let kill = 0; kill < KILLS; kill++) {
        // From the first instant of its start to well into its work.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * startMs))
        await killed(service)
        service = launch(dir)
      }
      await killed(service)
      service = await serve(dir)
      await expect.poll(() => statusOf(dir), { timeout: 600_000, interval: 1_000 }).toBe('succeeded')

      execFileSync(NODE[0], [...NODE.slice(1), 'evidence', 'export', 'kill', '-o', 'kill.tar'], { cwd: dir })
      writeFileSync(join(dir, 'trust.json'), execFileSync(NODE[0], [...NODE.slice(1), 'keys', 'export'], { cwd: dir }))
      const report: VerifyReport = JSON.parse(
        execFileSync(NODE[0], [...NODE.slice(1), 'verify', 'kill.tar', '--trust', 'trust.json', '--json'], {
          cwd: dir,
        }).toString('utf8'),
      )
      expect(report.verdict).toBe('verified')
      await killed(service)

      const log = await recordsOf(dir)
      const settled = log.filter(({ kind }) => kind === 'item.settled').map(({ item }) => item)
      const ids = new Set(items.map(({ id }) => id))
      expect(settled).toHaveLength(ITEMS)
      expect(new Set(settled)).toEqual(ids)
      const done = readdirSync(join(dir, 'done'))
      expect(new Set(done)).toEqual(ids)
      for (const id of done) {
        const attempts = readFileSync(join(dir, 'done', id), 'utf8')
          .trim()
          .split('\n')
        expect({ id, attempts }).toEqual({ id, attempts: [...new Set(attempts)] })
      }
      expect(log.filter(({ kind }) => kind === 'engine.started').length).toBeGreaterThan(KILLS / 4)
    },
  )
})

function launch(cwd: string): ChildProcess {
  return spawn(NODE[0], [...NODE.slice(1), 'serve'], { cwd, stdio: ['ignore', 'ignore', 'ignore'] })
}

async function serve(cwd: string): Promise<ChildProcess> {
  const service = launch(cwd)
  await expect.poll(() => statusOf(cwd, true), { timeout: 30_000, interval: 100 }).not.toBe('away')
  return service
}

function killed(service: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (service.exitCode !== null || service.signalCode !== null) return resolve()
    service.once('exit', () => resolve())
    service.kill('SIGKILL')
  })
}

function statusOf(cwd: string, any = false): string {
  try {
    const out = execFileSync(NODE[0], [...NODE.slice(1), 'status', ...(any ? [] : ['kill']), '--json'], {
      cwd,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const answer: unknown = JSON.parse(out.toString('utf8'))
    return typeof answer === 'object' &&
      answer !== null &&
      'run' in answer &&
      typeof answer.run === 'object' &&
      answer.run !== null &&
      'status' in answer.run
      ? String(answer.run.status)
      : 'there'
  } catch {
    return 'away'
  }
}

async function recordsOf(dir: string): Promise<AnyRecord[]> {
  const { journal } = sqliteJournal({ dir: join(dir, '.seamark/journal') })
  const found: AnyRecord[] = []
  for await (const { header } of journal.read('default', 0))
    found.push(JSON.parse(Buffer.from(header).toString('utf8')))
  await journal.close()
  return found
}
