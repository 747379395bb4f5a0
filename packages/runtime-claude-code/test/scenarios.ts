import type { RuntimeTask } from '@seamark/core'
import type { ModelScript } from '@seamark/testing-model'
import type { ClaudeCodeOptions } from '../src/index.ts'

/** What the model says, what the item may use, and what of it the runtime tells. */
export interface Scenario {
  readonly name: string
  readonly turns: (dir: string) => NonNullable<ModelScript['turns']>
  readonly tools?: RuntimeTask['tools']
  readonly options?: ClaudeCodeOptions
  /** Of the item. */
  readonly model?: string
  readonly effort?: string
  /**
   * The conversation that it goes on with: one of an attempt before it, which asked or was broken off by a limit, or one that
   * is not there. What is told and recorded is of the attempt that goes on.
   */
  readonly resumes?: 'asked' | 'limited' | 'gone'
  /** Allowances, denials and questions, in one line each. */
  readonly told: readonly string[]
  readonly end: { readonly completed: boolean; readonly reason: string; readonly resetAt?: number }
  /** What the workspace holds in `a.txt` after it. */
  readonly file?: string
}

const bash = (command: string) => ({ tool: 'Bash', input: { command, description: 'a command' } })
const ask = {
  tool: 'AskUserQuestion',
  input: {
    questions: [
      {
        question: 'Which colour?',
        header: 'Colour',
        multiSelect: false,
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
const once = { CLAUDE_CODE_MAX_RETRIES: '1' }
const tools = { shell: ['sh test.sh', 'ls'], deny: ['git push*'] }
const completed = { completed: true, reason: 'completed' }
const failed = (reason: string) => ({ completed: false, reason })

/** The workspace has `a.txt`, which says `broken`, `test.sh`, which wants it to say `fixed`, and a `CLAUDE.md`. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'edit-and-test',
    tools,
    model: 'claude-opus-4-6',
    effort: 'high',
    options: {
      instructions: 'Call the boat Nellie.',
      skills: { knots: '---\nname: knots\ndescription: How to tie\n---\nTie.\n' },
    },
    turns: (dir) => [
      {
        expect: { system: 'Call the boat Nellie.' },
        answer: [{ text: 'I read it.' }, { tool: 'Read', input: { file_path: `${dir}/a.txt` } }],
      },
      { answer: [{ tool: 'Edit', input: { file_path: `${dir}/a.txt`, old_string: 'broken', new_string: 'fixed' } }] },
      { answer: [bash('sh test.sh')] },
      { expect: { result: { tool: 'Bash', contains: 'it holds' } }, answer: 'Done.' },
    ],
    told: ['allowance Edit contained', 'allowance Bash: sh test.sh listed'],
    end: completed,
    file: 'fixed\n',
  },
  {
    name: 'denied-tool',
    tools,
    turns: () => [
      { answer: [bash('git push origin main')] },
      { answer: [bash('git status')] },
      { answer: [bash('ls')] },
      { answer: 'Done.' },
    ],
    told: [
      'denial Bash: git push origin main denied git push*',
      'denial Bash: git status not-listed',
      'allowance Bash: ls listed',
    ],
    end: completed,
  },
  {
    name: 'agent-inside',
    tools,
    turns: () => [
      {
        answer: [
          {
            tool: 'Agent',
            input: {
              description: 'a look',
              prompt: 'Look around.',
              subagent_type: 'general-purpose',
              run_in_background: false,
            },
          },
        ],
      },
      { answer: [bash('git push')] },
      { answer: [bash('ls')] },
      { answer: 'I looked.' },
      { answer: 'Done.' },
    ],
    told: ['denial Bash: git push denied git push*', 'allowance Bash: ls listed'],
    end: completed,
  },
  {
    name: 'project-settings',
    tools,
    options: { projectSettings: true },
    turns: () => [{ expect: { anywhere: 'The boat is called Nellie.' }, answer: [bash('ls')] }, { answer: 'Done.' }],
    told: ['allowance Bash: ls listed'],
    end: completed,
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
      { answer: [ask] },
      { expect: { anywhere: 'Make test.sh pass.', contains: ['Which colour?', ANSWER] }, answer: [bash('ls')] },
      { answer: 'Blue it is.' },
    ],
    told: ['allowance Bash: ls listed'],
    end: completed,
  },
  {
    name: 'goes-on',
    tools,
    options: { env: once },
    resumes: 'limited',
    turns: () => [
      { answer: [bash('ls')] },
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
    name: 'usage-limit',
    options: { env: { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'placeholder', ...once } },
    turns: () => [
      {
        times: 2,
        error: { kind: 'rate-limit', retryAfterSeconds: 3_600 },
        headers: {
          'anthropic-ratelimit-unified-status': 'rejected',
          'anthropic-ratelimit-unified-reset': '4102444800',
          'anthropic-ratelimit-unified-representative-claim': 'five_hour',
        },
      },
    ],
    told: [],
    end: { ...failed('rate-limit'), resetAt: 4_102_444_800_000 },
  },
  {
    name: 'rate-limit',
    options: { env: once },
    turns: () => [{ times: 2, error: { kind: 'rate-limit', retryAfterSeconds: 1 } }],
    told: [],
    end: failed('rate-limit'),
  },
  {
    name: 'refused-login',
    options: { env: once },
    turns: () => [{ times: 2, error: { kind: 'unauthorized' } }],
    told: [],
    end: failed('login'),
  },
  {
    name: 'context-exceeded',
    options: { env: once },
    turns: () => [{ error: { kind: 'context-length' } }],
    told: [],
    end: failed('context'),
  },
  {
    name: 'loop',
    tools,
    options: { repeats: { nudge: 2, stop: 4 } },
    turns: () => [
      // Slow, so that a request is cut by the end of the turn, or not made at all.
      { times: 'unlimited', answer: [bash('ls')], stream: { firstDelayMs: 1_000 } },
    ],
    told: Array.from({ length: 4 }, () => 'allowance Bash: ls listed'),
    end: failed('loop'),
  },
  {
    name: 'max-turns',
    tools,
    options: { maxTurns: 1 },
    turns: () => [{ answer: [bash('ls')] }],
    told: ['allowance Bash: ls listed'],
    end: failed('max-turns'),
  },
  {
    name: 'mcp-server-fails',
    options: { mcpServers: { files: { command: '/bin/false', args: [] } } },
    turns: () => [{ answer: 'Unused.' }],
    told: [],
    end: failed('mcp-server'),
  },
  {
    name: 'mcp-server-hangs',
    options: { mcpServers: { files: { command: '/bin/sleep', args: ['1000'] } } },
    turns: () => [{ answer: 'Done.' }],
    told: [],
    end: failed('mcp-server'),
  },
]
