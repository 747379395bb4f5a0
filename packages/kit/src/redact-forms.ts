/** Base64 of the bytes wherever they stand in a longer value, such as `user:secret`: only characters that no neighbour changes. */
function base64Within(bytes: Uint8Array, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

function base64Forms(bytes: Uint8Array): readonly string[] {
  const alone = Buffer.from(bytes).toString('base64')
  const standard = [alone, alone.replaceAll('=', ''), ...[0, 1, 2].map((offset) => base64Within(bytes, offset))]
  return [...standard, ...standard.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))]
}

function hexForms(bytes: Uint8Array): readonly string[] {
  const hex = Buffer.from(bytes).toString('hex')
  return [hex, hex.toUpperCase()]
}

// What is left as it is by encodeURIComponent, RFC 3986, HTML forms, Python's quote, encodeURI, and one that escapes all.
const unescaped = [/[\w.~!*'()-]/, /[\w.~-]/, /[\w.*-]/, /[\w.~/-]/, /[\w.~!*'();/?:@&=+$,#-]/, /(?!)/] as const

function percentForms(bytes: Uint8Array): readonly string[] {
  const written = unescaped.map((kept) =>
    Array.from(bytes, (byte) => {
      const character = String.fromCharCode(byte)
      return byte < 128 && kept.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    }),
  )
  const upper = written.flatMap((parts) => [parts, parts.map((part) => (part === '%20' ? '+' : part))])
  const lower = upper.map((parts) => parts.map((part) => (part.length === 3 ? part.toLowerCase() : part)))
  return [...upper, ...lower].map((parts) => parts.join(''))
}

const escaped = (text: string, which: RegExp): string =>
  text.replace(which, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

function jsonForms(text: string): readonly string[] {
  const plain = JSON.stringify(text).slice(1, -1)
  // Go escapes what HTML could take for markup, Python all that is not ASCII, PHP the slash.
  const html = escaped(plain, /[<>&\u2028\u2029]/g)
  const written = [plain, html, escaped(plain, /[\u0080-\uFFFF]/g)]
  const upper = written.map((form) => form.replace(/\\u[0-9a-f]{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`))
  return [...written, ...upper].flatMap((form) => [form, form.replaceAll('/', '\\/')])
}

/** How bytes are written elsewhere: base64 and base64url in each alignment, hex of both cases, percent-encodings. */
export function encodedForms(bytes: Uint8Array): readonly string[] {
  return [...base64Forms(bytes), ...hexForms(bytes), ...percentForms(bytes)]
}

/** A text as it is, and how it is written elsewhere: `encodedForms` of its UTF-8, and the escapes of JSON. */
export function textForms(text: string): readonly string[] {
  return [text, ...jsonForms(text), ...encodedForms(Buffer.from(text, 'utf8'))]
}
