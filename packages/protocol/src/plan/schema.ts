import type { Plan, PlanItem, PlanItemDefaults, PlanMatrix, PlanService, PlanSetup, PlanVariable } from '@seamark/core'
import { ITEM_ID, NAME } from '@seamark/kit'
import { z } from 'zod'
import { DURATION } from './duration.ts'
import { PLAN_LIMITS } from './limits.ts'
import { MAX_USD } from './spending.ts'
import {
  filesystemSchema,
  networkSchema,
  POLICY_FIELDS,
  resourcesSchema,
  SETUP_POLICY_FIELDS,
  setupPolicySchema,
  toolsSchema,
} from './policy-schema.ts'

/** Of variables. */
export const VARIABLE_NAME: RegExp = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/

const maybe = z.exactOptional
const text = z.string().min(1)
const duration = z
  .string()
  .regex(DURATION, 'is no duration: write a whole number above 0 and ms, s, m, h or d, such as 90s')
  .describe('A duration such as 500ms, 90s, 20m, 2h or 1d.')
const name = z
  .string()
  .regex(NAME, 'is no name: use 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit')
const itemId = z
  .string()
  .regex(ITEM_ID, 'is no id: use 1 to 63 of a-z, 0-9, "_" and "-", beginning with a letter or digit')
const env = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
  .describe('Environment variables. Names that begin with SEAMARK_ are taken.')
const agent = z.string().min(1)
const word = z.string().min(1).max(200)
const prompt = z.union([
  text.describe('What an agent is to do, in words.'),
  z.strictObject({ file: text.describe('A file of the base that holds the words, as UTF-8.') }),
])

const retries = z.strictObject({
  max: maybe(z.int().min(0).max(PLAN_LIMITS.retries).describe('Attempts beyond the first. Default 0.')),
  minDelay: maybe(duration.describe('First back-off; doubles each time. Default 1s.')),
  maxDelay: maybe(duration.describe('Cap of the back-off. Default 5m.')),
})

const budget = z.strictObject({
  wallClock: maybe(duration.describe('Wall-clock limit of the whole run; not of one item.')),
  usd: maybe(
    z
      .number()
      .min(0)
      .max(MAX_USD)
      .describe('US dollars that metered calls may cost, at most nine digits after the point.'),
  ),
  tokens: maybe(z.int().min(0).describe('Tokens of all kinds that metered calls may use.')),
})

const children = z.strictObject({
  max: z.int().min(1).max(PLAN_LIMITS.childrenPerItem).describe('Items that one attempt and its children may add.'),
  depth: maybe(
    z.int().min(1).max(PLAN_LIMITS.childrenDepth).describe('Generations. Default 1: children add none themselves.'),
  ),
  end: maybe(
    z
      .enum(['cancel', 'finish'])
      .describe('What becomes of children when their parent succeeds before them: cancel is the default.'),
  ),
})

const setup = z.strictObject({
  run: text.describe('Command line, run once.'),
  key: z.array(text).describe('The only files of the base that it sees.'),
  paths: z.array(text).min(1).describe('What it leaves for the attempts; left out of capture.'),
  timeout: maybe(duration),
  policy: maybe(setupPolicySchema.describe('What it may use; narrows what the deployment says of set-ups.')),
})

const workspace = z.strictObject({
  git: maybe(text.describe('Path, git bundle or URL of a repository.')),
  ref: maybe(text.describe('Resolved to the base commit once, at submit. Default HEAD.')),
  submodules: maybe(
    z
      .boolean()
      .describe('true fills submodules, and theirs, with the commits that the base has of them. Default false.'),
  ),
  lfs: maybe(z.boolean().describe('true puts files in the places of their Git LFS pointers. Default false.')),
  history: maybe(
    z
      .enum(['none', 'commits'])
      .describe(
        'Of a repository on a server, none fetches only the base commit, and commits all of them with the files of the base commit alone. Default: attempts have the whole history.',
      ),
  ),
  setup: maybe(setup.describe('What is run once for the base, before the items.')),
})

const gate = z.strictObject({
  run: text.describe('Command line that ends with 0 where the work is accepted.'),
  protect: maybe(z.array(z.string()).describe('Paths, or prefixes and /**, that come from the base.')),
  timeout: maybe(duration),
})
const ready = z.strictObject({
  run: text.describe('Command line that ends with 0 once the service is ready.'),
  every: maybe(duration.describe('Between two looks. Default 500ms.')),
  timeout: maybe(duration.describe('How long it may take. Default 1m.')),
})
const service = z.strictObject({
  name: itemId.describe('As logs and records name it.'),
  run: maybe(
    text.describe(
      'Command line that stays in the foreground. Its files go to $SEAMARK_SERVICE_DIR. Only with image it may be absent: what the image starts by itself.',
    ),
  ),
  image: maybe(
    text.describe(
      'Runs it in a container of its own on the network of the item: NAME@sha256:DIGEST or sha256:DIGEST, one of those that the executor may start.',
    ),
  ),
  ready: ready.describe('How it is known that it can be used.'),
  env: maybe(env),
  stop: maybe(duration.describe('Between SIGTERM and SIGKILL. Default 10s.')),
})
const policyFields = {
  filesystem: maybe(filesystemSchema.describe('Files that an attempt sees and writes.')),
  network: maybe(networkSchema.describe('What an attempt reaches.')),
  limits: maybe(resourcesSchema.describe('Limits of each of its launches.')),
  tools: maybe(toolsSchema.describe('Command lines that may run.')),
}
const priority = maybe(
  z
    .int()
    .min(-100)
    .max(100)
    .describe('How far it goes ahead of others in its queue: the higher, the sooner. Default 0.'),
)
const keepWorkspace = maybe(z.boolean().describe('false waives the snapshot of the workspace. Default true.'))

const readyDefaults = ready.omit({ run: true })
const gateDefaults = gate.omit({ run: true })
const serviceDefaults = service.pick({ env: true, stop: true }).extend({
  ready: maybe(readyDefaults.describe('Times of the looks whether it is ready.')),
})
const itemDefaults = z.strictObject({
  gates: maybe(gateDefaults.describe('What gates have that say nothing themselves.')),
  services: maybe(serviceDefaults.describe('What services have that say nothing themselves.')),
})
/** Defaults that are written into the items before these are checked. */
const spread = itemDefaults.extend({
  priority,
  keepWorkspace,
  budget: maybe(budget.describe('Of each item. Its wallClock is refused with UNSUPPORTED.')),
  ...policyFields,
})

const defaults = z.strictObject({
  agent: maybe(agent.describe('The agent of items that name none.')),
  runtime: maybe(name.describe('The runtime of items that name none.')),
  model: maybe(word.describe('The model of items with prompt that name none.')),
  effort: maybe(word.describe('The effort of items with prompt that name none.')),
  executor: maybe(name.describe('The executor of items that name none.')),
  timeout: maybe(duration.describe('Of each attempt. Default 1h.')),
  retries: maybe(retries.describe('After an attempt that failed.')),
  env: maybe(env),
  ...spread.shape,
})

const select = z.union([
  z.enum(['patch', 'workspace']),
  z.strictObject({ output: text.describe('Path of a declared output.') }),
])
const need = z.strictObject({
  from: z.string().describe('Id of an item.'),
  select: maybe(select.describe('What of it is put there. Absent: nothing, it is order only.')),
})
const output = z.strictObject({
  path: text.describe('Path in the workspace.'),
  schema: maybe(z.record(z.string(), z.json()).describe('JSON Schema, draft 2020-12, that the document must hold to.')),
  kind: maybe(
    z
      .enum(['junit', 'sarif', 'coverage'])
      .describe(
        'What it is read as, and summed up in the record of the attempt: JUnit XML, SARIF 2.1.0, or coverage as lcov or Cobertura XML. One that can not be read fails the attempt.',
      ),
  ),
})

const variableName = z
  .string()
  .regex(VARIABLE_NAME, 'is no name of a variable: use 1 to 63 letters, digits, "_" and "-", beginning with a letter')
const scalar = [z.string(), z.number(), z.boolean()] as const
const matrixLists = z.array(z.union([...scalar, z.record(z.string(), z.union(scalar))])).min(1)

const item = z
  .strictObject({
    id: itemId.describe('One of its own in the plan: 1 to 63 of a-z, 0-9, _ and -.'),
    matrix: maybe(
      z
        .record(variableName, matrixLists)
        .describe(
          'Lists of values: there is one item for each combination, in which ${{ matrix.NAME }} stands for its value. exclude and include are lists of maps.',
        ),
    ),
    defaults: maybe(itemDefaults.describe('Of what this item has several of; they go before those of the plan.')),
    run: maybe(text.describe('Command line.')),
    prompt: maybe(prompt.describe('What an agent is to do. In the place of run, where the runtime takes one.')),
    model: maybe(word.describe("The model of the agent, in its program's words.")),
    effort: maybe(word.describe("How hard that model is to think, in its program's words.")),
    agent: maybe(
      agent.describe(
        'An agent of the configuration, or a version that was pushed: NAME@VERSION or sha256:DIGEST. Its policy and its budget hold for the item.',
      ),
    ),
    input: maybe(
      z
        .record(z.string(), z.json())
        .describe('What a version of an agent is given; it holds to the schema that the version has.'),
    ),
    needs: maybe(
      z
        .union([z.array(z.string()), z.record(z.string(), need)])
        .describe('A list of ids is order only; a map names inputs, read-only at $SEAMARK_INPUTS/<name>.'),
    ),
    locks: maybe(z.array(z.string()).describe('A literal path, a prefix and /**, or name: and a name.')),
    services: maybe(
      z
        .array(service)
        .describe(
          "Helper programs in the item's sandbox, or containers on its network, such as a database: started in this order before its program and before each gate, ended with it.",
        ),
    ),
    gates: maybe(z.array(gate).describe('What decides on its work, each in a fresh sandbox on base plus patch.')),
    outputs: maybe(z.array(output).describe('Files that it has to leave, kept by their digests.')),
    effects: maybe(
      z.enum(['pure', 'read-impure', 'write-impure']).describe('This version enforces write-impure, the default.'),
    ),
    runtime: maybe(name.describe('What drives its program. Default that of its agent, or command.')),
    executor: maybe(name.describe('Where it runs. Default sandbox.')),
    queue: maybe(name.describe('Whose slots it takes. Default that of the plan.')),
    priority,
    timeout: maybe(duration.describe('Of each attempt. Default 1h.')),
    retries: maybe(retries.describe('After an attempt that failed.')),
    env: maybe(env),
    keepWorkspace,
    patch: maybe(z.literal('required').describe('An attempt that changed nothing did not succeed.')),
    budget: maybe(
      budget.describe('What all attempts of the item may spend together. Its wallClock is refused with UNSUPPORTED.'),
    ),
    children: maybe(children.describe('Items that its agent may add to the run. Absent: none.')),
    ...policyFields,
  })
  .describe('One unit of work.')

const variable = z.strictObject({
  type: z.enum(['string', 'number', 'integer', 'boolean', 'choice']).describe('What its values are.'),
  default: maybe(z.union(scalar).describe('Without one it must be given.')),
  choices: maybe(z.array(text).min(1).describe('What a choice may be.')),
  description: maybe(z.string().describe('What it is for, to whoever gives it.')),
})

const plan = z.strictObject({
  version: z.literal(1).describe('Of this format.'),
  name: maybe(z.string().min(1).max(200).describe('As lists and reports show it.')),
  variables: maybe(z.record(variableName, variable).describe('What ${{ vars.NAME }} in texts stands for.')),
  include: maybe(
    z
      .array(text)
      .min(1)
      .describe(
        'Files with further items, relative to this one and in its folder or below that of the plan. Read by the command line.',
      ),
  ),
  workspace: maybe(workspace.describe('The files that attempts begin with. Without git an empty folder.')),
  defaults: maybe(defaults.describe('What items have that say nothing themselves.')),
  budget: maybe(budget.describe('What the whole run may take.')),
  queue: maybe(name.describe('The queue of items that name none. Default default.')),
  items: z.array(item).min(1).max(PLAN_LIMITS.items).describe('What is to be done; needs make a graph of it.'),
})

/** The shape of a plan. `parsePlan` checks what a shape can not say. */
export const planSchema: z.ZodType<Plan> = plan
export const variableSchema: z.ZodType<PlanVariable> = variable
/** Without the rule of names: `combinations` tells of these. */
export const matrixSchema: z.ZodType<PlanMatrix> = z.record(z.string(), matrixLists)
export const VARIABLE_FIELDS: readonly string[] = Object.keys(variable.shape)
export const itemDefaultsSchema: z.ZodType<PlanItemDefaults> = itemDefaults
export const spreadSchema: z.ZodType<PlanItemDefaults> = spread
/** The fields of `defaults` that `spreadSchema` has. */
export const SPREAD_FIELDS: readonly string[] = Object.keys(spread.shape)
export const itemSchema: z.ZodType<PlanItem> = item
/** Everything but the items, which are checked one by one. */
export const planHeadSchema: z.ZodType<Omit<Plan, 'items'> & { readonly items: readonly unknown[] }> = plan.extend({
  items: z.array(z.unknown()).min(1),
})

// The reverse of the annotations above: a field that core has and the schema lacks does not compile.
const guard: {
  readonly plan: Record<Exclude<keyof Plan, keyof z.infer<typeof plan>>, never>
  readonly item: Record<Exclude<keyof PlanItem, keyof z.infer<typeof item>>, never>
  readonly setup: Record<Exclude<keyof PlanSetup, keyof z.infer<typeof setup>>, never>
  readonly workspace: Record<Exclude<keyof NonNullable<Plan['workspace']>, keyof z.infer<typeof workspace>>, never>
  readonly defaults: Record<Exclude<keyof NonNullable<Plan['defaults']>, keyof z.infer<typeof defaults>>, never>
  readonly budget: Record<Exclude<keyof NonNullable<Plan['budget']>, keyof z.infer<typeof budget>>, never>
  readonly service: Record<Exclude<keyof PlanService, keyof z.infer<typeof service>>, never>
} = { plan: {}, item: {}, setup: {}, workspace: {}, defaults: {}, budget: {}, service: {} }
void guard

const fields: ReadonlyMap<string, readonly string[]> = new Map([
  ...[...POLICY_FIELDS].flatMap(([place, names]) => [
    [`items.#.${place}`, names] as const,
    [`defaults.${place}`, names] as const,
    [`workspace.setup.policy.${place}`, names] as const,
  ]),
  ['workspace.setup.policy', SETUP_POLICY_FIELDS],
  ...Object.entries({
    '': plan,
    workspace,
    'workspace.setup': setup,
    defaults,
    'defaults.retries': retries,
    'defaults.budget': budget,
    'defaults.gates': gateDefaults,
    'defaults.services': serviceDefaults,
    'defaults.services.ready': readyDefaults,
    budget,
    'items.#': item,
    'items.#.defaults': itemDefaults,
    'items.#.defaults.gates': gateDefaults,
    'items.#.defaults.services': serviceDefaults,
    'items.#.defaults.services.ready': readyDefaults,
    'items.#.retries': retries,
    'items.#.budget': budget,
    'items.#.children': children,
    'items.#.services.#': service,
    'items.#.services.#.ready': ready,
    'items.#.gates.#': gate,
    'items.#.outputs.#': output,
    'items.#.prompt': z.strictObject({ file: text }),
    'items.#.needs.*': need,
    'items.#.needs.*.select': z.strictObject({ output: text }),
  }).map(([place, schema]) => [place, Object.keys(schema.shape)] as const),
])

/** The fields that an object at this path of a plan may have. */
export function knownFields(path: readonly (string | number)[]): readonly string[] {
  const place = path.map((step, at) => (typeof step === 'number' ? '#' : path[at - 1] === 'needs' ? '*' : step))
  return fields.get(place.join('.')) ?? []
}
