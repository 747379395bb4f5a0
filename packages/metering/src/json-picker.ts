import { METERING_LIMITS } from './limits.ts'

/** Reads chosen values out of one JSON document that comes in pieces, in memory that does not grow with it. */
export interface JsonPicker {
  push(bytes: Uint8Array): void
  /**
   * True when the document is whole and well formed as far as it was read, and no chosen value was too long. What is
   * pushed next is another document.
   */
  end(): boolean
}

/** Called with a path as it was asked for and the parsed value, as soon as the value has ended. */
export type Picked = (path: string, value: unknown) => void

const OBJECT = 1
const ARRAY = 2
type Expect = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma' | 'nothing'

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
const isScalar = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2d ||
  byte === 0x2b ||
  byte === 0x2e ||
  byte === 0x45

/**
 * A picker of the values at `paths`: keys joined by dots, `*` for any element of an array, such as
 * `candidates.*.finishReason`. No path may lead into another. A value is parsed strictly; what is around it is checked
 * for brackets, commas and colons. A path without `*` that is found twice makes the document unsound.
 */
export function jsonPicker(paths: readonly string[], picked: Picked): JsonPicker {
  const wanted = paths.map((path) => ({ path, keys: path.split('.'), many: path.includes('*'), seen: false }))
  const kinds = new Uint8Array(METERING_LIMITS.jsonDepth)
  /** For each open level, the paths that lead through it. */
  const live: (typeof wanted)[] = []
  let level = 0
  let expect: Expect = 'value'
  let sound = true
  let key: string | undefined
  let within: 'string' | 'key' | 'scalar' | undefined
  let escaped = false
  let name: number[] | undefined
  let catching: { readonly path: string; readonly level: number } | undefined
  let caught: Uint8Array[] = []
  let caughtBytes = 0

  const matching = (): typeof wanted => {
    if (level === 0) return wanted
    const place = level - 1
    const step = kinds[place] === ARRAY ? '*' : key
    return (live[place] ?? []).filter(({ keys }) => keys[place] === step)
  }

  /** Before the first byte of a value. Says which paths lead on from it. */
  const begin = (): typeof wanted => {
    const found = matching()
    const exact = catching === undefined ? found.find(({ keys }) => level > 0 && keys.length === level) : undefined
    if (exact !== undefined) {
      if (exact.seen && !exact.many) sound = false
      exact.seen = true
      catching = { path: exact.path, level }
      caught = []
      caughtBytes = 0
    }
    return found.filter(({ keys }) => keys.length > level)
  }

  const keep = (bytes: Uint8Array, from: number, to: number): void => {
    if (catching === undefined) return
    const piece = bytes.slice(from, to)
    caughtBytes += piece.length
    if (caughtBytes > METERING_LIMITS.valueBytes) {
      sound = false
      caught = []
    } else caught.push(piece)
  }

  const finish = (): void => {
    expect = level === 0 ? 'nothing' : 'comma'
    if (catching === undefined || catching.level !== level) return
    const { path } = catching
    catching = undefined
    if (!sound) return
    try {
      picked(path, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(caught))))
    } catch (error) {
      // What is no JSON is said by `end`; what the caller throws is the caller's.
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
      sound = false
    }
  }

  const open = (kind: number): void => {
    const on = begin()
    if (level >= METERING_LIMITS.jsonDepth) {
      sound = false
      return
    }
    kinds[level] = kind
    live[level] = on
    level += 1
    expect = kind === OBJECT ? 'key or end' : 'value or end'
  }

  const close = (kind: number): void => {
    const empty = kind === OBJECT ? expect === 'key or end' : expect === 'value or end'
    if (level === 0 || kinds[level - 1] !== kind || !(empty || expect === 'comma')) {
      sound = false
      return
    }
    level -= 1
    live.length = level
  }

  /** Where a run of bytes inside a string ends: after its closing quote, or at the end of the piece. */
  const string = (bytes: Uint8Array, from: number): number => {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (escaped) escaped = false
      else if (byte === 0x5c) escaped = true
      else if (byte === 0x22) return at + 1
      else if (byte < 0x20) sound = false
      if (name !== undefined && name.length <= METERING_LIMITS.nameBytes) name.push(byte)
    }
    return bytes.length + 1
  }

  const nameText = (): string | undefined => {
    if (name === undefined || name.length > METERING_LIMITS.nameBytes) return undefined
    try {
      const text: unknown = JSON.parse(`"${Buffer.from(name).toString('utf8')}"`)
      return typeof text === 'string' ? text : undefined
    } catch {
      sound = false
      return undefined
    }
  }

  /** One byte between values. False where it does not belong to what is caught. */
  const structural = (byte: number): void => {
    if (isSpace(byte)) return
    const value = expect === 'value' || expect === 'value or end'
    if (byte === 0x22 && value) {
      begin()
      within = 'string'
    } else if (byte === 0x22 && (expect === 'key' || expect === 'key or end')) {
      within = 'key'
      name = (live[level - 1] ?? []).length > 0 ? [] : undefined
    } else if (byte === 0x7b && value) open(OBJECT)
    else if (byte === 0x5b && value) open(ARRAY)
    else if (byte === 0x7d) close(OBJECT)
    else if (byte === 0x5d) close(ARRAY)
    else if (byte === 0x2c && expect === 'comma') expect = kinds[level - 1] === OBJECT ? 'key' : 'value'
    else if (byte === 0x3a && expect === 'colon') expect = 'value'
    else if (value && isScalar(byte)) {
      begin()
      within = 'scalar'
    } else sound = false
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length && sound;) {
        if (within === 'scalar') {
          let to = at
          while (to < bytes.length && isScalar(bytes[to] ?? 0)) to += 1
          keep(bytes, at, to)
          at = to
          if (to === bytes.length) return
          within = undefined
          finish()
        } else if (within !== undefined) {
          const to = string(bytes, at)
          keep(bytes, at, to)
          if (to > bytes.length) return
          at = to
          if (within === 'key') {
            key = nameText()
            name = undefined
            expect = 'colon'
          } else finish()
          within = undefined
        } else {
          const before = level
          const byte = bytes[at] ?? 0
          structural(byte)
          // A scalar's first byte is read again as part of it.
          if (within === 'scalar') continue
          keep(bytes, at, at + 1)
          if (level < before) finish()
          at += 1
        }
      }
    },
    end() {
      const whole = sound && level === 0 && within === undefined && expect === 'nothing'
      level = live.length = caughtBytes = 0
      expect = 'value'
      sound = true
      escaped = false
      key = within = name = catching = undefined
      caught = []
      for (const path of wanted) path.seen = false
      return whole
    },
  }
}
