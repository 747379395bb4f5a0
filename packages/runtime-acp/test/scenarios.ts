import type { RuntimeTask } from '@seamark/core'
import type { ModelScript, Part } from '@seamark/testing-model'
import type { AcpOptions } from '../src/index.ts'

/** A real agent from the registry. */
export interface RealAgent {
  /** With its version, as its streams are kept. */
  readonly name: string
  readonly package: string
  /** What its model calls to run a command line, and to ask which colour. */
  readonly call: (command: string) => Part
  readonly ask: Part
  /** How often it asks its model that does not answer. */
  readonly tries: number
  readonly options: (url: string) => AcpOptions
}

export const agents: readonly RealAgent[] = [
  {
    name: 'claude-agent-acp-0.23.1',
    package: '@zed-industries/claude-agent-acp@0.23.1',
    call: (command) => ({ tool: 'Bash', input: { command, description: 'a command' } }),
    ask: {
      tool: 'AskUserQuestion',
      unoffered: true,
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
    },
    tries: 2,
    options: (url) => ({
      argv: ['claude-agent-acp'],
      env: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: 'placeholder',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        CLAUDE_CODE_MAX_RETRIES: '1',
      },
      keeps: ['.claude/projects'],
      versions: { from: '0.23.1', below: '0.23.2' },
    }),
  },
  {
    name: 'codex-acp-0.16.0',
    package: '@zed-industries/codex-acp@0.16.0',
    call: (cmd) => ({ tool: 'exec_command', input: { cmd } }),
    ask: {
      tool: 'request_user_input',
      unoffered: true,
      input: {
        questions: [
          {
            id: 'colour',
            question: 'Which colour?',
            header: 'Colour',
            options: [
              { label: 'Red', description: 'red' },
              { label: 'Blue', description: 'blue' },
            ],
          },
        ],
      },
    },
    tries: 2,
    options: (url) => ({
      argv: [
        'codex-acp',
        ...[
          'model="gpt-5"',
          'model_provider="local"',
          `model_providers.local={name="local",base_url="${url}/v1",env_key="KEY",wire_api="responses",request_max_retries=1,stream_max_retries=1}`,
          'approval_policy="untrusted"',
          // Its sandbox is the one that it is in.
          'sandbox_mode="danger-full-access"',
        ].flatMap((setting) => ['-c', setting]),
      ],
      env: { KEY: 'placeholder', OPENAI_API_KEY: 'placeholder' },
      keeps: ['.codex/sessions'],
      versions: { from: '0.16.0', below: '0.16.1' },
    }),
  },
]

/** What the model says, what the item may use, and what of it the runtime tells. */
export interface Scenario {
  readonly name: string
  readonly turns: (agent: RealAgent) => NonNullable<ModelScript['turns']>
  readonly options?: Partial<AcpOptions>
  /** The conversation that it goes on with is that of the attempt before, and this is its answer. */
  readonly answer?: string
  /** Allowances, denials and questions, in one line each. */
  readonly told: readonly string[]
  readonly end: { readonly completed: boolean; readonly reason: string }
  /** What the workspace holds after it. */
  readonly files?: readonly string[]
}

export const tools: NonNullable<RuntimeTask['tools']> = { shell: ['touch *'], deny: [] }

const completed = { completed: true, reason: 'completed' }
const failed = (reason: string) => ({ completed: false, reason })
const made = 'allowance touch made.txt listed'

export const scenarios: readonly Scenario[] = [
  {
    name: 'denied-then-allowed',
    turns: ({ call }) => [
      { answer: [{ text: 'I try.' }, call('curl http://evil.example')] },
      { answer: [call('touch made.txt')] },
      { answer: 'Done.' },
    ],
    told: ['denial curl http://evil.example not-listed', made],
    end: completed,
    files: ['made.txt'],
  },
  {
    name: 'gone-on-with',
    turns: ({ call }) => [
      { answer: [call('touch made.txt')] },
      { answer: 'Which colour?' },
      {
        expect: { anywhere: ['Make a file.', 'touch made.txt'], contains: ['Which colour?', 'Blue.'] },
        answer: 'Done.',
      },
    ],
    answer: 'Blue.',
    told: [],
    end: completed,
    files: ['made.txt'],
  },
  {
    // Neither has a way to ask: its model is told so, and goes on.
    name: 'question',
    turns: ({ ask, call }) => [{ answer: [ask] }, { answer: [call('touch made.txt')] }, { answer: 'Done.' }],
    told: [made],
    end: completed,
    files: ['made.txt'],
  },
  {
    name: 'rate-limit',
    turns: ({ tries }) => [{ times: tries, error: { kind: 'rate-limit', retryAfterSeconds: 1 } }],
    told: [],
    end: failed('rate-limit'),
  },
  {
    name: 'refused-login',
    turns: ({ tries }) => [{ times: tries, error: { kind: 'unauthorized' } }],
    told: [],
    end: failed('login'),
  },
  {
    name: 'context-exceeded',
    turns: () => [{ error: { kind: 'context-length' } }],
    told: [],
    end: failed('context'),
  },
  {
    name: 'cut-stream',
    turns: ({ call }) => [
      { answer: [call('touch made.txt')], stream: { cutInEvent: 4 } },
      { answer: [call('touch made.txt')] },
      { answer: 'Done.' },
    ],
    told: [made],
    end: completed,
    files: ['made.txt'],
  },
  {
    name: 'loop',
    options: { repeats: { nudge: 2, stop: 4 } },
    // Slow, so that a request is cut by the end of the turn, or not made at all.
    turns: ({ call }) => [{ times: 'unlimited', answer: [call('touch made.txt')], stream: { firstDelayMs: 1_000 } }],
    told: Array.from({ length: 4 }, () => made),
    end: failed('loop'),
    files: ['made.txt'],
  },
]
