import { startModelServer } from '@seamark/testing-model'
import type { ModelScript, ModelServer } from '@seamark/testing-model'
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelFront } from './model-front.ts'
import type { ModelFront, ModelFrontOptions } from './model-front.ts'
import { PROGRAMS } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { begin, NODE, place } from './seamark.ts'
import type { Ended, Place } from './seamark.ts'

const packages = join(import.meta.dirname, '../../../packages')

/** The programs from the registry, as their users install them, in a folder that the sandbox's user reads. */
export function installAgents(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-agents-'))
  chmodSync(dir, 0o755)
  writeFileSync(join(dir, 'package.json'), '{"private":true}')
  const named = PROGRAMS.flatMap((program) => program.packages)
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...named], { cwd: dir, stdio: 'pipe' })
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

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
  stop(): Promise<void>
}

export interface RealServiceOptions {
  /** Where the programs are. */
  readonly agents: string
  /** Values of the secrets that the gateway adds. */
  readonly keys: Readonly<Record<string, string>>
  readonly script: Pick<ModelScript, 'turns' | 'conversations'>
  /** Called while a program waits for its answer. */
  readonly asked?: ModelFrontOptions['asked']
  /** Has a sign-in in place of a key: its secret, the tokens that the model takes, and who issues them. */
  readonly signIn?: {
    readonly secret: string
    readonly tokens: readonly string[]
    readonly issue: NonNullable<ModelFrontOptions['issue']>
  }
  /** For the programs. */
  readonly env?: Readonly<Record<string, string>>
  /** Those that may be had to work. Default: all. */
  readonly programs?: readonly RealProgram[]
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

/** An item that this program works on. */
export function itemFor(program: RealProgram, more: object = {}): object {
  return {
    id: 'fix',
    runtime: program.name,
    prompt: 'Make the tests pass.',
    ...(program.asks && { model: program.asks }),
    patch: 'required',
    tools: { shell: ['node --test', 'sh *', 'cat *', 'sed -i *'], deny: ['git push*'] },
    budget: { usd: 5 },
    network: { allow: [ruleOf(program)] },
    timeout: '5m',
    ...more,
  }
}

/** Takes root: the names of the vendors lead to loopback in a mount namespace of its own, and their port is below 1024. */
export async function realService(options: RealServiceOptions): Promise<RealService> {
  const { agents, keys, script, asked = async () => undefined, env = {}, signIn, programs = PROGRAMS } = options
  const here = place()
  const stream = { deltaCharacters: 500 }
  const model = await startModelServer({
    script: { version: 1, keys: [...Object.values(keys), ...(signIn?.tokens ?? [])], stream, ...script },
  })
  const names = [...new Set([...programs.map(({ host }) => host), ISSUER])]
  // Several of these run at once, and all have the port of their vendors.
  const front = await modelFront({
    dir: here.dir,
    names,
    address: `127.43.${randomInt(1, 255)}.${randomInt(1, 255)}`,
    url: model.url,
    asked,
    ...(signIn && { issue: signIn.issue }),
  })
  here.write('seamark.config.mjs', configuration(here, front, { agents, env, programs, signIn: signIn?.secret }))
  for (const [name, value] of Object.entries(keys))
    execFileSync(NODE[0], [...NODE.slice(1), 'secrets', 'set', name, '--config', 'seamark.config.mjs'], {
      cwd: here.dir,
      input: value,
      stdio: 'pipe',
    })

  function seamark(...argv: readonly string[]): Promise<Ended> {
    const mount = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', front.hosts]
    return begin(here.dir, ['unshare', '--mount', ...mount, ...NODE, ...argv, '--config', 'seamark.config.mjs']).ended
  }

  return {
    ...here,
    seamark,
    model,
    front,
    async told(...argv) {
      const { code, out, err } = await seamark(...argv)
      if (code === 0) return out
      throw new Error(`${argv.join(' ')}: ${code}\n${err}\n${out}`)
    },
    async run(id, items) {
      here.write(`${id}.json`, JSON.stringify({ version: 1, workspace: { git: 'repo' }, items }))
      const ended = await seamark('run', `${id}.json`, '--id', id, '--json')
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
    },
    async stop() {
      await front.close()
      await model.close({ check: false })
      here.remove()
    },
  }
}

function configuration(
  here: Place,
  { ca }: ModelFront,
  {
    agents,
    env,
    programs,
    signIn,
  }: Required<Pick<RealServiceOptions, 'agents' | 'env' | 'programs'>> & { readonly signIn: string | undefined },
): string {
  // One rule for each host.
  const rules = [...new Map(programs.map((program) => [program.host, ruleOf(program)])).values()]
  const oauth2 = { way: 'oauth2', tokenEndpoint: `https://${ISSUER}/oauth/token`, clientId: 'seamark-test' }
  const credentials = Object.fromEntries(
    programs.map(({ secret, credential }) => [secret, secret === signIn ? oauth2 : credential]),
  )
  const toolchain = { binds: [{ source: agents, target: '/opt/agents' }] }
  const source = (name: string) => JSON.stringify(join(packages, name, 'src/index.ts'))
  return `import { readFileSync } from 'node:fs'
const { sandboxExecutor } = await import(${source('executor-sandbox')})
const { command } = await import(${source('runtime-command')})
export default {
  executors: [sandboxExecutor(${JSON.stringify({ dir: here.data, toolchain })})],
  runtimes: [command(), ${programs.map(({ runtime }) => runtime(env)).join(', ')}],
  policy: { network: { allow: ${JSON.stringify(rules)} } },
  egress: {
    credentials: ${JSON.stringify(credentials)},
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${JSON.stringify(ca)}, 'utf8')],
  },
}
`
}
