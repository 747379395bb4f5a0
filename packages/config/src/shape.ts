import type { Problem } from '@seamark/core'
import { NAME } from '@seamark/kit'
import { z } from 'zod'

const maybe = z.exactOptional

/** What each seam object must have; `spec` is the version that this Seamark speaks. */
const seams = {
  storage: {
    spec: 'storage/v1',
    methods: ['put', 'get', 'head', 'list'],
    claims: ['durable', 'conditionalWrite', 'verifiedRead', 'verifiedRange'],
  },
  executors: {
    spec: 'executor/v1',
    methods: ['launch', 'attach', 'events', 'output', 'kill', 'list', 'reap'],
    claims: ['isolation', 'network', 'tree'],
  },
  runtimes: { spec: 'runtime/v1', methods: ['prepare', 'drive'], claims: [] },
  workspaces: { spec: 'workspaces/v1', methods: ['resolve', 'materialize', 'diff', 'snapshot'], claims: [] },
  signer: { spec: 'signer/v1', methods: ['sign', 'publicKey'], claims: ['keyConfined'] },
  exportSigner: { spec: 'signer/v1', methods: ['sign', 'publicKey'], claims: ['keyConfined'] },
  anchors: { spec: 'anchor/v1', methods: ['anchor', 'check', 'latest'], claims: ['beyondOperator', 'time'] },
  authorizer: { spec: 'authorizer/v1', methods: ['authorize'], claims: [] },
  journal: { spec: 'journal/v1', methods: ['acquire', 'append', 'head', 'read'], claims: ['durable', 'fenced'] },
  projections: { spec: 'projections/v1', methods: ['query'], claims: [] },
} as const

type SeamField = keyof typeof seams

const proof = z.enum(['unproven', 'tested', 'probed'])

/** The plain data of a configuration; seam objects are checked by `seamProblems`. */
const shape = z.strictObject({
  namespace: maybe(z.string().regex(NAME, 'use 1 to 63 of a-z, 0-9, ".", "_" and "-"')),
  dataDir: maybe(z.string().min(1)),
  journal: maybe(z.looseObject({ journal: z.unknown(), projections: z.unknown() })),
  storage: maybe(z.unknown()),
  executors: maybe(z.array(z.unknown()).min(1)),
  runtimes: maybe(z.array(z.unknown()).min(1)),
  workspaces: maybe(z.unknown()),
  signer: maybe(z.unknown()),
  exportSigner: maybe(z.unknown()),
  anchors: maybe(z.array(z.unknown())),
  authorizer: maybe(z.unknown()),
  queues: maybe(
    z.record(
      z.string().regex(NAME, 'use 1 to 63 of a-z, 0-9, ".", "_" and "-"'),
      z.strictObject({ concurrency: z.int().min(1).max(100_000) }),
    ),
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
      anchors: maybe(z.int().min(0)),
      anchorsBeyondOperator: maybe(z.int().min(0)),
      signer: maybe(z.strictObject({ keyConfined: maybe(z.literal(true)) })),
    }),
  ),
})

/** Values of a map, `undefined` for anything else. */
function members(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map<string, unknown>(
        // A seam object may be made by a class: its methods are then on the prototype.
        ['spec', 'kind', 'name', 'guarantees', 'role', ...Object.values(seams).flatMap(({ methods }) => methods)].map(
          (key) => [key, Reflect.get(value, key)],
        ),
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
  const { spec, methods, claims } = seams[field]
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
  problems.push(...guaranteeProblems(object.get('guarantees'), claims, pointer))
  const missing = methods.filter((method) => typeof object.get(method) !== 'function')
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
  for (const field of ['storage', 'workspaces', 'signer', 'exportSigner', 'authorizer'] as const)
    if (given.get(field) !== undefined) problems.push(...seamProblems(field, given.get(field), `/${field}`))
  for (const field of ['executors', 'runtimes', 'anchors'] as const) {
    const list: unknown = given.get(field)
    if (Array.isArray(list)) problems.push(...listProblems(field, list))
  }
  const store = given.get('journal')
  if (typeof store === 'object' && store !== null)
    for (const field of ['journal', 'projections'] as const)
      problems.push(...seamProblems(field, Reflect.get(store, field), `/journal/${field}`))
  return problems
}
