import { answersOf, endOf, installPrograms, liveAttempts } from '@seamark/testing'
import type { InstalledPrograms } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import type { ModelScript } from '@seamark/testing-model'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { acp } from '../src/index.ts'
import type { AcpOptions } from '../src/index.ts'
import { agents, scenarios, tools } from './scenarios.ts'

let programs: InstalledPrograms
/** `RECORD_STREAMS=1` keeps what the agents say here as the streams that are read without them. */
const records = process.env['RECORD_STREAMS'] !== undefined

beforeAll(() => {
  programs = installPrograms(...agents.map((agent) => agent.package))
}, 600_000)

afterAll(() => programs.remove())

/** The texts of their menus of commands are their authors', and nothing reads them. */
function withoutMenu(stdout: string): string {
  return stdout.replaceAll(/^.*"available_commands_update".*$/gm, (line) =>
    JSON.stringify(JSON.parse(line, (key, value: unknown) => (key === 'description' ? '' : value))),
  )
}

describe.each(agents)('$name', (agent) => {
  async function begin(turns: NonNullable<ModelScript['turns']>, more: Partial<AcpOptions> = {}) {
    const server = await startModelServer({ script: { version: 1, turns } })
    onTestFinished(() => server.close({ check: false }))
    const place = mkdtempSync(join(programs.dir, 'place-'))
    const workspaceDir = join(place, 'work')
    mkdirSync(workspaceDir)
    const runtime = acp({ ...agent.options(server.url), ...more })
    const env = { PATH: `${programs.bin}:${process.env['PATH'] ?? ''}`, TMPDIR: place, LANG: 'C.UTF-8' }
    const task = { run: 'r', item: 'i', attempt: 1, prompt: 'Make a file.', workspaceDir, env, tools }
    return { server, task, workspaceDir, attempt: liveAttempts(runtime, place, 240_000) }
  }

  it.for(scenarios)('is driven to its end: $name', { timeout: 300_000 }, async (scenario) => {
    const { name, turns, options, answer, told, end, files = [] } = scenario
    const { server, task, workspaceDir, attempt } = await begin(turns(agent), options)
    let lived = await attempt(task)
    const begun = lived.events.find(({ type }) => type === 'conversation')
    expect(begun).toMatchObject({ resumed: false })
    if (answer !== undefined) {
      const id = begun?.type === 'conversation' ? begun.id : ''
      lived = await attempt({
        ...task,
        resume: { id, answer: { question: { id: 'q', text: 'Which colour?' }, text: answer } },
      })
      expect(lived.events).toContainEqual(expect.objectContaining({ type: 'conversation', id, resumed: true }))
    }
    const { events, stdout, stderr, exit } = lived
    if (records) writeFileSync(join(import.meta.dirname, 'streams', agent.name, `${name}.jsonl`), withoutMenu(stdout))
    expect({ told: answersOf(events), end: endOf(events) }, stdout.slice(-3_000) + stderr).toEqual({ told, end })
    expect([server.problems(), readdirSync(workspaceDir)]).toEqual([[], files])
    if (end.completed) expect(exit.code).toBe(0)
  })

  it('says so where it has no such conversation', { timeout: 300_000 }, async () => {
    const { task, attempt } = await begin([{ answer: 'Unused.' }])
    const gone = await attempt({ ...task, resume: { id: '00000000-0000-4000-8000-000000000000' } })
    expect(endOf(gone.events)).toEqual({ completed: false, reason: 'resume' })
    expect(gone.events.filter(({ type }) => type === 'conversation')).toEqual([])
  })

  it('of another version is not used', { timeout: 300_000 }, async () => {
    const { task, attempt } = await begin([{ answer: 'Unused.' }], {
      versions: { from: '99' },
      install: 'npm install agent@99',
    })
    expect(endOf((await attempt(task)).events)).toEqual({ completed: false, reason: 'agent-version' })
  })
})
