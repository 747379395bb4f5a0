/** Every bound of this package. */
export const METERING_LIMITS = {
  /** Bytes of a request's body that is read; a longer one is refused. */
  requestBytes: 33_554_432,
  /** Objects, arrays and commas of a request's body. */
  requestParts: 1_000_000,
  /** Levels of JSON in a request or an answer. */
  jsonDepth: 1024,
  /** Bytes of one value that is read out of an answer, such as its `usage`. */
  valueBytes: 65_536,
  /** Bytes of a key of JSON, or of an event's name, that can be one we look for. */
  nameBytes: 128,
  /** Bytes of one frame of an event stream that is read; a longer one is checked and left out. */
  frameBytes: 1_048_576,
  /** Bytes of one frame that ends the reading: more than the format allows. */
  frameMaxBytes: 26_214_400,
  /** Bytes of the headers of a frame, as the format says. */
  frameHeaderBytes: 131_072,
  /** Tokens of one kind in one answer; more is not believed. */
  tokens: 1_000_000_000,
  /** How many times the money that was reserved an answer may come to; one with more is not believed. */
  timesReserved: 2,
  /** The same for tokens: those that a provider adds from its cache are many, and cheap. */
  timesReservedTokens: 8,
  /** Tokens that a provider may add to what was sent: its own instructions for tools, marks between messages. */
  addedTokens: 4096,
  /** Tokens of one picture sent inline to a Claude model. */
  claudeImageTokens: 5000,
  /** Milliseconds of a provider's limit beyond which the program's client is not told to wait for its end (no `retry-after`, and `x-should-retry: false`). */
  clientWaitMs: 60_000,
} as const
