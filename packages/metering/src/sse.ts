import { METERING_LIMITS } from './limits.ts'

/** What takes the events of a stream, in pieces, so that none has to be held. */
export interface EventSink {
  /** The next bytes of the event's data. */
  data(bytes: Uint8Array): void
  /** The event has ended. */
  dispatch(event: string): void
}

const NEWLINE = Uint8Array.of(0x0a)
const BOM = [0xef, 0xbb, 0xbf]

/**
 * Reads server-sent events (WHATWG HTML, 9.2.6) byte by byte: lines end in LF, CR or CRLF, several `data` lines are one
 * event, an event that the stream leaves without its empty line is no event. Nothing is decoded, so a border within a
 * character makes no difference, and nothing but a field's name and an event's name is held.
 */
export function sseReader(sink: EventSink): { push(bytes: Uint8Array): void } {
  let field: 'name' | 'space' | 'data' | 'event' | 'other' = 'name'
  let name = ''
  let event = ''
  let value = ''
  let hasData = false
  let skipLf = false
  let start = 0
  let isBlank = true
  let isEvent = false

  const enterValue = (): void => {
    field = 'space'
    if (name === 'data') {
      if (hasData) sink.data(NEWLINE)
      hasData = true
    }
    isEvent = name === 'event'
    if (isEvent) value = ''
  }

  const endLine = (): void => {
    if (isBlank) {
      if (hasData) sink.dispatch(event)
      hasData = false
      event = ''
    } else {
      if (field === 'name') enterValue()
      if (isEvent) event = value
    }
    field = 'name'
    name = ''
    isBlank = true
    isEvent = false
  }

  const inName = (byte: number): void => {
    isBlank = false
    if (byte === 0x3a) enterValue()
    else if (name.length < METERING_LIMITS.nameBytes) name += String.fromCharCode(byte)
  }

  const inValue = (bytes: Uint8Array): void => {
    if (name === 'data') sink.data(bytes)
    else if (isEvent && value.length + bytes.length <= METERING_LIMITS.nameBytes)
      value += Buffer.from(bytes).toString('latin1')
    else if (isEvent) isEvent = false
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length;) {
        const byte = bytes[at] ?? 0
        if (start < BOM.length) {
          if (byte === BOM[start]) {
            start += 1
            at += 1
            continue
          }
          start = BOM.length
        }
        if (skipLf && byte === 0x0a) {
          skipLf = false
          at += 1
          continue
        }
        skipLf = false
        if (byte === 0x0a || byte === 0x0d) {
          skipLf = byte === 0x0d
          endLine()
          at += 1
        } else if (field === 'name') {
          inName(byte)
          at += 1
        } else if (field === 'space') {
          field = 'other'
          if (byte === 0x20) at += 1
        } else {
          let to = at
          while (to < bytes.length && bytes[to] !== 0x0a && bytes[to] !== 0x0d) to += 1
          inValue(bytes.subarray(at, to))
          at = to
        }
      }
    },
  }
}
