import type { ModelProvider } from '@seamark/core'

/** Who answers and, with the model's name, sets the price. */
export const PROVIDERS: readonly ['anthropic', 'openai', 'bedrock', 'vertex'] = [
  'anthropic',
  'openai',
  'bedrock',
  'vertex',
]

export type Provider = ModelProvider

/** The form of a request and of its answer. */
export type Api =
  | 'anthropic.messages'
  | 'openai.responses'
  | 'openai.chat'
  | 'bedrock.invoke'
  | 'bedrock.converse'
  | 'vertex.generate'
  | 'vertex.anthropic'

/** A request as it came from the program, before it is forwarded. */
export interface ModelRequest {
  readonly method: string
  /** Host name in lower case, without port. */
  readonly host: string
  /** Path and query, as on the request line. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

export interface RequestOptions {
  /** The most tokens that one answer may have; requests that ask for more, or do not say, are changed. */
  readonly maxOutputTokens: number
  /** Other hosts that speak a provider's API, by host name in lower case. */
  readonly hosts?: Readonly<Record<string, Provider>>
}

/** One member of the body that was set. `from` is absent where there was none. */
export interface BodyChange {
  /** JSON pointer (RFC 6901) into the body. */
  readonly pointer: string
  readonly from?: unknown
  readonly to: number | string | boolean
}

/** A call to a model, and the most it can use. */
export interface ModelCall {
  readonly api: Api
  readonly provider: Provider
  /** As the request names it. */
  readonly model: string
  /** Where the model runs, on Vertex AI: the location in the path. */
  readonly location?: string
  readonly stream: boolean
  /** A bound from the size of what was sent; absent where the request names content that is not in it. */
  readonly inputTokens?: number
  /** Over all choices of the answer. */
  readonly maxOutputTokens: number
  /** The longest life of what the request may write to a cache. */
  readonly cacheWrite: 'none' | '5m' | '1h'
  /** What to forward: the same bytes, but for `changes`. */
  readonly body: Uint8Array
  readonly changes: readonly BodyChange[]
  /** Headers to set when forwarding, so that the answer can be read. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * What of the request can cost more than its tokens say: JSON pointers into the body, or `header NAME`. Under a
   * budget such a call is refused.
   */
  readonly unbounded: readonly string[]
}

/** What of a call says how its answer is read. */
export type AnsweredCall = Pick<ModelCall, 'api' | 'stream' | 'cacheWrite'>

/** `free`: nothing is generated. `unknown`: whether it costs is not known; under a budget it is refused. */
export type RequestReading = { readonly kind: 'call'; readonly call: ModelCall } | { readonly kind: 'free' | 'unknown' }
