import type { AgentEvent, RuntimeTask } from '@seamark/core'
import { liveRuntime } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import type { ModelServer, ModelScript } from '@seamark/testing-model'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acp } from '../src/index.ts'
import type { AcpOptions } from '../src/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-agents-'))
const bin = join(dir, 'node_modules/.bin')

/** Agents from the registry, installed as their users do, but for scripts. */
beforeAll(() => {
  writeFileSync(join(dir, 'package.json'), '{"private":true}')
  const packages = ['@zed-industries/claude-agent-acp@0.23.1', '@zed-industries/codex-acp@0.16.0']
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], {
    cwd: dir,
    stdio: 'pipe',
  })
}, 600_000)

afterAll(() => rmSync(dir, { recursive: true, force: true }))

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
      versions: { from: '0.16.0', below: '0.17.0' },
    }),
  },
]

describe.each(agents)('$name', ({ call, options }) => {
  const tools = { shell: ['touch *'], deny: [] }
  let server: ModelServer

  async function drive(turns: NonNullable<ModelScript['turns']>, more: Partial<AcpOptions> = {}) {
    server = await startModelServer({ script: { version: 1, turns } })
    const place = mkdtempSync(join(dir, 'place-'))
    const [workspaceDir, home] = [join(place, 'work'), join(place, 'home')]
    for (const folder of [workspaceDir, home]) mkdirSync(folder)
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: home, TMPDIR: place, LANG: 'C.UTF-8' }
    const task: RuntimeTask = { run: 'r', item: 'i', attempt: 1, prompt: 'Make a file.', workspaceDir, env, tools }
    const lived = await liveRuntime(acp({ ...options(server.url), ...more }), task, 240_000)
    return { ...lived, files: readdirSync(workspaceDir) }
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

  it('of another version is not used', { timeout: 300_000 }, async () => {
    const { events } = await drive([{ answer: 'unused' }], {
      versions: { from: '99' },
      install: 'npm install agent@99',
    })
    expect(of(events, 'turn-end')).toMatchObject([{ completed: false, reason: 'agent-version' }])
    await server.close({ check: false })
  })
})
