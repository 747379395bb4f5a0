/** Bounds of a script and of the server. */
export const MODEL_SERVER_LIMITS = {
  /** Bytes of a script's text. */
  scriptBytes: 1_048_576,
  /** Turns of one conversation. */
  turns: 10_000,
  /** Bytes of a request's body, as of the Messages API. */
  bodyBytes: 33_554_432,
  /** Levels of a body and of a script. */
  depth: 200,
  /** Values of a body and of a script, all levels together. */
  values: 5_000_000,
  /** Responses that are kept for `previous_response_id`. */
  storedResponses: 1_000,
  /** Conversations of one server. */
  conversations: 1_000,
} as const

/** What the name of a conversation may be. */
export const CONVERSATION_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
