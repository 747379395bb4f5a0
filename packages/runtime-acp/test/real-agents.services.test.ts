import type { AgentEvent, RuntimeTask } from '@seamark/core'
import { installPrograms, liveAttempts } from '@seamark/testing'
import type { InstalledPrograms } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import type { ModelServer, ModelScript } from '@seamark/testing-model'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acp } from '../src/index.ts'
import type { AcpOptions } from '../src/index.ts'

let programs: InstalledPrograms

beforeAll(() => {
  programs = installPrograms('@zed-industries/claude-agent-acp@0.23.1', '@zed-industries/codex-acp@0.16.0')
}, 600_000)

afterAll(() => programs.remove())

interface RealAgent {
  readonly name: string
  /** What its model calls to run a command line. */
  readonly call: (command: string) => { readonly tool: string; readonly input: Readonly<Record<string, string>> }
  readonly options: (url: string) => AcpOptions
}

const agents: readonly RealAgent[] = [
  {
    name: 'claude-agent-acp',
    call: (command) => ({ tool: 'Bash', input: { command, description: 'a command' } }),
    options: (url) => ({
      argv: ['claude-agent-acp'],
      env: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: 'placeholder',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      },
      keeps: ['.claude/projects'],
      versions: { from: '0.23.1', below: '0.24.0' },
    }),
  },
  {
    name: 'codex-acp',
    call: (cmd) => ({ tool: 'exec_command', input: { cmd } }),
    options: (url) => ({
      argv: [
        'codex-acp',
        ...[
          'model="gpt-5"',
          'model_provider="local"',
          `model_providers.local={name="local",base_url="${url}/v1",env_key="KEY",wire_api="responses"}`,
          'approval_policy="untrusted"',
          // Its sandbox is the one that it is in.
          'sandbox_mode="danger-full-access"',
        ].flatMap((setting) => ['-c', setting]),
      ],
      env: { KEY: 'placeholder', OPENAI_API_KEY: 'placeholder' },
      keeps: ['.codex/sessions'],
      versions: { from: '0.16.0', below: '0.17.0' },
    }),
  },
]

describe.each(agents)('$name', ({ name, call, options }) => {
  const tools = { shell: ['touch *'], deny: [] }
  let server: ModelServer

  async function begin(turns: NonNullable<ModelScript['turns']>, more: Partial<AcpOptions> = {}) {
    server = await startModelServer({ script: { version: 1, turns } })
    const place = mkdtempSync(join(programs.dir, 'place-'))
    const workspaceDir = join(place, 'work')
    mkdirSync(workspaceDir)
    const runtime = acp({ ...options(server.url), ...more })
    const env = { PATH: `${programs.bin}:${process.env['PATH'] ?? ''}`, TMPDIR: place, LANG: 'C.UTF-8' }
    const task = { run: 'r', item: 'i', attempt: 1, prompt: 'Make a file.', workspaceDir, env, tools }
    const live = liveAttempts(runtime, place, 240_000)
    return { workspaceDir, attempt: (resume?: RuntimeTask['resume']) => live({ ...task, ...(resume && { resume }) }) }
  }

  async function drive(turns: NonNullable<ModelScript['turns']>, more: Partial<AcpOptions> = {}) {
    const { attempt, workspaceDir } = await begin(turns, more)
    return { ...(await attempt()), files: readdirSync(workspaceDir) }
  }

  const of = (events: readonly AgentEvent[], ...types: readonly AgentEvent['type'][]) =>
    events.filter(({ type }) => types.includes(type))

  it('is denied a command, allowed another, and finishes', { timeout: 300_000 }, async () => {
    const { events, files, exit } = await drive([
      { answer: [{ text: 'I try.' }, call('curl http://evil.example')] },
      { answer: [call('touch made.txt')] },
      { answer: 'Done.' },
    ])
    expect(of(events, 'denial', 'allowance', 'turn-end'), JSON.stringify(events)).toEqual([
      { type: 'denial', tool: 'curl http://evil.example', reason: 'not-listed' },
      { type: 'allowance', tool: 'touch made.txt', reason: 'listed' },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
    expect([files, exit.code]).toEqual([['made.txt'], 0])
    await server.close({ check: false })
  })

  it('goes on in its conversation, and says so where it has none', { timeout: 300_000 }, async () => {
    const { attempt } = await begin([
      { answer: [call('touch made.txt')] },
      { answer: 'Which colour?' },
      {
        expect: { anywhere: ['Make a file.', 'touch made.txt'], contains: ['Which colour?', 'Blue.'] },
        answer: 'Done.',
      },
    ])
    const begun = of((await attempt()).events, 'conversation')
    const [first] = begun
    const id = first?.type === 'conversation' ? first.id : ''
    expect(begun).toMatchObject([{ type: 'conversation', id, resumed: false }])
    const { events, stdout } = await attempt({
      id,
      answer: { question: { id: 'q', text: 'Which colour?' }, text: 'Blue.' },
    })
    expect(of(events, 'conversation', 'tool', 'turn-end'), stdout.slice(-3_000)).toMatchObject([
      { type: 'conversation', id, resumed: true },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
    expect(server.takeProblems()).toEqual([])
    if (process.env['RECORD_STREAMS'] !== undefined) {
      const version = options('').versions?.from ?? ''
      writeFileSync(join(import.meta.dirname, 'streams', `${name}-${version}`, 'gone-on-with.jsonl'), stdout)
    }
    const gone = await attempt({ id: '00000000-0000-4000-8000-000000000000' })
    expect(of(gone.events, 'conversation', 'turn-end')).toMatchObject([
      { type: 'turn-end', completed: false, reason: 'resume' },
    ])
    await server.close({ check: false })
  })

  it('of another version is not used', { timeout: 300_000 }, async () => {
    const { events } = await drive([{ answer: 'unused' }], {
      versions: { from: '99' },
      install: 'npm install agent@99',
    })
    expect(of(events, 'turn-end')).toMatchObject([{ completed: false, reason: 'agent-version' }])
    await server.close({ check: false })
  })
})
