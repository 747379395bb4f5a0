import { answersOf, endOf, liveRuntime } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claudeCode } from '../src/index.ts'
import type { ClaudeCodeOptions } from '../src/index.ts'
import { scenarios } from './scenarios.ts'
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

async function drive({ turns, tools, options }: Scenario, more: ClaudeCodeOptions = {}) {
  const place = mkdtempSync(join(dir, 'place-'))
  const [workspaceDir, home] = [join(place, 'work'), join(place, 'home')]
  for (const folder of [workspaceDir, home]) mkdirSync(folder)
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
    const task = {
      run: 'r',
      item: 'i',
      attempt: 1,
      prompt: 'Make test.sh pass.',
      workspaceDir,
      env: {
        PATH: `${join(dir, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        HOME: home,
        TMPDIR: place,
        SEAMARK_ENDPOINTS: JSON.stringify({ 'api.anthropic.com': server.url }),
      },
      ...(tools !== undefined && { tools }),
    }
    for (const { path, bytes } of (await runtime.prepare(task)).files) {
      mkdirSync(join(home, path, '..'), { recursive: true })
      writeFileSync(join(home, path), bytes)
    }
    const lived = await liveRuntime(runtime, task, 100_000)
    return { ...lived, calls: server.calls, problems: server.takeProblems(), workspaceDir, place }
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
    const { events, stdout, stderr, calls, problems, workspaceDir, exit, place } = await drive(scenario)
    expect({ told: answersOf(events), end: endOf(events) }, stdout.slice(-3_000) + stderr).toEqual({
      told: scenario.told,
      end: scenario.end,
    })
    expect([problems, exit.code, existsSync(join(place, 'hooked'))]).toEqual([[], 0, false])
    expect(events[0]).toMatchObject({ type: 'progress', text: expect.stringMatching(`^Claude Code ${VERSION}, conv`) })
    expect(readFileSync(join(workspaceDir, 'a.txt'), 'utf8')).toBe(scenario.file ?? 'broken\n')
    if (scenario.end.reason === 'mcp-server') expect(calls.length).toBeLessThan(2)
    if (scenario.end.completed) {
      const sum = (list: readonly (number | undefined)[]) => list.reduce<number>((all, one) => all + (one ?? 0), 0)
      const usage = events.filter((event) => event.type === 'usage')
      expect([sum(usage.map((one) => one.inputTokens)), sum(usage.map((one) => one.outputTokens))]).toEqual([
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
