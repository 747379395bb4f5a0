import type { RuntimeTask } from '@seamark/core'
import type { ModelScript } from '@seamark/testing-model'
import type { CodexOptions } from '../src/index.ts'

/** What the model says, what the item may use, and what of it the runtime tells. */
export interface Scenario {
  readonly name: string
  readonly turns: (dir: string) => NonNullable<ModelScript['turns']>
  readonly tools?: RuntimeTask['tools']
  readonly options?: CodexOptions
  /**
   * The conversation that it goes on with: one of an attempt before it, which asked or was broken off by a limit, or one that
   * is not there. What is told and recorded is of the attempt that goes on.
   */
  readonly resumes?: 'asked' | 'limited' | 'gone'
  /** Of the item. Absent: the program's own choice, whose model writes programs that call tools. */
  readonly model?: string
  readonly effort?: string
  /** Allowances, denials and questions, in one line each. */
  readonly told: readonly string[]
  readonly end: { readonly completed: boolean; readonly reason: string; readonly resetAt?: number }
  /** What the workspace holds in `a.txt` after it. */
  readonly file?: string
  /** Whether an agent inside the agent may still be at work when it ends. */
  readonly leaves?: boolean
}

const call = (tool: string, input: unknown) => ({
  tool: 'exec',
  input: `text(JSON.stringify(await tools.${tool}(${JSON.stringify(input)})))`,
})
const run = (cmd: string) => call('exec_command', { cmd })
/** Of a model whose tools are called one by one. */
const runPlain = (cmd: string) => ({ tool: 'exec_command', input: { cmd } })
const ask = {
  tool: 'request_user_input',
  input: {
    questions: [
      {
        id: 'colour',
        header: 'Colour',
        question: 'Which colour?',
        options: [
          { label: 'Red', description: 'red' },
          { label: 'Blue', description: 'blue' },
        ],
      },
    ],
  },
}
/** What is said in the place of a person. */
export const ANSWER = 'Blue, as the sea.'
/** Of no conversation. */
export const GONE = '00000000-0000-4000-8000-000000000000'
const fix = '*** Begin Patch\n*** Update File: a.txt\n@@\n-broken\n+fixed\n*** End Patch\n'
const once = ['codex', 'app-server', '--config=model_providers.seamark.stream_max_retries=1']
const tools = { shell: ['sh test.sh', 'ls', 'grep *'], deny: ['git push*'] }
const completed = { completed: true, reason: 'completed' }
const failed = (reason: string) => ({ completed: false, reason })

/**
 * The workspace has `a.txt`, which says `broken`, `test.sh`, which wants it to say `fixed`, an `AGENTS.md`, and settings, a hook, rules,
 * a skill and an MCP server of its own.
 */
export const scenarios: readonly Scenario[] = [
  {
    name: 'edit-and-test',
    tools,
    effort: 'high',
    options: {
      instructions: 'Call the boat Nellie.',
      skills: { knots: '---\nname: knots\ndescription: How to tie\n---\nTie.\n' },
    },
    turns: () => [
      {
        expect: { system: 'Call the boat Nellie.' },
        answer: [{ text: 'I read it.' }, run('ls')],
      },
      { expect: { system: 'How to tie' }, answer: [call('apply_patch', fix)] },
      { answer: [run('sh test.sh')] },
      { expect: { contains: 'it holds' }, answer: 'Done.' },
    ],
    told: ['allowance ls listed', 'allowance edit contained', 'allowance sh test.sh listed'],
    end: completed,
    file: 'fixed\n',
  },
  {
    name: 'denied-tool',
    tools,
    turns: () => [
      { answer: [run('git push origin main')] },
      { answer: [run('cat a.txt')] },
      { answer: [run(`grep -c "it's" a.txt; ls`)] },
      { answer: [run('ls > made.txt')] },
      { answer: 'Done.' },
    ],
    told: [
      'denial git push origin main denied git push*',
      'denial cat a.txt not-listed',
      `allowance grep -c "it's" a.txt; ls listed`,
      'denial ls > made.txt unparsed',
    ],
    end: completed,
  },
  {
    name: 'plain-tools',
    tools,
    model: 'gpt-5',
    turns: () => [{ answer: [runPlain('git status')] }, { answer: [runPlain('ls')] }, { answer: 'Done.' }],
    told: ['denial git status not-listed', 'allowance ls listed'],
    end: completed,
  },
  {
    name: 'agent-inside',
    tools,
    model: 'gpt-5',
    turns: () => [
      { answer: [{ tool: 'spawn_agent', input: { message: 'Look around.' } }] },
      { times: 'unlimited', answer: 'Done.' },
    ],
    told: [],
    end: completed,
    leaves: true,
  },
  {
    name: 'project-settings',
    tools,
    options: { projectSettings: true },
    turns: () => [{ expect: { anywhere: 'The boat is called Nellie.' }, answer: [run('ls')] }, { answer: 'Done.' }],
    told: ['allowance ls listed'],
    end: completed,
  },
  {
    name: 'nothing-done',
    tools,
    turns: () => [{ answer: 'All is done.' }],
    told: [],
    end: completed,
  },
  {
    name: 'rate-limit',
    options: { argv: once },
    turns: () => [{ times: 2, error: { kind: 'rate-limit', retryAfterSeconds: 1 } }],
    told: [],
    end: failed('rate-limit'),
  },
  {
    name: 'quota',
    turns: () => [{ error: { kind: 'quota' } }],
    told: [],
    end: failed('quota'),
  },
  {
    name: 'usage-limit',
    tools,
    options: { argv: once },
    turns: () => [
      {
        answer: [run('ls')],
        headers: {
          'x-codex-primary-used-percent': '100',
          'x-codex-primary-window-minutes': '300',
          'x-codex-primary-reset-at': '4102444800',
        },
      },
      { times: 2, error: { kind: 'rate-limit' } },
    ],
    told: ['allowance ls listed'],
    end: { ...failed('rate-limit'), resetAt: 4_102_444_800_000 },
  },
  {
    name: 'question',
    tools,
    turns: () => [{ answer: [{ text: 'I ask.' }, ask] }],
    told: ['question Which colour?\n1. Red: red\n2. Blue: blue'],
    end: failed('question'),
  },
  {
    name: 'answered',
    tools,
    resumes: 'asked',
    turns: () => [
      { answer: [run('ls')] },
      { answer: [ask] },
      { expect: { anywhere: 'Make test.sh pass.', contains: ['Which colour?', ANSWER] }, answer: [run('ls')] },
      { answer: 'Blue it is.' },
    ],
    told: ['allowance ls listed'],
    end: completed,
  },
  {
    name: 'goes-on',
    tools,
    options: { argv: once },
    resumes: 'limited',
    turns: () => [
      { answer: [run('ls')] },
      { times: 2, error: { kind: 'rate-limit' } },
      { expect: { anywhere: ['Make test.sh pass.', 'test.sh'], contains: 'Go on' }, answer: 'Done.' },
    ],
    told: [],
    end: completed,
  },
  {
    name: 'gone',
    resumes: 'gone',
    turns: () => [{ answer: 'Unused.' }],
    told: [],
    end: failed('resume'),
  },
  {
    name: 'refused-login',
    options: { argv: once },
    turns: () => [{ times: 2, error: { kind: 'unauthorized' } }],
    told: [],
    end: failed('login'),
  },
  {
    name: 'context-exceeded',
    turns: () => [{ error: { kind: 'context-length', inStream: true } }],
    told: [],
    end: failed('context'),
  },
  {
    name: 'loop',
    tools,
    options: { repeats: { nudge: 2, stop: 4 } },
    turns: () => [
      // Slow, so that a request is cut by the end of the turn, or not made at all.
      { times: 'unlimited', answer: [run('ls')], stream: { firstDelayMs: 1_000 } },
    ],
    told: Array.from({ length: 4 }, () => 'allowance ls listed'),
    end: failed('loop'),
  },
  {
    name: 'mcp-tool',
    tools,
    options: { mcpServers: { files: { command: 'node', args: ['../mcp-server.mjs'] } } },
    turns: () => [{ answer: [call('mcp__files__wipe', { command: 'ls' })] }, { answer: 'Done.' }],
    told: ['denial mcp__files__wipe unparsed'],
    end: completed,
  },
  {
    name: 'mcp-tool-free',
    options: { mcpServers: { files: { command: 'node', args: ['../mcp-server.mjs'] } } },
    turns: () => [{ answer: [call('mcp__files__wipe', {})] }, { expect: { contains: 'it is wiped' }, answer: 'Done.' }],
    told: ['allowance mcp__files__wipe unrestricted'],
    end: completed,
  },
  {
    name: 'mcp-server-fails',
    options: { mcpServers: { files: { command: '/bin/false' } } },
    turns: () => [{ answer: 'Unused.' }],
    told: [],
    end: failed('mcp-server'),
  },
]
