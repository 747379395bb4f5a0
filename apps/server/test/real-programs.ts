import type { Json } from '@seamark/core'
import type { Part } from '@seamark/testing-model'
import { join } from 'node:path'

const packages = join(import.meta.dirname, '../../../packages')
/** Where the sandbox has the programs. */
const BIN = '/opt/agents/node_modules/.bin'

/** A model, as the gateway meters it, with its published prices in thousand-millionths of a dollar for one token. */
export interface Priced {
  readonly provider: string
  readonly model: string
  readonly rates: { readonly input: number; readonly output: number; readonly cacheRead: number }
}

/** A limit of a provider: what is in the headers of the answer before it or of the refusal, and how often it is refused. */
export interface Limit {
  readonly told?: Readonly<Record<string, string>>
  readonly refused?: Readonly<Record<string, string>>
  readonly times: number
  readonly env?: Readonly<Record<string, string>>
}

/** A real program of an agent, and how it is had to work. */
export interface RealProgram {
  /** Of its runtime, by which a plan names it. */
  readonly name: string
  /** As the registry has them. */
  readonly packages: readonly string[]
  /** An expression of a configuration. It may say more of the environment, and other options. */
  readonly runtime: (env?: Readonly<Record<string, string>>, more?: object) => string
  readonly host: string
  readonly paths: readonly string[]
  /** The name of its key, and how the gateway adds it. */
  readonly secret: string
  readonly credential: object
  readonly bearer: boolean
  /** Said in the plan, where the program takes it from there. */
  readonly asks?: string
  readonly priced: Priced
  /** What its model calls to ask which colour, where the program has a tool for that. */
  readonly ask?: Part
  /** What the provider says of a limit that is over at this second, in which answer, and whatever the program needs to hear it. */
  readonly limit?: (resetAt: number) => Limit
  /** What its model calls to read a file, to change a text in it, and to run a line. */
  readonly read: (path: string) => Part
  readonly edit: (path: string, before: string, after: string) => Part
  readonly run: (line: string) => Part
  /** What its model calls to use a tool for children. */
  readonly child: (tool: string, input: Json) => Part
  /** What its model calls first to be offered these, where the program holds tools of others back. */
  readonly finds?: (tools: string) => Part
  /** How records name a read of a file, where it is asked for, an edit of one, and a line. */
  readonly reads?: (path: string) => string
  readonly edits: (path: string, before: string, after: string) => string
  readonly runs: (line: string) => string
  /** Hosts that it asks for besides its model, which is refused. */
  readonly refused: readonly string[]
  /** The account that it names to its model. */
  readonly account?: string
  /** The variable that its key would be in. */
  readonly variable: string
}

const source = (name: string, what: string) =>
  `(await import(${JSON.stringify(join(packages, name, 'src/index.ts'))})).${what}`
const claude = {
  host: 'api.anthropic.com',
  paths: ['/v1/messages*'],
  secret: 'anthropic-key',
  credential: { way: 'header', header: 'x-api-key' },
  bearer: false,
  variable: 'ANTHROPIC_API_KEY',
  read: (path: string) => ({ tool: 'Read', input: { file_path: `/workspace/${path}` } }),
  edit: (path: string, before: string, after: string) => ({
    tool: 'Edit',
    input: { file_path: `/workspace/${path}`, old_string: before, new_string: after },
  }),
  run: (command: string) => ({ tool: 'Bash', input: { command, description: 'a command' } }),
  child: (tool: string, input: Json) => ({ tool: `mcp__seamark__${tool}`, input }),
}
const rates = { input: 3_000, output: 15_000, cacheRead: 300 }

const options = [
  { label: 'Red', description: 'as a lamp' },
  { label: 'Blue', description: 'as the sea' },
]
const question = { question: 'Which colour?', header: 'Colour', options }

const bedrock = 'bedrock-runtime.eu-central-1.amazonaws.com'
const vertex = 'europe-west1-aiplatform.googleapis.com'
const onPlatform = { ...rates, input: 3_300, output: 16_500, cacheRead: 330 }

export const claudeCode: RealProgram = {
  ...claude,
  finds: (tools: string) => ({
    tool: 'ToolSearch',
    input: { query: `select:${tools.replaceAll(/\S+/g, 'mcp__seamark__$&').replaceAll(' ', ',')}`, max_results: 5 },
  }),
  ask: { tool: 'AskUserQuestion', input: { questions: [{ ...question, multiSelect: false }] } },
  // Only to the sign-in of a subscription does the program listen for it.
  limit: (resetAt) => ({
    refused: {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': String(resetAt),
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    },
    times: 1,
    env: { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'placeholder' },
  }),
  name: 'claude-code',
  packages: ['@anthropic-ai/claude-code@2.1.330'],
  runtime: (env = {}, more = {}) =>
    `${source('runtime-claude-code', 'claudeCode')}(${JSON.stringify({ argv: [`${BIN}/claude`], env, ...more })})`,
  asks: 'claude-sonnet-4-5',
  priced: { provider: 'anthropic', model: 'claude-sonnet-4-5', rates },
  refused: [],
  edits: () => 'Edit',
  runs: (line) => `Bash: ${line}`,
}

/** The program at a platform, which it asks without a credential. */
const claudeAt = (endpoints: object, env: object): string =>
  `${source('runtime-claude-code', 'claudeCode')}(${JSON.stringify({ argv: [`${BIN}/claude`], endpoints, env })})`

export const claudeOnBedrock: RealProgram = {
  ...claudeCode,
  runtime: () =>
    claudeAt(
      { ANTHROPIC_BEDROCK_BASE_URL: bedrock },
      { CLAUDE_CODE_USE_BEDROCK: '1', CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1', AWS_REGION: 'eu-central-1' },
    ),
  host: bedrock,
  paths: ['/model/*'],
  secret: 'aws-keys',
  credential: { way: 'sigv4', region: 'eu-central-1', service: 'bedrock' },
  asks: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
  priced: { provider: 'bedrock', model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', rates: onPlatform },
}

export const claudeOnVertex: RealProgram = {
  ...claudeCode,
  runtime: () =>
    claudeAt(
      { ANTHROPIC_VERTEX_BASE_URL: `${vertex}/v1` },
      {
        CLAUDE_CODE_USE_VERTEX: '1',
        CLAUDE_CODE_SKIP_VERTEX_AUTH: '1',
        CLOUD_ML_REGION: 'europe-west1',
        ANTHROPIC_VERTEX_PROJECT_ID: 'acme-1',
      },
    ),
  host: vertex,
  paths: ['/v1/projects/acme-1/locations/europe-west1/publishers/anthropic/models/*'],
  secret: 'google-token',
  credential: { way: 'bearer' },
  bearer: true,
  asks: 'claude-sonnet-4-5@20250929',
  priced: { provider: 'vertex', model: 'claude-sonnet-4-5@20250929', rates: onPlatform },
}

const claudeAgent: RealProgram = {
  ...claude,
  name: 'claude-agent-acp',
  packages: ['@zed-industries/claude-agent-acp@0.23.1'],
  runtime: (env = {}, more = {}) =>
    `${source('runtime-acp', 'acp')}(${JSON.stringify({
      name: 'claude-agent-acp',
      argv: [`${BIN}/claude-agent-acp`],
      env: { ANTHROPIC_API_KEY: 'placeholder', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', ...env },
      endpoints: { ANTHROPIC_BASE_URL: 'api.anthropic.com' },
      keeps: ['.claude/projects'],
      versions: { from: '0.23.1', below: '0.23.2' },
      ...more,
    })})`,
  priced: { provider: 'anthropic', model: 'claude-sonnet-4-6', rates },
  // What is new in it, whatever it was told.
  refused: ['raw.githubusercontent.com'],
  edits: (path) => `Edit ${path}`,
  runs: (line) => line,
}

/** The line that makes Codex ask the gateway: it takes the address from its settings alone. */
const codexLine = [
  `exec ${BIN}/codex-acp`,
  ...[
    'model="gpt-5-mini"',
    'model_provider="gateway"',
    'approval_policy="untrusted"',
    // Its sandbox is the one that it is in.
    'sandbox_mode="danger-full-access"',
    // A tool of the provider costs by itself, so that no budget bounds it.
    'web_search="disabled"',
  ].map((setting) => `-c '${setting}'`),
  `-c "model_providers.gateway={name=\\"gateway\\",base_url=\\"$OPENAI_BASE_URL\\",env_key=\\"OPENAI_API_KEY\\",wire_api=\\"responses\\"}"`,
].join(' ')

// Codex ends every line of a file that it patches alike.
const isPatched = (path: string) => !path.endsWith('.csv')
const substitution = (path: string, before: string, after: string) => `sed -i 's/${before}/${after}/' ${path}`

const marked = (mark: string, text: string) => text.replaceAll(/^/gm, mark)

const codexTools = {
  host: 'api.openai.com',
  paths: ['/v1/responses'],
  secret: 'openai-key',
  credential: { way: 'bearer' },
  bearer: true,
  variable: 'OPENAI_API_KEY',
  priced: { provider: 'openai', model: 'gpt-5-mini', rates: { input: 250, output: 2_000, cacheRead: 25 } },
  read: (path: string) => ({ tool: 'exec_command', input: { cmd: `cat ${path}` } }),
  edit: (path: string, before: string, after: string) => ({
    tool: 'exec_command',
    input: {
      cmd: isPatched(path)
        ? `apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: ${path}\n@@\n${marked('-', before)}\n${marked('+', after)}\n*** End Patch\nEOF`
        : substitution(path, before, after),
    },
  }),
  run: (cmd: string) => ({ tool: 'exec_command', input: { cmd } }),
  child: (tool: string, input: Json) => ({ tool, input }),
}

const codexAcp: RealProgram = {
  ...codexTools,
  name: 'codex-acp',
  packages: ['@zed-industries/codex-acp@0.16.0'],
  runtime: (env = {}, more = {}) =>
    `${source('runtime-acp', 'acp')}(${JSON.stringify({
      name: 'codex-acp',
      argv: ['/bin/sh', '-c', codexLine],
      env: { OPENAI_API_KEY: 'placeholder', ...env },
      endpoints: { OPENAI_BASE_URL: 'api.openai.com/v1' },
      keeps: ['.codex/sessions'],
      versions: { from: '0.16.0', below: '0.16.1' },
      ...more,
    })})`,
  refused: [],
  edits: (path, before, after) => (isPatched(path) ? `Edit /workspace/${path}` : substitution(path, before, after)),
  runs: (line) => line,
}

export const codex: RealProgram = {
  ...codexTools,
  ask: { tool: 'request_user_input', input: { questions: [{ ...question, id: 'colour' }] } },
  limit: (resetAt) => ({
    told: {
      'x-codex-primary-used-percent': '100',
      'x-codex-primary-window-minutes': '300',
      'x-codex-primary-reset-at': String(resetAt),
    },
    times: 6,
  }),
  name: 'codex',
  packages: ['@openai/codex@0.163.0'],
  runtime: (env = {}, more = {}) =>
    `${source('runtime-codex', 'codex')}(${JSON.stringify({ argv: [`${BIN}/codex`, 'app-server'], env, ...more })})`,
  asks: 'gpt-5-mini',
  refused: [],
  reads: (path) => `cat ${path}`,
  edits: (path, before, after) => (isPatched(path) ? 'edit' : substitution(path, before, after)),
  runs: (line) => line,
}

/** As it is that is signed in to an account: at another host, with the name of the account. */
export const codexSignedIn: RealProgram = {
  ...codex,
  account: 'account-of-the-test',
  host: 'chatgpt.com',
  paths: ['/backend-api/codex/responses'],
  runtime: () =>
    `${source('runtime-codex', 'codex')}(${JSON.stringify({
      argv: [
        `${BIN}/codex`,
        'app-server',
        `--config=model_providers.seamark.http_headers={"chatgpt-account-id"="account-of-the-test"}`,
      ],
      endpoints: { OPENAI_BASE_URL: 'chatgpt.com/backend-api/codex' },
    })})`,
}

export const PROGRAMS: readonly RealProgram[] = [claudeCode, claudeAgent, codexAcp, codex]
