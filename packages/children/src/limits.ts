/** Every bound of what a program in a sandbox may ask for over its socket. */
export const CHILDREN_LIMITS: {
  readonly connections: number
  readonly messageBytes: number
  readonly messageDepth: number
  readonly requestsAtOnce: number
  readonly paceMs: number
  readonly unreadBytes: number
  readonly readBytes: number
  readonly waitSeconds: number
} = {
  /** At a time, of one launch. What is over is closed. */
  connections: 4,
  /** Of one message. A connection that sends more is closed. */
  messageBytes: 262_144,
  /** Lists and maps inside each other, in one message. */
  messageDepth: 64,
  /** Of one connection, that have no answer yet. The next ones are not read before. */
  requestsAtOnce: 8,
  /** Between two messages of one connection, in milliseconds. */
  paceMs: 20,
  /** Of answers that a connection does not read. One with more is closed. */
  unreadBytes: 1_048_576,
  /** From the beginning of what a child left, in one answer. */
  readBytes: 65_536,
  /** The longest one wait. */
  waitSeconds: 600,
}
