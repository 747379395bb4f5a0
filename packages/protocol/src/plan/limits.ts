import { OUTPUT_BYTES, SERVICES_PER_ITEM } from '@seamark/kit'

/** Every limit of a plan. What is over one is refused with `LIMIT_EXCEEDED` and its place. */
export interface PlanLimits {
  /** Bytes of a plan written as YAML. */
  readonly yamlBytes: number
  /** Tokens of a plan written as YAML: marks, spaces and texts. */
  readonly yamlTokens: number
  /** Bytes of a plan written as JSON; also of a YAML plan with its aliases written out. */
  readonly jsonBytes: number
  /** Values in the document, with aliases written out. */
  readonly values: number
  /** Lists and maps inside each other. */
  readonly depth: number
  /** Uses of YAML aliases. */
  readonly aliases: number
  readonly items: number
  readonly needsPerItem: number
  readonly locksPerItem: number
  /** Folders and names in the paths of all locks: the engine keeps a node for each. */
  readonly lockSegments: number
  readonly gatesPerItem: number
  readonly outputsPerItem: number
  /** Bytes that the outputs of one item take in the record of its end: each its path and its digest, one with a kind its path again and its summary. */
  readonly outputBytes: number
  readonly servicesPerItem: number
  /** Different versions of agents. */
  readonly agents: number
  /** Variables of a plan, and names in one matrix. */
  readonly variables: number
  /** Files of one plan, itself among them. */
  readonly files: number
  /** Bytes of a plan of several files, all of them together. */
  readonly filesBytes: number
  /** Files that include each other, in a row. */
  readonly includeDepth: number
  /** Items of one matrix, and entries of its `exclude`. */
  readonly matrixItems: number
  /** Names in one `env`. */
  readonly env: number
  /** Bytes of `run`: the system takes no longer argument. */
  readonly runBytes: number
  /** Bytes of `prompt`, of a file that it names, and of `input` as JSON. */
  readonly promptBytes: number
  /** Bytes of one value of `env`. */
  readonly envValueBytes: number
  /** Bytes of one path. */
  readonly pathBytes: number
  /** Paths in `protect`, `key` or `paths`. */
  readonly paths: number
  /** Bytes of the canonical JSON of one item with its defaults. */
  readonly itemBytes: number
  /** Bytes of all items with their defaults. */
  readonly totalItemBytes: number
  readonly retries: number
  /** Items that one attempt and its children may add. */
  readonly childrenPerItem: number
  /** Generations of children. */
  readonly childrenDepth: number
  /** Milliseconds of any duration: 365 days. */
  readonly durationMs: number
  /** Problems that one answer lists. */
  readonly problems: number
}

export const PLAN_LIMITS: PlanLimits = {
  yamlBytes: 4 * 1024 * 1024,
  yamlTokens: 3_300_000,
  jsonBytes: 64 * 1024 * 1024,
  values: 4_000_000,
  depth: 64,
  aliases: 1_000,
  items: 100_000,
  needsPerItem: 1_000,
  locksPerItem: 1_000,
  lockSegments: 300_000,
  gatesPerItem: 16,
  outputsPerItem: 100,
  outputBytes: OUTPUT_BYTES,
  servicesPerItem: SERVICES_PER_ITEM,
  agents: 100,
  variables: 100,
  files: 100,
  filesBytes: 4 * 1024 * 1024,
  includeDepth: 8,
  matrixItems: 1_000,
  env: 1_000,
  runBytes: 128_000,
  promptBytes: 128_000,
  envValueBytes: 32 * 1024,
  pathBytes: 4_096,
  paths: 1_000,
  itemBytes: 256 * 1024,
  totalItemBytes: 128 * 1024 * 1024,
  retries: 100,
  childrenPerItem: 100,
  childrenDepth: 3,
  durationMs: 365 * 24 * 3_600_000,
  problems: 1_000,
}
