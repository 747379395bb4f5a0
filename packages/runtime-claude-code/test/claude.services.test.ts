import type { AgentEvent, RuntimeTask } from '@seamark/core'
import { answersOf, endOf, liveRuntime } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claudeCode } from '../src/index.ts'
import type { ClaudeCodeOptions } from '../src/index.ts'
import { ANSWER, GONE, scenarios } from './scenarios.ts'
import type { Scenario } from './scenarios.ts'

const VERSION = '2.1.330'
const dir = mkdtempSync(join(tmpdir(), 'seamark-claude-'))
/** `RECORD_STREAMS=1` keeps what the program says here as the streams that are read without it. */
const streams = process.env['RECORD_STREAMS'] === undefined ? undefined : join(import.meta.dirname, 'streams', VERSION)

/** The program from the registry, as its users install it. */
beforeAll(() => {
  writeFileSync(join(dir, 'package.json'), '{"private":true}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', `@anthropic-ai/claude-code@${VERSION}`], {
    cwd: dir,
    stdio: 'pipe',
  })
  if (streams !== undefined) mkdirSync(streams, { recursive: true })
}, 600_000)

afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function drive({ turns, tools, options, resumes }: Scenario, more: ClaudeCodeOptions = {}) {
  const place = mkdtempSync(join(dir, 'place-'))
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
        PATH: `${join(dir, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        TMPDIR: place,
        SEAMARK_ENDPOINTS: JSON.stringify({ 'api.anthropic.com': server.url }),
      },
      ...(tools !== undefined && { tools }),
    }
    /** Each attempt has a home of its own, with nothing but what is kept of the one before. */
    const attempt = async (home: string, more: Partial<RuntimeTask> = {}, before?: string) => {
      const asked = { ...task, env: { ...task.env, HOME: home }, ...more }
      const { files, keeps = [] } = await runtime.prepare(asked)
      mkdirSync(home)
      if (before !== undefined)
        for (const path of keeps) cpSync(join(before, path), join(home, path), { recursive: true })
      for (const { path, bytes } of files) {
        mkdirSync(join(home, path, '..'), { recursive: true })
        writeFileSync(join(home, path), bytes)
      }
      return liveRuntime(runtime, asked, 100_000)
    }
    const [first, second] = [join(place, 'first'), join(place, 'second')]
    let lived = await attempt(first, resumes === 'gone' ? { resume: { id: GONE } } : {})
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
      lived = await attempt(second, { resume: { id, ...(question && { answer: { question, text: ANSWER } }) } }, first)
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
      expect(events[0]).toMatchObject({
        type: 'progress',
        text: expect.stringMatching(`^Claude Code ${VERSION}, conv`),
      })
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
