/** One server-sent event. */
export interface SseEvent {
  /** The name. Chat Completions has none. */
  readonly event?: string
  /** An object, or the bare word `[DONE]`. */
  readonly data: object | string
}

/** The bytes of an event: https://html.spec.whatwg.org/multipage/server-sent-events.html. */
export function sseBytes({ event, data }: SseEvent): Buffer {
  const name = event === undefined ? '' : `event: ${event}\n`
  return Buffer.from(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
}
