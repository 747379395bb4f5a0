/** Where the service is: a unix socket on this machine, or an address. */
export type ClientTarget = { readonly socketPath: string } | { readonly url: string; readonly token?: string }

export type ClientOptions = ClientTarget & {
  /** Tries of an idempotent call in all, and reconnections of a stream without progress. Default 4. */
  readonly attempts?: number
  /** First back-off between tries in milliseconds; doubles each time up to 2 s. Default 50. */
  readonly minDelayMs?: number
  /**
   * Longest silence of the service within a call, in milliseconds. A followed stream of events is
   * never silent for longer than 15 s. Default 120,000.
   */
  readonly silenceMs?: number
}
