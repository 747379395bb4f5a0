import { SERVICES_PER_ITEM, TEAMS_PER_RUN } from '@seamark/kit'

/** Every bound of the evidence formats. A header, payload or bundle beyond one is refused, never cut. */
export const LIMITS: {
  readonly headerBytes: number
  readonly payloadBytes: number
  readonly saltBytes: number
  readonly jsonDepth: number
  readonly needsPerItem: number
  readonly outputsPerProduct: number
  readonly inputsPerLaunch: number
  readonly teamsPerRun: number
  readonly instructionsPerLaunch: number
  readonly leftNames: number
  readonly refusedPaths: number
  readonly refusedReasons: number
  readonly activityTools: number
  readonly activityNudged: number
  readonly activityModels: number
  readonly summaryNames: number
  readonly servicesPerItem: number
  readonly noteBytes: number
  readonly noteSignatures: number
  readonly proofHashes: number
} = {
  /** Canonical JSON of a header. A tlog-tiles entry holds at most 65,535 bytes. */
  headerBytes: 60_000,
  payloadBytes: 1_048_576,
  saltBytes: 32,
  /** Nesting of arrays and objects in canonical JSON. */
  jsonDepth: 64,
  needsPerItem: 1_000,
  outputsPerProduct: 100,
  inputsPerLaunch: 1_000,
  /** Against whose budgets the calls of one run count. */
  teamsPerRun: TEAMS_PER_RUN,
  /** Files that an agent's program reads as instructions: its own, one of each skill, and a digest of the MCP servers of its runtime. */
  instructionsPerLaunch: 34,
  /** Names of processes that one program left running. */
  leftNames: 5,
  /** Paths of writes that one program tried and its mounts refused. */
  refusedPaths: 8,
  /** Words of why its way out refused requests of one attempt. */
  refusedReasons: 8,
  /** Tools, by which the calls of one attempt's agent are told apart. */
  activityTools: 24,
  /** Tools that the agent of one attempt was told that it repeats. */
  activityNudged: 5,
  /** Models, by which the tokens that one attempt's agent told are told apart; one more is all others. */
  activityModels: 8,
  /** Failing cases or findings that the summary of one output names. */
  summaryNames: 10,
  servicesPerItem: SERVICES_PER_ITEM,
  noteBytes: 65_536,
  noteSignatures: 64,
  /** Inclusion and consistency proofs; a tree of 2^53 leaves needs no more. */
  proofHashes: 63,
}
