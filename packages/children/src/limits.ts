/** Every bound of what a program in a sandbox may ask for over its socket. */
export const CHILDREN_LIMITS: {
  readonly connections: number
  readonly connectionsPerSecond: number
  readonly messageBytes: number
  readonly messageDepth: number
  readonly requestsAtOnce: number
  readonly callsAtOnce: number
  readonly paceMs: number
  readonly bytesPerSecond: number
  readonly unreadBytes: number
  readonly itemsPerCall: number
  readonly outputBytes: number
  readonly readBytes: number
  readonly waitSeconds: number
} = {
  /** At a time, of one launch. What is over is closed. */
  connections: 4,
  /** Taken within one second, of one launch. What is over is closed. */
  connectionsPerSecond: 8,
  /** Of one message. A connection that sends more is closed. */
  messageBytes: 262_144,
  /** Lists and maps inside each other, in one message. */
  messageDepth: 64,
  /** Of one connection, that have no answer yet. The next ones are not read before. */
  requestsAtOnce: 8,
  /** Of one launch, that add items or wait and have no answer yet. What is over is refused. */
  callsAtOnce: 16,
  /** Between two messages of one launch, in milliseconds. */
  paceMs: 20,
  /** Of messages of one launch, beside that. The next ones are not read before. */
  bytesPerSecond: 1_048_576,
  /** Of answers that a connection does not read. One with more is closed. */
  unreadBytes: 1_048_576,
  /** Items that one call adds, and ids that it names. */
  itemsPerCall: 100,
  /** Of the outputs in one answer, as JSON. Those beyond are counted. */
  outputBytes: 65_536,
  /** From the beginning of what a child left, in one answer. */
  readBytes: 65_536,
  /** The longest one wait. */
  waitSeconds: 600,
}
