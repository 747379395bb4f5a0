/** Every limit of a policy. What is over one is refused with `LIMIT_EXCEEDED` and its place. */
export interface PolicyLimits {
  /** Rules in `network.allow`, of one level or of all together. */
  readonly rules: number
  /** Methods of one rule. */
  readonly methods: number
  /** Paths of all rules, of one level or of all together. */
  readonly paths: number
  /** Patterns in `shell` or paths in `write`, of one level or of all together. */
  readonly patterns: number
  /** Patterns in `deny` or globs in `hide`, of one level or of all together. */
  readonly added: number
  /** Characters of a pattern or path. */
  readonly textLength: number
  /** Processors. */
  readonly cpu: number
  readonly pids: number
  /** Milliseconds of `wallClock` and `idle`: 365 days. */
  readonly durationMs: number
  /** Characters of a request's path. */
  readonly requestPathLength: number
  /** Characters of a command line, and of all arguments of a command. */
  readonly commandLength: number
  /** Texts of commands inside each other: `sh -c "sh -c …"`. */
  readonly commandDepth: number
  /** Arguments of a program that starts others, such as env and xargs. */
  readonly carriedArguments: number
}

export const POLICY_LIMITS: PolicyLimits = {
  rules: 200,
  methods: 40,
  paths: 1_000,
  patterns: 200,
  added: 800,
  textLength: 1_000,
  cpu: 1_024,
  pids: 4_194_304,
  durationMs: 365 * 24 * 3_600_000,
  requestPathLength: 16_384,
  commandLength: 131_072,
  commandDepth: 4,
  carriedArguments: 1_000,
}
