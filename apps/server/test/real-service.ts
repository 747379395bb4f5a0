import { installPrograms } from '@seamark/testing'
import type { InstalledPrograms } from '@seamark/testing'
import { startModelServer } from '@seamark/testing-model'
import type { ModelScript, ModelServer } from '@seamark/testing-model'
import { execFileSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { modelFront } from './model-front.ts'
import type { ModelFront, ModelFrontOptions } from './model-front.ts'
import { PROGRAMS } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { begin, NODE, place } from './seamark.ts'
import type { Ended, Place, Started } from './seamark.ts'
import { tideRepository } from './tide.ts'

const packages = join(import.meta.dirname, '../../../packages')
const PYTHON_VERIFIER = join(import.meta.dirname, '../../../vectors/verify.py')

interface Recorded {
  readonly kind: string
  readonly item?: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A run that is over, and its records. */
export interface Ran extends Ended {
  readonly records: readonly Recorded[]
  dataOf(kind: string): readonly Recorded['data'][]
  /** Hosts that were asked for and refused. */
  refused(): readonly string[]
}

/** A place where runs have real programs, and a scripted model at the names and the port of their vendors. */
export interface RealService extends Place {
  readonly model: ModelServer
  readonly front: ModelFront
  /** What a command wrote. It fails where the command did. */
  told(...argv: readonly string[]): Promise<string>
  run(id: string, items: readonly object[]): Promise<Ran>
  /** Has a run begun by a service that is there, which `watched` waits for. */
  submit(id: string, items: readonly object[]): Promise<void>
  watched(id: string): Promise<Ran>
  /** What all answers so far used, or those of one conversation, as the model counted it. */
  counted(conversation?: string): Counted
  /** What `usage --by KIND` says. */
  usage(by: string, run?: string): Promise<readonly unknown[]>
  /** What our verifier says of the evidence of a run, in `run.tar`, once one that has none of our code holds it for whole. */
  verified(run: string): Promise<unknown>
}

export interface Counted {
  readonly calls: number
  readonly tokens: { readonly input: number; readonly output: number; readonly cacheRead: number }
}

interface Running extends RealService {
  stop(): Promise<void>
}

export interface RealServiceOptions {
  /** Values of the secrets that the gateway adds. Default: real keys, as far as anybody inside could tell. */
  readonly keys?: Readonly<Record<string, string>>
  readonly script: Pick<ModelScript, 'turns' | 'conversations' | 'asides' | 'stream'>
  /** Called while a program waits for its answer. */
  readonly asked?: ModelFrontOptions['asked']
  /** Programs that print secrets, in place of a store that holds them. */
  readonly commands?: Readonly<Record<string, readonly string[]>>
  /** What the model lets in besides the keys. */
  readonly letsIn?: readonly string[]
  /** Has a sign-in in place of a key: its secret, the tokens that the model takes, and who issues them. */
  readonly signIn?: {
    readonly secret: string
    readonly tokens: readonly string[]
    readonly issue: NonNullable<ModelFrontOptions['issue']>
  }
  /** Makes the repository `repo`, which has these files besides. Default: a small one whose tests fail. */
  readonly repository?: (here: Place, more: Readonly<Record<string, string>>) => void
  /** For the programs. */
  readonly env?: Readonly<Record<string, string>>
  /** Those that may be had to work. Default: all. */
  readonly programs?: readonly RealProgram[]
  /** Hosts besides those of the model, with who answers there. */
  readonly others?: NonNullable<ModelFrontOptions['others']>
  /** Other runtimes besides, as expressions of a configuration. */
  readonly runtimes?: readonly string[]
}

/** Issues the tokens of a sign-in. */
const ISSUER = 'auth.vendor.example'

const ruleOf = ({ host, paths, secret }: RealProgram) => ({
  host,
  mode: 'endpoint',
  methods: ['POST'],
  paths,
  inject: secret,
  meter: 'model',
})

/** What lets programs to a host besides. */
export const ruleFor = (host: string) => ({
  host,
  mode: 'intercept',
  methods: ['GET', 'POST', 'DELETE'],
  paths: ['/*'],
})

/** An item that this program works on, which may reach these hosts besides that of its model. */
export function itemFor(program: RealProgram, more: object = {}, hosts: readonly string[] = []): object {
  return {
    id: 'fix',
    runtime: program.name,
    prompt: 'Make the tests pass.',
    ...(program.asks && { model: program.asks }),
    patch: 'required',
    tools: { shell: ['node --test', 'sh *', 'cat *', 'sed -i *'], deny: ['git push*'] },
    budget: { usd: 5 },
    network: { allow: [ruleOf(program), ...hosts.map(ruleFor)] },
    timeout: '5m',
    ...more,
  }
}

/** The values of the secrets where a test says none. */
export const keys = {
  'anthropic-key': `sk-ant-api03-${randomBytes(24).toString('base64url')}`,
  'openai-key': `sk-proj-${randomBytes(24).toString('base64url')}`,
}

/**
 * For the tests of one file, outside of them: the programs are there before the first, and what a test serves is stopped after it.
 * What it gives serves a place with the repository `repo`, which has these files besides.
 */
export function realServices(): (
  options: RealServiceOptions,
  files?: Readonly<Record<string, string>>,
) => Promise<RealService> {
  let agents: InstalledPrograms
  let service: Running | undefined
  beforeAll(() => {
    agents = installPrograms(...PROGRAMS.flatMap((program) => program.packages))
  }, 600_000)
  afterEach(() => service?.stop())
  afterAll(() => agents.remove())
  return async (options, files = {}) => {
    service = await realService(agents.dir, options)
    const { repository = tideRepository } = options
    repository(service, files)
    return service
  }
}

/** Takes root: the names of the vendors lead to loopback in a mount namespace of its own, and their port is below 1024. */
async function realService(agents: string, options: RealServiceOptions): Promise<Running> {
  const {
    keys: values = keys,
    script,
    asked = async () => undefined,
    env = {},
    signIn,
    programs = PROGRAMS,
    letsIn = [],
    commands,
    runtimes = [],
    others = {},
  } = options
  const here = place()
  const stream = { deltaCharacters: 500 }
  const model = await startModelServer({
    script: { version: 1, keys: [...Object.values(values), ...(signIn?.tokens ?? []), ...letsIn], stream, ...script },
  })
  const names = [...new Set([...programs.map(({ host }) => host), ISSUER])]
  // Several of these run at once, and all have the port of their vendors.
  const front = await modelFront({
    dir: here.dir,
    names,
    address: `127.43.${randomInt(1, 255)}.${randomInt(1, 255)}`,
    url: model.url,
    asked,
    others,
    ...(signIn && { issue: signIn.issue }),
  })
  here.write(
    'seamark.config.mjs',
    configuration(here, front, { agents, env, programs, runtimes, signIn: signIn?.secret, commands, others }),
  )
  for (const [name, value] of Object.entries(values))
    execFileSync(NODE[0], [...NODE.slice(1), 'secrets', 'set', name, '--config', 'seamark.config.mjs'], {
      cwd: here.dir,
      input: value,
      stdio: 'pipe',
    })

  function start(...argv: readonly string[]): Started {
    const mount = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', front.hosts]
    return begin(here.dir, ['unshare', '--mount', ...mount, ...NODE, ...argv, '--config', 'seamark.config.mjs'])
  }

  const seamark = (...argv: readonly string[]): Promise<Ended> => start(...argv).ended

  const planOf = (id: string, items: readonly object[]): string =>
    here.write(`${id}.json`, JSON.stringify({ version: 1, workspace: { git: 'repo' }, items }))

  async function told(...argv: readonly string[]): Promise<string> {
    const { code, out, err } = await seamark(...argv)
    if (code === 0) return out
    throw new Error(`${argv.join(' ')}: ${code}\n${err}\n${out}`)
  }

  return {
    ...here,
    start,
    seamark,
    model,
    front,
    told,
    counted(conversation) {
      const of = model.calls.filter((call) => conversation === undefined || call.conversation === conversation)
      const used = of.flatMap(({ usage }) => usage ?? [])
      const sum = (kind: keyof Counted['tokens']) => used.reduce((all, one) => all + one[kind], 0)
      const tokens = { input: sum('input'), output: sum('output'), cacheRead: sum('cacheRead') }
      return { calls: used.length, tokens }
    },
    async usage(by, run) {
      return JSON.parse(await told('usage', '--by', by, ...(run === undefined ? [] : ['--run', run]), '--json')).usage
    },
    async verified(run) {
      await told('evidence', 'export', run, '-o', 'run.tar')
      await told('keys', 'export', '-o', 'trust.json')
      execFileSync('python3', [PYTHON_VERIFIER, 'run.tar', '--trust', 'trust.json'], { cwd: here.dir, stdio: 'pipe' })
      return JSON.parse(await told('verify', 'run.tar', '--trust', 'trust.json', '--json'))
    },
    run: async (id, items) => ranOf(await seamark('run', planOf(id, items), '--id', id, '--json')),
    async submit(id, items) {
      await told('submit', planOf(id, items), '--id', id)
    },
    watched: async (id) => ranOf(await seamark('watch', id, '--json')),
    async stop() {
      await front.close()
      await model.close({ check: false })
      here.remove()
    },
  }
}

function ranOf(ended: Ended): Ran {
  const records: readonly Recorded[] = ended.out
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
    .filter(({ type }: { readonly type: string }) => type === 'record')
  const dataOf: Ran['dataOf'] = (kind) => records.filter((record) => record.kind === kind).map(({ data }) => data)
  const refused = () => {
    const decided = dataOf('egress.decided').filter(({ outcome }) => outcome === 'refused')
    return [...new Set(decided.map(({ host }) => String(host)))].toSorted()
  }
  return { ...ended, records, dataOf, refused }
}

function configuration(
  here: Place,
  { ca }: ModelFront,
  {
    agents,
    env,
    programs,
    runtimes,
    signIn,
    commands,
    others,
  }: Required<Pick<RealServiceOptions, 'env' | 'programs' | 'runtimes' | 'others'>> & {
    readonly agents: string
    readonly signIn: string | undefined
    readonly commands: RealServiceOptions['commands']
  },
): string {
  // One rule for each host.
  const rules = [
    ...new Map(programs.map((program) => [program.host, ruleOf(program)])).values(),
    ...Object.keys(others).map(ruleFor),
  ]
  const oauth2 = { way: 'oauth2', tokenEndpoint: `https://${ISSUER}/oauth/token`, clientId: 'seamark-test' }
  const credentials = Object.fromEntries(
    programs.map(({ secret, credential }) => [secret, secret === signIn ? oauth2 : credential]),
  )
  const toolchain = { binds: [{ source: agents, target: '/opt/agents' }] }
  const source = (name: string) => JSON.stringify(join(packages, name, 'src/index.ts'))
  return `import { readFileSync } from 'node:fs'
const { sandboxExecutor } = await import(${source('executor-sandbox')})
const { command } = await import(${source('runtime-command')})
const { commandSecrets } = await import(${source('secrets-local')})
export default {
  executors: [sandboxExecutor(${JSON.stringify({ dir: here.data, toolchain })})],
  runtimes: [command(), ${[...programs.map(({ runtime }) => runtime(env)), ...runtimes].join(', ')}],
  policy: { network: { allow: ${JSON.stringify(rules)} } },
  ${commands === undefined ? '' : `secrets: commandSecrets(${JSON.stringify({ commands, environment: {} })}),`}
  egress: {
    credentials: ${JSON.stringify(credentials)},
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${JSON.stringify(ca)}, 'utf8')],
  },
}
`
}
