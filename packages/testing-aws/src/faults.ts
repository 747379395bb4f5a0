/** What goes wrong with calls that come next. */
export interface KmsFault {
  /** Only calls of this operation, such as `Sign`. Default all. */
  readonly operation?: string
  /** How many calls. Default 1; `Infinity` until taken back. */
  readonly times?: number
  readonly kind:
    /** `ThrottlingException`, status 400. */
    | 'throttle'
    /** `KMSInternalException`, status 500. */
    | 'internal'
    /** `DependencyTimeoutException`, status 500. */
    | 'dependency-timeout'
    /** `KeyUnavailableException`, status 500. */
    | 'key-unavailable'
    /** Status 503 with a page of HTML, as a proxy before the service gives it. */
    | 'proxy-error'
    /** The connection is cut before anything happens. */
    | 'reset'
    /** The call takes effect and the connection is cut before the answer. */
    | 'lost-answer'
    /** The answer stops in its middle. */
    | 'cut-answer'
    /** Status 200 with something that is not JSON. */
    | 'garbage'
    /** No answer at all, until the client gives up. */
    | 'hang'
    /** One bit of the signature in the answer is wrong. */
    | 'wrong-signature'
}

export interface Faults {
  /** Returns a function that takes it back. */
  add(fault: KmsFault): () => void
  /** The fault of this call, which it uses up. */
  take(operation: string): KmsFault['kind'] | undefined
}

/** Faults in the order in which they were asked for. */
export function faults(): Faults {
  let pending: { readonly fault: KmsFault; left: number }[] = []
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? 1 }
      pending.push(entry)
      return () => {
        pending = pending.filter((other) => other !== entry)
      }
    },
    take(operation) {
      const found = pending.find(({ fault }) => fault.operation === undefined || fault.operation === operation)
      if (found === undefined) return undefined
      found.left--
      pending = pending.filter(({ left }) => left > 0)
      return found.fault.kind
    },
  }
}
