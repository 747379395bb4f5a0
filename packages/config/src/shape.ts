import type { Problem } from '@seamark/core'
import { NAME, SECRET_NAME, TEAMS_PER_RUN } from '@seamark/kit'
import { deploymentPolicies, durationMs, MAX_USD, nanoUsdOf, sizeBytes } from '@seamark/protocol'
import { z } from 'zod'
import type { SeamField } from './seams.ts'
import { SEAMS } from './seams.ts'

const maybe = z.exactOptional

const proof = z.enum(['unproven', 'tested', 'probed'])

/** What may be required of a seam whose promises are kept or not. */
const kept = (field: 'storage' | 'journal' | 'signer' | 'exportSigner' | 'anchors') =>
  z.strictObject({
    ...Object.fromEntries(Object.keys(SEAMS[field].claims).map((name) => [name, maybe(z.literal(true))])),
    proof: maybe(proof),
  })

const count = z.int().min(0)
const spend = z.strictObject({
  usd: maybe(
    z
      .number()
      .refine((usd) => nanoUsdOf(usd) !== undefined, `use 0 to ${MAX_USD}, at most nine digits after the point`),
  ),
  tokens: maybe(count),
})

const age = z.string().refine((text) => durationMs(text) !== undefined, 'write it as 12h or 90d, at most 365d')
const size = z
  .string()
  .refine(
    (text) => sizeBytes(text) !== undefined,
    'write a whole number above 0 and KiB, MiB, GiB or TiB, such as 200GiB',
  )
const named = z.string().regex(NAME, 'use 1 to 63 of a-z, 0-9, ".", "_" and "-"')
const member = z
  .string()
  .min(1)
  .max(200)
  .refine((id) => id.isWellFormed(), 'use whole characters')

const gitFolder = z
  .string()
  .max(4_096)
  .regex(
    /^(?:https:\/\/(?![^/]*@)[^/?#\s]+|ssh:\/\/(?![^/]*:[^/]*@)[^/?#\s]+|\/|[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:)(?!.*(?:^|\/)\.\.?(?:\/|$))[^\s?#\\]*$/,
    'use an https or ssh URL without a password, user@host:path, or an absolute folder',
  )

const gitServer = gitFolder.startsWith('https://', 'use an https URL without a password')

const gitUser = z.strictObject({
  user: z.string().regex(/^[^\p{Cc}:]{1,200}$/u, 'use 1 to 200 characters without ":"'),
  secret: z.string().regex(SECRET_NAME, 'use a name of a secret'),
})

const meter = z.strictObject({
  maxOutputTokens: maybe(z.int().min(1)),
  hosts: maybe(z.record(z.string(), z.enum(['anthropic', 'openai', 'bedrock', 'vertex']))),
  prices: maybe(z.array(z.unknown())),
})

/** The plain data of a configuration; seam objects are checked by `seamProblems`. */
const shape = z.strictObject({
  namespace: maybe(named),
  dataDir: maybe(z.string().min(1)),
  journal: maybe(z.looseObject({ journal: z.unknown(), projections: z.unknown() })),
  storage: maybe(z.unknown()),
  executors: maybe(z.array(z.unknown()).min(1)),
  runtimes: maybe(z.array(z.unknown()).min(1)),
  workspaces: maybe(z.unknown()),
  git: maybe(
    z.strictObject({
      submodules: maybe(z.array(gitFolder)),
      lfs: maybe(z.array(gitFolder)),
      credentials: maybe(z.record(gitServer, gitUser)),
    }),
  ),
  signer: maybe(z.unknown()),
  exportSigner: maybe(z.unknown()),
  anchors: maybe(z.array(z.unknown())),
  authorizer: maybe(z.unknown()),
  secrets: maybe(z.unknown()),
  queues: maybe(
    z.record(named, z.strictObject({ concurrency: z.int().min(1).max(100_000), policy: maybe(z.unknown()) })),
  ),
  policy: maybe(z.unknown()),
  setup: maybe(z.strictObject({ policy: maybe(z.unknown()) })),
  retention: maybe(z.strictObject({ runs: maybe(age), snapshots: maybe(age) })),
  quotas: maybe(z.strictObject({ storage: maybe(size), kept: maybe(size), mirrors: maybe(size) })),
  notify: maybe(z.tuple([z.string().min(1)], z.string())),
  budgets: maybe(z.strictObject({ principal: maybe(spend), day: maybe(spend) })),
  agents: maybe(z.record(named, z.strictObject({ policy: maybe(z.unknown()), budget: maybe(spend) }))),
  teams: maybe(z.record(named, z.strictObject({ members: z.array(member), budget: maybe(spend) }))),
  egress: maybe(
    z.strictObject({
      credentials: maybe(
        z.record(
          named,
          z.discriminatedUnion('way', [
            z.strictObject({ way: z.literal('bearer') }),
            z.strictObject({ way: z.literal('header'), header: z.string() }),
            z.strictObject({ way: z.literal('basic'), user: z.string() }),
            z.strictObject({
              way: z.literal('oauth2'),
              tokenEndpoint: z.url({ protocol: /^https$/ }),
              clientId: z.string(),
              clientSecret: maybe(z.string()),
              clientAuth: maybe(z.enum(['basic', 'post'])),
              scope: maybe(z.string()),
            }),
            z.strictObject({
              way: z.literal('github-app'),
              appId: z.string(),
              installationId: z.int(),
              repositories: maybe(z.array(z.string())),
              permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])),
              added: maybe(z.enum(['bearer', 'basic'])),
              apiUrl: maybe(z.url({ protocol: /^https$/ })),
            }),
            z.strictObject({
              way: z.literal('sigv4'),
              region: z.string(),
              service: z.string(),
              payload: maybe(z.enum(['signed', 'unsigned'])),
            }),
          ]),
        ),
      ),
      // What is in it is judged, with its place, by the gateway.
      meters: maybe(z.record(named, meter)),
      packages: maybe(
        z.strictObject({
          registries: z
            .array(
              z.strictObject({
                host: z.string().min(1),
                port: maybe(z.int().min(1).max(65_535)),
                kind: z.enum(['npm', 'pypi']),
              }),
            )
            .min(1),
          maxBytes: maybe(z.int().min(1)),
        }),
      ),
      privateRanges: maybe(z.array(z.string())),
      extraCas: maybe(
        z.array(z.string().regex(/-----BEGIN CERTIFICATE-----/, 'give the text of a certificate in PEM')),
      ),
      proxy: maybe(z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535) })),
      limits: maybe(z.record(z.string(), z.int().min(0))),
    }),
  ),
  require: maybe(
    z.strictObject({
      executor: maybe(
        z.strictObject({
          isolation: maybe(z.enum(['none', 'namespace', 'container', 'vm'])),
          network: maybe(z.enum(['none', 'gateway'])),
          tree: maybe(z.literal('proven')),
          proof: maybe(proof),
        }),
      ),
      storage: maybe(kept('storage')),
      journal: maybe(kept('journal')),
      signer: maybe(kept('signer')),
      exportSigner: maybe(kept('exportSigner')),
      anchors: maybe(z.union([count, kept('anchors').extend({ count })])),
    }),
  ),
})

const methodsOf = ({ methods }: { readonly methods: object }): string[] => Object.keys(methods)

/** Values of a map, `undefined` for anything else. */
function members(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map<string, unknown>(
        // A seam object may be made by a class: its methods are then on the prototype.
        ['spec', 'kind', 'name', 'guarantees', 'role', ...Object.values(SEAMS).flatMap(methodsOf)].map((key) => [
          key,
          Reflect.get(value, key),
        ]),
      )
    : undefined
}

const claim = z.object({ value: z.unknown(), proof })

/** A guarantee that is not declared would otherwise be taken for one that need not be judged. */
function guaranteeProblems(guarantees: unknown, claims: readonly string[], pointer: string): Problem[] {
  const wrong = (message: string, remedy: string): Problem => ({
    code: 'INVALID_INPUT',
    message,
    remedy,
    place: { pointer: `${pointer}/guarantees` },
  })
  if (typeof guarantees !== 'object' || guarantees === null)
    return [wrong('It declares no guarantees.', 'Declare what it promises, as data.')]
  return claims
    .filter((name) => !claim.safeParse(Reflect.get(guarantees, name)).success)
    .map((name) => wrong(`It does not say what it guarantees as "${name}".`, `Declare ${name}: { value, proof }.`))
}

function seamProblems(field: SeamField, value: unknown, pointer: string): Problem[] {
  const { spec, methods, claims } = SEAMS[field]
  const wrong = (message: string, remedy: string, code: Problem['code'] = 'INVALID_INPUT'): Problem[] => [
    { code, message, remedy, place: { pointer } },
  ]
  const object = members(value)
  if (object === undefined) return wrong('This is no seam object.', `Call the factory of an implementation of ${spec}.`)
  const given = object.get('spec')
  if (typeof given !== 'string')
    return wrong('This object has no spec.', `Call the factory of an implementation of ${spec}.`)
  if (given !== spec) {
    const other = given.split('/')[0] === spec.split('/')[0]
    return other
      ? wrong(`It speaks ${given}; this Seamark speaks ${spec}.`, 'Use versions that fit each other.', 'UNSUPPORTED')
      : wrong(`It is an implementation of ${given}, not of ${spec}.`, 'Move it to the field of its seam.')
  }
  const problems: Problem[] = []
  const name = object.get('name')
  const kind = object.get('kind')
  if (typeof name !== 'string' || !NAME.test(name))
    problems.push(...wrong('Its name is not valid.', 'Use 1 to 63 of a-z, 0-9, ".", "_" and "-".'))
  if (typeof kind !== 'string' || kind === '') problems.push(...wrong('It has no kind.', 'Give it a stable name.'))
  problems.push(...guaranteeProblems(object.get('guarantees'), Object.keys(claims), pointer))
  const missing = Object.keys(methods).filter((method) => typeof object.get(method) !== 'function')
  if (missing.length > 0)
    problems.push(...wrong(`It has no ${missing.join(', ')}.`, `Implement every method of ${spec}.`))
  const role = field === 'exportSigner' ? 'export' : 'log'
  if (spec === 'signer/v1' && object.get('role') !== role)
    problems.push(...wrong(`Its role is not ${role}.`, `Make a signer with the role ${role}: one key per role.`))
  return problems
}

function listProblems(field: SeamField, list: readonly unknown[]): Problem[] {
  const names = new Map<unknown, number>()
  return list.flatMap((value, at) => {
    const pointer = `/${field}/${at}`
    const problems = seamProblems(field, value, pointer)
    const name = members(value)?.get('name')
    const first = names.get(name)
    if (first !== undefined && typeof name === 'string')
      problems.push({
        code: 'INVALID_INPUT',
        message: `The name "${name}" is there twice; the first is /${field}/${first}.`,
        remedy: 'Give each its own name.',
        place: { pointer },
      })
    else names.set(name, at)
    return problems
  })
}

/** Where the queues or agents themselves are of another shape, that has been complained about. */
function policyProblems(given: ReadonlyMap<string, unknown>): readonly Problem[] {
  const each = z.record(z.string(), z.looseObject({ policy: maybe(z.unknown()) }))
  const queues = each.safeParse(given.get('queues') ?? {})
  const agents = each.safeParse(given.get('agents') ?? {})
  const setup = z.looseObject({ policy: maybe(z.unknown()) }).safeParse(given.get('setup') ?? {})
  const read = deploymentPolicies({
    policy: given.get('policy'),
    ...(queues.success && { queues: queues.data }),
    ...(agents.success && { agents: agents.data }),
    ...(setup.success && { setup: setup.data }),
  })
  return read.ok ? [] : read.problems
}

/** A run keeps every team of its principal, and has room for so many. */
function teamProblems({ teams = {} }: z.infer<typeof shape>): readonly Problem[] {
  const of = new Map<string, Set<string>>()
  return Object.entries(teams).flatMap(([team, { members }]) =>
    members.flatMap((member, at): Problem[] => {
      const known = of.get(member) ?? new Set()
      of.set(member, known.add(team))
      if (known.size <= TEAMS_PER_RUN) return []
      return [
        {
          code: 'LIMIT_EXCEEDED',
          message: `This principal is in more than ${TEAMS_PER_RUN} teams.`,
          remedy: 'Take it out of some.',
          place: { pointer: `/teams/${team}/members/${at}` },
        },
      ]
    }),
  )
}

/** Everything that is wrong with what a configuration file exports, each with a JSON pointer. */
export function configProblems(config: unknown): readonly Problem[] {
  const parsed = shape.safeParse(config)
  const problems: Problem[] = (parsed.error?.issues ?? []).flatMap((issue): Problem[] => {
    const pointer = issue.path.map((step) => `/${String(step)}`).join('')
    if (issue.code !== 'unrecognized_keys')
      return [{ code: 'INVALID_INPUT', message: issue.message, place: { pointer } }]
    return issue.keys.map((key) => ({
      code: 'INVALID_INPUT',
      message: `There is no field ${JSON.stringify(key)} here.`,
      remedy: pointer === '' ? `Use ${Object.keys(shape.shape).join(', ')}.` : 'Take it out.',
      place: { pointer: `${pointer}/${key}` },
    }))
  })
  if (typeof config !== 'object' || config === null) return problems
  const given = new Map<string, unknown>(Object.entries(config))
  for (const field of ['storage', 'workspaces', 'signer', 'exportSigner', 'authorizer', 'secrets'] as const)
    if (given.get(field) !== undefined) problems.push(...seamProblems(field, given.get(field), `/${field}`))
  for (const field of ['executors', 'runtimes', 'anchors'] as const) {
    const list: unknown = given.get(field)
    if (Array.isArray(list)) problems.push(...listProblems(field, list))
  }
  problems.push(...policyProblems(given))
  if (parsed.success) problems.push(...teamProblems(parsed.data))
  const store = given.get('journal')
  if (typeof store === 'object' && store !== null)
    for (const field of ['journal', 'projections'] as const)
      problems.push(...seamProblems(field, Reflect.get(store, field), `/journal/${field}`))
  return problems
}
