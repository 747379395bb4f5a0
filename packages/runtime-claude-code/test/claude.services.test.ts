import type { AgentEvent, RuntimeTask } from '@seamark/core'
import { answersOf, endOf, installPrograms, liveAttempts } from '@seamark/testing'
import type { InstalledPrograms } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claudeCode } from '../src/index.ts'
import type { ClaudeCodeOptions } from '../src/index.ts'
import { ANSWER, GONE, scenarios } from './scenarios.ts'
import type { Scenario } from './scenarios.ts'

const VERSION = '2.1.330'
let programs: InstalledPrograms
/** `RECORD_STREAMS=1` keeps what the program says here as the streams that are read without it. */
const streams = process.env['RECORD_STREAMS'] === undefined ? undefined : join(import.meta.dirname, 'streams', VERSION)

beforeAll(() => {
  programs = installPrograms(`@anthropic-ai/claude-code@${VERSION}`)
  if (streams !== undefined) mkdirSync(streams, { recursive: true })
}, 600_000)

afterAll(() => programs.remove())

async function drive({ turns, tools, options, model, effort, resumes }: Scenario, more: ClaudeCodeOptions = {}) {
  const place = mkdtempSync(join(programs.dir, 'place-'))
  const workspaceDir = join(place, 'work')
  mkdirSync(workspaceDir)
  writeFileSync(join(workspaceDir, 'a.txt'), 'broken\n')
  writeFileSync(join(workspaceDir, 'test.sh'), 'grep -q fixed a.txt && echo it holds\n')
  writeFileSync(join(workspaceDir, 'CLAUDE.md'), 'The boat is called Nellie.\n')
  // It would run commands of its own.
  mkdirSync(join(workspaceDir, '.claude'))
  const hook = { hooks: [{ type: 'command', command: `touch ${place}/hooked` }] }
  const hooks = { SessionStart: [hook], PreToolUse: [{ matcher: '*', ...hook }] }
  writeFileSync(
    join(workspaceDir, '.claude/settings.json'),
    JSON.stringify({ permissions: { allow: ['Bash'] }, hooks }),
  )
  const server = await startModelServer({ script: { version: 1, keys: ['placeholder'], turns: turns(workspaceDir) } })
  try {
    const runtime = claudeCode({ ...options, ...more })
    const task: RuntimeTask = {
      run: 'r',
      item: 'i',
      attempt: 1,
      prompt: 'Make test.sh pass.',
      workspaceDir,
      env: {
        PATH: `${programs.bin}:${process.env['PATH'] ?? ''}`,
        TMPDIR: place,
        SEAMARK_ENDPOINTS: JSON.stringify({ 'api.anthropic.com': server.url }),
      },
      ...(tools !== undefined && { tools }),
      ...(model !== undefined && { model }),
      ...(effort !== undefined && { effort }),
    }
    const attempt = liveAttempts(runtime, place, 100_000)
    let lived = await attempt({ ...task, ...(resumes === 'gone' && { resume: { id: GONE } }) })
    const of = (type: AgentEvent['type']) => lived.events.filter((event) => event.type === type)
    let usage = of('usage')
    if (resumes === 'asked' || resumes === 'limited') {
      const question = lived.events.find((event) => event.type === 'question')
      const begun = lived.events.find((event) => event.type === 'conversation')
      expect([endOf(lived.events)?.reason, begun?.resumed]).toEqual([
        resumes === 'asked' ? 'question' : 'rate-limit',
        false,
      ])
      const id = begun?.id ?? ''
      lived = await attempt({ ...task, resume: { id, ...(question && { answer: { question, text: ANSWER } }) } })
      expect(of('conversation')).toMatchObject([{ type: 'conversation', id, resumed: true }])
      usage = [...usage, ...of('usage')]
    }
    return { ...lived, usage, calls: server.calls, problems: server.takeProblems(), workspaceDir, place }
  } finally {
    await server.close({ check: false })
  }
}

/** The texts of its menu of commands are its authors', and nothing reads them. */
function withoutMenu(stdout: string): string {
  return stdout.replace(/^.*"commands":\[.*$/m, (line) =>
    JSON.stringify(JSON.parse(line, (key, value: unknown) => (key === 'description' ? '' : value))),
  )
}

describe.each(scenarios)('$name', (scenario) => {
  it('is driven to its end', { timeout: 240_000 }, async () => {
    const { events, usage, stdout, stderr, calls, problems, workspaceDir, exit, place } = await drive(scenario)
    expect({ told: answersOf(events), end: endOf(events) }, stdout.slice(-3_000) + stderr).toEqual({
      told: scenario.told,
      end: scenario.end,
    })
    expect([problems, existsSync(join(place, 'hooked'))]).toEqual([[], false])
    // A program that finds no conversation ends by itself.
    if (scenario.end.reason !== 'resume') expect(exit.code).toBe(0)
    if (scenario.end.reason !== 'resume')
      expect(events[1]).toMatchObject({
        type: 'progress',
        text: expect.stringMatching(`^Claude Code ${VERSION}, conv`),
      })
    if (scenario.model !== undefined)
      expect(new Set(calls.map(({ model }) => model))).toEqual(new Set([scenario.model]))
    if (scenario.effort !== undefined)
      expect(new Set(calls.map(({ effort }) => effort))).toEqual(new Set([scenario.effort]))
    expect(readFileSync(join(workspaceDir, 'a.txt'), 'utf8')).toBe(scenario.file ?? 'broken\n')
    if (scenario.end.reason === 'resume') expect(calls.length).toBe(0)
    if (scenario.end.reason === 'mcp-server') expect(calls.length).toBeLessThan(2)
    if (scenario.end.completed || scenario.end.reason === 'question') {
      const sum = (list: readonly (number | undefined)[]) => list.reduce<number>((all, one) => all + (one ?? 0), 0)
      const told = usage.flatMap((event) => (event.type === 'usage' ? [event] : []))
      expect([sum(told.map((one) => one.inputTokens)), sum(told.map((one) => one.outputTokens))]).toEqual([
        sum(calls.map((call) => call.usage?.input)),
        sum(calls.map((call) => call.usage?.output)),
      ])
    }
    if (streams !== undefined) writeFileSync(join(streams, `${scenario.name}.jsonl`), withoutMenu(stdout))
  })
})

describe('the program', () => {
  it('of another version is not used', { timeout: 240_000 }, async () => {
    const [scenario] = scenarios
    if (scenario === undefined) throw new Error('There is no scenario.')
    const { events, calls } = await drive(scenario, { versions: { from: '99' } })
    expect(endOf(events)).toEqual({ completed: false, reason: 'agent-version' })
    expect(calls.length).toBeLessThan(2)
  })
})
