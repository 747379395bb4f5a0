/** Bounds of one attempt's way out. Each may be changed by the deployment. Beyond one, the program gets an error that names it. */
export const GATEWAY_LIMITS = {
  /** Bytes of the request line and headers of one request, and of one answer. */
  maxHeaderBytes: 32_768,
  /** Headers of one request, and of one answer. */
  maxHeaders: 100,
  /** Bytes of one request's body. */
  maxRequestBytes: 1_073_741_824,
  /** Bytes of one request's body that is metered or signed, which is held whole: what it can cost, and its digest, depend on all of it. */
  maxMeteredBytes: 33_554_432,
  /** Bytes of memory for such bodies at one time. One takes at most twice its length. */
  maxHeldBytes: 67_108_864,
  /** Bytes of one answer's body. */
  maxAnswerBytes: 17_179_869_184,
  /** Bytes of one tunnel, in each direction. */
  maxTunnelBytes: 17_179_869_184,
  /** Connections of the program at one time. */
  maxConnections: 1_024,
  /** Records of single decisions of an attempt by one gateway process. Beyond them all are counted: refusals by their reason, others without their path. */
  maxDecisions: 10_000,
  /** Records of equal decisions of an attempt by one gateway process. Beyond them these are counted. */
  maxEqualDecisions: 100,
  /** Decisions that are counted which one record allows ahead. */
  maxAheadDecisions: 10_000,
  /** Milliseconds from the beginning of a request, or of a connection's first bytes, to the end of its headers. */
  headersMs: 15_000,
  /** Milliseconds without a byte in either direction. */
  idleMs: 600_000,
  /** Milliseconds to resolve a name, and again to connect and agree on TLS. */
  connectMs: 15_000,
  /** Milliseconds for which the address of a name is kept. */
  pinMs: 30_000,
} as const

/** The bounds in force. */
export type GatewayLimits = { readonly [name in keyof typeof GATEWAY_LIMITS]: number }
