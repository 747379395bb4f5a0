import type { RuntimeTask } from '@seamark/core'
import { answersOf, endOf, installPrograms, liveAttempts } from '@seamark/testing'
import type { InstalledPrograms } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codex } from '../src/index.ts'
import type { CodexOptions } from '../src/index.ts'
import { ANSWER, GONE, scenarios } from './scenarios.ts'
import type { Scenario } from './scenarios.ts'

const VERSION = '0.163.0'
let programs: InstalledPrograms
/** `RECORD_STREAMS=1` keeps what the program says here as the streams that are read without it. */
const streams = process.env['RECORD_STREAMS'] === undefined ? undefined : join(import.meta.dirname, 'streams', VERSION)

beforeAll(() => {
  programs = installPrograms(`@openai/codex@${VERSION}`)
  if (streams !== undefined) mkdirSync(streams, { recursive: true })
}, 600_000)

afterAll(() => programs.remove())

/** What a workspace may bring to run something of its own; each would leave a file in the place. */
const foreign = (place: string) => {
  const hooks = [{ hooks: [{ type: 'command', command: `touch ${place}/hooked` }] }]
  return {
    'AGENTS.md': 'The boat is called Nellie.\n',
    '.codex/config.toml': [
      'developer_instructions = "Mind the settings."',
      `notify = ["touch", "${place}/notified"]`,
      '[features]\nhooks = true',
      `[mcp_servers.foreign]\ncommand = "touch"\nargs = ["${place}/served"]`,
    ].join('\n'),
    '.codex/hooks.json': JSON.stringify({ hooks: { SessionStart: hooks, UserPromptSubmit: hooks, PreToolUse: hooks } }),
    '.codex/rules/all.rules':
      'prefix_rule(pattern=["git"], decision="allow")\nprefix_rule(pattern=["cat"], decision="allow")\n',
    '.agents/skills/foreign/SKILL.md': '---\nname: foreign\ndescription: Mind the skill\n---\nMind.\n',
    '.git/HEAD': 'ref: refs/heads/main\n',
  }
}

async function drive({ turns, tools, options, model, effort, resumes }: Scenario, more: CodexOptions = {}) {
  const place = mkdtempSync(join(programs.dir, 'place-'))
  const workspaceDir = join(place, 'work')
  mkdirSync(workspaceDir)
  writeFileSync(join(workspaceDir, 'a.txt'), 'broken\n')
  writeFileSync(join(workspaceDir, 'test.sh'), 'grep -q fixed a.txt && echo it holds\n')
  copyFileSync(join(import.meta.dirname, 'mcp-server.mjs'), join(place, 'mcp-server.mjs'))
  for (const [path, text] of Object.entries(foreign(place))) {
    mkdirSync(dirname(join(workspaceDir, path)), { recursive: true })
    writeFileSync(join(workspaceDir, path), text)
  }
  const server = await startModelServer({
    script: { version: 1, keys: ['placeholder'], turns: turns(workspaceDir) },
  })
  try {
    const runtime = codex({ ...options, ...more })
    const task: RuntimeTask = {
      run: 'r',
      item: 'i',
      attempt: 1,
      prompt: 'Make test.sh pass.',
      workspaceDir,
      env: {
        PATH: `${programs.bin}:${process.env['PATH'] ?? ''}`,
        TMPDIR: place,
        SEAMARK_ENDPOINTS: JSON.stringify({ 'api.openai.com': server.url }),
      },
      ...(tools !== undefined && { tools }),
      ...(model !== undefined && { model }),
      ...(effort !== undefined && { effort }),
    }
    const attempt = liveAttempts(runtime, place, 100_000)
    let lived = await attempt({ ...task, ...(resumes === 'gone' && { resume: { id: GONE } }) })
    // What the attempt before it was answered.
    let earlier = 0
    if (resumes === 'asked' || resumes === 'limited') {
      const question = lived.events.find((event) => event.type === 'question')
      const begun = lived.events.find((event) => event.type === 'conversation')
      const reason = resumes === 'asked' ? 'question' : 'rate-limit'
      expect([endOf(lived.events)?.reason, begun?.resumed], lived.stdout.slice(-3_000)).toEqual([reason, false])
      earlier = server.calls.length
      const id = begun?.id ?? ''
      lived = await attempt({ ...task, resume: { id, ...(question && { answer: { question, text: ANSWER } }) } })
      const again = lived.events.filter((event) => event.type === 'conversation')
      expect(again).toMatchObject([{ type: 'conversation', id, resumed: true }])
    }
    const calls = server.calls.slice(earlier)
    return { ...lived, calls, problems: server.takeProblems(), workspaceDir, place }
  } finally {
    await server.close({ check: false })
  }
}

describe.each(scenarios)('$name', (scenario) => {
  it('is driven to its end', { timeout: 240_000 }, async () => {
    const { events, stdout, stderr, calls, problems, workspaceDir, exit, place } = await drive(scenario)
    expect({ told: answersOf(events), end: endOf(events) }, stdout.slice(-3_000) + stderr.slice(-2_000)).toEqual({
      told: scenario.told,
      end: scenario.end,
    })
    expect([problems, exit.code]).toEqual([[], 0])
    expect(['hooked', 'notified', 'served'].filter((name) => existsSync(join(place, name)))).toEqual([])
    expect(events[0]).toEqual({ type: 'progress', text: `Codex ${VERSION}` })
    if (scenario.model !== undefined)
      expect(new Set(calls.map(({ model }) => model))).toEqual(new Set([scenario.model]))
    if (scenario.effort !== undefined)
      expect(new Set(calls.map(({ effort }) => effort))).toEqual(new Set([scenario.effort]))
    expect(readFileSync(join(workspaceDir, 'a.txt'), 'utf8')).toBe(scenario.file ?? 'broken\n')
    if (['mcp-server', 'resume'].includes(scenario.end.reason)) expect(calls).toEqual([])
    if (scenario.end.completed && scenario.leaves !== true) {
      const sum = (list: readonly (number | undefined)[]) => list.reduce<number>((all, one) => all + (one ?? 0), 0)
      const usage = events.filter((event) => event.type === 'usage')
      expect([sum(usage.map((one) => one.inputTokens)), sum(usage.map((one) => one.outputTokens))]).toEqual([
        sum(calls.map((call) => call.usage?.input)),
        sum(calls.map((call) => call.usage?.output)),
      ])
    }
    if (streams !== undefined)
      writeFileSync(join(streams, `${scenario.name}.jsonl`), stdout.replaceAll(place, '/place'))
  })
})

describe('the program', () => {
  it('of another version is not used', { timeout: 240_000 }, async () => {
    const [scenario] = scenarios
    if (scenario === undefined) throw new Error('There is no scenario.')
    const { events, calls } = await drive(scenario, { versions: { from: '99' } })
    expect(endOf(events)).toEqual({ completed: false, reason: 'agent-version' })
    expect(calls).toEqual([])
  })
})
