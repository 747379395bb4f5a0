import type { CallOptions, Json, JsonObject, Principal, Seam } from './seam.ts'
import type { RecordHeader } from './record.ts'

/** Text from outside, marked where it enters; it stays marked. */
export interface TaintedText {
  readonly text: string
  readonly tainted: true
  /** Where it came from, such as the address of an issue comment. */
  readonly source: string
}

/** One unit of work as a tracker knows it, in one compact shape. */
export interface TrackerItem {
  /** The tracker's own id. */
  readonly id: string
  readonly url: string
  readonly title: TaintedText
  readonly body: TaintedText
  readonly state: 'open' | 'closed'
  readonly labels: readonly string[]
  /** Opaque; changes whenever the item does. */
  readonly version: string
}

/** Connects a tracker or a forge: reads its items and tells of their changes. */
export interface Connector extends Seam<'connector/v1'> {
  /** Items changed since an opaque cursor, oldest first, with the cursor to go on from. */
  changes(
    cursor: string | undefined,
    options?: CallOptions,
  ): AsyncIterable<{ readonly item: TrackerItem; readonly cursor: string }>
  get(id: string, options?: CallOptions): Promise<TrackerItem | undefined>
}

/** Something that starts work: a clock, a webhook, a predicate over events. */
export interface Trigger extends Seam<'trigger/v1'> {
  /** Firings, each with a key that makes its submission idempotent; without end. */
  firings(
    cursor: string | undefined,
    options?: CallOptions,
  ): AsyncIterable<{
    readonly key: string
    readonly cursor: string
    readonly at: number
    readonly input: JsonObject
  }>
}

/** A chat where people are asked and told. */
export interface Channel extends Seam<'channel/v1'> {
  /** Posts once per `key`. */
  post(
    key: string,
    message: { readonly text: string; readonly replyTo?: string },
    options?: CallOptions,
  ): Promise<{ readonly id: string }>
  messages(
    cursor: string | undefined,
    options?: CallOptions,
  ): AsyncIterable<{
    readonly cursor: string
    readonly id: string
    readonly from: Principal
    readonly text: TaintedText
    readonly replyTo?: string
  }>
}

/** Where records are copied to, such as a SIEM. Delivery is at least once, in order. */
export interface EventSink extends Seam<'event-sink/v1'> {
  deliver(
    records: readonly { readonly header: RecordHeader; readonly leaf: string }[],
    options?: CallOptions,
  ): Promise<void>
}

/** Something an agent wants done outside its sandbox. */
export interface Intent {
  readonly id: string
  readonly type: string
  readonly body: Json
  /** Digest of everything an approval was bound to, lower-case hex SHA-256. */
  readonly digest: string
}

/** Performs authorized and approved intents of some types. */
export interface Interpreter extends Seam<'interpreter/v1'> {
  readonly types: readonly string[]
  /** At most once per `intent.id`, or `CONFLICT` when it can not be known whether it happened. */
  perform(intent: Intent, options?: CallOptions): Promise<{ readonly result: Json }>
  /** What happened to an intent earlier, for recovery. */
  lookup(intentId: string, options?: CallOptions): Promise<{ readonly result: Json } | undefined>
}
