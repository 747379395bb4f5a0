/** How a guarantee came to be believed. */
export type Proof = 'probed' | 'tested' | 'unproven'

/** One promise of a seam object and how far it was proven. */
export interface Claim<T> {
  readonly value: T
  readonly proof: Proof
}

/** How far a limit holds: stopped at the limit, noticed and killed after it, or not at all. */
export type LimitStrength = 'enforced' | 'watched' | 'none'

/** What every seam object says about itself. */
export interface Seam<Spec extends string, Guarantees = object> {
  /** The version of the seam it implements, such as `executor/v1`. */
  readonly spec: Spec
  /** The stable name of the technology; it goes into evidence. Example: `aws.fargate`. */
  readonly kind: string
  /** The name of this instance, unique among instances of one seam in one deployment. */
  readonly name: string
  /** What it promises, as data. A conformance case is skipped only by what is declared here. */
  readonly guarantees: Guarantees
}

/** The last argument of every seam method. */
export interface CallOptions {
  /** Aborting rejects the call with code `ABORTED`; what was already durable stays. */
  readonly signal?: AbortSignal
}

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json }

/** Names a content-addressed blob by the lower-case hex SHA-256 and the size of its stored bytes. */
export interface BlobRef {
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

/** Who acts: an opaque id of a person, a service key or an agent, never a name or an address. */
export interface Principal {
  readonly id: string
  /** The principal for whom an agent acts. */
  readonly onBehalfOf?: string
  /**
   * Teams that it is a member of now, as whoever authenticated it knows them: at most 16 names of 1 to 200 characters. What its
   * runs spend counts against their budgets.
   */
  readonly teams?: readonly string[]
}
