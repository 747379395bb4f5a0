/** Every bound of this package. */
export const METERING_LIMITS = {
  /** Bytes of a request's body that is read; a longer one is refused. */
  requestBytes: 32 * 1024 * 1024,
  /** Levels of JSON in a request or an answer. */
  jsonDepth: 1024,
  /** Bytes of one value that is read out of an answer, such as its `usage`. */
  valueBytes: 64 * 1024,
  /** Bytes of a key of JSON, or of an event's name, that can be one we look for. */
  nameBytes: 128,
  /** Bytes of one frame of an event stream that is read; a longer one is checked and left out. */
  frameBytes: 1024 * 1024,
  /** Bytes of one frame that ends the reading: more than the format allows. */
  frameMaxBytes: 25 * 1024 * 1024,
  /** Bytes of the headers of a frame, as the format says. */
  frameHeaderBytes: 128 * 1024,
  /** Tokens of one kind in one answer; more is not believed. */
  tokens: 1_000_000_000,
  /** Tokens that a provider may add to what was sent: its own instructions for tools, marks between messages. */
  addedTokens: 4096,
  /** Tokens of one picture sent inline to a Claude model. */
  claudeImageTokens: 5000,
} as const
