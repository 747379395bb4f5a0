/** What a connection begins with. */
export type Hello =
  /** Not all of it is there yet. */
  | { readonly kind: 'incomplete' }
  /** Not a TLS ClientHello, or one that is not as RFC 8446 says. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'hello'
      /** In lower case; absent where the client sent none. */
      readonly serverName?: string
      /** Whether another name is in it encrypted, or something that looks like one. */
      readonly encrypted: boolean
    }

/** No real one is longer; post-quantum key shares take less than 2 KiB. */
export const MAX_HELLO_BYTES = 16_384

const none: Hello = { kind: 'none' }

class Malformed extends Error {}

/** Reads fields of a known length, one after the other. Throws `Malformed` beyond the end. */
function reader(bytes: Uint8Array) {
  let at = 0
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Malformed()
    at += length
    return bytes.subarray(at - length, at)
  }
  const number = (length: number): number => take(length).reduce((sum, byte) => sum * 256 + byte, 0)
  return { take, number, vector: (length: number) => take(number(length)), ended: () => at === bytes.length }
}

/** The handshake message in the records so far: a client may spread it over several. */
function handshake(bytes: Uint8Array): Uint8Array | undefined | 'none' {
  const parts: Uint8Array[] = []
  let gathered = 0
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 22 || (bytes.length > at + 1 && bytes[at + 1] !== 3)) return 'none'
    if (bytes.length < at + 5) return undefined
    const length = (bytes[at + 3] ?? 0) * 256 + (bytes[at + 4] ?? 0)
    if (length === 0 || length > MAX_HELLO_BYTES) return 'none'
    const part = bytes.subarray(at + 5, at + 5 + length)
    parts.push(part)
    gathered += part.length
    at += 5 + length
    const message = Buffer.concat(parts)
    if (message.length >= 1 && message[0] !== 1) return 'none'
    if (message.length < 4) continue
    const size = message.readUIntBE(1, 3)
    if (size > MAX_HELLO_BYTES) return 'none'
    // Nothing may follow a first ClientHello before the server has answered.
    if (gathered > size + 4) return 'none'
    if (gathered === size + 4) return at === bytes.length ? message.subarray(4) : 'none'
  }
  return undefined
}

/** RFC 6066, section 3: exactly one name, of type host_name. */
function nameFrom(extension: Uint8Array): string {
  const outer = reader(extension)
  const list = reader(outer.vector(2))
  if (!outer.ended() || list.number(1) !== 0) throw new Malformed()
  const name = list.vector(2)
  if (!list.ended() || name.length === 0 || name.length > 253) throw new Malformed()
  if (!name.every((byte) => byte > 32 && byte < 127)) throw new Malformed()
  return Buffer.from(name).toString('latin1').toLowerCase()
}

function parse(message: Uint8Array): Hello {
  const hello = reader(message)
  if (hello.number(1) !== 3) throw new Malformed()
  hello.take(1 + 32)
  if (hello.vector(1).length > 32) throw new Malformed()
  const suites = hello.vector(2)
  if (suites.length < 2 || suites.length % 2 !== 0 || hello.vector(1).length === 0) throw new Malformed()
  if (hello.ended()) return { kind: 'hello', encrypted: false }
  const extensions = reader(hello.vector(2))
  if (!hello.ended()) throw new Malformed()
  const seen = new Set<number>()
  let serverName: string | undefined
  while (!extensions.ended()) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    // A second one of a type: servers differ in which they read.
    if (seen.has(type)) throw new Malformed()
    seen.add(type)
    if (type === 0) serverName = nameFrom(body)
  }
  // encrypted_client_hello (RFC 9849) and its earlier drafts' encrypted_server_name.
  const encrypted = seen.has(0xfe0d) || seen.has(0xffce)
  return { kind: 'hello', encrypted, ...(serverName !== undefined && { serverName }) }
}

/** Reads the first bytes of a connection as a TLS ClientHello (RFC 8446, section 4.1.2). Pure; never throws. */
export function clientHello(bytes: Uint8Array): Hello {
  const message = handshake(bytes)
  if (message === 'none') return none
  if (message === undefined) return bytes.length > MAX_HELLO_BYTES ? none : { kind: 'incomplete' }
  try {
    return parse(message)
  } catch (error) {
    if (error instanceof Malformed) return none
    throw error
  }
}
