/** Takes an answer in pieces, and gives it back with secrets overwritten. What it holds back is the beginning of one. */
export interface Scrubber {
  readonly push: (piece: Buffer) => Buffer
  readonly end: () => Buffer
}

/** Base64 of bytes wherever they stand in a longer value: only the characters that no neighbour changes. */
function base64Within(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

function formsOf(secret: Buffer): readonly string[] {
  const text = secret.toString('latin1')
  const base64 = [0, 1, 2].map((offset) => base64Within(secret, offset))
  const escaped = Array.from(secret, (byte) => {
    const character = String.fromCharCode(byte)
    return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
  const json = JSON.stringify(text).slice(1, -1)
  return [
    text,
    json,
    json.replaceAll('/', '\\/'),
    escaped,
    escaped.replace(/%[0-9A-F]{2}/g, (part) => part.toLowerCase()),
    secret.toString('hex'),
    secret.toString('hex').toUpperCase(),
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/** The forms in which secrets are looked for: as they are, in base64 of each alignment and both alphabets, hex, percent and JSON. */
export function needlesOf(secrets: readonly Buffer[]): readonly Buffer[] {
  const forms = new Set(secrets.flatMap(formsOf))
  // The longest first, so that what contains another is overwritten whole.
  return [...forms].map((form) => Buffer.from(form, 'latin1')).sort((a, b) => b.length - a.length)
}

/** How much of the end could be the beginning of a needle. */
function heldBack(bytes: Buffer, needles: readonly Buffer[]): number {
  const longest = Math.min(bytes.length, (needles[0]?.length ?? 1) - 1)
  for (let length = longest; length > 0; length--) {
    const tail = bytes.subarray(bytes.length - length)
    if (needles.some((needle) => needle.length > length && tail.equals(needle.subarray(0, length)))) return length
  }
  return 0
}

/**
 * Overwrites every needle with as many `*`, whatever the pieces: lengths stay as they were announced. Only what may be
 * the beginning of a needle waits for the next piece, less than the longest one, so that a stream of events is not delayed.
 */
export function scrubber(needles: readonly Buffer[]): Scrubber {
  let held: Buffer = Buffer.alloc(0)
  // How much of what is held belongs to a needle whose beginning is out already.
  let covered = 0

  function decide(bytes: Buffer, wait: number): Buffer {
    const shown = bytes.length - wait
    // Found before any is overwritten, as they may overlap. One whose beginning is out began before these bytes.
    const places: (readonly [number, number])[] = covered > 0 ? [[-1, covered]] : []
    for (const needle of needles)
      for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1))
        places.push([at, at + needle.length])
    covered = places.reduce((most, [from, to]) => (from < shown ? Math.max(most, to - shown) : most), 0)
    held = Buffer.from(bytes.subarray(shown))
    if (places.length === 0) return bytes.subarray(0, shown)
    const out = Buffer.from(bytes)
    for (const [from, to] of places) out.fill('*', Math.max(0, from), to)
    return out.subarray(0, shown)
  }

  return {
    push: (piece) => {
      const bytes = held.length === 0 ? piece : Buffer.concat([held, piece])
      return decide(bytes, heldBack(bytes, needles))
    },
    end: () => decide(held, 0),
  }
}

/** A header's value with secrets overwritten. */
export function scrubText(text: string, needles: readonly Buffer[]): string {
  return needles.reduce((out, needle) => out.replaceAll(needle.toString('latin1'), '*'.repeat(needle.length)), text)
}
